/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_owner.h - who took a Lock, and whether that process still lives. */
#ifndef PSYNC_SHM_LOCK_OWNER_H
#define PSYNC_SHM_LOCK_OWNER_H

#include <phpsync/driver.h>

#include "file.h"
#include "lock_word.h"

/* Whether the process that took the Lock is known to have ended. */
bool shm_lock_owner_ended(struct shm_file *file, struct lock_view lock);

/* All that is told of a held Lock's owner. Right only if the acquisition in the cell's word is the same afterwards.
 */
void shm_lock_fill_owner(struct shm_file *file, struct shm_cell *cell, struct lock_view lock, psync_owner *owner);

#endif
