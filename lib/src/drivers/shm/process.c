/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * process.c - identities.
 *
 * A process picks a random number, its nonce, and holds a record lock on the
 * byte of the file at that offset, far beyond its end, through a descriptor
 * of its own. The kernel drops the lock when the process ends, however it
 * ends, and not before: so "is that byte locked" says whether it lives, also
 * when its pid is somebody else's by now, or lies in another pid namespace.
 * The lock belongs to the open file description, so it is not lost when some
 * other descriptor of the file is closed; a forked child closes its copy.
 *
 * Who takes Locks has a record as well, in a table of the file: a lock word
 * has room for a record's number only. A record lasts as long as its process
 * and as a Lock names it; ghosts keep theirs. Records are reused by a sweep
 * when none is free: a process that is dead takes no new Locks, so what a
 * pass over all Locks, made after it was found dead, does not name is free.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_id.h"
#include "cell_pool.h"
#include "cells.h"
#include "failure.h"
#include "guard.h"
#include "lock_word.h"
#include "system.h"

/* A record this process has, by its label. */
struct shm_label {
    struct shm_label *next;
    uint32_t number;
    char text[];
};

static struct flock life_lock(uint64_t nonce, short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)nonce, .l_len = 1};
}

/* Offsets from 2^40 to 2^62: beyond the file, within off_t. */
static uint64_t new_nonce(void)
{
    return (psync__random() & ((UINT64_C(1) << 62) - 1)) | UINT64_C(1) << 40;
}

bool shm_process_is_nonce(uint64_t number)
{
    return number >= UINT64_C(1) << 40 && number < UINT64_C(1) << 62;
}

/* Opens the file once more: a description of its own for the record lock. */
static int open_again(const struct shm_file *file)
{
    char by_number[64];
    struct stat st;
    int fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        if (fstat(fd, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode) return fd;
        close(fd);
    }
    snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", file->fd);
    return open(by_number, O_RDWR | O_CLOEXEC);
}

static psync_result make_identity(struct shm_file *file, psync_error *error)
{
    int fd = psync__keep_descriptor(open_again(file));
    if (fd < 0)
        return shm_system_failed(error, errno, "open once more, to show that this process lives,", file->path);
    for (int attempt = 0; attempt < 100; attempt++) {
        uint64_t nonce = new_nonce();
        struct flock lock = life_lock(nonce, F_WRLCK);
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
            file->life_fd = fd;
            /* Release: who reads the nonce without the mutex may use what is behind it. */
            atomic_store_explicit(&file->nonce, nonce, memory_order_release);
            return PSYNC_OK;
        }
        if (errno != EAGAIN && errno != EACCES) break;
    }
    int number = errno;
    close(fd);
    return psync_error_set(error, PSYNC_ERROR_SYSTEM, number,
                           "cannot lock a record of %s to show that this process lives; its file system must know "
                           "record locks, as /dev/shm does",
                           file->path);
}

psync_result shm_process_nonce(struct shm_file *file, uint64_t *nonce, psync_error *error)
{
    *nonce = atomic_load_explicit(&file->nonce, memory_order_acquire);
    if (*nonce) return PSYNC_OK;
    shm_files_lock();
    psync_result r = PSYNC_OK;
    if (!atomic_load_explicit(&file->nonce, memory_order_relaxed)) r = make_identity(file, error);
    *nonce = atomic_load_explicit(&file->nonce, memory_order_relaxed);
    shm_files_unlock();
    return r;
}

void shm_process_forget(struct shm_file *file)
{
    if (file->life_fd >= 0) close(file->life_fd);
    file->life_fd = -1;
    file->keep = false;
    atomic_store_explicit(&file->clock_ahead, SHM_CLOCK_UNKNOWN,
                          memory_order_relaxed); /* nobody else uses it now */
    atomic_store_explicit(&file->nonce, 0, memory_order_relaxed);
    while (file->labels) {
        struct shm_label *label = file->labels;
        file->labels = label->next;
        free(label);
    }
}

