/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signals.c - how a signal ends a command that waits.
 *
 * The handler only notes the signal. The library's interrupt hook sees the
 * note and leaves the wait with nothing taken; the command cleans up, and main
 * dies by that same signal, so that a shell or a supervisor sees what it expects.
 * A signal that was ignored when the tool began (nohup, a shell's background
 * job) stays ignored.
 */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught;
static struct sigaction pipe_before;

static void note_signal(int number)
{
    if (caught == 0) caught = number;
}

void signals_catch(void)
{
    static bool catching;
    if (catching) return;
    catching = true;
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction before;
        struct sigaction action = {.sa_handler = note_signal};
        sigemptyset(&action.sa_mask);
        sigaction(ending[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) sigaction(ending[i], &action, NULL);
    }
}

void signals_release(void)
{
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction action;
        sigaction(ending[i], NULL, &action);
        if (action.sa_handler == note_signal) signal(ending[i], SIG_DFL);
    }
}

void signals_ignore_pipe(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &pipe_before);
}

void signals_restore_pipe(void)
{
    sigaction(SIGPIPE, &pipe_before, NULL);
}

int signals_caught(void)
{
    return caught;
}

void signals_die(void)
{
    int number = caught;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(128 + number);
}

static int interrupt_hook(void *argument)
{
    (void)argument;
    return caught;
}

psync_wait wait_for(const invocation *call)
{
    signals_catch();
    return (psync_wait){.timeout = call->options.wait, .interrupt = interrupt_hook};
}

int exit_code_of(const invocation *call, psync_result result, const psync_error *error)
{
    if (result == PSYNC_OK) return EXIT_DONE;
    return result == PSYNC_NO ? call->options.conflict_code : fail(error);
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
