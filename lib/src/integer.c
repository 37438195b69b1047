/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integer.c - Integers: atomic steps of the driver, the KNOWN VALUE, and the
 * one loop that blocks: look; if it is not yet so, sleep until it changes.
 */
#include <stdlib.h>

#include "deadline.h"
#include "key.h"
#include "space.h"

/*
 * known and seen are what this handle last learned. Relaxed: each is a number
 * that is shown or compared; no other memory is reached through it.
 */
struct psync_integer {
    psync_space *space;
    psync_key key;
    atomic_int_least64_t known;
    atomic_bool seen; /* whether the Integer existed when it was last looked at */
};

static psync_result integer_error(const psync_integer *integer, psync_result result, psync_error *error)
{
    if (result >= 0) return result;
    return psync__space_error(integer->space, result, "Integer", &integer->key, error);
}

static inline void learn(psync_integer *integer, int64_t value)
{
    atomic_store_explicit(&integer->known, value, memory_order_relaxed);
    /* A store that changes nothing would still have to leave the store buffer before the next swap. */
    if (!atomic_load_explicit(&integer->seen, memory_order_relaxed)) {
        atomic_store_explicit(&integer->seen, true, memory_order_relaxed);
    }
}

static void learn_absent(psync_integer *integer)
{
    atomic_store_explicit(&integer->seen, false, memory_order_relaxed);
}

psync_result psync_integer_open(psync_space *space, const void *key, size_t key_length, psync_integer **integer,
                                psync_error *error)
{
    return psync_integer_open_at(space, key, key_length, NULL, integer, error);
}

psync_result psync_integer_open_at(psync_space *space, const void *key, size_t key_length, const char *place,
                                   psync_integer **integer, psync_error *error)
{
    psync_result r = psync__key_check(key, key_length, error);
    if (!r && place) r = psync__space_has_places(space, error);
    if (r) return r;
    psync_integer *new =
        psync__key_allocate(sizeof *new, offsetof(psync_integer, key), key, key_length, place, error);
    if (!new) return PSYNC_ERROR_FULL;
    new->space = space;
    *integer = new;
    return PSYNC_OK;
}

void psync_integer_close(psync_integer *integer)
{
    free(integer);
}

const char *psync_integer_key(const psync_integer *integer, size_t *key_length)
{
    if (key_length) *key_length = integer->key.length;
    return integer->key.bytes;
}

int64_t psync_integer_known(const psync_integer *integer)
{
    return atomic_load_explicit(&integer->known, memory_order_relaxed);
}

static psync_result look(psync_integer *integer, psync_integer_state *now, psync_error *error)
{
    psync_result r = psync__space_enter(integer->space, error);
    if (!r) r = integer->space->driver->integer_get(integer->space->state, &integer->key, now, error);
    return integer_error(integer, r, error);
}

psync_result psync_integer_get(psync_integer *integer, int64_t *value, psync_error *error)
{
    psync_integer_state now;
    psync_result r = look(integer, &now, error);
    if (r == PSYNC_NO) learn_absent(integer);
    if (r) return r;
    learn(integer, now.value);
    if (value) *value = now.value;
    return PSYNC_OK;
}

psync_result psync_integer_set(psync_integer *integer, int64_t value, psync_error *error)
{
    psync_result r = psync__space_enter(integer->space, error);
    if (!r) r = integer->space->driver->integer_set(integer->space->state, &integer->key, value, error);
    if (r) return integer_error(integer, r, error);
    learn(integer, value);
    return PSYNC_OK;
}

__attribute__((noinline, cold)) static psync_result change_failed(psync_integer *integer, psync_result r,
                                                                  int64_t by, bool subtract, psync_error *error)
{
    if (r == PSYNC_ERROR_OVERFLOW) {
        psync_error_set(error, r, 0, "%s %lld would leave the range of a 64-bit integer; nothing was changed",
                        subtract ? "subtracting" : "adding", (long long)by);
    }
    return integer_error(integer, r, error);
}

static inline psync_result change(psync_integer *integer, int64_t by, bool subtract, int64_t *result,
                                  psync_error *error)
{
    int64_t sum;
    psync_result r = psync__space_enter(integer->space, error);
    if (!r) {
        r = integer->space->driver->integer_add(integer->space->state, &integer->key, by, subtract, &sum, error);
    }
    if (__builtin_expect(r != PSYNC_OK, 0)) return change_failed(integer, r, by, subtract, error);
    learn(integer, sum);
    if (result) *result = sum;
    return PSYNC_OK;
}

psync_result psync_integer_add(psync_integer *integer, int64_t by, int64_t *result, psync_error *error)
{
    return change(integer, by, false, result, error);
}

psync_result psync_integer_subtract(psync_integer *integer, int64_t by, int64_t *result, psync_error *error)
{
    return change(integer, by, true, result, error);
}

