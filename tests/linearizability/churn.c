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
    unsigned long long run, number; /* name the keys */
    psync_integer *alive[ALIVE];
};

static bool bring(struct churn *churn)
{
    char name[80];
    psync_integer **place = &churn->alive[churn->number % ALIVE];
    psync_lock *lock = NULL;
    psync_wait at_once = {.timeout = 0};
    size_t length = (size_t)snprintf(name, sizeof name, "churn-%llu-%llu", churn->run, churn->number);
    bool ok = !*place || psync_integer_remove(*place, &error) >= PSYNC_OK;
    psync_integer_close(*place);
    *place = NULL;
    ok = ok && psync_integer_open(churn->space, name, length, place, &error) == PSYNC_OK;
    ok = ok && psync_integer_set(*place, 7000000 + (int64_t)churn->number, &error) == PSYNC_OK;
    ok = ok && psync_lock_open(churn->space, name, length, &lock, &error) == PSYNC_OK;
    ok = ok && psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK;
    ok = ok && psync_lock_release(lock, &error) == PSYNC_OK;
    psync_lock_close(lock);
    churn->number++;
    return ok;
}

void perform_churn(const struct setup *setup)
{
    struct churn churn = {.space = open_space(setup), .run = (unsigned long long)now_ns()};
    while (churn.space && !atomic_load(&shared->stop)) {
        if (!atomic_load(&shared->churn)) {
            nap();
        } else if (!bring(&churn)) {
            run_failed("churn: %s", error.message);
            break;
        }
    }
    for (int i = 0; i < ALIVE; i++) {
        if (churn.alive[i]) psync_integer_remove(churn.alive[i], NULL);
        psync_integer_close(churn.alive[i]);
    }
    psync_space_close(churn.space);
}
