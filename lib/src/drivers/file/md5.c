/* SPDX-License-Identifier: BSD-3-Clause */
/* md5.c - RFC 1321 over one piece of memory. */
#include "md5.h"

#include <string.h>

enum { BLOCK = 64 };

/* floor(2^32 * abs(sin(i + 1))) */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static uint32_t load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round) {
    case 0:
        return d ^ (b & (c ^ d));
    case 1:
        return c ^ (d & (b ^ c));
    case 2:
        return b ^ c ^ d;
    default:
        return c ^ (b | ~d);
    }
}

/* Step i of a round takes the word i * factor + offset. With constants the compiler leaves little of this. */
static inline void take_round(unsigned round, uint32_t v[4], const uint32_t words[16])
{
    static const uint8_t factor[4] = {1, 5, 3, 7};
    static const uint8_t offset[4] = {0, 1, 5, 0};
    static const uint8_t shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = v[0];
    uint32_t b = v[1];
    uint32_t c = v[2];
    uint32_t d = v[3];
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        uint32_t sum =
            a + mix(round, b, c, d) + sines[round * 16 + i] + words[(i * factor[round] + offset[round]) % 16];
        unsigned shift = shifts[round][i % 4];
        a = d;
        d = c;
        c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    v[0] = a;
    v[1] = b;
    v[2] = c;
    v[3] = d;
}

static void take_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t words[16];
    uint32_t v[4] = {state[0], state[1], state[2], state[3]};
    for (unsigned i = 0; i < 16; i++) words[i] = load(block + (size_t)4 * i);
    take_round(0, v, words);
    take_round(1, v, words);
    take_round(2, v, words);
    take_round(3, v, words);
    for (unsigned i = 0; i < 4; i++) state[i] += v[i];
}

void file_md5(const void *bytes, size_t length, uint8_t digest[FILE_DIGEST])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const uint8_t *at = bytes;
    size_t left = length;
    for (; left >= BLOCK; left -= BLOCK, at += BLOCK) take_block(state, at);
    uint8_t tail[2 * BLOCK] = {0};
    memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t end = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)length * 8;
    for (unsigned i = 0; i < 8; i++) tail[end - 8 + i] = (uint8_t)(bits >> (8 * i));
    take_block(state, tail);
    if (end > BLOCK) take_block(state, tail + BLOCK);
    for (unsigned i = 0; i < FILE_DIGEST; i++) digest[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
}
