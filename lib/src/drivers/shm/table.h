/* SPDX-License-Identifier: BSD-3-Clause */
/* table.h - the shape of the table of keys: tags, hashes, buckets, blocks. For cells.c and the audit. */
#ifndef PSYNC_SHM_TABLE_H
#define PSYNC_SHM_TABLE_H

#include "file.h"

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

struct shm_range {
    uint32_t first;
    uint32_t end;
};

/* The cells that blocks take, in order. Returns how many ranges. */
size_t shm_block_ranges(struct shm_file *file, struct shm_range ranges[SHM_BLOCKS]);

#endif
