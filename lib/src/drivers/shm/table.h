/* SPDX-License-Identifier: BSD-3-Clause */
/* table.h - the shape of the table of keys: tags, hashes, buckets, blocks. For what works on cells, and the audit.
 */
#ifndef PSYNC_SHM_TABLE_H
#define PSYNC_SHM_TABLE_H

#include "file.h"
#include "integer_word.h"
#include "lock_word.h"

enum { SHM_BLOCKS = SHM_BUCKET_BLOCKS + SHM_PROCESS_BLOCKS };

static inline uint32_t shm_make_tag(enum shm_kind kind, size_t length)
{
    return (uint32_t)length << 8 | kind;
}

static inline enum shm_kind shm_tag_kind(uint32_t tag)
{
    return (enum shm_kind)(tag & 0xff);
}

static inline uint32_t shm_tag_length(uint32_t tag)
{
    return tag >> 8;
}

/* Whether a cell of this kind counts. A retired word: a sweep is about to erase the tag, or was cut short before.
 */
static inline bool shm_tag_counts(struct shm_cell *cell, enum shm_kind kind)
{
    uint32_t futex = atomic_load_explicit(&cell->word.futex, memory_order_acquire);
    return (kind == SHM_LOCK && !(futex & LOCK_RETIRED)) || (kind == SHM_INTEGER && futex != INTEGER_RETIRED);
}

/* How many further cells a key of this length takes. */
static inline uint32_t shm_more_cells(size_t length)
{
    if (length <= SHM_KEY_INLINE) return 0;
    return (uint32_t)((length - SHM_KEY_INLINE + SHM_KEY_MORE - 1) / SHM_KEY_MORE);
}

/* Bytes at.. of a key as a number, zeros behind its end. */
uint64_t shm_key_part(const char *bytes, size_t length, size_t at);

uint32_t shm_hash_key(const struct shm_file *file, const psync_key *key, enum shm_kind kind);

/* How many buckets there are, 0 if the header is broken. */
uint32_t shm_bucket_count(struct shm_file *file);

/* The bucket at place, which is below their count; NULL if its block is broken. */
_Atomic uint32_t *shm_bucket_at(struct shm_file *file, uint32_t place);

/* The bucket of a hash, NULL if the table is broken. */
static inline _Atomic uint32_t *shm_bucket_of(struct shm_file *file, uint32_t hash)
{
    uint32_t count = shm_bucket_count(file);
    return count ? shm_bucket_at(file, hash & (count - 1)) : NULL;
}

struct shm_range {
    uint32_t first;
    uint32_t end;
};

/* The cells that blocks take, in order. Returns how many ranges. */
size_t shm_block_ranges(struct shm_file *file, struct shm_range ranges[SHM_BLOCKS]);

#endif
