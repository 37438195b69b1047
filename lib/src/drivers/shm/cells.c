/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cells.c - key to cell.
 *
 * A hash table with chains; where its parts lie, table.c tells. Look-ups take no lock: what they find they check
 * (hash, tag, key, and the generation before and after), so a find is right
 * whatever goes on around it. A look-up that finds nothing is right if
 * header->changes was even and the same before and after: it is odd while keys
 * are unlinked or moved. If it was not, the look-up is done under the guard. For
 * that, links are stored with release and all that a look-up reads is loaded with
 * acquire: who sees any part of a change sees the odd number too.
 *
 * All changes happen under the guard. The cells are the truth: a cell's tag,
 * written last when it gets a key and erased when it loses it, says whether it
 * counts. Chains, free list and counts can be made from the tags at any time,
 * which is the whole of the repair after a guard's holder was killed.
 *
 * A Lock that is free and an Integer that does not exist keep their cells: the
 * next lock() finds it at once. When free cells run out, a sweep takes back all
 * such cells. If it brings less than a sixteenth, the file grows by that much:
 * so a sweep's work is spread over as many new keys, and a file that is only
 * churned never grows.
 */
#include "cells.h"

#include <string.h>

#include "failure.h"
#include "futex.h"
#include "guard.h"
#include "integer_word.h"
#include "lock_word.h"
#include "lock_end.h"
#include "table.h"
#include "waiting.h"

enum {
    GROWTH_MIN = 512, /* cells */
    GROWTH_PART = 16, /* of the file */
    LOOKUPS_BEFORE_GUARD = 3
};

/*
 * No honest chain comes near it, since the table doubles when it has half as many keys as buckets. In a hostile
 * file every cell that is swept may cost as many steps.
 */
static const uint32_t CHAIN_MAX = 1000;

/* ------------------------------------------------------------------------ */
/* Keys                                                                     */

static struct shm_more *more_at(struct shm_file *file, uint32_t index)
{
    return (struct shm_more *)shm_cell_at(file, index);
}

/*
 * The i-th 8 bytes of a cell's key; *more walks along the further cells.
 * Acquire: the caller loads the generation again after all of them.
 */
static bool cell_part(struct shm_file *file, struct shm_cell *cell, size_t i, struct shm_more **more,
                      uint64_t *part)
{
    const size_t inline_parts = SHM_KEY_INLINE / 8;
    if (i < inline_parts) {
        *part = atomic_load_explicit(&cell->key[i], memory_order_acquire);
        return true;
    }
    size_t at = (i - inline_parts) % (SHM_KEY_MORE / 8);
    if (at == 0) {
        _Atomic uint32_t *link = i == inline_parts ? &cell->more : &(*more)->next;
        *more = more_at(file, atomic_load_explicit(link, memory_order_acquire));
        if (!*more) return false;
    }
    *part = atomic_load_explicit(&(*more)->key[at], memory_order_acquire);
    return true;
}

static bool same_key(struct shm_file *file, struct shm_cell *cell, const psync_key *key)
{
    struct shm_more *more = NULL;
    for (size_t i = 0; i * 8 < key->length; i++) {
        uint64_t part;
        if (!cell_part(file, cell, i, &more, &part)) return false;
        if (part != shm_key_part(key->bytes, key->length, i * 8)) return false;
    }
    return true;
}

bool shm_cells_key(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, char key[PSYNC_KEY_MAX + 1],
                   size_t *length, uint32_t *generation)
{
    *generation = atomic_load_explicit(&cell->generation, memory_order_acquire);
    uint32_t tag = atomic_load_explicit(&cell->tag, memory_order_acquire);
    *length = shm_tag_length(tag);
    if (shm_tag_kind(tag) != kind || *generation % 2 || *length < 1 || *length > PSYNC_KEY_MAX) return false;
    struct shm_more *more = NULL;
    for (size_t i = 0; i * 8 < *length; i++) {
        uint64_t part;
        if (!cell_part(file, cell, i, &more, &part)) return false;
        size_t left = *length - i * 8;
        memcpy(key + i * 8, &part, left < 8 ? left : 8);
    }
    key[*length] = '\0';
    return shm_cells_same(cell, *generation);
}

/* ------------------------------------------------------------------------ */
/* Looking up                                                               */

static _Atomic uint32_t *bucket_of(struct shm_file *file, uint32_t hash)
{
    uint32_t count = shm_bucket_count(file);
    return count ? shm_bucket_at(file, hash & (count - 1)) : NULL;
}

/* Whether a cell of this kind counts. A retired word: a sweep is about to erase the tag, or was cut short before.
 */