psync_alive shm_process_alive(struct shm_file *file, uint64_t nonce)
{
    if (!nonce) return PSYNC_ALIVE_NO;
    if (nonce == atomic_load_explicit(&file->nonce, memory_order_relaxed)) return PSYNC_ALIVE_YES;
    if (!shm_process_is_nonce(nonce)) return PSYNC_ALIVE_NO; /* no nonce of ours: nobody can hold that lock */
    struct flock lock = life_lock(nonce, F_WRLCK);
    int r;
    do {
        r = fcntl(file->fd, F_OFD_GETLK, &lock);
    } while (r < 0 && errno == EINTR);
    if (r < 0) return PSYNC_ALIVE_UNKNOWN;
    return lock.l_type == F_UNLCK ? PSYNC_ALIVE_NO : PSYNC_ALIVE_YES;
}

struct shm_process *shm_process_at(struct shm_file *file, uint32_t number)
{
    if (number < 1 || number > SHM_PROCESS_MAX) return NULL;
    uint32_t place = number - 1;
    uint32_t block = 0;
    uint32_t first = 0;
    for (uint32_t end = SHM_FIRST_PROCESSES; place >= end; end *= 2) {
        first = end;
        block++;
    }
    if (block >= atomic_load_explicit(&file->header->process_blocks, memory_order_acquire)) return NULL;
    if (block >= SHM_PROCESS_BLOCKS) return NULL;
    uint32_t cell = atomic_load_explicit(&file->header->process_block[block], memory_order_relaxed);
    uint64_t last = (uint64_t)cell + (uint64_t)(place - first + 1) * SHM_CELLS_PER_PROCESS - 1;
    if (last > UINT32_MAX || cell < SHM_HEADER_CELLS || !shm_cell_at(file, (uint32_t)last)) return NULL;
    void *at = shm_cell_at(file, cell + (place - first) * SHM_CELLS_PER_PROCESS);
    return at;
}

/* ------------------------------------------------------------------------ */
/* Records. All below runs under the guard.                                  */

uint32_t shm_process_count(struct shm_file *file)
{
    uint32_t blocks = atomic_load_explicit(&file->header->process_blocks, memory_order_relaxed);
    if (blocks < 1 || blocks > SHM_PROCESS_BLOCKS) return 0;
    uint32_t count = (uint32_t)SHM_FIRST_PROCESSES << (blocks - 1);
    return count < SHM_PROCESS_MAX ? count : SHM_PROCESS_MAX;
}

static uint32_t find_free(struct shm_file *file)
{
    uint32_t count = shm_process_count(file);
    for (uint32_t number = 1; number <= count; number++) {
        struct shm_process *process = shm_process_at(file, number);
        if (process && !atomic_load_explicit(&process->nonce, memory_order_relaxed)) return number;
    }
    return 0;
}

/* Marks, in a byte for each record, those that a Lock names. */
static void mark_named(struct shm_file *file, struct shm_cell *cell, enum shm_kind kind, void *argument)
{
    (void)file;
    uint8_t *named = argument;
    if (kind != SHM_LOCK) return;
    struct lock_view lock = lock_view(shm_read(&cell->word));
    if (lock.held) named[lock.process] = 1;
}

uint32_t shm_process_sweep(struct shm_file *file)
{
    uint32_t count = shm_process_count(file);
    uint8_t *dead = calloc(2, (size_t)SHM_PROCESS_MAX + 1);
    if (!dead) return 0;
    uint8_t *named = dead + SHM_PROCESS_MAX + 1;
    for (uint32_t number = 1; number <= count; number++) {
        struct shm_process *process = shm_process_at(file, number);
        if (!process) continue;
        uint64_t nonce = atomic_load_explicit(&process->nonce, memory_order_acquire);
        dead[number] = nonce && shm_process_alive(file, nonce) == PSYNC_ALIVE_NO;
    }
    shm_cells_each(file, mark_named, named); /* after the look at who is dead: see the head of this file */
    uint32_t freed = 0;
    for (uint32_t number = 1; number <= count; number++) {
        struct shm_process *process = shm_process_at(file, number);
        if (!process || !dead[number] || named[number]) continue;
        atomic_store_explicit(&process->nonce, 0, memory_order_release);
        freed++;
    }
    free(dead);
    return freed;
}

