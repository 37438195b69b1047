/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * cas16.h - a bare 16-byte compare-and-swap, the yardstick of the increments.
 * On x86-64 it needs -mcx16; without it the build fails at the link.
 */
#ifndef PHPSYNC_BENCH_CAS16_H
#define PHPSYNC_BENCH_CAS16_H

#include <stdbool.h>
#include <stdint.h>

/** 16 bytes that are changed together. */
typedef struct bench_pair {
    _Alignas(16) uint64_t low;
    uint64_t high;
} bench_pair;

#if defined(__x86_64__)

__extension__ typedef unsigned __int128 bench_uint128;

static inline bool bench_cas16(bench_pair *pair, bench_pair expected, bench_pair desired)
{
    return __sync_bool_compare_and_swap((bench_uint128 *)(void *)pair,
                                        (bench_uint128)expected.high << 64 | expected.low,
                                        (bench_uint128)desired.high << 64 | desired.low);
}

#elif defined(__aarch64__)

static inline bool bench_cas16(bench_pair *pair, bench_pair expected, bench_pair desired)
{
    uint64_t low, high;
    uint32_t failed;
    do {
        __asm__ volatile("ldaxp %0, %1, %2" : "=r"(low), "=r"(high) : "Q"(*pair) : "memory");
        if (low != expected.low || high != expected.high) {
            __asm__ volatile("clrex" ::: "memory");
            return false;
        }
        __asm__ volatile("stlxp %w0, %2, %3, %1"
                         : "=&r"(failed), "=Q"(*pair)
                         : "r"(desired.low), "r"(desired.high)
                         : "memory");
    } while (failed);
    return true;
}

#else
#error "php-sync runs on x86-64 and arm64"
#endif

/** Adds one to low by compare-and-swap; returns the result. The halves may be read apart: the swap tells. */
static inline uint64_t bench_cas16_increment(bench_pair *pair)
{
    for (;;) {
        bench_pair seen = {.low = __atomic_load_n(&pair->low, __ATOMIC_RELAXED),
                           .high = __atomic_load_n(&pair->high, __ATOMIC_RELAXED)};
        bench_pair next = {.low = seen.low + 1, .high = seen.high};
        if (bench_cas16(pair, seen, next)) return next.low;
    }
}

#endif
