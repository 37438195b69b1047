/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.c - Locks: every step is one swap of the cell's word (lock_word.h).
 *
 * Who wakes whom. A release wakes every waiter and one taker. Takers barge: a
 * first try may get the Lock before the one that was woken, which is what
 * makes a contended Lock fast; a taker that has waited for STARVING makes
 * first tries step back for a moment (GIVE_WAY), so each gets its turn. The
 * stepping back is limited in time: it needs nobody to be alive.
 *
 * A process killed anywhere here leaves a legal word. The wake-ups it owed are
 * done by the next one that comes by (help_release) or, if nobody comes, by
 * one that the kernel wakes (futex.h).
 */
#include "locks.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "futex.h"
#include "lease.h"
#include "lock_word.h"
#include "process.h"
#include "state.h"
#include "waiting.h"

/* Whom a wake-up is for. */
enum { WAKE_WAITERS = 1, WAKE_TAKERS = 2, WAKE_PLAIN = 4, WAKE_ALL = 7, WAKE_NOBODY = 8 };

/* Nothing rings when a holder is killed: who waits for a Hold looks this often. */
static const int64_t HOLD_LOOK = PSYNC_NS_PER_S / 4;

static const int64_t STARVING = 5 * PSYNC_NS_PER_MS;
static const int64_t GIVE_WAY = PSYNC_NS_PER_MS;

/*
 * How a taker watches a held Lock before it sleeps: with pauses that double,
 * since each look takes the cache line away from who holds the Lock and may
 * want it again at once. All pauses together last about as long as a sleep
 * and a wake-up.
 */
enum { PAUSES_FIRST = 128, PAUSES_LAST = 256 };

/* ------------------------------------------------------------------------ */
/* Times                                                                    */

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

static int64_t tick_to_us(int64_t time)
{
    int64_t ns = (time & ((1 << LOCK_TICK_BITS) - 1)) << LOCK_TICK_SHIFT;
    return (time >> LOCK_TICK_BITS) * 1000000 + ns / 1000;
}

/* When the lease ends (boottime), 0: there is none. */
static int64_t expires(struct shm_file *file, struct lock_view lock)
{
    return lock.lease ? shm_lease_boottime(file, lock.time) : 0;
}

static void tell(struct shm_file *file, struct lock_view lock, shm_pair word, psync_lock_state *now)
{
    now->exists = lock.held;
    now->is_hold = lock.hold;
    now->fence = lock.held ? lock.fence : 0;
    now->expires = expires(file, lock);
    now->version[0] = word.low;
    now->version[1] = word.high;
}

/* ------------------------------------------------------------------------ */
/* The end of an acquisition                                                */

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

/* Finishes somebody else's release, if it still has to be. */
static void help_release(struct shm_cell *cell, uint32_t generation)
{
    shm_pair word = shm_read(&cell->word);
    bool owed = !lock_view(word).held && (word.low & LOCK_WAITERS);
    if (owed && shm_cells_same(cell, generation)) finish_release(cell, word);
}

/* Ends the acquisition in *word, and wakes who waits for it. False, and *word is the present one, if it changed. */
static bool end_acquisition(struct shm_cell *cell, shm_pair *word)
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

/* The nonce of the process that took the Lock, 0 if its record is broken. */
static uint64_t owner_nonce(struct shm_file *file, struct lock_view lock)
{
    struct shm_process *process = shm_process_at(file, lock.process);
    return process ? atomic_load_explicit(&process->nonce, memory_order_acquire) : 0;
}

/*
 * Whether the acquisition counts as absent: a Hold whose lease has run out or
 * whose holder has ended. The record was read after the word, which named it;
 * as long as the word stays so, the record stays its owner's. So a swap from
 * this word is right, whatever was read.
 */
static bool has_ended(struct shm_file *file, struct lock_view lock)
{
    if (!lock.hold) return false;
    if (lock.lease && psync__clock->boottime() >= expires(file, lock)) return true;
    return shm_process_alive(file, owner_nonce(file, lock)) == PSYNC_ALIVE_NO;
}

/*
 * Reads the word as it counts: frees a Hold that has ended first. A cell that
 * is no longer of the generation is another key's: that reads as retired, and
 * the key must be looked up again.
 */
