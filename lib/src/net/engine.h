/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine.h - what a network driver gives to lib/src/net, and what it is given.
 *
 * A driver is a psync_driver whose slots are a few lines each: they pack their
 * arguments into a struct and hand it, with a step, to net_run (request.h). A
 * step speaks the engine's protocol for one request on one connection, and
 * knows nothing of time-outs, repeats, threads, signals or fork.
 *
 * Rules for whatever a driver runs on a connection:
 * - One thread at a time has a connection; net sees to that.
 * - It never blocks but in net_poll or in a receive of at most NET_SLICE
 *   followed by net_serve. Sockets are close-on-exec, and raise no SIGPIPE.
 * - When net_poll or net_serve wants it to leave, it returns NET_NOT_SENT or
 *   NET_LOST at once and touches the connection no more: net drops it.
 * - It says on call->error what went wrong (psync_error_set, PSYNC_ERROR_UNAVAILABLE), short and without
 *   key or address: "the connection was closed". net puts the rest around it.
 * - Times are ns; "monotonic" and "boottime" are psync__clock's.
 */
#ifndef NET_ENGINE_H
#define NET_ENGINE_H

#include <phpsync/driver.h>

#include "clock.h"

struct net_home;

/* The longest sleep without a look at signals: one may land just before the sleep begins. */
#define NET_SLICE (PSYNC_NS_PER_S / 4)

/* Room for a client's id: 32 hexadecimal digits and a NUL. */
enum { NET_CLIENT_SIZE = 33 };

/* How a step ended. */
typedef enum net_outcome {
    NET_DONE,     /* the engine answered; call->result says what, error tells of an error */
    NET_NOT_SENT, /* the connection failed; the engine certainly does not have the whole request */
    NET_LOST,     /* the connection failed; it may have */
    NET_RETRY,    /* the engine answered that it did not do it and that it may later: it loads, it was demoted, it
                   * ran into a deadlock. The connection stays, unless call->drop */
    NET_STALE     /* the engine answered that it knows a later number of this client: it did not do it now, and
                   * whether it did it before nobody knows */
} net_outcome;

/* One run of a step (or connect, listen ...): what it is given, and what it leaves. */
typedef struct net_call {
    struct net_home *home;
    void *context;       /* the driver's own, from net_home_open */
    void *connection;    /* what connect made; NULL in connect itself */
    const char *client;  /* who asks: an id that no other process, and no other connection in use, has */
    uint64_t number;     /* of this request, the same in each repeat; 0 for a read. Grows with each new request */
    int64_t until;       /* monotonic: when to give up. net_poll and net_serve heed it; a hook's time moves it */
    uint64_t about;      /* out: what the driver wants to know again where it settles this request's debt */
    bool drop;           /* out: the connection is of no more use, whatever the outcome */
    psync_result result; /* out, with NET_DONE */
    psync_error *error;  /* never NULL */
    /* net's own: */
    struct net_lane *lane; /* whose turn this is; NULL: none (the bell) */
    unsigned forks;        /* psync__forks when it began */
    bool hooked;           /* the hook runs meanwhile */
    bool stubborn;         /* the hook cannot end it */
    bool left;             /* the hook has asked to leave, and ran for the last time */
} net_call;

/*
 * To be called after a receive that was interrupted (EINTR) or that brought
 * nothing within a slice: runs the interrupt hook, during which nothing but
 * this connection is held and other calls use another one.
 * PSYNC_OK: go on. PSYNC_NO: the time is over. An error: leave. After
 * anything but PSYNC_OK return NET_NOT_SENT or NET_LOST, whichever is true.
 */
psync_result net_serve(net_call *call);

/*
 * Waits until fd (events as of poll) is ready, in slices with net_serve
 * between them. fd -1: until call->until. Results as net_serve; PSYNC_OK: ready.
 */
psync_result net_poll(net_call *call, int fd, short events);

/* The same, but not longer than to the monotonic moment at; PSYNC_NO also then. */
psync_result net_poll_until(net_call *call, int fd, short events, int64_t at);

typedef net_outcome net_step(net_call *call, void *argument);

/* An engine: one constant of the driver. */
typedef struct net_engine {
    const char *name; /* for messages: "Redis" */
    /*
     * How long the engine keeps a request's record by its own clock, ns. No
     * request is repeated after half of it. An hour does.
     */
    int64_t records_life;
    /*
     * Must. Connects, logs in, and makes ready, within call->until; stores
     * the connection. PSYNC_ERROR_UNAVAILABLE (also for "too many clients", a
     * server that starts or was demoted): will be tried again. Any other
     * error is reported at once: PSYNC_ERROR_PERMISSION for a wrong password.
     * On an error nothing is left open. Errors are told on call->error.
     */
    psync_result (*connect)(net_call *call, void **connection);
    /*
     * Must. Closes and frees. Must not block: what cannot be written at once
     * of a goodbye is not written. In a forked child the descriptor is
     * another, unconnected socket by then.
     */
    void (*disconnect)(void *connection);
    /* Must. The connection's socket. */
    int (*descriptor)(void *connection);
    /*
     * Must. The step that settles a debt (debt.h): sees to it that the take
     * with call->number of call->client on this key never takes effect from
     * now on, and deletes the Lock if it is that take's (waking waiters).
     * May run again on what is settled already.
     */
    net_outcome (*settle)(net_call *call, const psync_key *key);
    /*
     * May; if not, a later number of the same client does it. The step that
     * settles the debt of a change: sees to it that the change with
     * call->number of call->client on this key never takes effect from now on.
     */
    net_outcome (*bar)(net_call *call, const psync_key *key);
    /*
     * Must. As psync_driver.lock_renew, for a Hold without a lease; called by
     * the keeper's thread (keeper.h). It may be the very function.
     */
    psync_result (*renew)(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *error);

    /* The bell (bell.h): on a connection of its own, made by connect too. */
    /*
     * Must. Subscribes to a channel and waits for the confirmation. May also
     * answer NET_DONE with PSYNC_ERROR_UNSUPPORTED: this way to the engine
     * cannot listen (a pooler in between); the bell then polls.
     */
    net_outcome (*listen)(net_call *call, const char *channel);
    /* Must. Ends a subscription; need not wait for the confirmation. */
    net_outcome (*unlisten)(net_call *call, const char *channel);
    /*
     * Must. Reads all that has arrived, without blocking, and calls
     * net_bell_rung for each message. NET_DONE or NET_LOST. (listen and
     * unlisten also call net_bell_rung for what they meet on their way.)
     */
    net_outcome (*hear)(net_call *call);
} net_engine;

#endif
