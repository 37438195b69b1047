/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * audit.c - the invariants of layout.h, lock_word.h and integer_word.h, checked.
 *
 * Every cell behind the header is in exactly one place: a block, the list of
 * free cells, a bucket's chain, or behind a long key. The audit walks all
 * places and marks what it meets; a cell met twice is a fault, and so is one
 * that was not met. As everywhere, what the file says is checked before it is
 * followed, and each walk ends: it stops at the first cell met twice.
 */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "integer_word.h"
#include "lock_word.h"
#include "process.h"
#include "table.h"

/* Further back in a chain a twin of a key is not looked for: honest chains are shorter. */
enum { TWINS_MAX = 64 };

struct audit {
    struct shm_file *file;
    struct shm_audit *found;
    uint8_t *met; /* one byte a cell */
    uint32_t cells;
};

static void fault(struct audit *audit, enum shm_fault what, uint32_t where)
{
    if (audit->found->count[what]++ == 0) audit->found->first[what] = where;
}

static uint32_t load(_Atomic uint32_t *number)
{
    return atomic_load_explicit(number, memory_order_acquire); /* with the guard held, relaxed would do */
}

/* Marks the cell. False: it is none, or it was met before. */
static bool meet(struct audit *audit, uint32_t index)
{
    if (index < SHM_HEADER_CELLS || index >= audit->cells || audit->met[index]) return false;
    audit->met[index] = 1;
    return true;
}

static bool all_zero(const void *bytes, size_t length)
{
    const char *b = bytes;
    while (length && !*b) {
        b++;
        length--;
    }
    return length == 0;
}

/* ------------------------------------------------------------------------ */
/* The header and the blocks                                                */

static void check_header(struct audit *audit)
{
    struct shm_header *header = audit->file->header;
    const char *rest = (const char *)(header->process_block + SHM_PROCESS_BLOCKS);
    size_t rest_length = (size_t)((const char *)header + SHM_HEADER_CELLS * (size_t)SHM_CELL - rest);
    bool constant = header->magic == SHM_MAGIC && header->layout == SHM_LAYOUT && header->cell_size == SHM_CELL &&
                    header->limit == audit->file->limit && header->seed == audit->file->seed;
    bool counted = audit->cells % SHM_PAGE_CELLS == 0 && audit->cells > SHM_HEADER_CELLS &&
                   audit->cells <= header->limit / SHM_CELL && shm_cell_at(audit->file, audit->cells - 1);
    uint64_t fence = atomic_load_explicit(&header->fence, memory_order_acquire);
    bool fences = header->created > 0 && fence >= (uint64_t)header->created && fence < UINT64_C(1) << 56;
    bool blank = all_zero(header->unused, sizeof header->unused) && all_zero(rest, rest_length);
    uint32_t buckets = load(&header->bucket_blocks);
    uint32_t processes = load(&header->process_blocks);
    bool blocks = buckets >= 1 && buckets <= SHM_BUCKET_BLOCKS && processes >= 1 && processes <= SHM_PROCESS_BLOCKS;
    bool whole = constant && counted && fences && blank && blocks && load(&header->changes) % 2 == 0;
    if (!whole) fault(audit, SHM_FAULT_HEADER, 0);
}

static void check_blocks(struct audit *audit)
{
    struct shm_range ranges[SHM_BLOCKS];
    size_t n = shm_block_ranges(audit->file, ranges);
    for (size_t i = 0; i < n; i++) {
        bool inside = ranges[i].end > ranges[i].first && ranges[i].end <= audit->cells;
        for (uint32_t index = ranges[i].first; inside && index < ranges[i].end; index++) {
            inside = meet(audit, index);
        }
        if (!inside) fault(audit, SHM_FAULT_BLOCK, ranges[i].first);
    }
}

static void check_record(struct audit *audit, uint32_t number)
{
    struct shm_process *record = shm_process_at(audit->file, number);
    uint64_t nonce = record ? atomic_load_explicit(&record->nonce, memory_order_acquire) : 0;
    if (!nonce) return;
    bool whole = shm_process_is_nonce(nonce) && record->pid > 0 && record->host[PSYNC_HOST_MAX] == '\0' &&
                 memchr(record->label, '\0', sizeof record->label);
    if (!whole) fault(audit, SHM_FAULT_OWNER, number);
}

