/* SPDX-License-Identifier: BSD-3-Clause */
/* serve.c - waiting for an engine in slices, with the interrupt hook between them. */
#include <errno.h>
#include <string.h>

#include "net/home.h"

/* Runs the hook, with nothing held but the lane, which is set aside. Its time is none in which no answer came. */
static psync_result run_hook(net_call *call)
{
    net_home *home = call->home;
    const int64_t began = psync__clock->monotonic();
    if (call->lane) net_lane_set_aside(home, call->lane);
    bool leave = home->interrupt(home->interrupt_argument);
    call->until += psync__clock->monotonic() - began;
    if (net_forked_since(call->forks)) return PSYNC_ERROR_INTERRUPTED; /* the lane is the parent's */
    if (call->lane) net_lane_take_back(home, call->lane);
    call->left = leave;
    return leave && !call->stubborn ? PSYNC_ERROR_INTERRUPTED : PSYNC_OK;
}

psync_result net_serve(net_call *call)
{
    psync_result r = PSYNC_OK;
    if (net_forked_since(call->forks))
        r = PSYNC_ERROR_INTERRUPTED; /* a signal's handler did: all is the parent's */
    if (call->left && !call->stubborn) r = PSYNC_ERROR_INTERRUPTED;
    if (!r && call->hooked && call->home->interrupt && !call->left) r = run_hook(call);
    if (!r && net_keeper_stops(call->home)) r = PSYNC_ERROR_INTERRUPTED;
    if (r) return psync_error_set(call->error, r, 0, "the call was interrupted");
    if (psync__clock->monotonic() < call->until) return PSYNC_OK;
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, ETIMEDOUT, "no answer came");
    return PSYNC_NO;
}

psync_result net_poll_until(net_call *call, int fd, short events, int64_t at)
{
    for (;;) {
        struct pollfd one = {.fd = fd, .events = events};
        int64_t left = at - psync__clock->monotonic();
        if (left < 0) left = 0;
        int ready = psync__clock->poll(&one, fd >= 0, left < NET_SLICE ? left : NET_SLICE);
        if (ready > 0 && !net_forked_since(call->forks)) return PSYNC_OK;
        if (ready < 0 && errno != EINTR) {
            const int number = errno;
            return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, number,
                                   "cannot wait for the connection: %s", strerror(number));
        }
        const int64_t until = call->until;
        psync_result r = net_serve(call);
        if (r) return r;
        at += call->until - until; /* the hook's time */
        if (psync__clock->monotonic() >= at) return PSYNC_NO;
    }
}

psync_result net_poll(net_call *call, int fd, short events)
{
    return net_poll_until(call, fd, events, call->until);
}
