/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * atomic16.h - 16 bytes that change in one step.
 *
 * Both gcc and clang turn <stdatomic.h> on 16 bytes into calls of libatomic,
 * which may use a lock of its own process: useless between processes. The
 * __sync built-ins become cmpxchg16b (with -mcx16) or an aarch64 exclusive pair,
 * in place. They are full barriers, so whatever was written before a successful
 * swap is seen by who sees the new word.
 *
 * The halves may also be loaded alone. A pair of such loads can be torn; it is
 * good for nothing but as the expected value of a swap, which then fails.
 */
#ifndef PSYNC_SHM_ATOMIC16_H
#define PSYNC_SHM_ATOMIC16_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 shm_u128;

typedef struct shm_pair {
    uint64_t low;
    uint64_t high;
} shm_pair;

typedef union shm_word {
    shm_u128 whole;
    struct {
        _Atomic uint64_t low;
        _Atomic uint64_t high;
    } half;
    _Atomic uint32_t futex; /* the low 32 bits: both machines that php-sync runs on are little-endian */
} __attribute__((aligned(16))) shm_word;

static inline shm_u128 shm_join(shm_pair pair)
{
    return (shm_u128)pair.high << 64 | pair.low;
}

static inline shm_pair shm_split(shm_u128 whole)
{
    return (shm_pair){(uint64_t)whole, (uint64_t)(whole >> 64)};
}

/*
 * Swaps *expected for desired; else false, and *expected becomes what was
 * found. That is whole on x86-64; an arm64 processor without LSE may have
 * loaded its halves at two moments, so it is no more than another guess.
 */
static inline bool shm_swap(shm_word *word, shm_pair *expected, shm_pair desired)
{
    shm_u128 before = shm_join(*expected);
    shm_u128 found = __sync_val_compare_and_swap(&word->whole, before, shm_join(desired));
    if (found == before) return true;
    *expected = shm_split(found);
    return false;
}

/* The same for who does not need to know what was found: a few instructions less. */
static inline bool shm_swap_once(shm_word *word, shm_pair expected, shm_pair desired)
{
    return __sync_bool_compare_and_swap(&word->whole, shm_join(expected), shm_join(desired));
}

/* Reads the halves one by one: a guess, to be confirmed by shm_swap. Acquire: see the low half's callers. */
static inline shm_pair shm_guess(shm_word *word)
{
    shm_pair pair;
    pair.low = atomic_load_explicit(&word->half.low, memory_order_acquire);
    pair.high = atomic_load_explicit(&word->half.high, memory_order_acquire);
    return pair;
}

/*
 * Reads both halves in one step. It writes to the cache line, so not for a hot
 * path. On arm64 only a swap that succeeds tells that the halves belong together.
 */
static inline shm_pair shm_read(shm_word *word)
{
#if defined(__aarch64__)
    shm_pair pair = shm_guess(word);
    while (!shm_swap(word, &pair, pair)) continue;
    return pair;
#else
    return shm_split(__sync_val_compare_and_swap(&word->whole, 0, 0));
#endif
}

/* Tells the processor that this is a loop that waits for another one. */
static inline void shm_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
