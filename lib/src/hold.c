/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold.c - Holds: acquisitions bound to the process that made them.
 *
 * The driver frees a Hold whose holder has ended or whose lease has run out;
 * here stands who may release and renew it: the process that made it, never a
 * forked child, and only its own fence.
 */
#include <stdlib.h>

#include "clock.h"
#include "deadline.h"
#include "key.h"
#include "lock.h"

struct psync_hold {
    psync_space *space;
    psync_key key;
    uint64_t fence;
    unsigned forks;               /* psync__forks of the process that made it */
    atomic_int_least64_t expires; /* boottime, 0: no lease. Relaxed: each value stands for itself */
};

static psync_result hold_error(const psync_hold *hold, psync_result result, psync_error *error)
{
    if (result >= 0) return result;
    return psync__space_error(hold->space, result, psync__lock_kind, &hold->key, error);
}

static bool is_mine(const psync_hold *hold)
{
    return hold->forks == atomic_load_explicit(&psync__forks, memory_order_relaxed);
}

static psync_result make(psync_lock *lock, const psync_lock_state *taken, psync_hold **hold, psync_error *error)
{
    const psync_key *key = &lock->key;
    psync_hold *new =
        psync__key_allocate(sizeof *new, offsetof(psync_hold, key), key->bytes, key->length, key->place, error);
    if (!new) return PSYNC_ERROR_FULL;
    new->space = lock->space;
    new->key.cache = __atomic_load_n(&lock->key.cache, __ATOMIC_RELAXED);
    new->fence = taken->fence;
    new->forks = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    atomic_init(&new->expires, taken->expires);
    *hold = new;
    return PSYNC_OK;
}

psync_result psync_lock_hold(psync_lock *lock, double lease, const psync_wait *wait, psync_hold **hold,
                             psync_error *error)
{
    int64_t lease_ns = 0;
    psync_result r = PSYNC_OK;
    if (!(lease >= 0 && lease <= 0)) r = psync__lease(lease, &lease_ns, error);
    if (r) return psync__space_error(lock->space, r, psync__lock_kind, &lock->key, error);
    psync_lock_state taken;
    r = psync__lock_take_hold(lock, lease_ns, wait, &taken, error);
    if (r) return r;
    r = make(lock, &taken, hold, error);
    if (r) {
        lock->space->driver->lock_release(lock->space->state, &lock->key, PSYNC_IF_FENCE, taken.fence, NULL);
        return psync__space_error(lock->space, r, psync__lock_kind, &lock->key, error);
    }
    return PSYNC_OK;
}

const char *psync_hold_key(const psync_hold *hold, size_t *key_length)
{
    if (key_length) *key_length = hold->key.length;
    return hold->key.bytes;
}

uint64_t psync_hold_fence(const psync_hold *hold)
{
    return hold->fence;
}

int64_t psync_hold_expires_at(const psync_hold *hold)
{
    int64_t expires = atomic_load_explicit(&hold->expires, memory_order_relaxed);
    if (!expires) return 0;
    return (psync__clock->realtime() + (expires - psync__clock->boottime())) / 1000;
}

psync_result psync_hold_renew(psync_hold *hold, double lease, psync_error *error)
{
    int64_t lease_ns;
    int64_t expires = 0;
    psync_result r = psync__lease(lease, &lease_ns, error);
    if (!r && !is_mine(hold)) {
        r = psync_error_set(error, PSYNC_ERROR_LEASE_LOST, 0, "the Hold belongs to the parent of this process");
    }
    if (!r) r = psync__space_enter(hold->space, error);
    if (!r) {
        r = hold->space->driver->lock_renew(hold->space->state, &hold->key, hold->fence, lease_ns, &expires, error);
    }
    if (r == PSYNC_NO) {
        r = psync_error_set(error, PSYNC_ERROR_LEASE_LOST, 0,
                            "the Hold is no longer ours: it was released, or its lease ran out");
    }
    if (r) return hold_error(hold, r, error);
    atomic_store_explicit(&hold->expires, expires, memory_order_relaxed);
    return PSYNC_OK;
}

psync_result psync_hold_is_valid(psync_hold *hold, psync_error *error)
{
    if (!is_mine(hold)) return PSYNC_NO;
    if (psync__lease_over(atomic_load_explicit(&hold->expires, memory_order_relaxed))) return PSYNC_NO;
    const psync_driver *driver = hold->space->driver;
    psync_lock_state now;
    psync_result r = psync__space_enter(hold->space, error);
    if (!r && driver->hold_lost && driver->hold_lost(hold->space->state, &hold->key, hold->fence)) return PSYNC_NO;
    if (!r) r = driver->lock_inspect(hold->space->state, &hold->key, &now, NULL, error);
    if (r) return hold_error(hold, r, error);
    return now.fence == hold->fence ? PSYNC_OK : PSYNC_NO;
}

psync_result psync_hold_release(psync_hold *hold, psync_error *error)
{
    if (!is_mine(hold)) return PSYNC_NO;
    psync_result r = psync__space_enter(hold->space, error);
    if (!r) {
        r = hold->space->driver->lock_release(hold->space->state, &hold->key, PSYNC_IF_FENCE, hold->fence, error);
    }
    return hold_error(hold, r, error);
}

void psync_hold_free(psync_hold *hold)
{
    if (!hold) return;
    psync_hold_release(hold, NULL);
    free(hold);
}