/* ------------------------------------------------------------------------ */
/* Words                                                                    */

static void check_lock(struct audit *audit, struct shm_cell *cell, uint32_t index)
{
    shm_pair word = shm_read(&cell->word);
    struct lock_view lock = lock_view(word);
    if (!lock.held) {
        bool legal = (uint32_t)word.low == 0 && !(word.low & (LOCK_HOLD | LOCK_LEASE)) &&
                     !(word.high & ~(LOCK_STARVING | LOCK_FENCE_LOW));
        if (!legal) fault(audit, SHM_FAULT_WORD, index);
        return;
    }
    bool legal =
        !(word.low & (UINT64_C(3) << 30)) && (lock.hold || !lock.lease) && !(lock.hold && (word.low & LOCK_PLAIN));
    if (!legal) fault(audit, SHM_FAULT_WORD, index);
    /* Records are erased under the guard alone: one that a Lock names is there. */
    struct shm_process *record = shm_process_at(audit->file, lock.process);
    if (!record || !atomic_load_explicit(&record->nonce, memory_order_acquire)) {
        fault(audit, SHM_FAULT_OWNER, index);
    }
}

static void check_integer(struct audit *audit, struct shm_cell *cell, uint32_t index)
{
    shm_pair word = shm_read(&cell->word);
    uint32_t bell = integer_bell(word);
    bool legal = (bell == 0 || (bell & ~SHM_FUTEX_COUNT) == SHM_FUTEX_SET) &&
                 !(bell && (word.low & INTEGER_RING)) && (integer_exists(word) || !word.high);
    if (!legal) fault(audit, SHM_FAULT_WORD, index);
}

/* ------------------------------------------------------------------------ */
/* Keys                                                                     */

/* Whether the cell holds a whole key with the right hash. */
static bool has_whole_key(struct audit *audit, struct shm_cell *cell, enum shm_kind kind)
{
    char bytes[PSYNC_KEY_MAX + 1];
    psync_key key = {.bytes = bytes};
    uint32_t generation;
    if (kind != SHM_LOCK && kind != SHM_INTEGER) return false;
    if (!shm_cells_key(audit->file, cell, kind, bytes, &key.length, &generation) || !generation) return false;
    return shm_hash_key(audit->file, &key, kind) == load(&cell->hash);
}

/* Marks the further cells of a long key: as many as it needs, and no more. */
static bool meet_more(struct audit *audit, struct shm_cell *cell)
{
    uint32_t index = load(&cell->more);
    for (uint32_t left = shm_more_cells(shm_tag_length(load(&cell->tag))); left; left--) {
        if (!meet(audit, index)) return false;
        struct shm_more *more = (struct shm_more *)shm_cell_at(audit->file, index);
        if (!more || load(&more->tag) != SHM_MORE) return false;
        index = load(&more->next);
    }
    return index == 0;
}

static bool same_keys(struct audit *audit, struct shm_cell *one, struct shm_cell *other, enum shm_kind kind)
{
    char a[PSYNC_KEY_MAX + 1];
    char b[PSYNC_KEY_MAX + 1];
    size_t length;
    uint32_t generation;
    if (load(&one->hash) != load(&other->hash) || load(&one->tag) != load(&other->tag)) return false;
    return shm_cells_key(audit->file, one, kind, a, &length, &generation) &&
           shm_cells_key(audit->file, other, kind, b, &length, &generation) && memcmp(a, b, length) == 0;
}

/* Whether the same key stands earlier in the chain. */
static bool has_twin(struct audit *audit, _Atomic uint32_t *bucket, struct shm_cell *cell, enum shm_kind kind)
{
    struct shm_cell *earlier = shm_cell_at(audit->file, load(bucket));
    for (int i = 0; i < TWINS_MAX && earlier && earlier != cell; i++) {
        if (same_keys(audit, earlier, cell, kind)) return true;
        earlier = shm_cell_at(audit->file, load(&earlier->next));
    }
    return false;
}

static void check_key(struct audit *audit, struct shm_cell *cell, uint32_t index)
{
    enum shm_kind kind = shm_tag_kind(load(&cell->tag));
    if (!has_whole_key(audit, cell, kind) || !meet_more(audit, cell)) {
        fault(audit, SHM_FAULT_KEY, index);
    } else if (kind == SHM_LOCK) {
        check_lock(audit, cell, index);
    } else {
        check_integer(audit, cell, index);
    }
}

