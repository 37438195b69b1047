/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_word.h - a Lock in 16 bytes.
 *
 *   low  half  bits  0..31  futex     what sleepers sleep on, see below
 *              bits 32..58  fence, its high 27 bits
 *              bits 59..63  flags
 *   high half, held:  bits  0..19  number of the owner's process record
 *                     bits 20..62  a time: with a lease its end by the host's CLOCK_BOOTTIME, in
 *                                  units of an eighth ms (35 years), else when it was taken: seconds
 *                                  since 1970, 11 bits of fraction
 *              free:  bits  0..28  fence, its low 29 bits
 *              both:  bit     63   starving
 *
 * futex: free     0
 *        held     SHM_FUTEX_SET | the fence's low 29 bits
 *        retired  LOCK_RETIRED: the cell is no longer this key's; look it up again
 *
 * The fence is that of the current acquisition, or of the last one. It grows
 * with each, so no word of one cell ever comes back, and a swap from a word
 * read earlier succeeds only if nothing at all happened in between. futex
 * tells acquisitions apart by 29 bits; a sleeper would have to be suspended
 * between its look and its sleep for exactly 2^29 acquisitions to mistake one.
 *
 * Flags. The first two are said of the current acquisition:
 *   HOLD     it ends with its process    LEASE    it ends at the time above
 * The others are said of sleepers, who may have left since; they are set only
 * while the Lock is held and stay until a wake-up has been done:
 *   WAITERS  somebody waits for the end of the current (if the Lock is free:
 *            of the last) acquisition
 *   TAKERS   somebody sleeps until it can take the Lock, looking now and then;
 *            or fell asleep, in whichever way, before the current acquisition,
 *            which has inherited it
 *   PLAIN    somebody fell asleep on the current acquisition until it can take
 *            the Lock, without ever looking
 *   starving a taker has waited for long: a first try steps back for a moment
 *
 * Legal states and who leaves them:
 *   free, WAITERS         the release is done, its wake-ups may not be. Nobody takes the
 *                         Lock; whoever comes by first finishes the release
 *   free, TAKERS or PLAIN one taker has been woken, or the kernel will wake one because
 *                         the process that owed it died; anybody may take the Lock
 *   held, HOLD            PLAIN is not set: whoever takes a Hold wakes plain takers
 *                         first, since nothing rings when a holder dies
 *   anything, retired     for ever, until the cell gets another key
 */
#ifndef PSYNC_SHM_LOCK_WORD_H
#define PSYNC_SHM_LOCK_WORD_H

#include "atomic16.h"
#include "futex.h"

#define LOCK_RETIRED UINT32_C(0x40000000)

#define LOCK_HOLD     (UINT64_C(1) << 59)
#define LOCK_LEASE    (UINT64_C(1) << 60)
#define LOCK_WAITERS  (UINT64_C(1) << 61)
#define LOCK_TAKERS   (UINT64_C(1) << 62)
#define LOCK_PLAIN    (UINT64_C(1) << 63)
#define LOCK_SLEEPERS (LOCK_WAITERS | LOCK_TAKERS | LOCK_PLAIN)

#define LOCK_FENCE_HIGH (((UINT64_C(1) << 27) - 1) << 32)
#define LOCK_FENCE_LOW  ((uint64_t)SHM_FUTEX_COUNT)
#define LOCK_STARVING   (UINT64_C(1) << 63)
#define LOCK_PROCESS    ((UINT64_C(1) << 20) - 1)
#define LOCK_TIME_MAX   ((INT64_C(1) << 43) - 1)
#define LOCK_LEASE_UNIT INT64_C(125000) /* ns */
#define LOCK_TICK_BITS  11              /* of a second's fraction, in units of 2^LOCK_TICK_SHIFT ns */
#define LOCK_TICK_SHIFT 19

struct lock_view {
    bool held;
    bool retired;
    bool hold;
    bool lease;
    uint64_t fence;
    uint32_t process; /* 0 unless held */
    int64_t time;     /* 0 unless held */
};

static inline struct lock_view lock_view(shm_pair word)
{
    uint32_t futex = (uint32_t)word.low;
    bool held = (futex & SHM_FUTEX_SET) != 0;
    uint64_t low = held ? futex & SHM_FUTEX_COUNT : word.high & LOCK_FENCE_LOW;
    return (struct lock_view){
        .held = held,
        .retired = (futex & LOCK_RETIRED) != 0,
        .hold = held && (word.low & LOCK_HOLD),
        .lease = held && (word.low & LOCK_LEASE),
        .fence = (word.low & LOCK_FENCE_HIGH) >> 3 | low,
        .process = held ? (uint32_t)(word.high & LOCK_PROCESS) : 0,
        .time = held ? (int64_t)(word.high >> 20) & LOCK_TIME_MAX : 0,
    };
}

/* The time of an acquisition without a lease, in microseconds since 1970. */
static inline int64_t lock_time_us(int64_t time)
{
    int64_t ns = (time & ((1 << LOCK_TICK_BITS) - 1)) << LOCK_TICK_SHIFT;
    return (time >> LOCK_TICK_BITS) * 1000000 + ns / 1000;
}

/* flags: of the low half. */
static inline shm_pair lock_held(uint64_t fence, uint64_t flags, uint32_t process, int64_t time, uint64_t starving)
{
    return (shm_pair){
        .low = flags | (fence << 3 & LOCK_FENCE_HIGH) | SHM_FUTEX_SET | (fence & LOCK_FENCE_LOW),
        .high = starving | (uint64_t)time << 20 | process,
    };
}

static inline shm_pair lock_free(uint64_t fence, uint64_t flags, uint64_t starving)
{
    return (shm_pair){
        .low = flags | (fence << 3 & LOCK_FENCE_HIGH),
        .high = starving | (fence & LOCK_FENCE_LOW),
    };
}

#endif
