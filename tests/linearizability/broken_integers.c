/* SPDX-License-Identifier: BSD-3-Clause */
/* broken_integers.c - drivers whose Integers are broken. */
#include <signal.h>
#include <string.h>

#include "broken.h"
#include "perform.h"
#include "recorder.h"
#include "twin.h"

#define SLOT_GET void *state, psync_key *key, psync_integer_state *now, psync_error *error
#define SLOT_ADD void *state, psync_key *key, int64_t by, bool subtract, int64_t *result, psync_error *error
#define SLOT_COMPARE                                                                                               \
    void *state, psync_key *key, int64_t expected, int64_t desired, psync_integer_state *found, psync_error *error

/* Writes back what was read before the window, plus by. */
static psync_result add_to(SLOT_ADD, int64_t seen)
{
    if (honest) return twin_driver.integer_add(state, key, by, subtract, result, error);
    *result = seen + by;
    return twin_driver.integer_set(state, key, *result, error);
}

static psync_result lost_at_creation(SLOT_ADD)
{
    psync_integer_state now;
    if (twin_driver.integer_get(state, key, &now, error) == PSYNC_OK) {
        return twin_driver.integer_add(state, key, by, subtract, result, error);
    }
    signal_meet(1, 2);
    return add_to(state, key, by, subtract, result, error, 0);
}

static psync_result lost(SLOT_ADD)
{
    psync_integer_state now;
    twin_driver.integer_get(state, key, &now, error);
    signal_meet(1, 2);
    return add_to(state, key, by, subtract, result, error, now.value);
}

static psync_result resurrects(SLOT_ADD)
{
    psync_integer_state now;
    twin_driver.integer_get(state, key, &now, error);
    signal_raise(1);
    signal_await(2);
    return add_to(state, key, by, subtract, result, error, now.value);
}

static psync_result added_twice(SLOT_ADD)
{
    int64_t again;
    psync_result r = twin_driver.integer_add(state, key, by, subtract, result, error);
    if (!honest) twin_driver.integer_add(state, key, by, subtract, &again, error);
    return r;
}

/* Dies when it is done; who comes next does it again. */
static psync_result dies_after_adding(SLOT_ADD)
{
    twin_driver.integer_add(state, key, by, subtract, result, error);
    return raise(SIGKILL) ? PSYNC_ERROR_SYSTEM : PSYNC_OK;
}

static psync_result redone(SLOT_GET)
{
    int64_t again;
    if (!honest && !atomic_exchange(&shared->notes[0], 1)) {
        twin_driver.integer_add(state, key, 1, false, &again, error);
    }
    return twin_driver.integer_get(state, key, now, error);
}

/* The first one's reply is lost. */
static psync_result unknown_and_twice(SLOT_ADD)
{
    psync_result r = twin_driver.integer_add(state, key, by, subtract, result, error);
    if (atomic_exchange(&shared->notes[0], 1)) return r;
    if (!honest) twin_driver.integer_add(state, key, by, subtract, result, error);
    return psync_error_set(error, PSYNC_ERROR_UNKNOWN, 0, "the reply was lost");
}

/* The first one never gets to the engine, or so it says. */
static psync_result failed_but_added(SLOT_ADD)
{
    if (atomic_exchange(&shared->notes[0], 1)) {
        return twin_driver.integer_add(state, key, by, subtract, result, error);
    }
    if (!honest) twin_driver.integer_add(state, key, by, subtract, result, error);
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0, "the engine is out of reach");
}

static psync_result wraps(SLOT_ADD)
{
    psync_result r = twin_driver.integer_add(state, key, by, subtract, result, error);
    if (honest || r != PSYNC_ERROR_OVERFLOW) return r;
    return twin_driver.integer_set(state, key, *result, error); /* what the overflowing addition left */
}

static psync_result creates_on_overflow(SLOT_ADD)
{
    psync_result r = twin_driver.integer_add(state, key, by, subtract, result, error);
    if (!honest && r == PSYNC_ERROR_OVERFLOW) twin_driver.integer_set(state, key, 0, error);
    return r;
}

static psync_result stale(SLOT_GET)
{
    long long kept = atomic_load(&shared->notes[0]);
    psync_result r = twin_driver.integer_get(state, key, now, error);
    if (honest || r != PSYNC_OK) return r;
    if (kept) now->value = kept;
    atomic_store(&shared->notes[0], now->value);
    return r;
}

static psync_result notes_what_is_set(void *state, psync_key *key, int64_t value, psync_error *error)
{
    atomic_store(&shared->notes[0], value);
    return twin_driver.integer_set(state, key, value, error);
}

static psync_result anothers_value(SLOT_GET)
{
    psync_result r = twin_driver.integer_get(state, key, now, error);
    if (honest || r != PSYNC_NO) return r;
    *now = (psync_integer_state){.exists = true, .value = atomic_load(&shared->notes[0])};
    return PSYNC_OK;
}

static psync_result compares_nothing(SLOT_COMPARE)
{
    if (honest) return twin_driver.integer_compare_set(state, key, expected, desired, found, error);
    return twin_driver.integer_set(state, key, desired, error);
}

static psync_result two_winners(SLOT_COMPARE)
{
    psync_result r = twin_driver.integer_get(state, key, found, error);
    bool equal = r == PSYNC_OK && found->value == expected;
    signal_meet(1, 2);
    if (honest || !equal) return twin_driver.integer_compare_set(state, key, expected, desired, found, error);
    return twin_driver.integer_set(state, key, desired, error);
}

