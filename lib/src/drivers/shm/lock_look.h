/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_look.h - what is told of a Lock. */
#ifndef PSYNC_SHM_LOCK_LOOK_H
#define PSYNC_SHM_LOCK_LOOK_H

#include <phpsync/driver.h>

#include "lock_hold.h"
#include "lock_word.h"

/* lock: as word reads. */
static inline void shm_lock_tell(struct shm_file *file, struct lock_view lock, shm_pair word, psync_lock_state *now)
{
    now->exists = lock.held;
    now->is_hold = lock.hold;
    now->fence = lock.held ? lock.fence : 0;
    now->expires = shm_lock_expires(file, lock);
    now->version[0] = word.low;
    now->version[1] = word.high;
}

#endif