/* Doubles the table. */
static psync_result add_block(struct shm_file *file, psync_error *error)
{
    struct shm_header *header = file->header;
    uint32_t blocks = atomic_load_explicit(&header->process_blocks, memory_order_relaxed);
    if (blocks >= SHM_PROCESS_BLOCKS) {
        return psync_error_set(error, PSYNC_ERROR_FULL, 0,
                               "a million processes have Locks in this space; free those of ended ones");
    }
    uint32_t cells = ((uint32_t)SHM_FIRST_PROCESSES << (blocks - 1)) * SHM_CELLS_PER_PROCESS;
    uint32_t first;
    psync_result r = shm_pool_block(file, cells, &first, error);
    if (r) return r;
    atomic_store_explicit(&header->process_block[blocks], first, memory_order_relaxed);
    /* Release: who sees the block counted sees where it is. */
    atomic_store_explicit(&header->process_blocks, blocks + 1, memory_order_release);
    return PSYNC_OK;
}

static void write_record(struct shm_process *process, const char *label, uint64_t nonce)
{
    process->pid = getpid();
    process->start = psync__start_time();
    shm_boot_id(process->boot_id);
    memset(process->host, 0, sizeof process->host);
    gethostname(process->host, PSYNC_HOST_MAX);
    snprintf(process->label, sizeof process->label, "%.*s", PSYNC_LABEL_MAX, label);
    /* Release: who sees the nonce sees the record. */
    atomic_store_explicit(&process->nonce, nonce, memory_order_release);
}

static psync_result make_record(struct shm_file *file, const char *label, uint64_t nonce, uint32_t *number,
                                psync_error *error)
{
    psync_result r = PSYNC_OK;
    *number = find_free(file);
    if (!*number) {
        /* A sweep that frees little is not worth the next one: grow as well. */
        uint32_t freed = shm_process_sweep(file);
        if (freed < shm_process_count(file) / 8) r = add_block(file, freed ? NULL : error);
        if (r && !freed) return r;
        *number = find_free(file);
    }
    struct shm_process *process = shm_process_at(file, *number);
    if (!process) return shm_damaged(file, "its table of processes is broken", error);
    write_record(process, label, nonce);
    return PSYNC_OK;
}

/* The number of a label that this process has already. Under shm_files_lock. */
static uint32_t known_number(const struct shm_file *file, const char *label)
{
    for (const struct shm_label *l = file->labels; l; l = l->next) {
        if (strcmp(l->text, label) == 0) return l->number;
    }
    return 0;
}

psync_result shm_process_number(struct shm_file *file, const char *label, int64_t timeout, uint32_t *number,
                                psync_error *error)
{
    uint64_t nonce;
    psync_result r = shm_process_nonce(file, &nonce, error);
    if (r) return r;
    struct shm_label *new = calloc(1, sizeof *new + strlen(label) + 1);
    if (!new) return psync_error_set(error, PSYNC_ERROR_FULL, ENOMEM, "out of memory");
    strcpy(new->text, label);
    r = shm_guard_lock(file, timeout, error);
    if (r) {
        free(new);
        return r;
    }
    /* Two threads may get here with one label: the guard has made the second wait. */
    shm_files_lock();
    *number = known_number(file, label);
    shm_files_unlock();
    if (!*number) {
        r = make_record(file, label, nonce, number, error);
        if (!r) {
            new->number = *number;
            shm_files_lock();
            new->next = file->labels;
            file->labels = new;
            file->keep = true;
            shm_files_unlock();
            new = NULL;
        }
    }
    shm_guard_unlock(file);
    free(new);
    return r;
}
