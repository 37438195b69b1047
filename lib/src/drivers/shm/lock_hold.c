/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_hold.c - Holds: when they end by themselves, and how that end is put off.
 *
 * A Hold ends with its process, and one with a lease at the time in its word.
 * Nobody changes the word then: it counts as absent (shm_lock_hold_ended), and
 * whoever comes by frees it (shm_lock_read).
 */
#include "lock_hold.h"

#include <limits.h>

#include "clock.h"
#include "futex.h"
#include "lock_end.h"
#include "lock_owner.h"
#include "locks.h"
#include "state.h"

int64_t shm_lock_note_taken(struct shm_cell *cell, uint64_t fence, int64_t when)
{
    shm_pair taken = shm_read(&cell->taken);
    while (taken.low < fence) {
        if (shm_swap(&cell->taken, &taken, (shm_pair){fence, (uint64_t)when})) return when;
    }
    return taken.low == fence ? (int64_t)taken.high : when;
}

/*
 * The record is read after the word, which named it; as long as the word stays
 * so, the record stays its owner's. So a swap from this word is right, whatever
 * was read.
 */
bool shm_lock_hold_ended(struct shm_file *file, struct lock_view lock)
{
    if (!lock.hold) return false;
    if (lock.lease && psync__clock->boottime() >= shm_lock_expires(file, lock)) return true;
    return shm_lock_owner_ended(file, lock);
}

psync_result shm_lock_renew(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *end,
                            psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    for (;;) {
        if (r || !cell) return r ? r : PSYNC_NO;
        shm_pair word = shm_lock_read(state->file, cell, generation);
        struct lock_view lock = lock_view(word);
        if (lock.retired) {
            r = shm_refind(state, key, SHM_LOCK, false, &cell, &generation, error);
            continue;
        }
        if (!lock.held || !lock.hold || lock.fence != fence) return PSYNC_NO;
        /* The time of taking moves out of the word before the lease's end moves in. */
        if (!lock.lease) shm_lock_note_taken(cell, fence, lock_time_us(lock.time));
        int64_t time = shm_lease_end(state->file, lease);
        shm_pair renewed = lock_held(fence, (word.low & LOCK_SLEEPERS) | LOCK_HOLD | LOCK_LEASE, lock.process, time,
                                     word.high & LOCK_STARVING);
        if (!shm_swap(&cell->word, &word, renewed)) continue;
        *end = shm_lease_boottime(state->file, time);
        /* Who sleeps until the old end would be late for an earlier one. */
        bool earlier = !lock.lease || time < lock.time;
        if (earlier && (word.low & LOCK_SLEEPERS)) shm_futex_wake(&cell->word.futex, INT_MAX, WAKE_ALL);
        return PSYNC_OK;
    }
}
