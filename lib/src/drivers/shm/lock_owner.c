/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_owner.c - who took a Lock: the process record that its word names.
 *
 * A record is read after the word, and stays its owner's as long as the word
 * stays so: what was read is right only if the word is unchanged afterwards,
 * or is swapped from what it was.
 */
#include "lock_owner.h"

#include <string.h>

#include "boot_id.h"
#include "clock.h"
#include "lock_hold.h"
#include "process.h"

/* The nonce of the process that took the Lock, 0 if its record is broken. */
static uint64_t owner_nonce(struct shm_file *file, struct lock_view lock)
{
    struct shm_process *process = shm_process_at(file, lock.process);
    return process ? atomic_load_explicit(&process->nonce, memory_order_acquire) : 0;
}

bool shm_lock_owner_ended(struct shm_file *file, struct lock_view lock)
{
    return shm_process_alive(file, owner_nonce(file, lock)) == PSYNC_ALIVE_NO;
}

/* Copies the record of a lock's owner. */
static void copy_record(struct shm_file *file, struct lock_view lock, psync_owner *owner)
{
    memset(owner, 0, sizeof *owner);
    owner->fence = lock.fence;
    owner->is_hold = lock.hold;
    owner->alive = PSYNC_ALIVE_UNKNOWN;
    uint64_t nonce = owner_nonce(file, lock);
    const struct shm_process *process = shm_process_at(file, lock.process);
    if (!process) return;
    owner->pid = process->pid;
    owner->process_start = process->start;
    memcpy(owner->host, process->host, PSYNC_HOST_MAX);
    memcpy(owner->label, process->label, PSYNC_LABEL_MAX);
    shm_boot_id_format(process->boot_id, owner->boot_id);
    owner->alive = shm_process_alive(file, nonce);
}

void shm_lock_fill_owner(struct shm_file *file, struct shm_cell *cell, struct lock_view lock, psync_owner *owner)
{
    copy_record(file, lock, owner);
    owner->acquired_at = lock_time_us(lock.time);
    if (!lock.lease) return;
    owner->acquired_at = shm_lock_note_taken(cell, lock.fence, psync__clock->realtime() / 1000);
    int64_t left = shm_lock_expires(file, lock) - psync__clock->boottime();
    owner->expires_at = (psync__clock->realtime() + left) / 1000;
}
