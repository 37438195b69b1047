/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lease.h - when leases end. Lock words have the host's CLOCK_BOOTTIME, from
 * which that of a time namespace (a container may have one) is off by a fixed
 * number; everything outside this file is by this process's own clock.
 */
#ifndef PSYNC_SHM_LEASE_H
#define PSYNC_SHM_LEASE_H

#include "file.h"

/* The end of a lease that begins now, as lock words have it, never early. */
int64_t shm_lease_end(struct shm_file *file, int64_t lease);

/* That as boottime. */
int64_t shm_lease_boottime(struct shm_file *file, int64_t end);

#endif
