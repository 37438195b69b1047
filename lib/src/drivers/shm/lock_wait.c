/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_wait.c - sleeping until a Lock may have moved on.
 *
 * Sleepers set a flag in the word of the acquisition they saw, and sleep on the
 * word's futex: whoever ends that acquisition wakes them (lock_end.c). Nothing
 * is missed in between: the flag is set only while the acquisition lasts, and
 * nobody falls asleep on a word whose futex has changed.
 *
 * A taker watches for a moment before it sleeps. One whose first try stepped
 * back for a starving taker waits for GIVE_WAY; that is limited in time, so
 * it needs nobody to be alive.
 *
 * The kernel may wake any sleeper in the place of one that died when it owed
 * wake-ups (futex.h), so who wakes up sees to it that they are done.
 */
#include <limits.h>

#include "clock.h"
#include "futex.h"
#include "lock_end.h"
#include "lock_word.h"
#include "locks.h"
#include "state.h"
#include "waiting.h"

/* Nothing rings when a holder is killed: who waits for a Hold looks this often. */
static const int64_t HOLD_LOOK = PSYNC_NS_PER_S / 4;

static const int64_t GIVE_WAY = PSYNC_NS_PER_MS;

/*
 * How a taker watches a held Lock before it sleeps: with pauses that double,
 * since each look takes the cache line away from who holds the Lock and may
 * want it again at once. All pauses together last about as long as a sleep
 * and a wake-up.
 */
enum { PAUSES_FIRST = 128, PAUSES_LAST = 256 };

/* A first try that stepped back: gives the one that was woken time to come. */
static void give_way(struct shm_cell *cell, int64_t deadline)
{
    int64_t until = psync__clock->monotonic() + GIVE_WAY;
    shm_death_watch(&cell->word.futex); /* the kernel may wake this one in a dead taker's place */
    shm_futex_wait(&cell->word.futex, 0, WAKE_NOBODY, until < deadline ? until : deadline);
}

/* Watches for a moment whether the acquisition seen ends. True: it did, though another may have begun. */
static bool spin(struct shm_cell *cell, uint32_t seen)
{
    for (int pauses = PAUSES_FIRST; pauses <= PAUSES_LAST; pauses *= 2) {
        for (int i = 0; i < pauses; i++) shm_pause();
        uint32_t futex = atomic_load_explicit(&cell->word.futex, memory_order_relaxed);
        if (futex != seen) return true;
    }
    return false;
}

/* Sets a flag in the word of the acquisition seen, unless it has ended. *word becomes the present one. */
static bool set_flag(struct shm_cell *cell, shm_pair *word, uint64_t fence, uint64_t flag)
{
    for (;;) {
        struct lock_view lock = lock_view(*word);
        if (!lock.held || lock.fence != fence) return false;
        if (word->low & flag) return true;
        shm_pair flagged = {word->low | flag, word->high};
        if (shm_swap(&cell->word, word, flagged)) {
            *word = flagged;
            return true;
        }
    }
}

/* Sleeps on the acquisition with this fence, until it ends, has to be looked at, or the deadline. */
static void sleep_on(struct shm_cell *cell, uint32_t generation, uint64_t fence, psync_role role, int64_t deadline)
{
    shm_pair word = shm_read(&cell->word);
    bool hold = lock_view(word).hold;
    uint64_t flag = LOCK_WAITERS;
    uint32_t bits = WAKE_WAITERS;
    if (role == PSYNC_ROLE_TAKER) {
        flag = hold ? LOCK_TAKERS : LOCK_PLAIN;
        bits = hold ? WAKE_TAKERS : WAKE_PLAIN;
    }
    bool counted = role == PSYNC_ROLE_WAITER && waiting_begin(cell, fence);
    if (!set_flag(cell, &word, fence, flag)) {
        if (counted) waiting_end(cell, fence);
        return;
    }
    int64_t look = hold ? HOLD_LOOK : 0;
    /* A taker stays announced until it has tried to take (shm_lock_acquire). */
    if (!shm_death_watch(&cell->word.futex) && (!look || look > SHM_BLIND_LOOK)) look = SHM_BLIND_LOOK;
    if (look) {
        int64_t until = psync__clock->monotonic() + look;
        if (until < deadline) deadline = until;
    }
    shm_futex_wait(&cell->word.futex, (uint32_t)word.low, bits, deadline);
    if (role == PSYNC_ROLE_TAKER) return;
    /* A waiter may be the one that the kernel woke in a dead releaser's place. Acquire: the look comes first. */
    uint64_t low = atomic_load_explicit(&cell->word.half.low, memory_order_acquire);
    bool last = counted && waiting_end(cell, fence);
    bool owed = !(low & SHM_FUTEX_SET) && (low & LOCK_WAITERS);
    if (owed && (!last || (low & (LOCK_TAKERS | LOCK_PLAIN)))) shm_lock_help(cell, generation);
    shm_death_watch_end();
}

psync_result shm_lock_await(void *opaque, psync_key *key, psync_lock_state *seen, psync_role role, int64_t deadline,
                            psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    if (r || !cell) return r;
    shm_pair word = shm_guess(&cell->word); /* what is looked at lies in the low half, or is swapped */
    struct lock_view lock = lock_view(word);
    if (lock.retired || !shm_cells_same(cell, generation)) return PSYNC_OK;
    if (!seen->exists) {
        if (!lock.held && role == PSYNC_ROLE_TAKER) give_way(cell, deadline);
        return PSYNC_OK;
    }
    if (!lock.held || lock.fence != seen->fence) {
        if (word.low & LOCK_WAITERS && !lock.held) shm_lock_help(cell, generation);
        return PSYNC_OK;
    }
    if (role == PSYNC_ROLE_TAKER && spin(cell, (uint32_t)word.low)) return PSYNC_OK;
    r = shm_file_check_linked(state->file, error);
    if (!r) sleep_on(cell, generation, seen->fence, role, deadline);
    return r;
}
