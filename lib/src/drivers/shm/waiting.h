/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * waiting.h - how many wait for the end of an acquisition.
 *
 * A waiter that wakes up beside a Lock whose release is not finished may be
 * the one that the kernel woke in a dead releaser's place, and then nobody else
 * would wake the others; far more often the releaser is on its way to say that
 * it is done. The count tells a waiter that there are no others, and spares it a
 * system call just when it wants to go on.
 *
 * A count is good for one thing: being 0. So it may be too high (a waiter was
 * killed, and never counts itself out), never too low. It lies beside its
 * acquisition's fence: counting in for a later acquisition begins a new count,
 * an earlier one is not counted any more. The fences of a cell only grow, so no
 * count ever comes back. Who was not counted takes it that there are others.
 */
#ifndef PSYNC_SHM_WAITING_H
#define PSYNC_SHM_WAITING_H

#include "layout.h"

#define WAITING_COUNT ((UINT64_C(1) << 20) - 1) /* above: the fence, without its highest bits */
#define WAITING_ONE   UINT64_C(1)

static inline uint64_t waiting_none(uint64_t fence)
{
    return fence << 20;
}

/*
 * Of a new Lock, before anybody can find it. Fences are compared without their
 * highest bits, which is right between those of one cell, but not with the 0 that
 * a cell begins with. Who comes late and still counted has no use for the count.
 */
static inline void waiting_reset(struct shm_cell *cell, uint64_t fence)
{
    atomic_store_explicit(&cell->waiting, waiting_none(fence), memory_order_relaxed);
}

/*
 * To be called before the look at the word that says that the acquisition goes
 * on. Acquire: who counts itself in after another one has counted itself out
 * sees what that one has seen, that the acquisition has ended. False: it was not
 * counted.
 */
static inline bool waiting_begin(struct shm_cell *cell, uint64_t fence)
{
    uint64_t none = waiting_none(fence);
    uint64_t now = atomic_load_explicit(&cell->waiting, memory_order_relaxed);
    uint64_t next;
    do {
        int64_t ahead = (int64_t)((now & ~WAITING_COUNT) - none);
        if (ahead > 0 || now == (none | WAITING_COUNT)) return false;
        next = (ahead == 0 ? now : none) + WAITING_ONE;
    } while (!atomic_compare_exchange_weak_explicit(&cell->waiting, &now, next, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return true;
}

/* Of who was counted. True: nobody else waits for the end of this acquisition, or of a later one. Release: see
 * above. */
static inline bool waiting_end(struct shm_cell *cell, uint64_t fence)
{
    uint64_t none = waiting_none(fence);
    uint64_t now = atomic_load_explicit(&cell->waiting, memory_order_relaxed);
    do {
        if ((now & ~WAITING_COUNT) != none || now == none) return false;
    } while (!atomic_compare_exchange_weak_explicit(&cell->waiting, &now, now - WAITING_ONE, memory_order_acq_rel,
                                                    memory_order_relaxed));
    return now - WAITING_ONE == none;
}

#endif
