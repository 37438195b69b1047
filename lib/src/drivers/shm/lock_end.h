/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_end.h - how an acquisition ends, and who is woken then. */
#ifndef PSYNC_SHM_LOCK_END_H
#define PSYNC_SHM_LOCK_END_H

#include "file.h"

/* Whom a wake-up is for: the bits that sleepers on a word's futex have. */
enum { WAKE_WAITERS = 1, WAKE_TAKERS = 2, WAKE_PLAIN = 4, WAKE_ALL = 7, WAKE_NOBODY = 8 };

/* Ends the acquisition in *word, and wakes who waits for it. False, and *word is the present one, if it changed. */
bool shm_lock_end(struct shm_cell *cell, shm_pair *word);

/* Finishes somebody else's release, if it still has to be. */
void shm_lock_help(struct shm_cell *cell, uint32_t generation);

/*
 * Reads the word as it counts: frees a Hold that has ended first. A cell that
 * is no longer of the generation is another key's: that reads as retired, and
 * the key must be looked up again.
 */
shm_pair shm_lock_read(struct shm_file *file, struct shm_cell *cell, uint32_t generation);

/*
 * For a sweep, under the guard: retires the cell's word if its Lock is free,
 * after its fence has been taken over into the header. False: it is in use.
 */
bool shm_lock_retire(struct shm_file *file, struct shm_cell *cell);

#endif