static shm_pair read_word(struct shm_file *file, struct shm_cell *cell, uint32_t generation)
{
    shm_pair word = shm_read(&cell->word);
    for (;;) {
        if (!shm_cells_same(cell, generation)) return (shm_pair){LOCK_RETIRED, 0};
        struct lock_view lock = lock_view(word);
        if (!lock.hold || !has_ended(file, lock)) return word;
        end_acquisition(cell, &word);
        word = shm_read(&cell->word);
    }
}

/* ------------------------------------------------------------------------ */
/* Taking                                                                   */

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

/* Notes when (us) a Hold with a lease was taken: its word has no room for it. Whoever looks first notes it for a
 * dead taker. Who comes late, to a cell that has moved on, changes nothing: fences only grow. */
static int64_t note_taken(struct shm_cell *cell, uint64_t fence, int64_t when)
{
    shm_pair taken = shm_read(&cell->taken);
    while (taken.low < fence) {
        if (shm_swap(&cell->taken, &taken, (shm_pair){fence, (uint64_t)when})) return when;
    }
    return taken.low == fence ? (int64_t)taken.high : when;
}

/*
 * Brings a free word into a state from which it may be taken. False: it has
 * to be read again.
 */
static bool prepare(struct shm_cell *cell, uint32_t generation, shm_pair word, bool hold)
{
    if (word.low & LOCK_WAITERS) {
        help_release(cell, generation);
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
            if (lock.hold) word = read_word(state->file, cell, generation);
            lock = lock_view(word);
            if (!lock.held) continue;
            note_starving(cell, word, take);
            tell(state->file, lock, word, now);
            return PSYNC_NO;
        }
        if (word.low & LOCK_SLEEPERS) {
            if (!prepare(cell, generation, word, take->hold)) {
                word = shm_read(&cell->word);
                continue;
            }
        }
        if (gives_way(word, take)) {
            tell(state->file, lock, word, now);
            return PSYNC_NO;
        }
        shm_pair held = taken_word(state->file, word, take, process);
        if (!shm_swap(&cell->word, &word, held)) continue;
        tell(state->file, lock_view(held), held, now);
        if (take->lease) note_taken(cell, now->fence, psync__clock->realtime() / 1000);
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
    if (condition == PSYNC_IF_GHOST) return shm_process_alive(file, owner_nonce(file, lock)) == PSYNC_ALIVE_NO;
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
            word = read_word(state->file, cell, generation);
            lock = lock_view(word);
            if (lock.retired) continue;
        }
        if (!lock.held || !condition_holds(state->file, lock, condition, fence)) return PSYNC_NO;
        if (end_acquisition(cell, &word)) return PSYNC_OK;
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

