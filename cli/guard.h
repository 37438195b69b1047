/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.h - a command that runs under a guard process; see guard.c.
 */
#ifndef PHPSYNC_GUARD_H
#define PHPSYNC_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct guard {
    pid_t pid;
    int socket; /* readable when there is a report */
} guard;

typedef enum guard_report {
    GUARD_STARTED = 1, /* the command's process exists: from now on the terminal's signals reach it */
    GUARD_ENDED,       /* the command has ended; *status is as wait(2) gives it */
    GUARD_DIED,        /* the guard itself was killed, and the command with it */
} guard_report;

/*
 * Starts the command (as execvp does, with the signal mask `mask` and
 * SIGPIPE as it was) under a guard. Call it while there is one thread. False: errno.
 */
bool guard_start(guard *g, char **program, const sigset_t *mask);

/* Reads one report. Blocks unless the socket is readable. */
guard_report guard_read(guard *g, int *status);

/*
 * Passes a signal on to the command. Nothing happens if it has ended, or if the
 * signal is the terminal's and the command is in this process group: it then has it already.
 */
void guard_forward(guard *g, int number, bool from_terminal);

/* Ends the command and all it started: SIGTERM, and SIGKILL some seconds later. GUARD_ENDED follows. */
void guard_stop(guard *g);

/* After GUARD_ENDED: waits for the guard's own end. */
void guard_finish(guard *g);

#endif
