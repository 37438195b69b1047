/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cell_chain.c - the chains of the table of keys, changed under the guard.
 *
 * header->changes is odd while keys are unlinked or moved: a look-up that found
 * nothing, and saw it odd or changed, looks again. Links are stored with
 * release, so who follows one finds a whole cell behind it.
 */
#include "cell_chain.h"

#include "cell_pool.h"
#include "table.h"

void shm_changes_begin(struct shm_file *file)
{
    uint32_t now = atomic_load_explicit(&file->header->changes, memory_order_relaxed);
    atomic_store_explicit(&file->header->changes, now | 1, memory_order_release);
}

void shm_changes_end(struct shm_file *file)
{
    uint32_t now = atomic_load_explicit(&file->header->changes, memory_order_relaxed);
    atomic_store_explicit(&file->header->changes, now + 1, memory_order_release);
}

bool shm_chain_link(struct shm_file *file, struct shm_cell *cell)
{
    _Atomic uint32_t *bucket = shm_bucket_of(file, atomic_load_explicit(&cell->hash, memory_order_relaxed));
    if (!bucket) return false;
    atomic_store_explicit(&cell->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_release);
    /* Release: who finds the cell finds all of it. */
    atomic_store_explicit(bucket, shm_cell_index(file, cell), memory_order_release);
    return true;
}

bool shm_chain_unlink(struct shm_file *file, struct shm_cell *cell)
{
    uint32_t index = shm_cell_index(file, cell);
    _Atomic uint32_t *link = shm_bucket_of(file, atomic_load_explicit(&cell->hash, memory_order_relaxed));
    for (uint32_t steps = 0; link && steps < SHM_CHAIN_MAX; steps++) {
        uint32_t at = atomic_load_explicit(link, memory_order_relaxed);
        if (at == index) {
            atomic_store_explicit(link, atomic_load_explicit(&cell->next, memory_order_relaxed),
                                  memory_order_release);
            return true;
        }
        struct shm_cell *next = shm_cell_at(file, at);
        if (!next) return false;
        link = &next->next;
    }
    return false;
}

/* Moves the cells of chain that belong to place + half there. */
static bool split_chain(struct shm_file *file, uint32_t place, uint32_t half)
{
    _Atomic uint32_t *link = shm_bucket_at(file, place);
    for (uint32_t steps = 0; link && steps < SHM_CHAIN_MAX; steps++) {
        uint32_t index = atomic_load_explicit(link, memory_order_relaxed);
        if (!index) return true;
        struct shm_cell *cell = shm_cell_at(file, index);
        if (!cell) return false;
        if (!(atomic_load_explicit(&cell->hash, memory_order_relaxed) & half)) {
            link = &cell->next;
            continue;
        }
        atomic_store_explicit(link, atomic_load_explicit(&cell->next, memory_order_relaxed), memory_order_release);
        if (!shm_chain_link(file, cell)) return false;
    }
    return false;
}

void shm_chains_widen(struct shm_file *file)
{
    struct shm_header *header = file->header;
    uint32_t blocks = atomic_load_explicit(&header->bucket_blocks, memory_order_relaxed);
    uint32_t buckets = shm_bucket_count(file);
    if (!buckets || blocks >= SHM_BUCKET_BLOCKS) return;
    uint32_t keys = atomic_load_explicit(&header->keys, memory_order_relaxed);
    if (keys <= buckets / 2 || keys > atomic_load_explicit(&header->cells, memory_order_relaxed)) return;
    uint32_t first;
    if (shm_pool_block(file, buckets / SHM_BUCKETS_PER_CELL, &first, NULL)) return;
    shm_changes_begin(file);
    atomic_store_explicit(&header->bucket_block[blocks], first, memory_order_relaxed);
    /* Release: who counts the block sees where it is. */
    atomic_store_explicit(&header->bucket_blocks, blocks + 1, memory_order_release);
    for (uint32_t place = 0; place < buckets; place++) split_chain(file, place, buckets);
    shm_changes_end(file);
}
