/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integers.c - Integers: each step locks the Integer's file, looks, and
 * changes it by one write (number.h). A missing one is made whole and then
 * named; if another was quicker, the step begins again on that one's.
 */
#include "integers.h"

#include "open_integer.h"
#include "tree.h"
#include "watch.h"

static void tell(const struct file_integer *integer, psync_integer_state *now)
{
    *now = (psync_integer_state){.exists = integer != NULL, .value = integer ? integer->number.value : 0};
}

psync_result file_integer_get(void *opaque, psync_key *key, psync_integer_state *now, psync_error *error)
{
    struct file_integer integer;
    psync_result r = file_integer_open(opaque, key, FILE_READ, &integer, error);
    if (r == PSYNC_NO) tell(NULL, now);
    if (r) return r;
    tell(&integer, now);
    file_integer_close(&integer);
    return PSYNC_OK;
}

psync_result file_integer_set(void *opaque, psync_key *key, int64_t value, psync_error *error)
{
    for (;;) {
        struct file_integer integer;
        psync_result r = file_integer_open(opaque, key, FILE_CHANGE, &integer, error);
        if (!r) {
            r = file_integer_write(opaque, &integer, value, error);
            file_integer_close(&integer);
            return r;
        }
        if (r == PSYNC_NO) r = file_integer_create(opaque, key, value, error);
        if (r != PSYNC_NO) return r;
    }
}

static bool sum(int64_t value, int64_t by, bool subtract, int64_t *result)
{
    return subtract ? !__builtin_sub_overflow(value, by, result) : !__builtin_add_overflow(value, by, result);
}

psync_result file_integer_add(void *opaque, psync_key *key, int64_t by, bool subtract, int64_t *result,
                              psync_error *error)
{
    for (;;) {
        struct file_integer integer;
        int64_t value;
        psync_result r = file_integer_open(opaque, key, FILE_CHANGE, &integer, error);
        bool missing = r == PSYNC_NO;
        if (r && !missing) return r;
        bool fits = sum(missing ? 0 : integer.number.value, by, subtract, &value);
        if (!missing) {
            r = fits ? file_integer_write(opaque, &integer, value, error) : PSYNC_ERROR_OVERFLOW;
            file_integer_close(&integer);
        } else {
            r = fits ? file_integer_create(opaque, key, value, error) : PSYNC_ERROR_OVERFLOW;
        }
        if (!r) *result = value;
        if (r != PSYNC_NO) return r;
    }
}

psync_result file_integer_compare_set(void *opaque, psync_key *key, int64_t expected, int64_t desired,
                                      psync_integer_state *found, psync_error *error)
{
    struct file_integer integer;
    psync_result r = file_integer_open(opaque, key, FILE_CHANGE, &integer, error);
    if (r == PSYNC_NO) tell(NULL, found);
    if (r) return r;
    tell(&integer, found);
    r = found->value == expected ? file_integer_write(opaque, &integer, desired, error) : PSYNC_NO;
    file_integer_close(&integer);
    return r;
}

psync_result file_integer_remove(void *opaque, psync_key *key, psync_error *error)
{
    struct file_integer integer;
    psync_result r = file_integer_open(opaque, key, FILE_REMOVE, &integer, error);
    if (r) return r;
    r = file_integer_unlink(opaque, key, &integer, error);
    file_integer_close(&integer);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Waiting                                                                  */

struct awaited {
    struct file_state *state;
    psync_key *key;
    const psync_integer_state *seen;
};

static psync_result has_changed(void *argument, psync_error *error)
{
    struct awaited *awaited = argument;
    psync_integer_state now;
    psync_result r = file_integer_get(awaited->state, awaited->key, &now, error);
    if (r < 0) return r;
    bool same = now.exists == awaited->seen->exists && now.value == awaited->seen->value;
    return same ? PSYNC_NO : PSYNC_OK;
}

psync_result file_integer_await(void *opaque, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                psync_error *error)
{
    struct file_state *state = opaque;
    struct awaited awaited = {state, key, seen};
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_INTEGERS, &place, error);
    if (r) return r;
    r = file_watch(&place, FILE_WATCH_CONTENT, has_changed, &awaited, deadline, deadline, error);
    file_place_leave(&place);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Lists                                                                    */

struct listing {
    struct file_state *state;
    psync_integer_callback callback;
    void *argument;
};

static psync_result list_one(void *argument, struct file_place *place, psync_error *error)
{
    struct listing *listing = argument;
    struct file_number number;
    char key[PSYNC_KEY_MAX + 1];
    size_t length;
    psync_result r = file_integer_look(place, key, &length, &number, error);
    if (r == PSYNC_NO || r == PSYNC_ERROR_DAMAGED) return PSYNC_OK; /* one damaged file hides no other Integer */
    if (r) return r;
    return listing->callback(listing->argument, key, length, number.value) ? PSYNC_NO : PSYNC_OK;
}

psync_result file_integer_each(void *opaque, psync_integer_callback callback, void *argument, psync_error *error)
{
    struct listing listing = {opaque, callback, argument};
    return file_tree_each(listing.state->home, FILE_INTEGERS, list_one, &listing, error);
}
