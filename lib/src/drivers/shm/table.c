/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c - where things lie: a key's hash, its bucket, the blocks, all cells one after the other.
 *
 * It reads the file and changes nothing. All it reads is suspect: a block may
 * be said to lie anywhere, so what is returned has been checked against the file's length.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "cells.h"

/* Bytes 8*i.. of a key as a number, zeros behind its end. */
uint64_t shm_key_part(const char *bytes, size_t length, size_t at)
{
    uint64_t part = 0;
    if (at + 8 <= length) {
        memcpy(&part, bytes + at, 8);
    } else if (at < length) {
        memcpy(&part, bytes + at, length - at);
    }
    return part;
}

/* Folds the 128-bit product of two numbers: the mixing step of wyhash (Wang Yi) and of many since. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    shm_u128 product = (shm_u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t shm_hash_key(const struct shm_file *file, const psync_key *key, enum shm_kind kind)
{
    uint64_t h = file->seed ^
                 fold(key->length ^ UINT64_C(0x9e3779b97f4a7c15), (uint64_t)kind ^ UINT64_C(0xbf58476d1ce4e5b9));
    for (size_t at = 0; at < key->length; at += 8) {
        h = fold(h ^ shm_key_part(key->bytes, key->length, at), UINT64_C(0x94d049bb133111eb) ^ file->seed << 1);
    }
    h = fold(h, UINT64_C(0xd6e8feb86659fd93));
    return (uint32_t)(h ^ h >> 32);
}

uint32_t shm_bucket_count(struct shm_file *file)
{
    uint32_t blocks = atomic_load_explicit(&file->header->bucket_blocks, memory_order_acquire);
    if (blocks < 1 || blocks > SHM_BUCKET_BLOCKS) return 0;
    return (uint32_t)SHM_FIRST_BUCKETS << (blocks - 1);
}

_Atomic uint32_t *shm_bucket_at(struct shm_file *file, uint32_t place)
{
    uint32_t block = 0;
    uint32_t first = 0;
    if (place >= SHM_FIRST_BUCKETS) {
        block = 32 - (uint32_t)__builtin_clz(place / SHM_FIRST_BUCKETS);
        first = (uint32_t)SHM_FIRST_BUCKETS << (block - 1);
    }
    uint32_t start = atomic_load_explicit(&file->header->bucket_block[block], memory_order_relaxed);
    uint32_t offset = place - first;
    uint64_t index = (uint64_t)start + offset / SHM_BUCKETS_PER_CELL;
    if (start < SHM_HEADER_CELLS || index > UINT32_MAX) return NULL;
    void *cell = shm_cell_at(file, (uint32_t)index);
    return cell ? (_Atomic uint32_t *)cell + offset % SHM_BUCKETS_PER_CELL : NULL;
}

static int by_first(const void *a, const void *b)
{
    const struct shm_range *x = a;
    const struct shm_range *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* How many blocks there are, of both kinds. Acquire: who sees what was written into a block sees it counted. */
static size_t block_count(struct shm_file *file)
{
    uint32_t buckets = atomic_load_explicit(&file->header->bucket_blocks, memory_order_acquire);
    uint32_t processes = atomic_load_explicit(&file->header->process_blocks, memory_order_acquire);
    return (size_t)buckets + processes;
}

size_t shm_block_ranges(struct shm_file *file, struct shm_range ranges[SHM_BLOCKS])
{
    struct shm_header *header = file->header;
    size_t n = 0;
    uint32_t buckets = atomic_load_explicit(&header->bucket_blocks, memory_order_acquire);
    uint32_t processes = atomic_load_explicit(&header->process_blocks, memory_order_acquire);
    for (uint32_t i = 0; i < buckets && i < SHM_BUCKET_BLOCKS; i++) {
        uint32_t first = atomic_load_explicit(&header->bucket_block[i], memory_order_relaxed);
        uint32_t length = ((uint32_t)SHM_FIRST_BUCKETS << (i ? i - 1 : 0)) / SHM_BUCKETS_PER_CELL;
        ranges[n++] = (struct shm_range){first, first + length};
    }
    for (uint32_t i = 0; i < processes && i < SHM_PROCESS_BLOCKS; i++) {
        uint32_t first = atomic_load_explicit(&header->process_block[i], memory_order_relaxed);
        uint32_t length = ((uint32_t)SHM_FIRST_PROCESSES << (i ? i - 1 : 0)) * SHM_CELLS_PER_PROCESS;
        ranges[n++] = (struct shm_range){first, first + length};
    }
    qsort(ranges, n, sizeof ranges[0], by_first);
    return n;
}

void shm_cells_each(struct shm_file *file, shm_cells_visitor visitor, void *argument)
{
    struct shm_range ranges[SHM_BLOCKS];
    uint32_t cells = atomic_load_explicit(&file->header->cells, memory_order_acquire);
    size_t blocks = block_count(file);
    size_t n = shm_block_ranges(file, ranges);
    size_t next = 0;
    for (uint32_t index = SHM_HEADER_CELLS; index < cells; index++) {
        while (next < n && ranges[next].end <= index) next++;
        if (next < n && ranges[next].first <= index) {
            index = ranges[next].end - 1;
            continue;
        }
        struct shm_cell *cell = shm_cell_at(file, index);
        if (!cell) return;
        enum shm_kind kind = shm_tag_kind(atomic_load_explicit(&cell->tag, memory_order_acquire));
        if (kind != SHM_FREE && block_count(file) != blocks) {
            /* It may lie in a block that was counted only now; before, its cells were zeros. */
            blocks = block_count(file);
            n = shm_block_ranges(file, ranges);
            next = 0;
            index--;
            continue;
        }
        visitor(file, cell, kind, argument);
    }
}
