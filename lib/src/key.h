/* SPDX-License-Identifier: BSD-3-Clause */
/* key.h - the keys of handles: checked, copied, and the head of every handle's allocation. */
#ifndef PSYNC_KEY_H
#define PSYNC_KEY_H

#include <phpsync/driver.h>

/* Refuses a length outside 1..PSYNC_KEY_MAX. */
psync_result psync__key_check(const void *key, size_t length, psync_error *error);

/*
 * Allocates head_size bytes, zeroed, and the key and its place (may be NULL)
 * behind them; fills in *key. One allocation a handle. NULL, with an error,
 * if there is no memory.
 */
void *psync__key_allocate(size_t head_size, size_t key_offset, const void *bytes, size_t length, const char *place,
                          psync_error *error);

#endif