static bool has_key(struct shm_cell *cell, enum shm_kind kind)
{
    uint32_t futex = atomic_load_explicit(&cell->word.futex, memory_order_acquire);
    return (kind == SHM_LOCK && !(futex & LOCK_RETIRED)) || (kind == SHM_INTEGER && futex != INTEGER_RETIRED);
}

/* What a walk along a chain found. */
enum found { FOUND, NOT_FOUND, BROKEN };

static enum found walk(struct shm_file *file, const psync_key *key, enum shm_kind kind, uint32_t hash,
                       struct shm_cell **cell, uint64_t *note)
{
    _Atomic uint32_t *link = bucket_of(file, hash);
    uint32_t tag = shm_make_tag(kind, key->length);
    for (uint32_t steps = 0; link; steps++) {
        /* Acquire: a linked cell is whole. */
        uint32_t index = atomic_load_explicit(link, memory_order_acquire);
        if (!index) return NOT_FOUND;
        struct shm_cell *c = shm_cell_at(file, index);
        if (!c || steps > CHAIN_MAX) return BROKEN;
        link = &c->next;
        if (atomic_load_explicit(&c->hash, memory_order_acquire) != hash) continue;
        uint32_t generation = atomic_load_explicit(&c->generation, memory_order_acquire);
        if (atomic_load_explicit(&c->tag, memory_order_acquire) != tag || generation % 2) continue;
        if (!same_key(file, c, key) || !shm_cells_same(c, generation)) continue;
        /* Its sweep may never end: only the guard's next holder can tell, and repair it. */
        if (!has_key(c, kind)) return BROKEN;
        *cell = c;
        *note = (uint64_t)index << 32 | generation;
        return FOUND;
    }
    return BROKEN;
}

/* Without the guard. BROKEN: something moved meanwhile, or the file is damaged; the guard tells. */
static enum found look_up(struct shm_file *file, const psync_key *key, enum shm_kind kind, uint32_t hash,
                          struct shm_cell **cell, uint64_t *note)
{
    _Atomic uint32_t *changes = &file->header->changes;
    for (int i = 0; i < LOOKUPS_BEFORE_GUARD; i++) {
        uint32_t before = atomic_load_explicit(changes, memory_order_acquire);
        enum found found = walk(file, key, kind, hash, cell, note);
        if (found == FOUND) return FOUND;
        if (found == BROKEN || before % 2) continue;
        /* The walk's loads are acquire, so this one comes after them. */
        if (atomic_load_explicit(changes, memory_order_acquire) == before) return NOT_FOUND;
    }
    return BROKEN;
}

/* Under the guard. Odd: look-ups that find nothing know that it means nothing. The stores between begin and end are
 * release, so they come after the first; the second comes after them. */
static void changes_begin(struct shm_file *file)
{
    uint32_t now = atomic_load_explicit(&file->header->changes, memory_order_relaxed);
    atomic_store_explicit(&file->header->changes, now | 1, memory_order_release);
}

static void changes_end(struct shm_file *file)
{
    uint32_t now = atomic_load_explicit(&file->header->changes, memory_order_relaxed);
    atomic_store_explicit(&file->header->changes, now + 1, memory_order_release);
}

/* ------------------------------------------------------------------------ */
/* Free cells. Under the guard.                                             */

static void push_free(struct shm_file *file, struct shm_cell *cell)
{
    struct shm_header *header = file->header;
    atomic_store_explicit(&cell->tag, SHM_FREE, memory_order_release);
    uint32_t head = atomic_load_explicit(&header->free_head, memory_order_relaxed);
    uint32_t count = atomic_load_explicit(&header->free_count, memory_order_relaxed);
    atomic_store_explicit(&cell->next, head, memory_order_release);
    atomic_store_explicit(&header->free_head, shm_cell_index(file, cell), memory_order_relaxed);
    atomic_store_explicit(&header->free_count, count + 1, memory_order_relaxed);
}

static struct shm_cell *pop_free(struct shm_file *file)
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
        push_free(file, more);
    }
}

/* Takes a cell out of its chain. False if it was not there. */
static bool unlink_cell(struct shm_file *file, struct shm_cell *cell)
{
    uint32_t index = shm_cell_index(file, cell);
    _Atomic uint32_t *link = bucket_of(file, atomic_load_explicit(&cell->hash, memory_order_relaxed));
    for (uint32_t steps = 0; link && steps < CHAIN_MAX; steps++) {
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
    unlink_cell(file, cell);
    free_more(file, cell);
    push_free(file, cell);
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys - 1, memory_order_relaxed);
}

static void sweep(struct shm_file *file)
{
    changes_begin(file);
    shm_cells_each(file, sweep_cell, NULL);
    changes_end(file);
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
    for (uint32_t i = wanted; i > 0; i--) push_free(file, shm_cell_at(file, first + i - 1));
    return PSYNC_OK;
}

