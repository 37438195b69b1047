/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layout.h - what lies in a space's file. Any change of it needs a new SHM_LAYOUT
 * and a new SHM_FILE_PREFIX (file.h), which has it in the file's name.
 *
 * The file is an array of 128-byte cells. The first 32 are the header. The
 * rest are handed out from the end as the file grows, and are then either one
 * key's cell, the bytes of a long key, or part of a block. Blocks hold the
 * hash table's buckets and the processes' records. A table doubles by adding a
 * block as large as all before it, so nothing ever moves or is given back, and
 * a process can keep a pointer to a cell for as long as it maps the file.
 *
 * All numbers in the file are suspect: every index is checked against the
 * file's length before it is used, every walk is limited.
 */
#ifndef PSYNC_SHM_LAYOUT_H
#define PSYNC_SHM_LAYOUT_H

#include <phpsync/phpsync.h>

#include "atomic16.h"

enum {
    SHM_LAYOUT = 2,
    SHM_CELL = 128,                      /* bytes a cell */
    SHM_HEADER_CELLS = 32,               /* cells the header takes: one page */
    SHM_PAGE_CELLS = 32,                 /* the file grows by whole pages */
    SHM_FIRST_BUCKETS = 512,             /* buckets of the first block */
    SHM_FIRST_PROCESSES = 32,            /* records of the first block */
    SHM_BUCKET_BLOCKS = 20,              /* at most 2^28 buckets */
    SHM_PROCESS_BLOCKS = 16,             /* at most 2^20 records */
    SHM_BUCKETS_PER_CELL = SHM_CELL / 4, /* a bucket is a cell's index */
    SHM_CELLS_PER_PROCESS = 4,
    SHM_KEY_INLINE = 64, /* bytes of a key in its cell */
    SHM_KEY_MORE = 72    /* bytes of a key in each further cell */
};

#define SHM_MAGIC UINT64_C(0x31636e7973706870) /* "phpsync1" */

/* Limits of size=: no smaller than the smallest space, no larger than 32-bit cell indices with room to spare. */
#define SHM_SIZE_MIN     (UINT64_C(128) << 10)
#define SHM_SIZE_MAX     (UINT64_C(64) << 30)
#define SHM_SIZE_DEFAULT (UINT64_C(1) << 30)

/* What a cell is. */
enum shm_kind {
    SHM_FREE = 0,
    SHM_LOCK = 1,
    SHM_INTEGER = 2,
    SHM_MORE = 3, /* bytes of a long key */
    SHM_FOUND = 4 /* only during a repair: a SHM_MORE that belongs to a key */
};

/*
 * A cell.
 *
 * word       the Lock or the Integer itself: see lock_word.h and integer_word.h
 * generation even and not 0 once the cell had a key; odd while its key is being
 *            written; grows with each new key, so a handle that remembers
 *            (cell, generation) learns that the cell is another's now
 * version    Integers: where the word's versions go on when the cell has an Integer again
 * next       the next cell of the bucket's chain, or of the free list; 0 ends it
 * tag        kind in the low 8 bits, the key's length above
 * hash       the key's hash
 * more       the first cell with the rest of a long key; its cells are chained by next
 * key        the key's first bytes, as words so that racing reads are atomic
 * waiting    Locks: {an acquisition's fence, how many wait for its end}, see waiting.h. Whoever comes
 *            late still counts here: nothing else may ever lie in this place
 * taken      Locks with a lease: {fence, microseconds since 1970 when it was taken}. Whoever
 *            comes late notes an old one here: nothing else may ever lie in this place
 */
struct shm_cell {
    shm_word word;
    _Atomic uint32_t generation;
    _Atomic uint32_t version;
    _Atomic uint32_t next;
    _Atomic uint32_t tag;
    _Atomic uint64_t waiting;
    _Atomic uint32_t hash;
    _Atomic uint32_t more;
    _Atomic uint64_t key[SHM_KEY_INLINE / 8];
    shm_word taken;
};

/*
 * A cell with further bytes of a key. Its head and its end are those of a
 * shm_cell, and its word stays retired: a handle that still remembers the key
 * it had before looks at the word first.
 */
struct shm_more {
    shm_word word;
    _Atomic uint32_t generation;
    _Atomic uint32_t version;
    _Atomic uint32_t next;
    _Atomic uint32_t tag;
    _Atomic uint64_t waiting;
    _Atomic uint64_t key[SHM_KEY_MORE / 8];
    shm_word taken;
};

/* A process that took Locks. nonce is written last and erased first: 0 means the record is free. */
struct shm_process {
    _Atomic uint64_t nonce; /* also the place of the record lock that shows that it lives */
    int64_t pid;
    uint64_t start;
    uint8_t boot_id[16];
    char host[PSYNC_HOST_MAX + 8];
    char label[400];
};

/*
 * The header. Up to seed it never changes after the file got its name.
 *
 * guard      {the holder's nonce, futex}: see guard.c. It guards all below
 *            and the cells' tags and chains; words are changed without it
 * dirty      1 while a guard's holder is changing these: if it died so, repair
 * changes    odd while keys are unlinked or moved; a look-up that found nothing
 *            and saw it change looks again
 * cells      how many cells the file has
 * fence      no fence of a forgotten Lock was larger
 */
struct shm_header {
    uint64_t magic;
    uint32_t layout;
    uint32_t cell_size;
    uint64_t limit;  /* bytes: how far the file may grow */
    uint64_t seed;   /* of the hash */
    int64_t created; /* microseconds since 1970 */
    uint64_t id;     /* random */
    uint8_t boot_id[16];
    uint64_t unused[8];

    shm_word guard;
    _Atomic uint32_t dirty;
    _Atomic uint32_t changes;
    _Atomic uint32_t cells;
    _Atomic uint32_t free_head;
    _Atomic uint32_t free_count;
    _Atomic uint32_t keys; /* cells with a key, also those whose Lock or Integer is gone */
    _Atomic uint64_t fence;
    _Atomic uint32_t bucket_blocks; /* how many there are */
    _Atomic uint32_t process_blocks;
    _Atomic uint32_t bucket_block[SHM_BUCKET_BLOCKS]; /* each block's first cell */
    _Atomic uint32_t process_block[SHM_PROCESS_BLOCKS];
};

_Static_assert(sizeof(struct shm_cell) == SHM_CELL, "a cell fills its place");
_Static_assert(sizeof(struct shm_more) == SHM_CELL, "and so does a further one");
_Static_assert(offsetof(struct shm_cell, next) == offsetof(struct shm_more, next), "free lists cross kinds");
_Static_assert(offsetof(struct shm_cell, tag) == offsetof(struct shm_more, tag), "sweeps cross kinds");
_Static_assert(offsetof(struct shm_cell, generation) == offsetof(struct shm_more, generation), "never reset");
_Static_assert(offsetof(struct shm_cell, version) == offsetof(struct shm_more, version), "nor this");
_Static_assert(offsetof(struct shm_cell, waiting) == offsetof(struct shm_more, waiting), "latecomers count here");
_Static_assert(offsetof(struct shm_cell, taken) == offsetof(struct shm_more, taken), "latecomers write here");
_Static_assert(sizeof(struct shm_process) == SHM_CELLS_PER_PROCESS * SHM_CELL, "a record fills its cells");
_Static_assert(sizeof(struct shm_header) <= SHM_HEADER_CELLS * SHM_CELL, "the header fits");

#endif
