/* SPDX-License-Identifier: BSD-3-Clause */
/* lease.c - the ends of leases, between this process's clock and the host's. */
#include "lease.h"

#include "clock.h"
#include "lock_word.h"
#include "system.h"

/* How far our clock is ahead of the host's. A process comes into another time namespace by a fork, which forgets
 * this. */
static int64_t ahead(struct shm_file *file)
{
    /* Relaxed: the number stands for itself, and who reads it twice reads the same. */
    int64_t ns = atomic_load_explicit(&file->clock_ahead, memory_order_relaxed);
    if (ns == SHM_CLOCK_UNKNOWN) {
        ns = psync__time_namespace();
        atomic_store_explicit(&file->clock_ahead, ns, memory_order_relaxed);
    }
    return ns;
}

int64_t shm_lease_end(struct shm_file *file, int64_t lease)
{
    int64_t now = psync__clock->boottime() - ahead(file);
    int64_t end = (now + lease + LOCK_LEASE_UNIT - 1) / LOCK_LEASE_UNIT;
    return end < LOCK_TIME_MAX ? end : LOCK_TIME_MAX;
}

int64_t shm_lease_boottime(struct shm_file *file, int64_t end)
{
    int64_t ns = end * LOCK_LEASE_UNIT + ahead(file);
    return ns > 0 ? ns : 1; /* before our clock began: long over, which 0 would not say */
}
