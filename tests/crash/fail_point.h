/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fail_point.h - places in a driver where a process can be made to die or to stop.
 *
 * They exist in the test-only build "crash" alone, whose drivers are compiled
 * with points.h before everything else: it puts a fail point on either side of
 * each write to shared memory and of each system call. A fail point is named
 * by its file, its function and the call it stands at, and numbered when the library is linked:
 * nobody keeps a list of them.
 */
#ifndef PSYNC_CRASH_FAIL_POINT_H
#define PSYNC_CRASH_FAIL_POINT_H

#include <stdatomic.h>
#include <stddef.h>

#define CRASH_API __attribute__((visibility("default")))

/* One guarded call. It has two fail points: 2 * its place in the list is before it, one more is after it. */
struct crash_call {
    const char *file; /* as the compiler was given it */
    const char *function;
    const char *call;
    int line;
};

/* What the processes of a test share. */
struct crash_board {
    atomic_int fired;  /* the process that has just been, or is about to be, hit at its fail point; else 0 */
    atomic_uint *seen; /* if not NULL: how often each fail point was passed, by whomever */
};

/* How many fail points there are, and the call of one of them. */
CRASH_API unsigned crash_points(void);
CRASH_API const struct crash_call *crash_point_call(unsigned number);

/* For this process and its children. */
CRASH_API void crash_watch(struct crash_board *board);

/* From now on this process, and children that it makes, get the signal at the visit-th visit of the fail point. */
CRASH_API void crash_arm(unsigned number, unsigned visit, int signal);
CRASH_API void crash_disarm(void);

/* For a while, as for a fork: no fail point counts. */
CRASH_API void crash_pause(void);
CRASH_API void crash_resume(void);

/* points.h calls this on either side (0 and 1) of a call. */
CRASH_API void crash_pass(const struct crash_call *const *call, unsigned side);

#endif