/* Sees to it that need cells are free. */
static psync_result make_room(struct shm_file *file, uint32_t need, psync_error *error)
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

psync_result shm_cells_block(struct shm_file *file, uint32_t cells, uint32_t *first, psync_error *error)
{
    uint32_t whole = whole_pages(cells);
    psync_result r = append(file, whole, first, error);
    if (r) return r;
    /* The file grows by whole pages: what the block leaves of the last one are free cells. */
    for (uint32_t i = whole; i > cells; i--) push_free(file, shm_cell_at(file, *first + i - 1));
    return PSYNC_OK;
}

/* ------------------------------------------------------------------------ */
/* The table. Under the guard.                                              */

static bool link_cell(struct shm_file *file, struct shm_cell *cell)
{
    _Atomic uint32_t *bucket = bucket_of(file, atomic_load_explicit(&cell->hash, memory_order_relaxed));
    if (!bucket) return false;
    atomic_store_explicit(&cell->next, atomic_load_explicit(bucket, memory_order_relaxed), memory_order_release);
    /* Release: who finds the cell finds all of it. */
    atomic_store_explicit(bucket, shm_cell_index(file, cell), memory_order_release);
    return true;
}

/* Moves the cells of chain that belong to place + half there. */
static bool split_chain(struct shm_file *file, uint32_t place, uint32_t half)
{
    _Atomic uint32_t *link = shm_bucket_at(file, place);
    for (uint32_t steps = 0; link && steps < CHAIN_MAX; steps++) {
        uint32_t index = atomic_load_explicit(link, memory_order_relaxed);
        if (!index) return true;
        struct shm_cell *cell = shm_cell_at(file, index);
        if (!cell) return false;
        if (!(atomic_load_explicit(&cell->hash, memory_order_relaxed) & half)) {
            link = &cell->next;
            continue;
        }
        atomic_store_explicit(link, atomic_load_explicit(&cell->next, memory_order_relaxed), memory_order_release);
        if (!link_cell(file, cell)) return false;
    }
    return false;
}

/* Doubles the table once it has half as many keys as buckets. Without room it stays as it is: slower, not wrong. */
static void widen_table(struct shm_file *file)
{
    struct shm_header *header = file->header;
    uint32_t blocks = atomic_load_explicit(&header->bucket_blocks, memory_order_relaxed);
    uint32_t buckets = shm_bucket_count(file);
    if (!buckets || blocks >= SHM_BUCKET_BLOCKS) return;
    uint32_t keys = atomic_load_explicit(&header->keys, memory_order_relaxed);
    if (keys <= buckets / 2 || keys > atomic_load_explicit(&header->cells, memory_order_relaxed)) return;
    uint32_t first;
    if (shm_cells_block(file, buckets / SHM_BUCKETS_PER_CELL, &first, NULL)) return;
    changes_begin(file);
    atomic_store_explicit(&header->bucket_block[blocks], first, memory_order_relaxed);
    /* Release: who counts the block sees where it is. */
    atomic_store_explicit(&header->bucket_blocks, blocks + 1, memory_order_release);
    for (uint32_t place = 0; place < buckets; place++) split_chain(file, place, buckets);
    changes_end(file);
}

/* Writes a key into a cell and, if it is long, into further cells. False if the free list is broken. */
static bool write_key(struct shm_file *file, struct shm_cell *cell, const psync_key *key)
{
    const size_t inline_parts = SHM_KEY_INLINE / 8;
    _Atomic uint32_t *link = &cell->more;
    struct shm_more *more = NULL;
    for (size_t i = 0; i * 8 < key->length; i++) {
        uint64_t part = shm_key_part(key->bytes, key->length, i * 8);
        if (i < inline_parts) {
            atomic_store_explicit(&cell->key[i], part, memory_order_release);
            continue;
        }
        size_t at = (i - inline_parts) % (SHM_KEY_MORE / 8);
        if (at == 0) {
            more = (struct shm_more *)pop_free(file);
            if (!more) return false;
            atomic_store_explicit(&more->tag, SHM_MORE, memory_order_relaxed);
            atomic_store_explicit(&more->next, 0, memory_order_relaxed);
            atomic_store_explicit(link, shm_cell_index(file, more), memory_order_release);
            link = &more->next;
        }
        atomic_store_explicit(&more->key[at], part, memory_order_release);
    }
    return true;
}

/*
 * The word that a new key begins with: a Lock that is free, an Integer that does not exist. It was never the cell's
 * before: a taker may have read the word of the cell's last free Lock, and not have swapped yet.
 */
