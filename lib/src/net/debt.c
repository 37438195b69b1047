/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debt.c - the list of debts.
 *
 * Who settles takes the whole list out, so that no two do the same work, and
 * puts back what it could not settle.
 */
#include "net/debt.h"

#include <stdlib.h>
#include <string.h>

#include "net/home.h"

/* Relaxed throughout: the pointer is followed under the mutex alone. */
static net_debt *first_of(net_home *home)
{
    return atomic_load_explicit(&home->debts.first, memory_order_relaxed);
}

static void set_first(net_home *home, net_debt *debt)
{
    atomic_store_explicit(&home->debts.first, debt, memory_order_relaxed);
}

static void put_back(net_home *home, net_debt *debt)
{
    pthread_mutex_lock(&home->mutex);
    debt->next = first_of(home);
    set_first(home, debt);
    pthread_mutex_unlock(&home->mutex);
}

static void note(const net_call *call, const psync_key *key, bool take)
{
    net_home *home = call->home;
    net_debt *debt = malloc(sizeof *debt + key->length);
    if (!debt) return;
    memcpy(debt->client, call->client, sizeof debt->client);
    debt->number = call->number;
    debt->about = call->about;
    debt->take = take;
    debt->since = psync__clock->boottime();
    debt->key = (psync_key){.bytes = (char *)(debt + 1), .length = key->length};
    memcpy(debt + 1, key->bytes, key->length);
    put_back(home, debt);
    pthread_mutex_lock(&home->mutex);
    (void)net_keeper_start(home, NULL);
    pthread_mutex_unlock(&home->mutex);
}

void net_debt_note(const net_call *call, const psync_key *key)
{
    note(call, key, true);
}

void net_debt_note_change(const net_call *call, const psync_key *key)
{
    if (call->home->engine->bar) note(call, key, false);
}

net_outcome net_debt_settle(net_call *call)
{
    net_home *home = call->home;
    net_outcome outcome = NET_DONE;
    pthread_mutex_lock(&home->mutex);
    net_debt *debt = first_of(home);
    set_first(home, NULL);
    pthread_mutex_unlock(&home->mutex);
    for (net_debt *next; debt; debt = next) {
        next = debt->next;
        net_call settling = *call;
        settling.client = debt->client;
        settling.number = debt->number;
        settling.about = debt->about;
        net_outcome (*settle)(net_call *, const psync_key *) =
            debt->take ? home->engine->settle : home->engine->bar;
        if (outcome == NET_DONE) outcome = settle(&settling, &debt->key);
        call->until = settling.until; /* a hook's time moved it */
        call->left = settling.left;
        call->drop = call->drop || settling.drop;
        bool settled = outcome == NET_DONE && settling.result >= 0;
        if (settled || net_forked_since(call->forks)) {
            free(debt);
        } else {
            put_back(home, debt);
        }
    }
    return outcome;
}

bool net_debt_drop(net_home *home, bool all)
{
    const int64_t limit = psync__clock->boottime() - home->engine->records_life / 2;
    pthread_mutex_lock(&home->mutex);
    for (net_debt *debt = first_of(home), *kept = NULL, *next; debt; debt = next) {
        next = debt->next;
        if (!all && debt->since >= limit) {
            kept = debt;
            continue;
        }
        /* Out of the list first: a child that is forked meanwhile goes through it, too. */
        if (kept) kept->next = next;
        if (!kept) set_first(home, next);
        free(debt);
    }
    const bool none = !first_of(home);
    pthread_mutex_unlock(&home->mutex);
    return none;
}
