/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_hold.h - what Locks that are bound to their holder have besides: an end of their own, a lease. */
#ifndef PSYNC_SHM_LOCK_HOLD_H
#define PSYNC_SHM_LOCK_HOLD_H

#include "file.h"
#include "lease.h"
#include "lock_word.h"

/* When the lease ends (boottime), 0: there is none. */
static inline int64_t shm_lock_expires(struct shm_file *file, struct lock_view lock)
{
    return lock.lease ? shm_lease_boottime(file, lock.time) : 0;
}

/* Whether the acquisition counts as absent: a Hold whose lease has run out or whose holder has ended. */
bool shm_lock_hold_ended(struct shm_file *file, struct lock_view lock);

/*
 * Notes when (us) a Hold with a lease was taken: its word has no room for it. Whoever looks first notes it for a
 * dead taker. Who comes late, to a cell that has moved on, changes nothing: fences only grow.
 */
int64_t shm_lock_note_taken(struct shm_cell *cell, uint64_t fence, int64_t when);

#endif
