/* SPDX-License-Identifier: BSD-3-Clause */
/* deadline.c - time-outs, the length of one sleep, leases. */
#include "deadline.h"

#include <math.h>

#include "clock.h"

/* No system call unmasks a signal and sleeps on a futex in one step, so a waiter with a hook looks this often. */
static const int64_t HOOK_INTERVAL = PSYNC_NS_PER_S / 4;

/* The longest time that is told apart from "for ever": a hundred years. */
static const double LONGEST = 100.0 * 365 * 86400;

psync_result psync__deadline_start(psync_deadline *deadline, const psync_wait *wait, psync_error *error)
{
    double timeout = wait ? wait->timeout : INFINITY;
    if (isnan(timeout) || timeout < 0) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "a time-out must be 0 or more seconds, or INF for no limit, not %g", timeout);
    }
    deadline->wait = wait;
    deadline->once = timeout <= 0;
    if (deadline->once) return PSYNC_OK;
    deadline->since = psync__clock->monotonic();
    deadline->at = PSYNC_NEVER;
    if (timeout <= LONGEST) deadline->at = deadline->since + (int64_t)ceil(timeout * (double)PSYNC_NS_PER_S);
    return PSYNC_OK;
}

bool psync__deadline_over(const psync_deadline *deadline)
{
    if (deadline->once) return true;
    return deadline->at != PSYNC_NEVER && psync__clock->monotonic() >= deadline->at;
}

int64_t psync__deadline_sleep(const psync_deadline *deadline, int64_t lease_end)
{
    int64_t until = deadline->at;
    bool hook = deadline->wait && deadline->wait->interrupt;
    if (!hook && !lease_end) return until;
    int64_t now = psync__clock->monotonic();
    if (hook && now + HOOK_INTERVAL < until) until = now + HOOK_INTERVAL;
    if (lease_end) {
        int64_t left = lease_end - psync__clock->boottime();
        if (left < 0) left = 0;
        if (left < until - now) until = now + left;
    }
    return until;
}

bool psync__lease_over(int64_t lease_end)
{
    return lease_end && psync__clock->boottime() >= lease_end;
}

psync_result psync__deadline_interrupt(const psync_deadline *deadline, psync_error *error)
{
    if (!deadline->wait || !deadline->wait->interrupt) return PSYNC_OK;
    if (!deadline->wait->interrupt(deadline->wait->argument)) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_INTERRUPTED, 0, "the wait was interrupted");
}

psync_result psync__lease(double seconds, int64_t *lease, psync_error *error)
{
    if (!isfinite(seconds) || seconds <= 0) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "a lease must be a finite number of seconds above 0, not %g", seconds);
    }
    if (seconds > LONGEST) seconds = LONGEST;
    *lease = (int64_t)ceil(seconds * (double)PSYNC_NS_PER_S);
    return PSYNC_OK;
}
