/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.c - a mutex that survives its holder's death, in any pid namespace.
 *
 * The word is {futex, the holder's nonce}: 0 is free. Taking it writes both
 * halves in one swap, so a held guard always says by whom. Who has slept for
 * LOOK without getting it asks whether that process still lives; if not, one
 * swap from exactly that holder's word takes it over. Robust mutexes of the C
 * library would not do: their layout differs between C libraries, and they
 * tell a dead owner by a thread id, which is ambiguous across pid namespaces.
 *
 * The holder sets header->dirty before its first change and clears it after
 * its last. A guard found dirty was left by the dead, and what it guards is
 * rebuilt from the cells (shm_cells_repair). No ordering between dirty and the
 * changes is needed beyond the compiler's: the next holder reads them after it
 * learned of the death from the kernel.
 */
#include "guard.h"

#include "cells.h"
#include "clock.h"
#include "futex.h"
#include "process.h"

enum { SPINS = 100 };

static const uint32_t HELD = SHM_FUTEX_SET | 1;
static const uint32_t HELD_AWAITED = SHM_FUTEX_SET | 3;
static const int64_t LOOK = 10 * PSYNC_NS_PER_MS;

static bool take_free(struct shm_file *file, uint64_t nonce, uint32_t as)
{
    shm_pair free_word = {0, 0};
    return shm_swap(&file->header->guard, &free_word, (shm_pair){as, nonce});
}

static bool take_from_dead(struct shm_file *file, shm_pair seen, uint64_t nonce)
{
    if (shm_process_alive(file, seen.high) != PSYNC_ALIVE_NO) return false;
    return shm_swap(&file->header->guard, &seen, (shm_pair){HELD_AWAITED, nonce});
}

static psync_result stuck(int64_t timeout, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0,
                           "another process has kept the space's table to itself for %lld ms; is it stopped? "
                           "Let it go on, or end it",
                           (long long)(timeout / PSYNC_NS_PER_MS));
}

static psync_result take_slowly(struct shm_file *file, uint64_t nonce, int64_t timeout, psync_error *error)
{
    int64_t now = psync__clock->monotonic();
    int64_t deadline = now + timeout;
    int64_t look = now + LOOK;
    for (; now < deadline; now = psync__clock->monotonic()) {
        if (take_free(file, nonce, HELD_AWAITED)) return PSYNC_OK;
        shm_pair seen = shm_read(&file->header->guard);
        if (!seen.low && !seen.high) continue;
        shm_pair awaited = {HELD_AWAITED, seen.high};
        if (seen.low != HELD_AWAITED && !shm_swap(&file->header->guard, &seen, awaited)) continue;
        shm_futex_wait(&file->header->guard.futex, HELD_AWAITED, 1, look);
        if (psync__clock->monotonic() < look) continue;
        if (take_from_dead(file, awaited, nonce)) return PSYNC_OK;
        look = psync__clock->monotonic() + LOOK;
    }
    return stuck(timeout, error);
}

psync_result shm_guard_lock(struct shm_file *file, int64_t timeout, psync_error *error)
{
    uint64_t nonce;
    psync_result r = shm_process_nonce(file, &nonce, error);
    if (r) return r;
    bool taken = false;
    for (int i = 0; i < SPINS && !taken; i++) {
        bool held = atomic_load_explicit(&file->header->guard.futex, memory_order_relaxed) != 0;
        if (held) {
            shm_pause();
        } else {
            taken = take_free(file, nonce, HELD);
        }
    }
    if (!taken) r = take_slowly(file, nonce, timeout, error);
    if (r) return r;
    bool was_dirty = atomic_exchange_explicit(&file->header->dirty, 1, memory_order_seq_cst) != 0;
    if (was_dirty) r = shm_cells_repair(file, error);
    if (!r) return PSYNC_OK;
    /* Still dirty: the next one tries again. */
    shm_word *guard = &file->header->guard;
    shm_pair held = shm_read(guard);
    while (held.high == nonce && !shm_swap(guard, &held, (shm_pair){0, 0})) continue;
    shm_futex_wake(&guard->futex, 1, 1);
    return r;
}

void shm_guard_unlock(struct shm_file *file)
{
    shm_word *guard = &file->header->guard;
    atomic_store_explicit(&file->header->dirty, 0, memory_order_seq_cst);
    shm_pair held = shm_guess(guard);
    while (!shm_swap(guard, &held, (shm_pair){0, 0})) continue;
    if (held.low == HELD_AWAITED) shm_futex_wake(&guard->futex, 1, 1);
}
