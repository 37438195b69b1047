/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.h - failed system calls as errors of the contract. */
#ifndef PSYNC_FILE_FAILURE_H
#define PSYNC_FILE_FAILURE_H

#include <phpsync/driver.h>

#include <errno.h>

/* Repeats a system call that a signal interrupted. */
#define FILE_RETRY(result, call)                                                                                   \
    do {                                                                                                           \
        (result) = (call);                                                                                         \
    } while ((result) < 0 && errno == EINTR)

/* Describes that it failed to do (a verb, "open") something with path, and what helps. */
psync_result file_failed(psync_error *error, int number, const char *verb, const char *path);

/* The file at path is not what this library writes. */
psync_result file_damaged(psync_error *error, const char *path, const char *what);

psync_result file_no_memory(psync_error *error);

#endif
