/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debt.h - takes that were given up before their outcome was known.
 *
 * Such a take may have made an acquisition that nobody knows of, or may make
 * one later, when the request at last gets out of some buffer. The debt says:
 * this take must not have an effect. It is settled, by the engine's settle,
 * before the next request of the home, and by the keeper's thread as soon as
 * the engine is back in reach. A debt older than half the records' life is
 * dropped: what its request would do then is refused by nobody.
 */
#ifndef NET_DEBT_H
#define NET_DEBT_H

#include "net/engine.h"

typedef struct net_debt {
    struct net_debt *next;
    char client[NET_CLIENT_SIZE];
    uint64_t number;
    int64_t since; /* boottime */
    psync_key key; /* its bytes lie behind the struct */
} net_debt;

typedef struct net_debts {
    _Atomic(net_debt *) first; /* changed under the home's mutex; read without it to see that there are none */
} net_debts;

/* Notes the take of a call. Without memory for it, or if the keeper cannot start, it is settled at the next request
 * or not at all. */
void net_debt_note(struct net_home *home, const net_call *call, const psync_key *key);
/* Settles all there are on the call's connection. NET_DONE: there is none left. */
net_outcome net_debt_settle(const net_call *call);
/* Drops those that are too old, or all. True: none is left. */
bool net_debt_drop(struct net_home *home, bool all);

#endif
