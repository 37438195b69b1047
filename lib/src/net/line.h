/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * line.h - the bell's connection.
 *
 * It is used by one thread at a time, the reader, and without the bell's
 * mutex; all these but net_line_sleep are called with the mutex held, and let
 * go of it while they speak with the engine.
 */
#ifndef NET_LINE_H
#define NET_LINE_H

#include "net/home.h"

/* A channel that somebody waits on, or has waited on; see bell.c. */
struct net_channel {
    net_channel *next;
    unsigned sleepers;        /* threads in net_await */
    uint64_t listened;        /* the generation of the subscription; 0: none */
    uint64_t rings;           /* from a number on that is no other channel's */
    char news[NET_NEWS_SIZE]; /* of the last ring */
    bool quiet;               /* with what follows: as bell.c says */
    uint64_t seen[2];
    uint64_t quiet_rings;
    uint64_t quiet_generation;
    int64_t look_at; /* monotonic: when to look again, without asking the engine */
    int64_t ask_at;  /* monotonic: when to ask it */
    int64_t pause;   /* the last one, where it polls */
    char name[NET_CHANNEL_SIZE];
};

/* Becomes the reader; false: another thread is, or this one further up its stack. */
bool net_line_begin(net_bell *bell);
void net_line_end(net_bell *bell);
/* Ends the reader's sleep. */
void net_line_nudge(net_bell *bell);

/*
 * Becomes the reader and subscribes to a channel, on a new connection if there is none. PSYNC_OK: it did, or it
 * failed in a way that a later try may mend. PSYNC_NO: this is the child of a hook that forked. Errors: told.
 */
psync_result net_line_subscribe(net_home *home, net_channel *channel, psync_error *error);

/* The reader ends a subscription. */
void net_line_unlisten(net_home *home, const char *name);

/* The reader takes what has come. */
void net_line_hear(net_home *home);

/*
 * The reader sleeps, without the mutex, until a monotonic moment, a nudge, or fd (-1: none) can be read from: true.
 * *signalled: a signal was handled.
 */
bool net_line_sleep(const net_bell *bell, int fd, int64_t until, bool *signalled);

#endif
