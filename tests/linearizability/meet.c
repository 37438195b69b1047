/* SPDX-License-Identifier: BSD-3-Clause */
/* meet.c - clocks, signals between lanes, and what makes a run fail. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "perform.h"
#include "recorder.h"

int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

void run_failed(const char *format, ...)
{
    char text[sizeof shared->why];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (atomic_exchange(&shared->failed, 1) == 0) memcpy(shared->why, text, sizeof text);
}

static void await(atomic_int *number, int count, const char *what, int which)
{
    int64_t end = now_ns() + PATIENCE;
    while (atomic_load(number) < count && !atomic_load(&shared->failed)) {
        if (now_ns() > end) run_failed("%s %d did not come", what, which);
        nap();
    }
}

void signal_raise(int number)
{
    atomic_store(&shared->signals[number], 1);
}

void signal_await(int number)
{
    await(&shared->signals[number], 1, "signal", number);
}

void signal_meet(int number, int count)
{
    atomic_fetch_add(&shared->signals[number], 1);
    await(&shared->signals[number], count, "meeting", number);
}

void await_end(int lane)
{
    await(&shared->ended[lane], 1, "the end of lane", lane);
}
