/* SPDX-License-Identifier: BSD-3-Clause */
/* clock.c - the system's clocks. */
#include "clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * PSYNC_NS_PER_S + now.tv_nsec;
}

static int64_t monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t boottime(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

static int64_t realtime(void)
{
    return read_clock(CLOCK_REALTIME);
}

static const struct psync_clock system_clock = {
    .monotonic = monotonic,
    .boottime = boottime,
    .realtime = realtime,
};

const struct psync_clock *psync__clock = &system_clock;
