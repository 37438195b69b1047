/* SPDX-License-Identifier: BSD-3-Clause */
/* hash.h - FNV-1a, for names and notes of our own that may be mixed up at no worse a price than a needless look. */
#ifndef NET_HASH_H
#define NET_HASH_H

#include <stddef.h>
#include <stdint.h>

#define NET_HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on with a hash, which begins at NET_HASH_START. */
static inline uint64_t net_hash(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < length; i++) hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
