/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file.h - a space's file, opened, checked and mapped once a process, and this
 * process's identity in it.
 */
#ifndef PSYNC_SHM_FILE_H
#define PSYNC_SHM_FILE_H

#include <phpsync/driver.h>

#include "layout.h"

/* What all files' names begin with; the layout is part of it. Then comes "u" UID "." or "g" GID ".", and NAME. */
#define SHM_FILE_PREFIX "phpsync-2."

#define SHM_CLOCK_UNKNOWN INT64_MIN

struct shm_label; /* process.c */

struct shm_file {
    struct shm_file *next; /* in the process's list of files */
    unsigned users;        /* spaces that use it */
    uint64_t device;
    uint64_t inode;
    int fd;
    char *path;
    const char *name;          /* the space's, the end of path */
    bool scoped;               /* the file's name says whose it is, before name */
    struct shm_header *header; /* = cell 0; limit bytes are mapped, those beyond the file's end too */
    uint64_t limit;            /* from the header, checked once */
    uint64_t seed;
    _Atomic uint32_t safe_cells; /* so many cells lie within the file's length; only grows */

    _Atomic int64_t clock_ahead; /* of the host's: see lease.c */

    /* This process's identity, made when it is first needed; see process.c. Changed under shm_files_lock. */
    int life_fd;
    _Atomic uint64_t nonce;
    struct shm_label *labels;
    bool keep; /* it took Locks: its identity must live as long as the process */
};

/* Opens, or creates, the file that a DSN names; the same file of one process is opened once. */
psync_result shm_file_open(const psync_dsn *dsn, const psync_options *options, struct shm_file **file,
                           psync_error *error);
void shm_file_close(struct shm_file *file);

/* The mutex of the process's list of files and of their identities. */
void shm_files_lock(void);
void shm_files_unlock(void);

/* Makes the file longer by cells at its end. FULL if the limit, the file system or the process's own limit forbids
 * it. */
psync_result shm_file_extend(struct shm_file *file, uint32_t cells, psync_error *error);

/* UNAVAILABLE if the file was deleted: others would meet in a new one. */
psync_result shm_file_check_linked(struct shm_file *file, psync_error *error);

/* Asks for the file's length again. */
bool shm_file_covers(struct shm_file *file, uint64_t cells);

/* The cell at index, or NULL if index is none of the file's. */
static inline struct shm_cell *shm_cell_at(struct shm_file *file, uint32_t index)
{
    /* Acquire: whoever published the index had made the file longer before. */
    if (index < SHM_HEADER_CELLS) return NULL;
    if (index >= atomic_load_explicit(&file->safe_cells, memory_order_acquire) &&
        !shm_file_covers(file, (uint64_t)index + 1)) {
        return NULL;
    }
    return (struct shm_cell *)(void *)((char *)file->header + (size_t)index * SHM_CELL);
}

static inline uint32_t shm_cell_index(const struct shm_file *file, const void *cell)
{
    return (uint32_t)((size_t)((const char *)cell - (const char *)file->header) / SHM_CELL);
}

#endif
