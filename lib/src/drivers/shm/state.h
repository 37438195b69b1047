/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - what the driver keeps for one open space. */
#ifndef PSYNC_SHM_STATE_H
#define PSYNC_SHM_STATE_H

#include "cells.h"
#include "file.h"

struct shm_state {
    char *cells; /* = file->header: one load less on the way to a cell */
    struct shm_file *file;
    int64_t timeout; /* ns, for the guard */
    /* The record that new acquisitions name; 0: not made yet. Acquire/release: the record is written before. */
    _Atomic uint32_t process;
    char label[PSYNC_LABEL_MAX + 1]; /* under shm_files_lock */
};

/* The cell that the handle's note names, or NULL if it has none. A note: cell's index << 32 | generation. */
static inline struct shm_cell *shm_noted(struct shm_state *state, psync_key *key, uint32_t *generation)
{
    uint64_t note = __atomic_load_n(&key->cache, __ATOMIC_RELAXED);
    *generation = (uint32_t)note;
    if (!note) return NULL;
    return (struct shm_cell *)(void *)(state->cells + (size_t)(note >> 32) * SHM_CELL);
}

/*
 * The handle's cell and generation. PSYNC_OK with *cell NULL: no such key (only
 * without create). The generation must be compared, by shm_cells_same, after
 * the cell's word was read; if it differs, shm_refind.
 */
static inline psync_result shm_find(struct shm_state *state, psync_key *key, enum shm_kind kind, bool create,
                                    struct shm_cell **cell, uint32_t *generation, psync_error *error)
{
    *cell = shm_noted(state, key, generation);
    if (*cell) return PSYNC_OK;
    return shm_cells_find(state->file, key, kind, create, state->timeout, cell, generation, error);
}

/* After a cell turned out to be another key's: looks the key up again. */
static inline psync_result shm_refind(struct shm_state *state, psync_key *key, enum shm_kind kind, bool create,
                                      struct shm_cell **cell, uint32_t *generation, psync_error *error)
{
    __atomic_store_n(&key->cache, 0, __ATOMIC_RELAXED);
    return shm_find(state, key, kind, create, cell, generation, error);
}

#endif
