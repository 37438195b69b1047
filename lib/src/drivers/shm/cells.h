/* SPDX-License-Identifier: BSD-3-Clause */
/* cells.h - the table of keys: which cell a key has. */
#ifndef PSYNC_SHM_CELLS_H
#define PSYNC_SHM_CELLS_H

#include "file.h"

/*
 * The key's cell and its generation, which are also noted in the handle. With
 * create, a missing one is made; without, *cell becomes NULL for a missing one.
 */
psync_result shm_cells_find(struct shm_file *file, psync_key *key, enum shm_kind kind, bool create, int64_t timeout,
                            struct shm_cell **cell, uint32_t *generation, psync_error *error);

/*
 * Whether the cell is still of the generation, to be asked after its word was
 * read. The cell's word is retired before its generation changes and lives
 * again after: a live word and then the old generation belong together, or
 * the swap from that word fails. Acquire, so that the load is not done early.
 */
static inline bool shm_cells_same(struct shm_cell *cell, uint32_t generation)
{
    return atomic_load_explicit(&cell->generation, memory_order_acquire) == generation;
}

/* Copies a cell's key; false if the cell has none of that kind, or it changed meanwhile. */
bool shm_cells_key(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, char key[PSYNC_KEY_MAX + 1],
                   size_t *length, uint32_t *generation);

typedef void (*shm_cells_visitor)(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument);

/* Calls visitor for each cell outside the blocks, with what it is. Safe with and without the guard. */
void shm_cells_each(struct shm_file *file, shm_cells_visitor visitor, void *argument);

/* Under the guard: makes table, free list and counts anew from the cells themselves. */
psync_result shm_cells_repair(struct shm_file *file, psync_error *error);

#endif