static void write_word(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind)
{
    shm_pair word = shm_guess(&cell->word);
    shm_pair fresh;
    do {
        if (kind == SHM_LOCK) {
            uint64_t fence = atomic_load_explicit(&file->header->fence, memory_order_relaxed) + 1;
            fresh = lock_free(fence, 0, 0);
            waiting_reset(cell, fence);
        } else {
            uint32_t version = atomic_load_explicit(&cell->version, memory_order_relaxed);
            fresh = (shm_pair){(version + UINT64_C(1)) * INTEGER_VERSION, 0};
        }
    } while (!shm_swap(&cell->word, &word, fresh));
}

static uint32_t cells_for(const psync_key *key)
{
    return 1 + shm_more_cells(key->length);
}

static psync_result insert(struct shm_file *file, const psync_key *key, enum shm_kind kind, uint32_t hash,
                           struct shm_cell **cell, uint64_t *note, psync_error *error)
{
    psync_result r = make_room(file, cells_for(key), error);
    if (r) return r;
    struct shm_cell *c = pop_free(file);
    if (!c) return shm_damaged(file, "its list of free cells is broken", error);
    /* Odd while the key is written; the stores below are release, so nobody sees them under the old number. */
    uint32_t generation = atomic_load_explicit(&c->generation, memory_order_relaxed) | 1;
    atomic_store_explicit(&c->generation, generation, memory_order_release);
    atomic_store_explicit(&c->hash, hash, memory_order_release);
    atomic_store_explicit(&c->more, 0, memory_order_release);
    if (!write_key(file, c, key)) return shm_damaged(file, "its list of free cells is broken", error);
    generation += generation == UINT32_MAX ? 3 : 1; /* never 0: a note of 0 means none */
    atomic_store_explicit(&c->generation, generation, memory_order_release);
    write_word(file, c, kind);
    atomic_store_explicit(&c->tag, shm_make_tag(kind, key->length), memory_order_release);
    if (!link_cell(file, c)) return shm_damaged(file, "its table of keys is broken", error);
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys + 1, memory_order_relaxed);
    widen_table(file);
    *cell = c;
    *note = (uint64_t)shm_cell_index(file, c) << 32 | generation;
    return PSYNC_OK;
}

static psync_result find_guarded(struct shm_file *file, const psync_key *key, enum shm_kind kind, uint32_t hash,
                                 bool create, int64_t timeout, struct shm_cell **cell, uint64_t *note,
                                 psync_error *error)
{
    psync_result r = shm_file_check_linked(file, error);
    if (!r) r = shm_guard_lock(file, timeout, error);
    if (r) return r;
    enum found found = walk(file, key, kind, hash, cell, note);
    if (found == BROKEN) r = shm_damaged(file, "its table of keys is broken", error);
    if (found == NOT_FOUND && create) r = insert(file, key, kind, hash, cell, note, error);
    shm_guard_unlock(file);
    return r;
}

psync_result shm_cells_find(struct shm_file *file, psync_key *key, enum shm_kind kind, bool create, int64_t timeout,
                            struct shm_cell **cell, uint32_t *generation, psync_error *error)
{
    uint64_t note = 0;
    *cell = NULL;
    uint32_t hash = shm_hash_key(file, key, kind);
    enum found found = look_up(file, key, kind, hash, cell, &note);
    if (found == NOT_FOUND && !create) return PSYNC_OK;
    if (found != FOUND) {
        psync_result r = find_guarded(file, key, kind, hash, create, timeout, cell, &note, error);
        if (r || !*cell) return r;
    }
    *generation = (uint32_t)note;
    __atomic_store_n(&key->cache, note, __ATOMIC_RELAXED);
    return PSYNC_OK;
}

/* ------------------------------------------------------------------------ */
/* The repair. Under the guard.                                             */

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
    if (!has_key(cell, kind)) return;
    mark_more(file, cell);
    if (!link_cell(file, cell)) *whole = false;
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys + 1, memory_order_relaxed);
}

static void repair_free(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    (void)argument;
    if (has_key(cell, kind)) return;
    if (kind == SHM_FOUND) {
        atomic_store_explicit(&cell->tag, SHM_MORE, memory_order_relaxed);
        return;
    }
    /* The dead may have retired it without waking who slept on it: waiters for an Integer, takers of a free Lock.
     */
    if (kind == SHM_INTEGER || kind == SHM_LOCK) shm_futex_wake(&cell->word.futex, INT32_MAX, UINT32_MAX);
    push_free(file, cell);
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
    changes_begin(file);
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
    changes_end(file);
    return whole ? PSYNC_OK : shm_damaged(file, "its table of keys is broken", error);
}