psync_result psync_integer_remove(psync_integer *integer, psync_error *error)
{
    psync_result r = psync__space_enter(integer->space, error);
    if (!r) r = integer->space->driver->integer_remove(integer->space->state, &integer->key, error);
    if (r >= 0) learn_absent(integer);
    return integer_error(integer, r, error);
}

psync_result psync_integer_exists(psync_integer *integer, psync_error *error)
{
    psync_integer_state now;
    return look(integer, &now, error);
}

psync_result psync_integer_compare_set(psync_integer *integer, int64_t expected, int64_t desired,
                                       psync_error *error)
{
    psync_integer_state found;
    psync_result r = psync__space_enter(integer->space, error);
    if (!r) {
        r = integer->space->driver->integer_compare_set(integer->space->state, &integer->key, expected, desired,
                                                        &found, error);
    }
    if (!r) {
        learn(integer, desired);
    } else if (r == PSYNC_NO && found.exists) {
        learn(integer, found.value);
    } else if (r == PSYNC_NO) {
        learn_absent(integer);
    }
    return integer_error(integer, r, error);
}

/* What an await waits for. */
struct goal {
    enum { AT_LEAST, AT_MOST, CHANGE } what;
    int64_t value; /* the limit; for CHANGE what was seen last */
    bool exists;   /* for CHANGE */
};

static bool reached(const struct goal *goal, const psync_integer_state *now)
{
    if (goal->what == CHANGE) return now->exists != goal->exists || (now->exists && now->value != goal->value);
    if (!now->exists) return false;
    return goal->what == AT_LEAST ? now->value >= goal->value : now->value <= goal->value;
}

/* The KNOWN VALUE after an await: what was seen last; 0 only where a deletion is what was waited for. */
static void learn_awaited(psync_integer *integer, const struct goal *goal, const psync_integer_state *now)
{
    if (now->exists) {
        learn(integer, now->value);
        return;
    }
    if (goal->what == CHANGE && goal->exists) {
        atomic_store_explicit(&integer->known, 0, memory_order_relaxed);
    }
    learn_absent(integer);
}

/* One look at an Integer. PSYNC_OK: the goal is reached. */
static psync_result look_for(psync_integer *integer, const struct goal *goal, psync_integer_state *now,
                             psync_error *error)
{
    psync_result r = look(integer, now, error);
    if (r < 0) return r;
    learn_awaited(integer, goal, now);
    return reached(goal, now) ? PSYNC_OK : PSYNC_NO;
}

/* The loop of a waiter whose first look, now, did not find what it waits for. */
static psync_result await_turn(psync_integer *integer, const struct goal *goal, const psync_deadline *deadline,
                               psync_integer_state *now, psync_error *error)
{
    psync_result r = PSYNC_NO;
    while (r == PSYNC_NO && !psync__deadline_over(deadline)) {
        r = psync__deadline_interrupt(deadline, error);
        if (!r) r = psync__space_enter(integer->space, error);
        if (!r) {
            r = integer->space->driver->integer_await(integer->space->state, &integer->key, now,
                                                      psync__deadline_sleep(deadline, 0), error);
        }
        if (r < 0) return integer_error(integer, r, error);
        if (!r) r = look_for(integer, goal, now, error); /* PSYNC_NO: nothing was heard */
    }
    return r;
}

static psync_result await(psync_integer *integer, const struct goal *goal, const psync_wait *wait,
                          psync_error *error)
{
    psync_deadline deadline;
    psync_result r = psync__deadline_start(&deadline, wait, error);
    if (r) return integer_error(integer, r, error);
    psync_integer_state now;
    r = look_for(integer, goal, &now, error);
    if (r == PSYNC_NO && !deadline.once) {
        r = await_turn(integer, goal, &deadline, &now, error);
        psync__space_awaited(integer->space);
    }
    return r;
}

psync_result psync_integer_await_at_least(psync_integer *integer, int64_t limit, const psync_wait *wait,
                                          psync_error *error)
{
    const struct goal goal = {.what = AT_LEAST, .value = limit};
    return await(integer, &goal, wait, error);
}

psync_result psync_integer_await_at_most(psync_integer *integer, int64_t limit, const psync_wait *wait,
                                         psync_error *error)
{
    const struct goal goal = {.what = AT_MOST, .value = limit};
    return await(integer, &goal, wait, error);
}

psync_result psync_integer_await_change(psync_integer *integer, const psync_wait *wait, psync_error *error)
{
    const struct goal goal = {
        .what = CHANGE,
        .value = atomic_load_explicit(&integer->known, memory_order_relaxed),
        .exists = atomic_load_explicit(&integer->seen, memory_order_relaxed),
    };
    return await(integer, &goal, wait, error);
}
