/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deadline.h - how long a call may still block.
 *
 * A time-out in seconds becomes an absolute monotonic moment once, when the
 * call begins; every sleep of the call is then bounded by that moment.
 */
#ifndef PSYNC_DEADLINE_H
#define PSYNC_DEADLINE_H

#include <phpsync/driver.h>

typedef struct psync_deadline {
    int64_t since;          /* monotonic: when the call began */
    int64_t at;             /* monotonic; PSYNC_NEVER without a limit */
    bool once;              /* the time-out is 0: try, and never sleep */
    const psync_wait *wait; /* for its hook; may be NULL */
} psync_deadline;

/* Starts the time of a call. ARGUMENT if the time-out is NaN or negative. */
psync_result psync__deadline_start(psync_deadline *deadline, const psync_wait *wait, psync_error *error);

/* Whether the time has run out. */
bool psync__deadline_over(const psync_deadline *deadline);

/*
 * Until when one sleep may last: the deadline, the end of the lease that was
 * seen (boottime, 0: none), and a quarter of a second where a hook wants looks.
 */
int64_t psync__deadline_sleep(const psync_deadline *deadline, int64_t lease_end);

/* Whether a lease that ends at a boottime, 0: none, is over. */
bool psync__lease_over(int64_t lease_end);

/* Runs the hook, if there is one. INTERRUPTED if it wants to leave. */
psync_result psync__deadline_interrupt(const psync_deadline *deadline, psync_error *error);

/* Converts a lease in seconds, finite and above 0, to ns. */
psync_result psync__lease(double seconds, int64_t *lease, psync_error *error);

#endif
