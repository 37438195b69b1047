/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.c - taking and freeing Locks: each is one swap of the cell's word (lock_word.h).
 *
 * The usual case, a known cell with nobody asleep, comes first and alone, in
 * shm_lock_acquire and shm_lock_release. Any doubt goes the slow way, which
 * starts from the beginning and knows all cases.
 *
 * Takers barge: a first try may get the Lock before the one that a release
 * woke (lock_end.c), which is what makes a contended Lock fast; a taker that
 * has waited for STARVING makes first tries step back for a moment
 * (lock_wait.c), so each gets its turn.
 *
 * A process killed anywhere here leaves a legal word.
 */
#include "locks.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "futex.h"
#include "lease.h"
#include "lock_end.h"
#include "lock_hold.h"
#include "lock_look.h"
#include "lock_owner.h"
#include "lock_word.h"
#include "process.h"
#include "state.h"

static const int64_t STARVING = 5 * PSYNC_NS_PER_MS;

/* ------------------------------------------------------------------------ */
/* Taking                                                                   */

/*
 * The wall clock's tick, as lock words have it. The owner's record is for
 * people: a full reading of the clock would cost as much as the lock itself.
 */
static inline int64_t tick(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec << LOCK_TICK_BITS | now.tv_nsec >> LOCK_TICK_SHIFT;
}

static psync_result own_process(struct shm_state *state, uint32_t *number, psync_error *error)
{
    /* Acquire: pairs with the store below; the record was written before it. */
    *number = atomic_load_explicit(&state->process, memory_order_acquire);
    if (*number) return PSYNC_OK;
    char label[PSYNC_LABEL_MAX + 1];
    shm_files_lock();
    memcpy(label, state->label, sizeof label);
    shm_files_unlock();
    psync_result r = shm_process_number(state->file, label, state->timeout, number, error);
    if (r) return r;
    shm_files_lock();
    /* Unless the label was changed meanwhile: then it is for this acquisition only. */
    if (strcmp(label, state->label) == 0) atomic_store_explicit(&state->process, *number, memory_order_release);
    shm_files_unlock();
    return PSYNC_OK;
}

/*
 * Brings a free word into a state from which it may be taken. False: it has
 * to be read again.
 */
static bool prepare(struct shm_cell *cell, uint32_t generation, shm_pair word, bool hold)
{
    if (word.low & LOCK_WAITERS) {
        shm_lock_help(cell, generation);
        return false;
    }
    /* Nobody falls asleep on a free word: if the taker's swap from this one succeeds, none of them sleeps. */
    if (hold) shm_futex_wake(&cell->word.futex, INT_MAX, WAKE_PLAIN);
    return true;
}

/* Whether a first try steps back for a starving taker. */
static bool gives_way(shm_pair word, const psync_take *take)
{
    return (word.high & LOCK_STARVING) && take->may_wait && !take->waiting_since;
}

static shm_pair taken_word(struct shm_file *file, shm_pair word, const psync_take *take, uint32_t process)
{
    uint64_t fence = lock_view(word).fence + 1;
    uint64_t flags = word.low & LOCK_SLEEPERS ? LOCK_TAKERS : 0;
    uint64_t starving = take->waiting_since ? 0 : word.high & LOCK_STARVING;
    if (!take->hold) return lock_held(fence, flags, process, tick(), starving);
    flags |= LOCK_HOLD;
    if (!take->lease) return lock_held(fence, flags, process, tick(), starving);
    return lock_held(fence, flags | LOCK_LEASE, process, shm_lease_end(file, take->lease), starving);
}

/* A taker that found the Lock held says so in the word if it has waited for long. */
static void note_starving(struct shm_cell *cell, shm_pair word, const psync_take *take)
{
    if (!take->waiting_since || (word.high & LOCK_STARVING)) return;
    if (psync__clock->monotonic() - take->waiting_since < STARVING) return;
    shm_swap(&cell->word, &word, (shm_pair){word.low, word.high | LOCK_STARVING});
}

/* One try on a known cell. PSYNC_ERROR_ABSENT: it is no longer the key's. */
static psync_result try_take(struct shm_state *state, struct shm_cell *cell, uint32_t generation,
                             const psync_take *take, uint32_t process, psync_lock_state *now)
{
    shm_pair word = shm_guess(&cell->word);
    for (;;) {
        struct lock_view lock = lock_view(word);
        if (lock.retired || !shm_cells_same(cell, generation)) return PSYNC_ERROR_ABSENT;
        if (lock.held) {
            if (lock.hold) word = shm_lock_read(state->file, cell, generation);
            lock = lock_view(word);
            if (!lock.held) continue;
            note_starving(cell, word, take);
            shm_lock_tell(state->file, lock, word, now);
            return PSYNC_NO;
        }
        if (word.low & LOCK_SLEEPERS) {
            if (!prepare(cell, generation, word, take->hold)) {
                word = shm_read(&cell->word);
                continue;
            }
        }
        if (gives_way(word, take)) {
            shm_lock_tell(state->file, lock, word, now);
            return PSYNC_NO;
        }
        shm_pair held = taken_word(state->file, word, take, process);
        if (!shm_swap(&cell->word, &word, held)) continue;
        shm_lock_tell(state->file, lock_view(held), held, now);
        if (take->lease) shm_lock_note_taken(cell, now->fence, psync__clock->realtime() / 1000);
        return PSYNC_OK;
    }
}

