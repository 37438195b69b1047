/* SPDX-License-Identifier: BSD-3-Clause */
/* clock.h - the clocks the core decides by, as a table so that its tests can put a fake in. Nanoseconds. */
#ifndef PSYNC_CLOCK_H
#define PSYNC_CLOCK_H

#include <poll.h>
#include <stdint.h>

struct psync_clock {
    int64_t (*monotonic)(void); /* CLOCK_MONOTONIC: deadlines */
    int64_t (*boottime)(void);  /* CLOCK_BOOTTIME: leases, which run on while the host is suspended */
    int64_t (*realtime)(void);  /* CLOCK_REALTIME: only ever shown to people */
    /* Waits as poll does, at most so many ns, on the clock of deadlines. -1 and EINTR: a signal was handled. */
    int (*poll)(struct pollfd *descriptors, nfds_t count, int64_t ns);
};

/* The system's clocks, unless a test of the core has put its own there. */
extern const struct psync_clock *psync__clock;

#define PSYNC_NS_PER_S  INT64_C(1000000000)
#define PSYNC_NS_PER_MS INT64_C(1000000)

#endif
