/* SPDX-License-Identifier: BSD-3-Clause */
/* perform.h - where lanes, and drivers that widen their windows, meet each other. */
#ifndef LINEARIZABILITY_PERFORM_H
#define LINEARIZABILITY_PERFORM_H

#include <stdint.h>

/* How long, in ns, something that must come may take on a busy machine. */
#define PATIENCE INT64_C(60000000000)

int64_t now_ns(void); /* CLOCK_MONOTONIC */
void nap(void);       /* a moment, for loops that look */

/* A signal stays raised for the rest of the history. One that does not come makes the run fail. */
void signal_raise(int number);
void signal_await(int number);
/* Returns when so many have come here. */
void signal_meet(int number, int count);
/* Returns when the lane's process is known to have ended. */
void await_end(int lane);

/* Writes down why the run proves nothing, once; all lanes stop. */
void run_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
