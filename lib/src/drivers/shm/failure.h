/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.h - failed system calls and broken files as errors of the contract. */
#ifndef PSYNC_SHM_FAILURE_H
#define PSYNC_SHM_FAILURE_H

#include <phpsync/driver.h>

#include "file.h"

/* A failed system call as an error: the usual numbers as what they mean, with what to do. */
psync_result shm_system_failed(psync_error *error, int number, const char *did, const char *path);

/* A DAMAGED error about this file: it was a space's once. */
psync_result shm_damaged(const struct shm_file *file, const char *what, psync_error *error);

/* A DAMAGED error: what lies at path was never a space's file. */
psync_result shm_foreign(const char *path, const char *what, psync_error *error);

#endif
