/* SPDX-License-Identifier: BSD-3-Clause */
/* channel.c - LISTEN, and what arrives. */
#if PSYNC_WITH_POSTGRESQL

#include "channel.h"

#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "net/hash.h"
#include "state.h"

void pg_channel(char channel[NET_CHANNEL_SIZE], net_home *home, char kind, const psync_key *key)
{
    const pg_state *state = home->context;
    uint64_t hash = net_hash(NET_HASH_START, state->options.schema, strlen(state->options.schema) + 1);
    hash = net_hash(hash, home->space, strlen(home->space) + 1);
    hash = net_hash(hash, key->bytes, key->length);
    static const char digits[] = "0123456789abcdef";
    char *end = stpcpy(channel, "phpsync_");
    *end++ = kind;
    *end++ = '_';
    for (int shift = 60; shift >= 0; shift -= 4) *end++ = digits[hash >> shift & 15];
    *end = '\0';
}

/* Passes on what libpq has read. */
static void tell(net_call *call)
{
    pg_connection *connection = call->connection;
    for (PGnotify *notify; (notify = PQnotifies(connection->pg)); PQfreemem(notify)) {
        net_bell_rung(call->home, notify->relname, notify->extra);
    }
}

/* A channel's name is ours, and needs no quotes. */
static net_outcome say(net_call *call, net_outcome (*by)(net_call *, const char *), const char *verb,
                       const char *channel)
{
    char text[NET_CHANNEL_SIZE + 16];
    snprintf(text, sizeof text, "%s %s", verb, channel);
    net_outcome outcome = by(call, text);
    if (outcome == NET_DONE) tell(call);
    return outcome;
}

net_outcome pg_listen(net_call *call, const char *channel)
{
    if (((pg_connection *)call->connection)->direct) return say(call, pg_run_text, "LISTEN", channel);
    call->result = psync_error_set(call->error, PSYNC_ERROR_UNSUPPORTED, 0, "a pooler stands before the server");
    return NET_DONE;
}

net_outcome pg_unlisten(net_call *call, const char *channel)
{
    return say(call, pg_send_text, "UNLISTEN", channel);
}

net_outcome pg_hear(net_call *call)
{
    call->result = PSYNC_OK;
    bool open = pg_read(call);
    tell(call);
    return open ? NET_DONE : NET_LOST;
}

#endif
