/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cell_pool.c - cells that no key has: the free list, and where it gets more.
 *
 * A Lock that is free and an Integer that does not exist keep their cells: the
 * next lock() finds it at once. When free cells run out, a sweep takes back all
 * such cells. If it brings less than a sixteenth, the file grows by that much:
 * so a sweep's work is spread over as many new keys, and a file that is only
 * churned never grows.
 *
 * All of it happens under the guard.
 */
#include "cell_pool.h"

#include "cell_chain.h"
#include "cells.h"
#include "failure.h"
#include "futex.h"
#include "integer_word.h"
#include "lock_end.h"
#include "table.h"

enum {
    GROWTH_MIN = 512, /* cells */
    GROWTH_PART = 16  /* of the file */
};

void shm_pool_push(struct shm_file *file, struct shm_cell *cell)
{
    struct shm_header *header = file->header;
    atomic_store_explicit(&cell->tag, SHM_FREE, memory_order_release);
    uint32_t head = atomic_load_explicit(&header->free_head, memory_order_relaxed);
    uint32_t count = atomic_load_explicit(&header->free_count, memory_order_relaxed);
    atomic_store_explicit(&cell->next, head, memory_order_release);
    atomic_store_explicit(&header->free_head, shm_cell_index(file, cell), memory_order_relaxed);
    atomic_store_explicit(&header->free_count, count + 1, memory_order_relaxed);
}

struct shm_cell *shm_pool_pop(struct shm_file *file)
{
    struct shm_header *header = file->header;
    struct shm_cell *cell = shm_cell_at(file, atomic_load_explicit(&header->free_head, memory_order_relaxed));
    if (!cell || shm_tag_kind(atomic_load_explicit(&cell->tag, memory_order_relaxed)) != SHM_FREE) return NULL;
    uint32_t next = atomic_load_explicit(&cell->next, memory_order_relaxed);
    uint32_t count = atomic_load_explicit(&header->free_count, memory_order_relaxed);
    atomic_store_explicit(&header->free_head, next, memory_order_relaxed);
    atomic_store_explicit(&header->free_count, count - 1, memory_order_relaxed);
    return cell;
}

static uint32_t free_count(struct shm_file *file)
{
    return atomic_load_explicit(&file->header->free_count, memory_order_relaxed);
}

/* Gives back the cells behind a long key. */
static void free_more(struct shm_file *file, struct shm_cell *cell)
{
    uint32_t index = atomic_load_explicit(&cell->more, memory_order_relaxed);
    for (int i = 0; index && i <= PSYNC_KEY_MAX / SHM_KEY_MORE + 1; i++) {
        struct shm_cell *more = shm_cell_at(file, index);
        if (!more || shm_tag_kind(atomic_load_explicit(&more->tag, memory_order_relaxed)) != SHM_MORE) return;
        index = atomic_load_explicit(&more->next, memory_order_relaxed);
        shm_pool_push(file, more);
    }
}

/*
 * Retires the word of an Integer that does not exist. Who sleeps on it (waiting
 * for the Integer to come) is woken and looks the key up again.
 */
static bool retire_integer(struct shm_cell *cell)
{
    shm_pair word = shm_guess(&cell->word);
    while (!integer_exists(word)) {
        shm_pair retired = {((word.low & ~INTEGER_BELL & ~INTEGER_RING) | INTEGER_RETIRED) + INTEGER_VERSION, 0};
        /* First the version: a process killed in between must not let it fall back. */
        atomic_store_explicit(&cell->version, (uint32_t)(retired.low / INTEGER_VERSION), memory_order_relaxed);
        if (!shm_swap(&cell->word, &word, retired)) continue;
        if (word.low & (INTEGER_BELL | INTEGER_RING)) shm_futex_wake(&cell->word.futex, INT32_MAX, UINT32_MAX);
        return true;
    }
    return false;
}

static void sweep_cell(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    (void)argument;
    if (kind == SHM_LOCK) {
        if (!shm_lock_retire(file, cell)) return;
    } else if (kind != SHM_INTEGER || !retire_integer(cell)) {
        return;
    }
    shm_chain_unlink(file, cell);
    free_more(file, cell);
    shm_pool_push(file, cell);
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys - 1, memory_order_relaxed);
}

static void sweep(struct shm_file *file)
{
    shm_changes_begin(file);
    shm_cells_each(file, sweep_cell, NULL);
    shm_changes_end(file);
}

static uint32_t whole_pages(uint32_t cells)
{
    return (cells + SHM_PAGE_CELLS - 1) / SHM_PAGE_CELLS * SHM_PAGE_CELLS;
}

/* Makes the file longer and tells where the new cells begin. */
static psync_result append(struct shm_file *file, uint32_t cells, uint32_t *first, psync_error *error)
{
    *first = atomic_load_explicit(&file->header->cells, memory_order_relaxed);
    if (*first < SHM_HEADER_CELLS || *first > file->limit / SHM_CELL) {
        return shm_damaged(file, "it counts fewer or more cells than it can have", error);
    }
    psync_result r = shm_file_extend(file, cells, error);
    /* Release: who sees the count sees a file of that length. */
    if (!r) atomic_store_explicit(&file->header->cells, *first + cells, memory_order_release);
    return r;
}

/* Adds free cells: as many as keep sweeps rare, or at the least a page. */
static psync_result grow(struct shm_file *file, psync_error *error)
{
    uint32_t now = atomic_load_explicit(&file->header->cells, memory_order_relaxed);
    uint32_t wanted = whole_pages(now / GROWTH_PART > GROWTH_MIN ? now / GROWTH_PART : GROWTH_MIN);
    uint32_t first;
    psync_result r = append(file, wanted, &first, NULL);
    if (r) {
        wanted = SHM_PAGE_CELLS;
        r = append(file, wanted, &first, error);
    }
    if (r) return r;
    /* From the last to the first, so that the first is used first. */
    for (uint32_t i = wanted; i > 0; i--) shm_pool_push(file, shm_cell_at(file, first + i - 1));
    return PSYNC_OK;
}

psync_result shm_pool_make_room(struct shm_file *file, uint32_t need, psync_error *error)
{
    if (free_count(file) >= need) return PSYNC_OK;
    sweep(file);
    uint32_t enough = atomic_load_explicit(&file->header->cells, memory_order_relaxed) / GROWTH_PART;
    if (enough < need) enough = need;
    if (free_count(file) >= enough) return PSYNC_OK;
    if (free_count(file) < need) return grow(file, error);
    grow(file, NULL); /* welcome, not needed */
    return PSYNC_OK;
}

psync_result shm_pool_block(struct shm_file *file, uint32_t cells, uint32_t *first, psync_error *error)
{
    uint32_t whole = whole_pages(cells);
    psync_result r = append(file, whole, first, error);
    if (r) return r;
    /* The file grows by whole pages: what the block leaves of the last one are free cells. */
    for (uint32_t i = whole; i > cells; i--) shm_pool_push(file, shm_cell_at(file, *first + i - 1));
    return PSYNC_OK;
}
