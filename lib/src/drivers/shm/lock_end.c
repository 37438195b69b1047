/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_end.c - ends acquisitions: one swap to a free word, and the wake-ups that it owes.
 *
 * Who wakes whom. A release wakes every waiter and one taker. Takers barge
 * (locks.c), so the one that was woken may find the Lock taken again: then the
 * acquisition that was quicker has inherited TAKERS, and its release wakes the next.
 *
 * A process killed anywhere here leaves a legal word. The wake-ups it owed are
 * done by the next one that comes by (shm_lock_help) or, if nobody comes, by
 * one that the kernel wakes (futex.h).
 */
#include "lock_end.h"

#include <limits.h>

#include "cells.h"
#include "futex.h"
#include "lock_hold.h"
#include "lock_word.h"

/*
 * After a wake-up call upon the end of the acquisition with this fence that
 * found no taker asleep, and did not come to say so before the next
 * acquisition: takes back what that one inherited. Who sleeps on it would have
 * set PLAIN. (On a Hold it would not have shown, so there TAKERS stays.)
 */
static void disinherit(struct shm_cell *cell, shm_pair word, uint64_t fence)
{
    struct lock_view lock = lock_view(word);
    if (!lock.held || lock.hold || lock.fence != fence + 1) return;
    if ((word.low & LOCK_SLEEPERS) != LOCK_TAKERS) return;
    shm_swap(&cell->word, &word, (shm_pair){word.low & ~LOCK_TAKERS, word.high});
}

/*
 * Wakes who has to know that a free word's last acquisition has ended: the
 * rest of a release, also of one whose author died. Clears the flags of who
 * was woken, unless the word has moved on, which needs no more from us but to
 * say that no taker is left: each release after it would make a call in vain.
 */
static void finish_release(struct shm_cell *cell, shm_pair word)
{
    uint64_t fence = lock_view(word).fence;
    uint64_t left = word.low & ~LOCK_WAITERS;
    bool alone = false;
    if (word.low & LOCK_WAITERS) shm_futex_wake(&cell->word.futex, INT_MAX, WAKE_WAITERS);
    if (word.low & (LOCK_TAKERS | LOCK_PLAIN)) {
        alone = !shm_futex_wake(&cell->word.futex, 1, WAKE_TAKERS | WAKE_PLAIN);
        if (alone) left &= ~LOCK_SLEEPERS;
    }
    uint64_t starving = left & LOCK_SLEEPERS ? 0 : LOCK_STARVING;
    if (!shm_swap(&cell->word, &word, (shm_pair){left, word.high & ~starving}) && alone) {
        disinherit(cell, word, fence);
    }
}

void shm_lock_help(struct shm_cell *cell, uint32_t generation)
{
    shm_pair word = shm_read(&cell->word);
    bool owed = !lock_view(word).held && (word.low & LOCK_WAITERS);
    if (owed && shm_cells_same(cell, generation)) finish_release(cell, word);
}

bool shm_lock_end(struct shm_cell *cell, shm_pair *word)
{
    struct lock_view lock = lock_view(*word);
    uint64_t sleepers = word->low & LOCK_SLEEPERS;
    shm_pair free_word = lock_free(lock.fence, sleepers, word->high & LOCK_STARVING);
    if (!sleepers) return shm_swap(&cell->word, word, free_word);
    shm_death_watch(&cell->word.futex);
    bool done = shm_swap(&cell->word, word, free_word);
    if (done) finish_release(cell, free_word);
    shm_death_watch_end();
    return done;
}

shm_pair shm_lock_read(struct shm_file *file, struct shm_cell *cell, uint32_t generation)
{
    shm_pair word = shm_read(&cell->word);
    for (;;) {
        if (!shm_cells_same(cell, generation)) return (shm_pair){LOCK_RETIRED, 0};
        struct lock_view lock = lock_view(word);
        if (!lock.hold || !shm_lock_hold_ended(file, lock)) return word;
        shm_lock_end(cell, &word);
        word = shm_read(&cell->word);
    }
}

bool shm_lock_retire(struct shm_file *file, struct shm_cell *cell)
{
    shm_pair word = shm_lock_read(file, cell, atomic_load_explicit(&cell->generation, memory_order_relaxed));
    struct lock_view lock = lock_view(word);
    if (lock.held || lock.retired) return false;
    /* First the fence: a process killed in between must not let it fall back. */
    uint64_t floor = atomic_load_explicit(&file->header->fence, memory_order_relaxed);
    if (lock.fence > floor) atomic_store_explicit(&file->header->fence, lock.fence, memory_order_release);
    if (!shm_swap(&cell->word, &word, (shm_pair){LOCK_RETIRED, 0})) return false;
    /* Takers that slept on a free word (the one that was woken died) look the key up again. */
    if (word.low & LOCK_SLEEPERS) shm_futex_wake(&cell->word.futex, INT_MAX, WAKE_ALL);
    return true;
}
