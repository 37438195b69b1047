/* SPDX-License-Identifier: BSD-3-Clause */
/* cell_pool.h - cells that no key has. All under the guard. */
#ifndef PSYNC_SHM_CELL_POOL_H
#define PSYNC_SHM_CELL_POOL_H

#include "file.h"

/* Gives a cell back: its tag is erased first. */
void shm_pool_push(struct shm_file *file, struct shm_cell *cell);

/* A free cell, no longer in the list. NULL: there is none, or the list is broken. */
struct shm_cell *shm_pool_pop(struct shm_file *file);

/* Sees to it that need cells are free. */
psync_result shm_pool_make_room(struct shm_file *file, uint32_t need, psync_error *error);

/* Cells in a row from the file's end, for a block. */
psync_result shm_pool_block(struct shm_file *file, uint32_t cells, uint32_t *first, psync_error *error);

#endif