psync_result shm_lock_renew(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *end,
                            psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    for (;;) {
        if (r || !cell) return r ? r : PSYNC_NO;
        shm_pair word = read_word(state->file, cell, generation);
        struct lock_view lock = lock_view(word);
        if (lock.retired) {
            r = shm_refind(state, key, SHM_LOCK, false, &cell, &generation, error);
            continue;
        }
        if (!lock.held || !lock.hold || lock.fence != fence) return PSYNC_NO;
        /* The time of taking moves out of the word before the lease's end moves in. */
        if (!lock.lease) note_taken(cell, fence, tick_to_us(lock.time));
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

bool shm_lock_retire(struct shm_file *file, struct shm_cell *cell)
{
    shm_pair word = read_word(file, cell, atomic_load_explicit(&cell->generation, memory_order_relaxed));
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

/* ------------------------------------------------------------------------ */
/* Looking                                                                  */

static void format_boot_id(const uint8_t id[16], char text[37])
{
    char *out = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        out += snprintf(out, 3, "%02x", id[i]);
    }
}

/* Copies the record of a lock's owner. Right only if the lock's word is unchanged afterwards. */
static void copy_record(struct shm_file *file, struct lock_view lock, psync_owner *owner)
{
    memset(owner, 0, sizeof *owner);
    owner->fence = lock.fence;
    owner->is_hold = lock.hold;
    owner->alive = PSYNC_ALIVE_UNKNOWN;
    uint64_t nonce = owner_nonce(file, lock);
    const struct shm_process *process = shm_process_at(file, lock.process);
    if (!process) return;
    owner->pid = process->pid;
    owner->process_start = process->start;
    memcpy(owner->host, process->host, PSYNC_HOST_MAX);
    memcpy(owner->label, process->label, PSYNC_LABEL_MAX);
    format_boot_id(process->boot_id, owner->boot_id);
    owner->alive = shm_process_alive(file, nonce);
}

static void fill_owner(struct shm_file *file, struct shm_cell *cell, struct lock_view lock, psync_owner *owner)
{
    copy_record(file, lock, owner);
    owner->acquired_at = tick_to_us(lock.time);
    if (!lock.lease) return;
    owner->acquired_at = note_taken(cell, lock.fence, psync__clock->realtime() / 1000);
    int64_t left = expires(file, lock) - psync__clock->boottime();
    owner->expires_at = (psync__clock->realtime() + left) / 1000;
}

/* What the cell says now, and of whom. PSYNC_ERROR_ABSENT: it is no longer the key's. */
static psync_result look(struct shm_file *file, struct shm_cell *cell, uint32_t generation, psync_lock_state *now,
                         psync_owner *owner)
{
    for (;;) {
        shm_pair word = shm_guess(&cell->word);
        /* All that is told of a plain Lock without its owner lies in the low half, read at once. */
        if ((word.low & LOCK_HOLD) || owner) word = read_word(file, cell, generation);
        struct lock_view lock = lock_view(word);
        if (lock.retired || !shm_cells_same(cell, generation)) return PSYNC_ERROR_ABSENT;
        tell(file, lock, word, now);
        if (!lock.held) return PSYNC_NO;
        if (!owner) return PSYNC_OK;
        fill_owner(file, cell, lock, owner);
        shm_pair after = shm_read(&cell->word);
        if (lock_view(after).held && lock_view(after).fence == lock.fence) return PSYNC_OK;
    }
}

static void tell_absent(psync_lock_state *now)
{
    *now = (psync_lock_state){.exists = false};
}

psync_result shm_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                              psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    while (!r) {
        if (!cell) {
            tell_absent(now);
            return PSYNC_NO;
        }
        r = look(state->file, cell, generation, now, owner);
        if (r != PSYNC_ERROR_ABSENT) break;
        r = shm_refind(state, key, SHM_LOCK, false, &cell, &generation, error);
    }
    return r;
}

/* ------------------------------------------------------------------------ */
/* Sleeping                                                                 */

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
    if (owed && (!last || (low & (LOCK_TAKERS | LOCK_PLAIN)))) help_release(cell, generation);
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
        if (word.low & LOCK_WAITERS && !lock.held) help_release(cell, generation);
        return PSYNC_OK;
    }
    if (role == PSYNC_ROLE_TAKER && spin(cell, (uint32_t)word.low)) return PSYNC_OK;
    r = shm_file_check_linked(state->file, error);
    if (!r) sleep_on(cell, generation, seen->fence, role, deadline);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Lists                                                                    */

struct listing {
    psync_lock_callback callback;
    void *argument;
    bool stopped;
};

static void list_cell(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    struct listing *listing = argument;
    char key[PSYNC_KEY_MAX + 1];
    size_t length;
    uint32_t generation;
    psync_lock_state now;
    psync_owner owner;
    if (listing->stopped || kind != SHM_LOCK) return;
    if (!shm_cells_key(file, cell, SHM_LOCK, key, &length, &generation)) return;
    if (look(file, cell, generation, &now, &owner) != PSYNC_OK) return;
    listing->stopped = listing->callback(listing->argument, key, length, &owner) != 0;
}

psync_result shm_lock_each(void *opaque, psync_lock_callback callback, void *argument, psync_error *error)
{
    struct shm_state *state = opaque;
    psync_result r = shm_file_check_linked(state->file, error);
    if (r) return r;
    struct listing listing = {callback, argument, false};
    shm_cells_each(state->file, list_cell, &listing);
    return listing.stopped ? PSYNC_NO : PSYNC_OK;
}
