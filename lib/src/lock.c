/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock.c - Locks: the two loops that block, and the steps that do not.
 *
 * Taking: try; if busy, let the hook run, sleep in the driver's await, try
 * again. A try always follows an await that may have been woken, so a wake-up
 * that was meant for this taker is never carried away into a hook or out of the call.
 *
 * Waiting: look; note the fence; sleep until the Lock is gone or its fence is
 * another. A re-locker, however quick, brings a new fence, so nobody starves.
 */
#include "lock.h"

#include <float.h>
#include <stdlib.h>

#include "deadline.h"
#include "key.h"

const char psync__lock_kind[] = "Lock";

static psync_result lock_error(const psync_lock *lock, psync_result result, psync_error *error)
{
    if (result >= 0) return result;
    return psync__space_error(lock->space, result, psync__lock_kind, &lock->key, error);
}

psync_result psync_lock_open(psync_space *space, const void *key, size_t key_length, psync_lock **lock,
                             psync_error *error)
{
    return psync_lock_open_at(space, key, key_length, NULL, lock, error);
}

psync_result psync_lock_open_at(psync_space *space, const void *key, size_t key_length, const char *place,
                                psync_lock **lock, psync_error *error)
{
    psync_result r = psync__key_check(key, key_length, error);
    if (!r && place) r = psync__space_has_places(space, error);
    if (r) return r;
    psync_lock *new = psync__key_allocate(sizeof *new, offsetof(psync_lock, key), key, key_length, place, error);
    if (!new) return PSYNC_ERROR_FULL;
    new->space = space;
    *lock = new;
    return PSYNC_OK;
}

void psync_lock_close(psync_lock *lock)
{
    free(lock);
}

const char *psync_lock_key(const psync_lock *lock, size_t *key_length)
{
    if (key_length) *key_length = lock->key.length;
    return lock->key.bytes;
}

uint64_t psync_lock_last_fence(const psync_lock *lock)
{
    return atomic_load_explicit(&lock->last_fence, memory_order_relaxed);
}

/* Whether an await that heard nothing must be followed by a look all the same: there is no acquisition, or its
 * lease is over. */
static bool must_look(const psync_lock_state *seen)
{
    return !seen->exists || psync__lease_over(seen->expires);
}

/*
 * The loop of a taker whose first try found the Lock busy; now is what it saw.
 * If that was no acquisition, the try stepped back for one who has waited long
 * (driver.h), which is no answer yet: another follows however late it is.
 */
static psync_result take_turn(psync_lock *lock, psync_take *take, const psync_deadline *deadline,
                              psync_lock_state *now, psync_error *error)
{
    const psync_driver *driver = lock->space->driver;
    void *state = lock->space->state;
    psync_result r = PSYNC_NO;
    bool stepped_back = !now->exists;
    take->waiting_since = deadline->since;
    while (r == PSYNC_NO && (stepped_back || !psync__deadline_over(deadline))) {
        stepped_back = false;
        r = psync__deadline_interrupt(deadline, error);
        if (!r) r = psync__space_enter(lock->space, error); /* the hook may have forked */
        if (r) break;
        int64_t until = psync__deadline_sleep(deadline, now->exists ? now->expires : 0);
        r = driver->lock_await(state, &lock->key, now, PSYNC_ROLE_TAKER, until, error);
        if (r == PSYNC_NO && !must_look(now)) continue;
        if (r >= 0) r = psync__space_enter(lock->space, error); /* so may a signal's handler */
        if (!r) r = driver->lock_acquire(state, &lock->key, take, now, error);
    }
    psync__space_awaited(lock->space);
    return r;
}

static psync_result taken_or_error(psync_lock *lock, psync_result r, const psync_lock_state *taken,
                                   psync_error *error)
{
    if (!r) atomic_store_explicit(&lock->last_fence, taken->fence, memory_order_relaxed);
    return lock_error(lock, r, error);
}

/* The time counts from before the first try, which may be slow on some engines. */
static psync_result take_within(psync_lock *lock, psync_take *take, const psync_wait *wait, psync_lock_state *taken,
                                psync_error *error)
{
    psync_deadline deadline;
    psync_result r = psync__deadline_start(&deadline, wait, error);
    if (!r) r = psync__space_enter(lock->space, error);
    if (!r) {
        take->may_wait = !deadline.once;
        r = lock->space->driver->lock_acquire(lock->space->state, &lock->key, take, taken, error);
    }
    if (r == PSYNC_NO && take->may_wait) r = take_turn(lock, take, &deadline, taken, error);
    return taken_or_error(lock, r, taken, error);
}

psync_result psync__lock_take_hold(psync_lock *lock, int64_t lease, const psync_wait *wait, psync_lock_state *taken,
                                   psync_error *error)
{
    psync_take hold = {.hold = true, .lease = lease};
    return take_within(lock, &hold, wait, taken, error);
}

__attribute__((noinline)) static psync_result acquire_within(psync_lock *lock, const psync_wait *wait,
                                                             uint64_t *fence, psync_error *error)
{
    psync_take plain = {.hold = false};
    psync_lock_state taken;
    psync_result r = take_within(lock, &plain, wait, &taken, error);
    if (!r && fence) *fence = taken.fence;
    return r;
}

