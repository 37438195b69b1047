/* SPDX-License-Identifier: BSD-3-Clause */
/* client.c - the library as a client; every call that has no outcome says why. */
#include "witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct library {
    psync_space *space;
    psync_integer *added[KEYS], *swapped[KEYS];
    psync_lock *locks[KEYS];
};

static void die(const char *call, const psync_error *error)
{
    broken("%s: %s", call, error->message);
    exit(EXIT_FAILURE);
}

psync_space *open_space(const char *dsn)
{
    psync_space *space;
    psync_error error;
    for (;;) {
        psync_result result = psync_space_open(dsn, NULL, &space, &error);
        if (result == PSYNC_OK) return space;
        if (result != PSYNC_ERROR_UNAVAILABLE || !arena->dark) die("psync_space_open", &error);
    }
}

enum outcome outcome_of(psync_result result, const psync_error *error, const char *call)
{
    if (result == PSYNC_OK) return DONE;
    if (result == PSYNC_NO) return SAID_NO;
    if (result != PSYNC_ERROR_UNKNOWN && result != PSYNC_ERROR_UNAVAILABLE) die(call, error);
    /* The engine was there all the time, and each call had a minute. */
    if (!arena->dark) die(call, error);
    if (result == PSYNC_ERROR_UNKNOWN) return UNKNOWN;
    atomic_fetch_add(&arena->unreachable, 1);
    return UNREACHABLE;
}

static void *library_open(const char *dsn)
{
    struct library *library = calloc(1, sizeof *library);
    psync_error error = {0};
    if (!library) die("open", &error);
    psync_space *space = library->space = open_space(dsn);
    for (unsigned key = 0; key < KEYS; key++) {
        char name[16];
        int length = snprintf(name, sizeof name, "key-%u", key);
        if (psync_integer_open(space, name, (size_t)length, &library->added[key], &error) != PSYNC_OK) {
            die("open", &error);
        }
        length = snprintf(name, sizeof name, "lock-%u", key);
        if (psync_lock_open(space, name, (size_t)length, &library->locks[key], &error) != PSYNC_OK) {
            die("open", &error);
        }
        length = snprintf(name, sizeof name, "swapped-%u", key);
        if (psync_integer_open(space, name, (size_t)length, &library->swapped[key], &error) != PSYNC_OK) {
            die("open", &error);
        }
    }
    return library;
}

static void library_begin(void *state)
{
    struct library *library = state;
    psync_error error;
    for (unsigned key = 0; key < KEYS; key++) {
        if (psync_integer_set(library->swapped[key], 0, &error) != PSYNC_OK) die("psync_integer_set", &error);
    }
}

static enum outcome library_add(void *state, unsigned key, int64_t *result)
{
    struct library *library = state;
    psync_error error;
    const char *call = "psync_integer_add";
    struct question question = witness_before(ABOUT_INTEGERS, true);
    psync_result got = psync_integer_add(library->added[key], 1, result, &error);
    return witness_after(&question, outcome_of(got, &error, call), call, &error);
}

/* A look changes nothing, so its outcome is never unknown. */
static enum outcome look(struct library *library, unsigned key, int64_t *value)
{
    psync_error error;
    const char *call = "psync_integer_get";
    struct question question = witness_before(ABOUT_INTEGERS, false);
    psync_result got = psync_integer_get(library->swapped[key], value, &error);
    enum outcome outcome = outcome_of(got, &error, call);
    if (outcome == SAID_NO) broken("an Integer that was set is gone");
    if (outcome == UNKNOWN) broken("%s: unknown, but it changes nothing", call);
    return witness_after(&question, outcome, call, &error);
}

static enum outcome library_swap(void *state, unsigned key, int64_t *result)
{
    struct library *library = state;
    psync_error error;
    const char *call = "psync_integer_compare_set";
    enum outcome seen = look(library, key, result);
    if (seen != DONE) return seen;
    struct question question = witness_before(ABOUT_INTEGERS, true);
    psync_result got = psync_integer_compare_set(library->swapped[key], *result, *result + 1, &error);
    ++*result;
    return witness_after(&question, outcome_of(got, &error, call), call, &error);
}

static enum outcome library_acquire(void *state, unsigned key, uint64_t *fence)
{
    struct library *library = state;
    psync_error error;
    psync_wait wait = {.timeout = 0.2};
    const char *call = "psync_lock_acquire";
    struct question question = witness_before(ABOUT_LOCKS, true);
    psync_result got = psync_lock_acquire(library->locks[key], &wait, fence, &error);
    return witness_after(&question, outcome_of(got, &error, call), call, &error);
}

static enum outcome library_release(void *state, unsigned key)
{
    struct library *library = state;
    psync_error error;
    const char *call = "psync_lock_release";
    struct question question = witness_before(ABOUT_LOCKS, true);
    psync_result got = psync_lock_release(library->locks[key], &error);
    return witness_after(&question, outcome_of(got, &error, call), call, &error);
}

static enum outcome library_release_if(void *state, unsigned key, uint64_t fence)
{
    struct library *library = state;
    psync_error error;
    const char *call = "psync_lock_release_if";
    struct question question = witness_before(ABOUT_LOCKS, true);
    psync_result got = psync_lock_release_if(library->locks[key], fence, &error);
    return witness_after(&question, outcome_of(got, &error, call), call, &error);
}

static int64_t library_value(void *state, bool swapped, unsigned key)
{
    struct library *library = state;
    psync_error error;
    int64_t value = 0;
    if (psync_integer_get(swapped ? library->swapped[key] : library->added[key], &value, &error) < 0) {
        die("psync_integer_get", &error);
    }
    return value;
}

static bool library_is_free(void *state, unsigned key)
{
    struct library *library = state;
    psync_error error;
    psync_result result = psync_lock_wait(library->locks[key], &(psync_wait){.timeout = 1}, &error);
    if (result < 0) die("psync_lock_wait", &error);
    return result == PSYNC_OK;
}

static void library_leave(void *state)
{
    struct library *library = state;
    int64_t value;
    while (look(library, 0, &value) == UNREACHABLE && !arena->broken) continue;
    for (unsigned key = 0; key < KEYS; key++) {
        psync_integer_close(library->added[key]);
        psync_integer_close(library->swapped[key]);
        psync_lock_close(library->locks[key]);
    }
    psync_space_close(library->space);
    free(library);
}

static pid_t library_dead_holder(void *state, unsigned key, uint64_t *fence)
{
    struct library *library = state;
    psync_error error;
    psync_owner owner;
    psync_result result = psync_lock_inspect(library->locks[key], &owner, &error);
    if (result < 0) die("psync_lock_inspect", &error);
    *fence = result == PSYNC_OK ? owner.fence : 0;
    return result == PSYNC_OK && owner.alive == PSYNC_ALIVE_NO ? (pid_t)owner.pid : 0;
}

const struct client library_client = {
    .open = library_open,
    .begin = library_begin,
    .add = library_add,
    .swap = library_swap,
    .acquire = library_acquire,
    .release = library_release,
    .release_if = library_release_if,
    .value = library_value,
    .is_free = library_is_free,
    .leave = library_leave,
    .dead_holder = library_dead_holder,
};
