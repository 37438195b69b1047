/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * home.h - one space of a network engine in one process.
 *
 * Lock order: a home's mutex is the innermost; no I/O and no hook under it.
 */
#ifndef NET_HOME_H
#define NET_HOME_H

#include <pthread.h>

#include "fork.h"
#include "net/bell.h"
#include "net/debt.h"
#include "net/engine.h"
#include "net/give_way.h"
#include "net/keeper.h"
#include "net/lane.h"
#include "net/owner.h"

enum { NET_SPACE_MAX = 64 };

typedef struct net_home {
    /* Constant after net_home_open. A driver may read them. */
    const net_engine *engine;
    void *context; /* the driver's own */
    void *state;   /* what engine->renew gets: the driver's state */
    const psync_dsn *dsn;
    char space[NET_SPACE_MAX + 1];    /* option space=, "default" */
    int64_t liveness;                 /* option liveness=, ns: the lease of a Hold without one; 10 s */
    int64_t poll;                     /* option poll=, ns: the longest pause between looks where it polls; 1 s */
    int64_t cap;                      /* ns: how long a look holds where the engine rings; 30 s, jittered */
    int (*interrupt)(void *argument); /* psync_options.interrupt, may be NULL */
    void *interrupt_argument;

    /* net's own, under mutex. */
    pthread_mutex_t mutex;
    unsigned forks;      /* psync__forks of the process it belongs to */
    net_lane *lanes;     /* the first is the usual one */
    net_place *queue;    /* who waits for one, the first first */
    int64_t answered_at; /* monotonic: when the engine last answered a request, as its lane was left */
    net_self self;       /* who takes Locks here */
    net_debts debts;
    net_gifts gifts;
    net_keeper keeper;
    net_bell bell;
} net_home;

/* The options that every network driver has, for psync_dsn_allow: {NET_OPTIONS, "own", NULL}. timeout is the
 * core's. */
#define NET_OPTIONS "space", "liveness", "poll"

/*
 * Makes a home from a DSN whose options the driver has allowed already;
 * ARGUMENT if one of NET_OPTIONS is wrong. Does not connect: that is the first
 * request's work, so that a worker that starts while the engine restarts rides
 * it through. dsn lives as long as the home.
 */
psync_result net_home_open(net_home *home, const net_engine *engine, void *context, void *state,
                           const psync_dsn *dsn, const psync_options *options, psync_error *error);

/* Settles debts if it is quickly done, ends the keeper, disconnects. For psync_driver.close. */
void net_home_close(net_home *home);

/* For psync_driver.after_fork: leaves the parent's connections alone, becomes another client, has no Holds. */
psync_result net_home_after_fork(net_home *home, psync_error *error);

/* For psync_driver.set_label. */
psync_result net_home_set_label(net_home *home, const char *label, psync_error *error);

/* ---- for net alone ---- */

/* Closes a connection; one that is the parent's of this process without a word to the engine. */
void net_drop(net_home *home, void *connection, bool inherited);
/* Puts an unconnected socket in the place of an inherited connection's. False: it could not. */
bool net_unplug(net_home *home, void *connection);

/* Whether this is another process than when psync__forks had that value: a hook has forked. */
static inline bool net_forked_since(unsigned forks)
{
    return atomic_load_explicit(&psync__forks, memory_order_relaxed) != forks; /* fork.h: relaxed is enough */
}

/* A condition variable whose times are psync__clock's monotonic. */
void net_cond_init(pthread_cond_t *cond);
void net_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until);

#endif
