/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integers.c - Integers: every change is one swap of the cell's word, value
 * and existence together (integer_word.h), so a deletion beside increments is
 * before or after each of them, overflow is seen before anything is changed,
 * and a process killed anywhere leaves the old or the new value.
 *
 * Under contention a swap that fails is tried again after a pause that grows:
 * the cache line then stays with one processor for several swaps instead of
 * travelling for each.
 */
#include "integers.h"

#include <limits.h>

#include "clock.h"
#include "futex.h"
#include "integer_word.h"
#include "state.h"

/* Pauses after a failed swap, doubled each time. */
enum { BACKOFF_FIRST = 128, BACKOFF_LAST = 1024 };

static void back_off(unsigned *pauses)
{
    for (unsigned i = 0; i < *pauses; i++) shm_pause();
    if (*pauses < BACKOFF_LAST) *pauses *= 2;
}

/* Wakes all sleepers, then clears RING: the rest of a change, also of one whose author died. */
static void finish_ring(struct shm_cell *cell, uint32_t generation)
{
    shm_futex_wake(&cell->word.futex, INT_MAX, UINT32_MAX);
    shm_pair word = shm_read(&cell->word);
    while (shm_cells_same(cell, generation) && !integer_retired(word) && (word.low & INTEGER_RING)) {
        if (shm_swap(&cell->word, &word, (shm_pair){word.low & ~INTEGER_RING, word.high})) return;
    }
}

/* Swaps *word for one with this existence and value, and wakes who sleeps. False, and *word is the present one, if
 * it changed. */
static bool change(struct shm_cell *cell, uint32_t generation, shm_pair *word, bool exists, int64_t value)
{
    shm_pair next = {exists ? word->low | INTEGER_EXISTS : word->low & ~INTEGER_EXISTS, (uint64_t)value};
    if (!integer_armed(*word)) {
        bool changed = shm_swap(&cell->word, word, next);
        /* Sleepers that saw an older value may not have been woken yet, and who owes it to them may be stopped. */
        if (changed && (next.low & INTEGER_RING)) finish_ring(cell, generation);
        return changed;
    }
    next.low = integer_disarm(next.low);
    shm_death_watch(&cell->word.futex);
    bool done = shm_swap(&cell->word, word, next);
    if (done) finish_ring(cell, generation);
    shm_death_watch_end();
    return done;
}

static void tell(shm_pair word, psync_integer_state *now)
{
    now->exists = integer_exists(word);
    now->value = now->exists ? (int64_t)word.high : 0;
    now->version[0] = word.low;
    now->version[1] = word.high;
}

/* The key's cell and its word, which was so at one moment. PSYNC_NO: the key has no cell (only without create), and
 * the word says so. */
static psync_result open_cell(struct shm_state *state, psync_key *key, bool create, struct shm_cell **cell,
                              uint32_t *generation, shm_pair *word, psync_error *error)
{
    psync_result r = shm_find(state, key, SHM_INTEGER, create, cell, generation, error);
    while (!r) {
        if (!*cell) {
            *word = (shm_pair){0, 0}; /* not what another key's cell said, where it was looked for first */
            return PSYNC_NO;
        }
        *word = shm_read(&(*cell)->word);
        if (shm_cells_same(*cell, *generation) && !integer_retired(*word)) return PSYNC_OK;
        r = shm_refind(state, key, SHM_INTEGER, create, cell, generation, error);
    }
    return r;
}

psync_result shm_integer_get(void *opaque, psync_key *key, psync_integer_state *now, psync_error *error)
{
    struct shm_cell *cell;
    uint32_t generation;
    shm_pair word;
    psync_result r = open_cell(opaque, key, false, &cell, &generation, &word, error);
    if (r < 0) return r;
    tell(word, now);
    return now->exists ? PSYNC_OK : PSYNC_NO;
}

psync_result shm_integer_set(void *opaque, psync_key *key, int64_t value, psync_error *error)
{
    for (;;) {
        struct shm_cell *cell;
        uint32_t generation;
        shm_pair word;
        psync_result r = open_cell(opaque, key, true, &cell, &generation, &word, error);
        if (r) return r;
        if (change(cell, generation, &word, true, value)) return PSYNC_OK;
    }
}

static inline bool sum(shm_pair word, int64_t by, bool subtract, int64_t *result)
{
    int64_t value = integer_exists(word) ? (int64_t)word.high : 0;
    return subtract ? !__builtin_sub_overflow(value, by, result) : !__builtin_add_overflow(value, by, result);
}

__attribute__((noinline)) static psync_result add_slowly(struct shm_state *state, psync_key *key, int64_t by,
                                                         bool subtract, int64_t *result, psync_error *error)
{
    unsigned pauses = BACKOFF_FIRST;
    for (;;) {
        struct shm_cell *cell;
        uint32_t generation;
        shm_pair word;
        psync_result r = open_cell(state, key, true, &cell, &generation, &word, error);
        if (r) return r;
        if (!sum(word, by, subtract, result)) return PSYNC_ERROR_OVERFLOW;
        if (change(cell, generation, &word, true, *result)) return PSYNC_OK;
        back_off(&pauses);
    }
}