/* After a first try without a limit that returned r. */
__attribute__((noinline)) static psync_result acquire_rest(psync_lock *lock, psync_result r, const psync_wait *wait,
                                                           psync_lock_state *taken, psync_error *error)
{
    psync_take plain = {.may_wait = true};
    psync_deadline deadline;
    if (r == PSYNC_NO) {
        r = psync__deadline_start(&deadline, wait, error);
        if (!r) r = take_turn(lock, &plain, &deadline, taken, error);
    }
    return taken_or_error(lock, r, taken, error);
}

/* Without a limit no clock is read before the first try: it is the usual case, and most often all there is. */
psync_result psync_lock_acquire(psync_lock *lock, const psync_wait *wait, uint64_t *fence, psync_error *error)
{
    static const psync_take plain = {.may_wait = true};
    if (wait && !(wait->timeout > DBL_MAX)) return acquire_within(lock, wait, fence, error);
    psync_lock_state taken;
    psync_result r = psync__space_enter(lock->space, error);
    if (!r) r = lock->space->driver->lock_acquire(lock->space->state, &lock->key, &plain, &taken, error);
    if (__builtin_expect(r != PSYNC_OK, 0)) {
        r = acquire_rest(lock, r, wait, &taken, error);
        if (r) return r;
    }
    atomic_store_explicit(&lock->last_fence, taken.fence, memory_order_relaxed);
    if (fence) *fence = taken.fence;
    return PSYNC_OK;
}

static psync_result release_when(psync_lock *lock, psync_condition condition, uint64_t fence, psync_error *error)
{
    psync_result r = psync__space_enter(lock->space, error);
    if (!r) {
        r = lock->space->driver->lock_release(lock->space->state, &lock->key, condition, fence, error);
    }
    return lock_error(lock, r, error);
}

psync_result psync_lock_release(psync_lock *lock, psync_error *error)
{
    psync_result r = psync__space_enter(lock->space, error);
    if (!r) r = lock->space->driver->lock_release(lock->space->state, &lock->key, PSYNC_IF_ANY, 0, error);
    return __builtin_expect(r < 0, 0) ? lock_error(lock, r, error) : r;
}

psync_result psync_lock_release_if(psync_lock *lock, uint64_t fence, psync_error *error)
{
    return release_when(lock, PSYNC_IF_FENCE, fence, error);
}

psync_result psync_lock_release_ghost(psync_lock *lock, psync_error *error)
{
    return release_when(lock, PSYNC_IF_GHOST, 0, error);
}

static psync_result inspect(psync_lock *lock, psync_lock_state *now, psync_owner *owner, psync_error *error)
{
    psync_result r = psync__space_enter(lock->space, error);
    if (!r) r = lock->space->driver->lock_inspect(lock->space->state, &lock->key, now, owner, error);
    return lock_error(lock, r, error);
}

/* The loop of a waiter that saw an acquisition. PSYNC_OK: it has ended. */
static psync_result wait_turn(psync_lock *lock, const psync_deadline *deadline, psync_lock_state *now,
                              psync_error *error)
{
    const uint64_t first = now->fence;
    psync_result r = PSYNC_OK;
    while (!r && now->fence == first) {
        if (psync__deadline_over(deadline)) return PSYNC_NO;
        r = psync__deadline_interrupt(deadline, error);
        if (!r) r = psync__space_enter(lock->space, error);
        if (!r) {
            int64_t until = psync__deadline_sleep(deadline, now->expires);
            r = lock->space->driver->lock_await(lock->space->state, &lock->key, now, PSYNC_ROLE_WAITER, until,
                                                error);
        }
        if (r < 0) return lock_error(lock, r, error);
        if (r == PSYNC_NO && !must_look(now)) {
            r = PSYNC_OK;
            continue;
        }
        if (!now->exists) return PSYNC_OK;
        r = inspect(lock, now, NULL, error);
    }
    return r == PSYNC_NO ? PSYNC_OK : r; /* absent: what was waited for has ended */
}

psync_result psync_lock_wait(psync_lock *lock, const psync_wait *wait, psync_error *error)
{
    psync_deadline deadline;
    psync_result r = psync__deadline_start(&deadline, wait, error);
    if (r) return lock_error(lock, r, error);
    psync_lock_state now = {.exists = false};
    r = inspect(lock, &now, NULL, error);
    if (r) return r == PSYNC_NO ? PSYNC_OK : r;
    if (deadline.once) return PSYNC_NO;
    r = wait_turn(lock, &deadline, &now, error);
    psync__space_awaited(lock->space);
    return r;
}

psync_result psync_lock_exists(psync_lock *lock, psync_error *error)
{
    psync_lock_state now;
    return inspect(lock, &now, NULL, error);
}

psync_result psync_lock_inspect(psync_lock *lock, psync_owner *owner, psync_error *error)
{
    psync_lock_state now;
    return inspect(lock, &now, owner, error);
}
