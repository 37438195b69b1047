/* SPDX-License-Identifier: BSD-3-Clause */
/* guard.h - the mutex of a space's structure: its table of keys, its free cells, its process records. */
#ifndef PSYNC_SHM_GUARD_H
#define PSYNC_SHM_GUARD_H

#include "file.h"

/*
 * Locks the guard, and repairs what a holder that was killed left half done.
 * UNAVAILABLE if a living process keeps it for longer than timeout ns (a
 * stopped one, say); DAMAGED if there is no repair.
 */
psync_result shm_guard_lock(struct shm_file *file, int64_t timeout, psync_error *error);
void shm_guard_unlock(struct shm_file *file);

#endif
