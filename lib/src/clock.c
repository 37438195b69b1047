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

static int poll_for(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    if (ns < 0) ns = 0;
    const struct timespec limit = {.tv_sec = ns / PSYNC_NS_PER_S, .tv_nsec = ns % PSYNC_NS_PER_S};
    return ppoll(descriptors, count, &limit, NULL);
}

static const struct psync_clock system_clock = {
    .monotonic = monotonic,
    .boottime = boottime,
    .realtime = realtime,
    .poll = poll_for,
};

const struct psync_clock *psync__clock = &system_clock;