/* ------------------------------------------------------------------------ */
/* Places                                                                   */

/* Returns how many keys the chain has. */
static uint32_t check_chain(struct audit *audit, uint32_t place, uint32_t buckets)
{
    uint32_t keys = 0;
    _Atomic uint32_t *bucket = shm_bucket_at(audit->file, place);
    if (!bucket) {
        fault(audit, SHM_FAULT_BLOCK, 0);
        return 0;
    }
    for (uint32_t index = load(bucket); index; keys++) {
        struct shm_cell *cell = meet(audit, index) ? shm_cell_at(audit->file, index) : NULL;
        if (!cell || (load(&cell->hash) & (buckets - 1)) != place) {
            fault(audit, SHM_FAULT_CHAIN, index);
            return keys;
        }
        check_key(audit, cell, index);
        if (has_twin(audit, bucket, cell, shm_tag_kind(load(&cell->tag)))) fault(audit, SHM_FAULT_KEY, index);
        index = load(&cell->next);
    }
    return keys;
}

static void check_free(struct audit *audit)
{
    struct shm_header *header = audit->file->header;
    uint32_t n = 0;
    for (uint32_t index = load(&header->free_head); index; n++) {
        struct shm_cell *cell = meet(audit, index) ? shm_cell_at(audit->file, index) : NULL;
        if (!cell || shm_tag_kind(load(&cell->tag)) != SHM_FREE) {
            fault(audit, SHM_FAULT_FREE, index);
            return;
        }
        /* A Lock that is held, or an Integer that somebody sleeps on, was never given back. */
        if (load(&cell->word.futex) & SHM_FUTEX_SET) fault(audit, SHM_FAULT_WORD, index);
        index = load(&cell->next);
    }
    if (n != load(&header->free_count)) fault(audit, SHM_FAULT_COUNT, 0);
}

static void check_lost(struct audit *audit)
{
    for (uint32_t index = SHM_HEADER_CELLS; index < audit->cells; index++) {
        if (audit->met[index]) continue;
        struct shm_cell *cell = shm_cell_at(audit->file, index);
        if (!cell) return;
        fault(audit, SHM_FAULT_LOST, index);
        enum shm_kind kind = shm_tag_kind(load(&cell->tag));
        if (kind != SHM_FREE && kind != SHM_MORE) check_key(audit, cell, index);
    }
}

static void check_places(struct audit *audit)
{
    check_header(audit);
    if (audit->found->count[SHM_FAULT_HEADER]) return; /* nothing that follows from it can be trusted */
    check_blocks(audit);
    if (audit->found->count[SHM_FAULT_BLOCK]) return;
    uint32_t records = shm_process_count(audit->file);
    for (uint32_t number = 1; number <= records; number++) check_record(audit, number);
    uint32_t keys = 0;
    uint32_t buckets = shm_bucket_count(audit->file);
    for (uint32_t place = 0; place < buckets; place++) keys += check_chain(audit, place, buckets);
    if (keys != load(&audit->file->header->keys)) fault(audit, SHM_FAULT_COUNT, 0);
    check_free(audit);
    check_lost(audit);
}

psync_result shm_audit(struct shm_file *file, struct shm_audit *found, psync_error *error)
{
    struct audit audit = {.file = file, .found = found, .cells = load(&file->header->cells)};
    memset(found, 0, sizeof *found);
    if (audit.cells > file->limit / SHM_CELL) {
        fault(&audit, SHM_FAULT_HEADER, 0);
        return PSYNC_OK;
    }
    audit.met = calloc(audit.cells ? audit.cells : 1, 1);
    if (!audit.met) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    check_places(&audit);
    free(audit.met);
    return PSYNC_OK;
}

bool shm_audit_clean(const struct shm_audit *found)
{
    for (int i = 0; i < SHM_FAULTS; i++) {
        if (found->count[i]) return false;
    }
    return true;
}

bool shm_audit_mendable(const struct shm_audit *found)
{
    static const enum shm_fault fatal[] = {SHM_FAULT_HEADER, SHM_FAULT_BLOCK, SHM_FAULT_KEY, SHM_FAULT_WORD,
                                           SHM_FAULT_OWNER};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        if (found->count[fatal[i]]) return false;
    }
    return true;
}
