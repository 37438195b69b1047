/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_look.c - looking at Locks: one, or all of a space.
 *
 * What is told is of one moment: it is read from one word, and what lies beside
 * the word (lock_owner.c) counts if the acquisition is still the same afterwards.
 */
#include "lock_look.h"

#include "lock_end.h"
#include "lock_owner.h"
#include "locks.h"
#include "state.h"

/* What the cell says now, and of whom. PSYNC_ERROR_ABSENT: it is no longer the key's. */
static psync_result look(struct shm_file *file, struct shm_cell *cell, uint32_t generation, psync_lock_state *now,
                         psync_owner *owner)
{
    for (;;) {
        shm_pair word = shm_guess(&cell->word);
        /* All that is told of a plain Lock without its owner lies in the low half, read at once. */
        if ((word.low & LOCK_HOLD) || owner) word = shm_lock_read(file, cell, generation);
        struct lock_view lock = lock_view(word);
        if (lock.retired || !shm_cells_same(cell, generation)) return PSYNC_ERROR_ABSENT;
        shm_lock_tell(file, lock, word, now);
        if (!lock.held) return PSYNC_NO;
        if (!owner) return PSYNC_OK;
        shm_lock_fill_owner(file, cell, lock, owner);
        shm_pair after = shm_read(&cell->word);
        if (lock_view(after).held && lock_view(after).fence == lock.fence) return PSYNC_OK;
    }
}

psync_result shm_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                              psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_cell *cell;
    uint32_t generation;
    psync_result r = shm_find(state, key, SHM_LOCK, false, &cell, &generation, error);
    while (!r) {
        if (!cell) {
            *now = (psync_lock_state){.exists = false};
            return PSYNC_NO;
        }
        r = look(state->file, cell, generation, now, owner);
        if (r != PSYNC_ERROR_ABSENT) break;
        r = shm_refind(state, key, SHM_LOCK, false, &cell, &generation, error);
    }
    return r;
}

struct listing {
    psync_lock_callback callback;
    void *argument;
    bool stopped;
};

static void list_cell(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    struct listing *listing = argument;
    char key[PSYNC_KEY_MAX + 1];
    size_t length;
    uint32_t generation;
    psync_lock_state now;
    psync_owner owner;
    if (listing->stopped || kind != SHM_LOCK) return;
    if (!shm_cells_key(file, cell, SHM_LOCK, key, &length, &generation)) return;
    if (look(file, cell, generation, &now, &owner) != PSYNC_OK) return;
    listing->stopped = listing->callback(listing->argument, key, length, &owner) != 0;
}

psync_result shm_lock_each(void *opaque, psync_lock_callback callback, void *argument, psync_error *error)
{
    struct shm_state *state = opaque;
    psync_result r = shm_file_check_linked(state->file, error);
    if (r) return r;
    struct listing listing = {callback, argument, false};
    shm_cells_each(state->file, list_cell, &listing);
    return listing.stopped ? PSYNC_NO : PSYNC_OK;
}
