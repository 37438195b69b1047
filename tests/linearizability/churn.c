/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * churn.c - a process (or thread) beside the lanes, which makes other keys and
 * removes them again, so that whatever an engine keeps for a key is given to
 * others all the time. Their values are unlike those of the keys that are checked.
 */
#include <stdio.h>

#include "perform.h"
#include "recorder.h"

enum { ALIVE = 40 }; /* Integers that exist at a time */

static _Thread_local psync_error error;

struct churn {
    psync_space *space;
    bool outages;                   /* of the set-up */
    unsigned long long run, number; /* name the keys */
    psync_integer *alive[ALIVE];
};

/* Whether a change has to be made again: it got no answer, in a set-up in which that may be. */
static bool again(const struct churn *churn, psync_result result)
{
    bool unanswered = result == PSYNC_ERROR_UNAVAILABLE || result == PSYNC_ERROR_UNKNOWN;
    return unanswered && churn->outages && !atomic_load(&shared->stop) && !atomic_load(&shared->failed);
}

/* Nothing that was made may stay, or an engine fills up. */
static bool remove_old(struct churn *churn, psync_integer **place)
{
    psync_result r;
    if (!*place) return true;
    do r = psync_integer_remove(*place, &error);
    while (again(churn, r));
    psync_integer_close(*place);
    *place = NULL;
    return r >= PSYNC_OK;
}

static bool make_integer(struct churn *churn, psync_integer *integer)
{
    psync_result r;
    do r = psync_integer_set(integer, 7000000 + (int64_t)churn->number, &error);
    while (again(churn, r));
    return r == PSYNC_OK;
}

static bool take_and_free(struct churn *churn, psync_lock *lock)
{
    psync_wait at_once = {.timeout = 0};
    psync_result taken = psync_lock_acquire(lock, &at_once, NULL, &error), freed;
    do freed = psync_lock_release(lock, &error);
    while (again(churn, freed));
    return churn->outages || (taken == PSYNC_OK && freed == PSYNC_OK);
}

static bool bring(struct churn *churn)
{
    char name[80];
    psync_integer **place = &churn->alive[churn->number % ALIVE];
    psync_lock *lock = NULL;
    size_t length = (size_t)snprintf(name, sizeof name, "churn-%llu-%llu", churn->run, churn->number);
    bool ok = remove_old(churn, place);
    ok = ok && psync_integer_open(churn->space, name, length, place, &error) == PSYNC_OK;
    ok = ok && make_integer(churn, *place);
    ok = ok && psync_lock_open(churn->space, name, length, &lock, &error) == PSYNC_OK;
    ok = ok && take_and_free(churn, lock);
    psync_lock_close(lock);
    churn->number++;
    return ok;
}

void perform_churn(const struct setup *setup)
{
    struct churn churn = {
        .space = open_space(setup), .outages = setup->outages, .run = (unsigned long long)now_ns()};
    while (churn.space && !atomic_load(&shared->stop)) {
        if (!atomic_load(&shared->churn)) {
            nap();
        } else if (!bring(&churn)) {
            run_failed("churn: %s", error.message);
            break;
        }
    }
    for (int i = 0; i < ALIVE; i++) remove_old(&churn, &churn.alive[i]);
    psync_space_close(churn.space);
}
