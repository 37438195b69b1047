/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keeper.h - the thread that keeps Holds without a lease alive.
 *
 * To the engine such a Hold has a lease of home->liveness; the keeper renews
 * it each third of that by engine->renew. It counts from the boottime before
 * the request was sent, and marks a Hold that could not be renewed as lost
 * before the engine may give it to somebody else.
 *
 * One thread a home, with all signals blocked. It starts with the first Hold
 * (or debt) and ends when it finds nothing to do. A forked child has none.
 */
#ifndef NET_KEEPER_H
#define NET_KEEPER_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/engine.h"

typedef struct net_kept net_kept;

typedef struct net_keeper {
    enum { NET_NO_KEEPER, NET_KEEPER_RUNS, NET_KEEPER_ENDED } run; /* ended: still to be joined */
    pthread_t thread;
    pthread_cond_t changed; /* there is something new to do, or to stop for */
    net_kept *kept;
    net_kept *renewing;  /* whose renewal is under way; NULL: none, or it is kept no longer */
    int64_t settle_at;   /* boottime: when to try to settle debts, after failures */
    unsigned failures;   /* in a row, at that */
    atomic_bool stop;    /* the home closes. Relaxed: it ends loops, nothing is read on its account */
    atomic_bool give_up; /* the renewal under way is no longer wanted. Relaxed, likewise */
} net_keeper;

/*
 * For lock_acquire of a Hold without a lease: keeps it from now on. sent:
 * boottime before the take's first sending. An error (no thread, no memory):
 * the driver releases the Hold again and returns it.
 */
psync_result net_keep(struct net_home *home, const psync_key *key, uint64_t fence, int64_t sent,
                      psync_error *error);
/* For lock_release and lock_renew, before they send: keeps it no longer. Whether it was kept: a Hold of this
 * process. */
bool net_unkeep(struct net_home *home, const psync_key *key, uint64_t fence);
/* For psync_driver.hold_lost: whether the keeper gave the Hold up. No I/O. */
bool net_hold_lost(struct net_home *home, const psync_key *key, uint64_t fence);

/* ---- for net alone ---- */

/* Starts the thread unless it runs. Under the home's mutex. */
psync_result net_keeper_start(struct net_home *home, psync_error *error);
void net_keeper_close(struct net_home *home);
void net_keeper_after_fork(struct net_home *home);
/* Whether this is a keeper's thread: no hook may run in it. */
bool net_is_keeper(void);
/* Whether this is the keeper's thread and its request is to end: nobody wants it any more, or there is to do. */
bool net_keeper_stops(struct net_home *home);
/*
 * What the thread does at one go: marks what is lost, renews or settles what
 * is due. Under the home's mutex, which it lets go of meanwhile. Returns the
 * boottime of the next thing to do; PSYNC_NEVER: there is none.
 */
int64_t net_keeper_turn(struct net_home *home);

#endif
