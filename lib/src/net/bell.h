/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bell.h - sleeping until the engine says that a key changed.
 *
 * A second connection of the home, made when first needed, is subscribed to
 * the channels of the keys that are waited for. The order is everything:
 * subscribe, have it confirmed, THEN look, then sleep; what changes after the
 * look rings. One thread reads the connection for all; when it leaves, another
 * takes over. A lost connection is made anew, subscribed, and then looked again.
 *
 * A subscription outlives the await that made it until net_awaited, and so
 * does the knowledge that nothing changed: a wait that is cut into slices for
 * the sake of its hook asks the engine once, not at each slice.
 */
#ifndef NET_BELL_H
#define NET_BELL_H

#include <pthread.h>

#include "net/engine.h"

/* The pause between two looks at what changes all the time, where the engine cannot ring. */
#define NET_FIRST_POLL (20 * PSYNC_NS_PER_MS)

enum {
    NET_CHANNEL_SIZE =
        64,             /* a channel's name, its NUL included (PostgreSQL's limit); hash a key that may be longer */
    NET_NEWS_SIZE = 32, /* what is kept of a message's text, its NUL included */
};

/*
 * Looks whether what is waited for has changed: PSYNC_OK it has, PSYNC_NO not
 * yet. It may call net_run.
 * ask: the engine must be asked. If not, it has been asked, it would have rung
 * since, and this look is only due because the moment *again came.
 * *again, PSYNC_NEVER at first, may be set to the monotonic moment when the
 * next look is due though nothing rings: the end of a lease, or a glance at
 * whether a holder on this host still lives.
 */
typedef psync_result net_look(void *argument, bool ask, int64_t *again, psync_error *error);

/*
 * For lock_await and integer_await: returns PSYNC_OK when the channel rang or
 * the look said so, PSYNC_NO at the monotonic deadline or after a signal.
 * Errors: the look's; UNAVAILABLE when the engine has been out of reach for dsn->timeout.
 * seen: the version that is waited to change, as the core passes it: looks are
 * spared only for the same one.
 * news (may be NULL) becomes the text of the latest message if it rang, else "".
 */
psync_result net_await(struct net_home *home, const char *channel, const uint64_t seen[2], net_look *look,
                       void *argument, int64_t deadline, char news[NET_NEWS_SIZE], psync_error *error);

/*
 * A step that shows what is waited for, a try to take a Lock above all, is a
 * look as well: if net_bell_mark came before it was sent, net_bell_looked
 * after it spares the next net_await a look for that version. For engines
 * that ring whoever listens, whether he has looked or not.
 */
typedef struct net_mark {
    uint64_t generation; /* of the subscription; 0: there is none */
    uint64_t rings;
} net_mark;
net_mark net_bell_mark(struct net_home *home, const char *channel);
void net_bell_looked(struct net_home *home, const char *channel, const net_mark *mark, const uint64_t seen[2]);

/* For psync_driver.awaited: the call that waited is over; subscriptions that nobody sleeps on may go. */
void net_awaited(struct net_home *home);

/* Whether the home is subscribed to a channel that none of its threads sleeps on: it is one whom a ring tells in
 * vain. */
bool net_bell_idles(struct net_home *home, const char *channel);

/* To be called by the engine for each message it reads. text: what the message says, "" for nothing. */
void net_bell_rung(struct net_home *home, const char *channel, const char *text);

/* ---- for net alone ---- */

typedef struct net_channel net_channel;

typedef struct net_bell {
    pthread_mutex_t mutex; /* never held during I/O; the home's is never taken under it */
    pthread_cond_t turned; /* the reader left, something rang, or the connection was lost */
    bool reading;          /* a thread has the connection */
    pthread_t reader;      /* which */
    unsigned wanted;       /* threads that want to have it, for a subscription */
    int nudge;             /* an eventfd that ends the reader's sleep; -1: none yet */
    void *connection;      /* the reader's alone while there is one */
    uint64_t generation;   /* subscriptions belong to one; the next begins when the connection is lost */
    uint64_t wakes;        /* net_bell_wake's calls */
    uint64_t births;       /* of channels */
    bool polling;          /* the engine cannot listen */
    int64_t lost_since;    /* monotonic: since when it is out of reach; 0: it is not */
    int64_t failed_at;     /* monotonic: when the last try failed */
    int64_t retry_at;      /* monotonic: not before */
    unsigned failures;     /* in a row */
    psync_error failure;   /* the last one */
    net_channel *channels;
} net_bell;

psync_result net_bell_init(net_bell *bell, psync_error *error);
void net_bell_close(struct net_home *home);
/* In a forked child, while it has one thread. */
void net_bell_after_fork(struct net_home *home);
/* Ends all sleeps with PSYNC_NO, so that hooks run. */
void net_bell_wake(struct net_home *home);

#endif
