/* SPDX-License-Identifier: BSD-3-Clause */
/* fail_point.c - is compiled into the library of the build "crash". */
#include "fail_point.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The linker's: what all files together have put into that section. */
extern const struct crash_call *const __start_crash_calls[];
extern const struct crash_call *const __stop_crash_calls[];

static struct crash_board *board;
static unsigned armed_number;
static unsigned armed_visits; /* 0: not armed */
static int armed_signal;
static int paused;

unsigned crash_points(void)
{
    return 2 * (unsigned)(__stop_crash_calls - __start_crash_calls);
}

const struct crash_call *crash_point_call(unsigned number)
{
    return __start_crash_calls[number / 2];
}

void crash_watch(struct crash_board *shared)
{
    board = shared;
}

void crash_arm(unsigned number, unsigned visit, int signal)
{
    armed_number = number;
    armed_signal = signal;
    armed_visits = visit;
}

void crash_disarm(void)
{
    armed_visits = 0;
}

void crash_pause(void)
{
    paused = 1;
}

void crash_resume(void)
{
    paused = 0;
}

void crash_pass(const struct crash_call *const *call, unsigned side)
{
    if (paused) return;
    unsigned number = 2 * (unsigned)(call - __start_crash_calls) + side;
    if (board && board->seen) atomic_fetch_add(&board->seen[number], 1);
    if (!armed_visits || number != armed_number || --armed_visits) return;
    int before = errno;
    pid_t pid = (pid_t)syscall(SYS_getpid);
    if (board) atomic_store(&board->fired, pid);
    kill(pid, armed_signal); /* a signal to oneself has come before this returns */
    errno = before;
}
