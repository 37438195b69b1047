/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cell_repair.c - after a guard's holder was killed: chains, free list and counts, made anew from the cells' tags.
 *
 * Under the guard, and itself repeated from the beginning if it is cut short.
 */
#include "cell_chain.h"
#include "cell_pool.h"
#include "cells.h"
#include "failure.h"
#include "futex.h"
#include "table.h"

/* Marks the further cells of a long key as found. */
static void mark_more(struct shm_file *file, struct shm_cell *cell)
{
    uint32_t left = shm_more_cells(shm_tag_length(atomic_load_explicit(&cell->tag, memory_order_relaxed)));
    uint32_t index = atomic_load_explicit(&cell->more, memory_order_relaxed);
    for (; left; left--) {
        struct shm_cell *more = shm_cell_at(file, index);
        if (!more || shm_tag_kind(atomic_load_explicit(&more->tag, memory_order_relaxed)) != SHM_MORE) return;
        atomic_store_explicit(&more->tag, SHM_FOUND, memory_order_relaxed);
        index = atomic_load_explicit(&more->next, memory_order_relaxed);
    }
}

static void repair_key(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    bool *whole = argument;
    if (!shm_tag_counts(cell, kind)) return;
    mark_more(file, cell);
    if (!shm_chain_link(file, cell)) *whole = false;
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys + 1, memory_order_relaxed);
}

static void repair_free(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    (void)argument;
    if (shm_tag_counts(cell, kind)) return;
    if (kind == SHM_FOUND) {
        atomic_store_explicit(&cell->tag, SHM_MORE, memory_order_relaxed);
        return;
    }
    /* The dead may have retired it without waking who slept on it: waiters for an Integer, takers of a free Lock.
     */
    if (kind == SHM_INTEGER || kind == SHM_LOCK) shm_futex_wake(&cell->word.futex, INT32_MAX, UINT32_MAX);
    shm_pool_push(file, cell);
}

static void repair_found(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    (void)file;
    (void)argument;
    if (kind == SHM_FOUND) atomic_store_explicit(&cell->tag, SHM_MORE, memory_order_relaxed);
}

psync_result shm_cells_repair(struct shm_file *file, psync_error *error)
{
    struct shm_header *header = file->header;
    uint32_t buckets = shm_bucket_count(file);
    uint32_t cells = atomic_load_explicit(&header->cells, memory_order_relaxed);
    if (!buckets || cells < SHM_HEADER_CELLS || !shm_cell_at(file, cells - 1)) {
        return shm_damaged(file, "its header is broken", error);
    }
    shm_changes_begin(file);
    for (uint32_t place = 0; place < buckets; place++) {
        _Atomic uint32_t *bucket = shm_bucket_at(file, place);
        if (!bucket) return shm_damaged(file, "its table of keys is broken", error);
        atomic_store_explicit(bucket, 0, memory_order_release);
    }
    atomic_store_explicit(&header->free_head, 0, memory_order_relaxed);
    atomic_store_explicit(&header->free_count, 0, memory_order_relaxed);
    atomic_store_explicit(&header->keys, 0, memory_order_relaxed);
    bool whole = true;
    shm_cells_each(file, repair_found, NULL); /* marks that an earlier repair, cut short, has left */
    shm_cells_each(file, repair_key, &whole);
    shm_cells_each(file, repair_free, NULL);
    shm_changes_end(file);
    return whole ? PSYNC_OK : shm_damaged(file, "its table of keys is broken", error);
}
