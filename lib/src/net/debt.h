/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debt.h - takes and changes that were given up before their outcome was known.
 *
 * Such a take may have made an acquisition that nobody knows of, or may make
 * one later, when the request at last gets out of some buffer. The debt says:
 * this take must not have an effect. That of a change says: if it had no effect
 * so far, it must not have one later; engines need it that cannot tell by the
 * client's later numbers. A debt is settled, by the engine's settle or bar,
 * before the next request of the home, and by the keeper's thread as soon as
 * the engine is back in reach. A debt older than half the records' life is
 * dropped: what its request would do then is refused by nobody.
 */
#ifndef NET_DEBT_H
#define NET_DEBT_H

#include <stdatomic.h>

#include "net/engine.h"

typedef struct net_debt {
    struct net_debt *next;
    char client[NET_CLIENT_SIZE];
    uint64_t number;
    uint64_t about; /* net_call.about */
    bool take;
    int64_t since; /* boottime */
    psync_key key; /* its bytes lie behind the struct */
} net_debt;

typedef struct net_debts {
    _Atomic(net_debt *) first; /* changed under the home's mutex; read without it to see that there are none */
} net_debts;

/* Notes the take of a call, and has the keeper see to it. Nothing is noted when memory is out. */
void net_debt_note(const net_call *call, const psync_key *key);
/* The same for a change, if the engine has a bar. */
void net_debt_note_change(const net_call *call, const psync_key *key);
/* Settles all there are on the call's connection. NET_DONE: the connection is good; what the engine refused stays.
 */
net_outcome net_debt_settle(net_call *call);
/* Drops those that are too old, or all. True: none is left. */
bool net_debt_drop(struct net_home *home, bool all);

#endif
