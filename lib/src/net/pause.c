/* SPDX-License-Identifier: BSD-3-Clause */
/* pause.c - growing pauses with jitter. */
#include "net/pause.h"

#include "system.h"

int64_t net_jitter(int64_t ns)
{
    const int64_t half = ns / 2;
    return ns - (int64_t)(psync__random() % (uint64_t)(half + 1));
}

int64_t net_pause(unsigned failures, int64_t left)
{
    int64_t longest = 2 * NET_PAUSE_MIN;
    for (unsigned i = 1; i < failures && longest < NET_PAUSE_MAX; i++) longest *= 2;
    const int64_t pause = net_jitter(longest < NET_PAUSE_MAX ? longest : NET_PAUSE_MAX);
    if (pause <= left / 2) return pause;
    return left / 2 > NET_PAUSE_MIN ? left / 2 : NET_PAUSE_MIN;
}
