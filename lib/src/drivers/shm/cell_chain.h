/* SPDX-License-Identifier: BSD-3-Clause */
/* cell_chain.h - which cells a look-up finds: chains, changed under the guard. */
#ifndef PSYNC_SHM_CELL_CHAIN_H
#define PSYNC_SHM_CELL_CHAIN_H

#include "file.h"

/*
 * No honest chain comes near it, since the table doubles when it has half as many keys as buckets. In a hostile
 * file every cell that is swept may cost as many steps.
 */
enum { SHM_CHAIN_MAX = 1000 };

/*
 * Around changes that unlink or move cells: look-ups that find nothing know that it means nothing. The stores
 * between begin and end are release, so they come after the first; the second comes after them.
 */
void shm_changes_begin(struct shm_file *file);
void shm_changes_end(struct shm_file *file);

/* Puts a cell into the chain of its hash. False if the table is broken. */
bool shm_chain_link(struct shm_file *file, struct shm_cell *cell);

/* Takes a cell out of its chain. False if it was not there. */
bool shm_chain_unlink(struct shm_file *file, struct shm_cell *cell);

/* Doubles the table once it has half as many keys as buckets. Without room it stays as it is: slower, not wrong. */
void shm_chains_widen(struct shm_file *file);

#endif
