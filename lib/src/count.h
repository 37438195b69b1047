/* SPDX-License-Identifier: BSD-3-Clause */
/* count.h - callbacks that count what a driver lists; the argument is a uint64_t. */
#ifndef PSYNC_COUNT_H
#define PSYNC_COUNT_H

#include <phpsync/driver.h>

int psync__count_lock(void *count, const char *key, size_t key_length, const psync_owner *owner);
int psync__count_integer(void *count, const char *key, size_t key_length, int64_t value);

#endif
