/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spin.h - looking for a reply for a short time before sleeping.
 *
 * A server on the same host answers sooner than a thread falls asleep and is
 * woken. So a reply is looked for NET_SPIN_TRIES times, some 50 us of one
 * system call each, before the thread sleeps. Where that was in vain, as it is
 * across a network, for what takes the server long, or where all processors
 * are busy, the next replies are slept for at once: more of them each time it
 * is in vain again, up to a thousand, which makes what is wasted little.
 */
#ifndef NET_SPIN_H
#define NET_SPIN_H

#include <stdbool.h>

enum { NET_SPIN_TRIES = 200, NET_SPIN_RESTS_MIN = 16, NET_SPIN_RESTS_MAX = 1024 };

/* One connection's. All zero: it begins with a look. */
typedef struct net_spin {
    unsigned rests;   /* replies yet that are not to be looked for */
    unsigned penalty; /* how many there were the last time; 0: the last look was not in vain */
} net_spin;

/* Whether to look for the reply that comes next; if so, net_spin_end follows. */
static inline bool net_spin_begin(net_spin *spin)
{
    if (!spin->rests) return true;
    spin->rests--;
    return false;
}

static inline void net_spin_end(net_spin *spin, bool came)
{
    unsigned more = spin->penalty ? spin->penalty * 2 : NET_SPIN_RESTS_MIN;
    if (more > NET_SPIN_RESTS_MAX) more = NET_SPIN_RESTS_MAX;
    spin->rests = spin->penalty = came ? 0 : more;
}

#endif
