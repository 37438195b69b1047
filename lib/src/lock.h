/* SPDX-License-Identifier: BSD-3-Clause */
/* lock.h - what Holds share with Locks. */
#ifndef PSYNC_LOCK_H
#define PSYNC_LOCK_H

#include <stdatomic.h>

#include "space.h"

struct psync_lock {
    psync_space *space;
    psync_key key;                    /* its bytes lie behind this struct */
    atomic_uint_least64_t last_fence; /* relaxed: a number that is shown, and guards nothing */
};

extern const char psync__lock_kind[]; /* "Lock", for messages */

/* As psync_lock_acquire, bound to this process; lease in ns, 0 without one. *taken tells the acquisition. */
psync_result psync__lock_take_hold(psync_lock *lock, int64_t lease, const psync_wait *wait, psync_lock_state *taken,
                                   psync_error *error);

#endif
