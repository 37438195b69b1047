/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_requests.h - the requests that Locks consist of, as steps for net_run, and what their answers say. */
#ifndef PSYNC_REDIS_LOCK_REQUESTS_H
#define PSYNC_REDIS_LOCK_REQUESTS_H

#include "command.h"

/* Kinds of acquisitions, as the scripts have them. */
enum { REDIS_PLAIN = 0, REDIS_KEPT = 1, REDIS_LEASED = 2 };

/* What is known of one Lock. */
struct redis_view {
    bool exists; /* false too for a Hold whose holder is known to have died */
    int kind;
    int64_t left;      /* ns until its lease ends, -1 without one */
    int64_t at;        /* boottime when that was learned */
    psync_owner owner; /* all of it; its fence is 0 if there was no acquisition, dead or alive */
};

/* What the steps are given. */
struct redis_lock_task {
    struct redis_state *state;
    const psync_key *key;
    char name[REDIS_NAME_SIZE];
    struct redis_text text; /* the name */
    char channel[NET_CHANNEL_SIZE];
    uint64_t fence; /* given (a take: of a ghost, 0: of none), or the one that was got */
    int kind;
    bool is_plain;          /* a release: the fence is one that the server gave to a plain acquisition */
    bool announced;         /* a release: announce.c has tried */
    long long told;         /* a release: how many subscriptions heard of it, as far as is known */
    int64_t lease;          /* ns, 0 without one */
    int64_t sent;           /* boottime before the first time it may have been sent */
    struct redis_view view; /* what was seen */
};

void redis_lock_begin(struct redis_lock_task *task, struct redis_state *state, const psync_key *key);

/* Takes it, also from the holder of fence. PSYNC_NO: busy; view may tell with what. */
net_outcome redis_acquire_step(net_call *call, void *task);
/* PSYNC_NO: not that one. */
net_outcome redis_release_step(net_call *call, void *task);
/* PSYNC_NO: not that one any more. */
net_outcome redis_renew_step(net_call *call, void *task);
/* Fills in view. */
net_outcome redis_inspect_step(net_call *call, void *task);
/* net_engine.settle and net_engine.bar. */
net_outcome redis_settle(net_call *call, const psync_key *key);
net_outcome redis_bar(net_call *call, const psync_key *key);

/* Reads an entry of what the script inspect returns. DAMAGED, with an error, if it is none. */
psync_result redis_view_read(net_call *call, const redisReply *entry, struct redis_view *view);

#endif
