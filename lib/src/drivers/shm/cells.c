/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cells.c - key to cell.
 *
 * A hash table with chains; where its parts lie, table.c tells. Look-ups take no lock: what they find they check
 * (hash, tag, key, and the generation before and after), so a find is right
 * whatever goes on around it. A look-up that finds nothing is right if
 * header->changes was even and the same before and after (cell_chain.c). If it was
 * not, the look-up is done under the guard. For that, links are stored with
 * release and all that a look-up reads is loaded with acquire: who sees any part
 * of a change sees the odd number too.
 *
 * All changes happen under the guard. The cells are the truth: a cell's tag,
 * written last when it gets a key and erased when it loses it, says whether it
 * counts. Chains, free list and counts can be made from the tags at any time,
 * which is the whole of the repair (cell_repair.c).
 */
#include "cells.h"

#include <string.h>

#include "cell_chain.h"
#include "cell_pool.h"
#include "failure.h"
#include "guard.h"
#include "integer_word.h"
#include "lock_word.h"
#include "table.h"
#include "waiting.h"

enum { LOOKUPS_BEFORE_GUARD = 3 };

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

/* What a walk along a chain found. */
enum found { FOUND, NOT_FOUND, BROKEN };

static enum found walk(struct shm_file *file, const psync_key *key, enum shm_kind kind, uint32_t hash,
                       struct shm_cell **cell, uint64_t *note)
{
    _Atomic uint32_t *link = shm_bucket_of(file, hash);
    uint32_t tag = shm_make_tag(kind, key->length);
    for (uint32_t steps = 0; link; steps++) {
        /* Acquire: a linked cell is whole. */
        uint32_t index = atomic_load_explicit(link, memory_order_acquire);
        if (!index) return NOT_FOUND;
        struct shm_cell *c = shm_cell_at(file, index);
        if (!c || steps > SHM_CHAIN_MAX) return BROKEN;
        link = &c->next;
        if (atomic_load_explicit(&c->hash, memory_order_acquire) != hash) continue;
        uint32_t generation = atomic_load_explicit(&c->generation, memory_order_acquire);
        if (atomic_load_explicit(&c->tag, memory_order_acquire) != tag || generation % 2) continue;
        if (!same_key(file, c, key) || !shm_cells_same(c, generation)) continue;
        /* Its sweep may never end: only the guard's next holder can tell, and repair it. */
        if (!shm_tag_counts(c, kind)) return BROKEN;
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

/* ------------------------------------------------------------------------ */
/* New keys. Under the guard.                                               */

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
            more = (struct shm_more *)shm_pool_pop(file);
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
    psync_result r = shm_pool_make_room(file, cells_for(key), error);
    if (r) return r;
    struct shm_cell *c = shm_pool_pop(file);
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
    if (!shm_chain_link(file, c)) return shm_damaged(file, "its table of keys is broken", error);
    uint32_t keys = atomic_load_explicit(&file->header->keys, memory_order_relaxed);
    atomic_store_explicit(&file->header->keys, keys + 1, memory_order_relaxed);
    shm_chains_widen(file);
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
