/* SPDX-License-Identifier: BSD-3-Clause */
/* error.h - filling in psync_error; psync_error_set itself is in driver.h. */
#ifndef PSYNC_ERROR_H
#define PSYNC_ERROR_H

#include <phpsync/driver.h>

/* Puts "Lock "key" in shm://x: " before the message of error (may be NULL). Returns error's result. */
psync_result psync__error_locate(psync_error *error, psync_result result, const char *kind, const char *key,
                                 size_t key_length, const char *dsn);

#endif
