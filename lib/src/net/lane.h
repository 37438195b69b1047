/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.h - the connections that a home's requests go over.
 *
 * A lane is a connection, a client's id and the last number that this client
 * gave. There is one lane; requests take turns on it, first come, first
 * served (lane.c). Only while a request's interrupt hook runs, its lane is set aside,
 * with the reply still to come, and whoever makes a request meanwhile (the
 * hook itself, other threads) does it on another lane, as another client: so
 * numbers of one client reach the engine in order. Surplus lanes go when the
 * first is free.
 */
#ifndef NET_LANE_H
#define NET_LANE_H

#include <pthread.h>

#include "net/engine.h"

typedef struct net_lane {
    struct net_lane *next;
    enum { NET_FREE, NET_BUSY, NET_ASIDE } use;
    pthread_t user;   /* unless it is free */
    void *connection; /* NULL: none yet, or lost */
    bool answered;    /* the engine has answered the request whose turn it is */
    char client[NET_CLIENT_SIZE];
    uint64_t number; /* the last one given */
} net_lane;

/* A thread's place among those that wait for a lane; it is on that thread's stack. All under the home's mutex. */
typedef struct net_place {
    struct net_place *next;
    pthread_cond_t called;
    bool is_queued;
    bool is_away;   /* its hook runs */
    int64_t since;  /* monotonic: when it came into the queue */
    int64_t time;   /* ns: how long it waits for an answer, its own or another's */
    unsigned forks; /* psync__forks when it came into the queue */
} net_place;

/*
 * A turn on a lane: waits for it until that moment (monotonic), running the
 * hook in between if hooked. Moves *until on by the hook's time, and to as long after the last answer
 * that the engine gave to others meanwhile. PSYNC_NO: the time is over. INTERRUPTED, FULL.
 */
psync_result net_lane_take(struct net_home *home, int64_t *until, bool hooked, net_lane **lane, psync_error *error);
/* Makes its user another client. */
void net_lane_new_client(net_lane *lane);
/* Gives it back. */
void net_lane_leave(struct net_home *home, net_lane *lane);
/* Sets it aside while a hook runs, and takes it back. */
void net_lane_set_aside(struct net_home *home, net_lane *lane);
void net_lane_take_back(struct net_home *home, net_lane *lane);

/* Ends all there are, when nobody uses the home any more. */
void net_lanes_close(struct net_home *home);
/* In a forked child: the parent's lanes are left alone, and nobody waits. */
void net_lanes_after_fork(struct net_home *home);

#endif
