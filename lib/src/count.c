/* SPDX-License-Identifier: BSD-3-Clause */
/* count.c - counts Locks and Integers. */
#include "count.h"

int psync__count_lock(void *count, const char *key, size_t key_length, const psync_owner *owner)
{
    (void)key;
    (void)key_length;
    (void)owner;
    ++*(uint64_t *)count;
    return 0;
}

int psync__count_integer(void *count, const char *key, size_t key_length, int64_t value)
{
    (void)key;
    (void)key_length;
    (void)value;
    ++*(uint64_t *)count;
    return 0;
}