/* The usual case first, and alone: a known cell, an Integer that exists, nobody asleep. Any doubt goes the slow
 * way. */
psync_result shm_integer_add(void *opaque, psync_key *key, int64_t by, bool subtract, int64_t *result,
                             psync_error *error)
{
    struct shm_state *state = opaque;
    uint32_t generation;
    struct shm_cell *cell = shm_noted(state, key, &generation);
    if (!cell) return add_slowly(state, key, by, subtract, result, error);
    shm_pair word = shm_guess(&cell->word);
    bool usual = (word.low & (INTEGER_EXISTS | INTEGER_BELL | INTEGER_RING)) == INTEGER_EXISTS &&
                 shm_cells_same(cell, generation);
    int64_t value;
    if (!usual || !sum(word, by, subtract, &value) ||
        !shm_swap_once(&cell->word, word, (shm_pair){word.low, (uint64_t)value})) {
        return add_slowly(state, key, by, subtract, result, error);
    }
    *result = value;
    return PSYNC_OK;
}

psync_result shm_integer_compare_set(void *opaque, psync_key *key, int64_t expected, int64_t desired,
                                     psync_integer_state *found, psync_error *error)
{
    for (;;) {
        struct shm_cell *cell;
        uint32_t generation;
        shm_pair word;
        psync_result r = open_cell(opaque, key, false, &cell, &generation, &word, error);
        if (r < 0) return r;
        tell(word, found);
        if (!found->exists || found->value != expected) return PSYNC_NO;
        if (change(cell, generation, &word, true, desired)) return PSYNC_OK;
    }
}

psync_result shm_integer_remove(void *opaque, psync_key *key, psync_error *error)
{
    for (;;) {
        struct shm_cell *cell;
        uint32_t generation;
        shm_pair word;
        psync_result r = open_cell(opaque, key, false, &cell, &generation, &word, error);
        if (r) return r;
        if (!integer_exists(word)) return PSYNC_NO;
        if (change(cell, generation, &word, false, 0)) return PSYNC_OK;
    }
}

/* Sets the bell beside what was seen, unless that has changed, or the cell is another key's. */
static bool arm(struct shm_cell *cell, uint32_t generation, shm_pair *word, const psync_integer_state *seen)
{
    for (;;) {
        if (!shm_cells_same(cell, generation) || integer_retired(*word)) return false;
        if (integer_exists(*word) != seen->exists) return false;
        if (seen->exists && (int64_t)word->high != seen->value) return false;
        if (integer_armed(*word)) return true;
        if (word->low & INTEGER_RING) {
            finish_ring(cell, generation);
            *word = shm_read(&cell->word);
            continue;
        }
        shm_pair armed = {integer_arm(word->low), word->high};
        if (!shm_swap(&cell->word, word, armed)) continue;
        *word = armed;
        return true;
    }
}

/* Also a missing Integer needs a cell: somewhere to sleep until it comes. */
psync_result shm_integer_await(void *opaque, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                               psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    shm_pair word;
    psync_result r = shm_file_check_linked(state->file, error);
    if (!r) r = open_cell(state, key, true, &cell, &generation, &word, error);
    if (r) return r;
    if (!arm(cell, generation, &word, seen)) return PSYNC_OK;
    if (!shm_death_watch(&cell->word.futex)) {
        int64_t look = psync__clock->monotonic() + SHM_BLIND_LOOK;
        if (look < deadline) deadline = look;
    }
    shm_futex_wait(&cell->word.futex, integer_bell(word), UINT32_MAX, deadline);
    word = shm_read(&cell->word);
    if (shm_cells_same(cell, generation) && (word.low & INTEGER_RING)) finish_ring(cell, generation);
    shm_death_watch_end();
    return PSYNC_OK;
}

struct listing {
    psync_integer_callback callback;
    void *argument;
    bool stopped;
};

static void list_cell(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    struct listing *listing = argument;
    char key[PSYNC_KEY_MAX + 1];
    size_t length;
    uint32_t generation;
    if (listing->stopped || kind != SHM_INTEGER) return;
    if (!shm_cells_key(file, cell, SHM_INTEGER, key, &length, &generation)) return;
    shm_pair word = shm_read(&cell->word);
    if (integer_retired(word) || !integer_exists(word) || !shm_cells_same(cell, generation)) return;
    listing->stopped = listing->callback(listing->argument, key, length, (int64_t)word.high) != 0;
}

psync_result shm_integer_each(void *opaque, psync_integer_callback callback, void *argument, psync_error *error)
{
    struct shm_state *state = opaque;
    psync_result r = shm_file_check_linked(state->file, error);
    if (r) return r;
    struct listing listing = {callback, argument, false};
    shm_cells_each(state->file, list_cell, &listing);
    return listing.stopped ? PSYNC_NO : PSYNC_OK;
}
