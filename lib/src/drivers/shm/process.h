/* SPDX-License-Identifier: BSD-3-Clause */
/* process.h - who this process is in a space, and whether another one still lives. */
#ifndef PSYNC_SHM_PROCESS_H
#define PSYNC_SHM_PROCESS_H

#include "file.h"

/* The largest number of a process record; lock words have room for no more. Records are counted from 1. */
#define SHM_PROCESS_MAX ((UINT32_C(1) << 20) - 1)

/* This process's nonce, made and shown as alive if that was not done yet. */
psync_result shm_process_nonce(struct shm_file *file, uint64_t *nonce, psync_error *error);

/* Gives up this process's identity: at close, and in a child. Under shm_files_lock. */
void shm_process_forget(struct shm_file *file);

/* Whether the process with this nonce lives. */
psync_alive shm_process_alive(struct shm_file *file, uint64_t nonce);

/* Whether a number is in the range of nonces. */
bool shm_process_is_nonce(uint64_t number);

/* How many records there are, 0 if the header is broken. */
uint32_t shm_process_count(struct shm_file *file);

/* Under the guard: erases the records of dead processes that no Lock names. Returns how many. */
uint32_t shm_process_sweep(struct shm_file *file);

/* The record of a number, NULL if there is none. */
struct shm_process *shm_process_at(struct shm_file *file, uint32_t number);

/* The number of this process's record with this label, made if it is missing. */
psync_result shm_process_number(struct shm_file *file, const char *label, int64_t timeout, uint32_t *number,
                                psync_error *error);

#endif