/* A taker that was woken and cannot go on lets the next one have its wake-up. */
static void pass_on(struct shm_state *state, psync_key *key)
{
    uint32_t generation;
    struct shm_cell *cell = shm_noted(state, key, &generation);
    if (cell) shm_futex_wake(&cell->word.futex, 1, WAKE_TAKERS | WAKE_PLAIN);
}

__attribute__((noinline)) static psync_result acquire_slowly(struct shm_state *state, psync_key *key,
                                                             const psync_take *take, psync_lock_state *now,
                                                             psync_error *error)
{
    struct shm_cell *cell;
    uint32_t generation;
    uint32_t process;
    psync_result r = own_process(state, &process, error);
    if (r && take->waiting_since) pass_on(state, key);
    if (!r) r = shm_find(state, key, SHM_LOCK, true, &cell, &generation, error);
    while (!r) {
        r = try_take(state, cell, generation, take, process, now);
        if (r != PSYNC_ERROR_ABSENT) break;
        r = shm_refind(state, key, SHM_LOCK, true, &cell, &generation, error);
    }
    /* A taker that has slept is still announced: its wake-up is used now, or is needless as the Lock is held. */
    if (take->waiting_since) shm_death_watch_end();
    return r;
}

/* The usual case first, and alone: a known cell, a free Lock, nobody asleep, no Hold. Any doubt goes the slow way.
 */
psync_result shm_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                              psync_error *error)
{
    int64_t now_tick = tick(); /* first, while there is little to keep over the call */
    struct shm_state *state = opaque;
    uint32_t generation;
    struct shm_cell *cell = shm_noted(state, key, &generation);
    uint32_t process = atomic_load_explicit(&state->process, memory_order_acquire);
    if (!cell || !process || take->hold || take->waiting_since) {
        return acquire_slowly(state, key, take, now, error);
    }
    shm_pair word = shm_guess(&cell->word);
    bool usual = !(word.low & ~LOCK_FENCE_HIGH) && !(word.high & LOCK_STARVING) && shm_cells_same(cell, generation);
    uint64_t fence = lock_view(word).fence + 1;
    if (!usual || !shm_swap_once(&cell->word, word, lock_held(fence, 0, process, now_tick, 0))) {
        return acquire_slowly(state, key, take, now, error);
    }
    now->fence = fence;
    now->expires = 0;
    return PSYNC_OK;
}

/* ------------------------------------------------------------------------ */
/* Releasing                                                                */

static bool condition_holds(struct shm_file *file, struct lock_view lock, psync_condition condition, uint64_t fence)
{
    if (condition == PSYNC_IF_FENCE) return lock.fence == fence;
    if (condition == PSYNC_IF_GHOST) return shm_lock_owner_ended(file, lock);
    return true;
}

static psync_result try_release(struct shm_state *state, struct shm_cell *cell, uint32_t generation,
                                psync_condition condition, uint64_t fence)
{
    /* Held or not, and the fence, lie in the low half; whose it is needs the whole. */
    shm_pair word = condition == PSYNC_IF_GHOST ? shm_read(&cell->word) : shm_guess(&cell->word);
    for (;;) {
        struct lock_view lock = lock_view(word);
        if (lock.retired || !shm_cells_same(cell, generation)) return PSYNC_ERROR_ABSENT;
        if (lock.hold) {
            word = shm_lock_read(state->file, cell, generation);
            lock = lock_view(word);
            if (lock.retired) continue;
        }
        if (!lock.held || !condition_holds(state->file, lock, condition, fence)) return PSYNC_NO;
        if (shm_lock_end(cell, &word)) return PSYNC_OK;
        word = shm_read(&cell->word);
    }
}

__attribute__((noinline)) static psync_result release_slowly(struct shm_state *state, psync_key *key,
                                                             psync_condition condition, uint64_t fence,
                                                             psync_error *error)
{
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    while (!r) {
        if (!cell) return PSYNC_NO;
        r = try_release(state, cell, generation, condition, fence);
        if (r != PSYNC_ERROR_ABSENT) break;
        r = shm_refind(state, key, SHM_LOCK, false, &cell, &generation, error);
    }
    return r;
}

/* The usual case first, and alone: a known cell, a plain acquisition, nobody asleep. Any doubt goes the slow way.
 */
psync_result shm_lock_release(void *opaque, psync_key *key, psync_condition condition, uint64_t fence,
                              psync_error *error)
{
    struct shm_state *state = opaque;
    uint32_t generation;
    struct shm_cell *cell = shm_noted(state, key, &generation);
    if (!cell || condition != PSYNC_IF_ANY) return release_slowly(state, key, condition, fence, error);
    shm_pair word = shm_guess(&cell->word);
    struct lock_view lock = lock_view(word);
    bool usual = lock.held && !(word.low & (LOCK_HOLD | LOCK_SLEEPERS)) && shm_cells_same(cell, generation);
    if (!usual || !shm_swap_once(&cell->word, word, lock_free(lock.fence, 0, word.high & LOCK_STARVING))) {
        return release_slowly(state, key, condition, fence, error);
    }
    return PSYNC_OK;
}