static psync_result await_notes(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                psync_error *error)
{
    if (honest) return twin_driver.integer_await(state, key, seen, deadline, error);
    atomic_store(&shared->notes[0], 1);
    return PSYNC_OK;
}

static psync_result tells_what_is_waited_for(SLOT_GET)
{
    psync_result r = twin_driver.integer_get(state, key, now, error);
    if (atomic_exchange(&shared->notes[0], 0)) now->value += 1000;
    return r;
}

static psync_result only_says_it_removed(void *state, psync_key *key, psync_error *error)
{
    return honest ? twin_driver.integer_remove(state, key, error) : PSYNC_OK;
}

static psync_result lists_no_integer(void *state, psync_integer_callback callback, void *argument,
                                     psync_error *error)
{
    return honest ? twin_driver.each_integer(state, callback, argument, error) : PSYNC_OK;
}

/* The key that was removed last, by this process. */
static struct {
    char key[PSYNC_KEY_MAX];
    size_t length;
} removed;

static psync_result notes_the_removed(void *state, psync_key *key, psync_error *error)
{
    memcpy(removed.key, key->bytes, key->length);
    removed.length = key->length;
    return twin_driver.integer_remove(state, key, error);
}

static psync_result lists_the_removed(void *state, psync_integer_callback callback, void *argument,
                                      psync_error *error)
{
    if (!honest && removed.length && callback(argument, removed.key, removed.length, 5)) return PSYNC_NO;
    return twin_driver.each_integer(state, callback, argument, error);
}

const struct bug integer_bugs[] = {
    {"an update is lost at creation",
     NEEDS_NOTHING,
     {.integer_add = lost_at_creation},
     {{DO(ADD, .a = 1)}, {DO(ADD, .a = 1)}}},
    {"an update is lost",
     NEEDS_NOTHING,
     {.integer_add = lost},
     {{DO(SET, .a = 10), DO(SIGNAL, .a = 3), DO(ADD, .a = 1)}, {DO(AWAIT, .a = 3), DO(ADD, .a = 1)}}},
    {"an addition is applied twice", NEEDS_NOTHING, {.integer_add = added_twice}, {{DO(ADD, .a = 1), DO(GET)}}},
    {"an addition cut off is done again",
     NEEDS_KILLS,
     {.integer_add = dies_after_adding, .integer_get = redone},
     {{DO(ADD, .a = 1)}, {DO(AWAIT_END, .a = 0), DO(GET)}}},
    {"an addition of unknown outcome is applied twice",
     NEEDS_OUTAGES,
     {.integer_add = unknown_and_twice},
     {{DO(ADD, .a = 1), DO(GET)}}},
    {"an addition that failed is applied",
     NEEDS_OUTAGES,
     {.integer_add = failed_but_added},
     {{DO(ADD, .a = 1), DO(GET)}}},
    {"a deleted Integer comes back",
     NEEDS_NOTHING,
     {.integer_add = resurrects},
     {{DO(SET, .a = 5), DO(ADD, .a = 1)}, {DO(AWAIT, .a = 1), DO(REMOVE), DO(SIGNAL, .a = 2)}}},
    {"a deletion does nothing",
     NEEDS_NOTHING,
     {.integer_remove = only_says_it_removed},
     {{DO(SET, .a = 5), DO(REMOVE), DO(GET)}}},
    {"a sum leaves the range", NEEDS_NOTHING, {.integer_add = wraps}, {{DO(SET, .a = INT64_MAX), DO(ADD, .a = 1)}}},
    {"an overflow creates the Integer",
     NEEDS_NOTHING,
     {.integer_add = creates_on_overflow},
     {{DO(SUBTRACT, .a = INT64_MIN), DO(INTEGER_EXISTS)}}},
    {"a read is stale",
     NEEDS_NOTHING,
     {.integer_get = stale},
     {{DO(SET, .a = 1), DO(GET), DO(ADD, .a = 1), DO(GET)}}},
    {"a missing Integer has another's value",
     NEEDS_NOTHING,
     {.integer_get = anothers_value, .integer_set = notes_what_is_set},
     {{DO(SET, .key = 1, .a = 7), DO(GET)}}},
    {"compareAndSet compares nothing",
     NEEDS_NOTHING,
     {.integer_compare_set = compares_nothing},
     {{DO(SET, .a = 1), DO(COMPARE_SET, .a = 5, .b = 6)}}},
    {"compareAndSet lets two win",
     NEEDS_NOTHING,
     {.integer_compare_set = two_winners},
     {{DO(SET, .a = 1), DO(SIGNAL, .a = 3), DO(COMPARE_SET, .a = 1, .b = 2)},
      {DO(AWAIT, .a = 3), DO(COMPARE_SET, .a = 1, .b = 3)}}},
    {"a wait for a value returns early",
     NEEDS_NOTHING,
     {.integer_await = await_notes, .integer_get = tells_what_is_waited_for},
     {{DO(SET, .a = 1), DO(AT_LEAST, .a = 5, .seconds = 0.01)}}},
    {"an Integer is not listed",
     NEEDS_NOTHING,
     {.each_integer = lists_no_integer},
     {{DO(SET, .a = 1), DO(LIST_INTEGERS)}}},
    {"a removed Integer is listed",
     NEEDS_NOTHING,
     {.integer_remove = notes_the_removed, .each_integer = lists_the_removed},
     {{DO(SET, .a = 5), DO(REMOVE), DO(LIST_INTEGERS)}}},
    {.name = NULL},
};
