/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jump.c - preloaded: the wall clock jumps, years ahead and back, every $JUMP_MILLISECONDS (50).
 *
 * How far it is off depends on CLOCK_MONOTONIC alone, so all processes see the
 * same jumps. Only the wall clock is off: nothing may be decided by it.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Seconds by which the clock is off now. */
static time_t offset(void)
{
    static const time_t offsets[] = {0, 3600, -86400, 100000000, -3600, 1, -100000000, 40000000};
    const char *text = getenv("JUMP_MILLISECONDS");
    int64_t pause = text ? atol(text) : 50;
    struct timespec since;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &since);
    int64_t turn = ((int64_t)since.tv_sec * 1000 + since.tv_nsec / 1000000) / pause;
    return offsets[turn % (int64_t)(sizeof offsets / sizeof *offsets)];
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*next)(clockid_t, struct timespec *);
    *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int (*next)(struct timeval *, void *);
    *(void **)&next = dlsym(RTLD_NEXT, "gettimeofday");
    int result = next(now, zone);
    if (result == 0) now->tv_sec += offset();
    return result;
}

time_t time(time_t *stored)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (stored) *stored = now.tv_sec;
    return now.tv_sec;
}
