/* SPDX-License-Identifier: BSD-3-Clause */
/* space.h - a space as the rest of the core sees it. */
#ifndef PSYNC_SPACE_H
#define PSYNC_SPACE_H

#include <phpsync/driver.h>

#include <stdatomic.h>

#include "fork.h"

struct psync_space {
    const psync_driver *driver;
    void *state; /* the driver's */
    psync_dsn *dsn;
    atomic_uint forks; /* psync__forks when the driver last learned which process it is in */
};

/* Tells the driver that this is a forked child. */
psync_result psync__space_after_fork(psync_space *space, psync_error *error);

/*
 * To be called before each call of a driver's slot; an error must be passed on.
 * Acquire pairs with the release in psync__space_after_fork: who sees the new
 * number sees the driver's new identity. In a process that never forked the
 * two numbers were equal from the start.
 */
static inline psync_result psync__space_enter(psync_space *space, psync_error *error)
{
    unsigned now = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    if (atomic_load_explicit(&space->forks, memory_order_acquire) == now) return PSYNC_OK;
    return psync__space_after_fork(space, error);
}

/* Tells the driver that a call which has slept in awaits is over. */
static inline void psync__space_awaited(psync_space *space)
{
    if (space->driver->awaited && !psync__space_enter(space, NULL)) space->driver->awaited(space->state);
}

/* Names the space in an error, and returns its result. */
psync_result psync__space_failed(const psync_space *space, psync_result result, psync_error *error);

/* Refuses a driver that does not heed psync_key.place. */
psync_result psync__space_has_places(const psync_space *space, psync_error *error);

/* Names key and space in an error, and returns its result. */
psync_result psync__space_error(const psync_space *space, psync_result result, const char *kind,
                                const psync_key *key, psync_error *error);

#endif
