/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ear.c - SUBSCRIBE and what comes on a connection that has done so: arrays
 * of three, ["message", CHANNEL, TEXT] or ["subscribe", CHANNEL, COUNT].
 */
#if PSYNC_WITH_REDIS

#include "ear.h"

#include <string.h>

#include "command.h"
#include "failure.h"
#include "net/bell.h"
#include "wire.h"

static bool is_about(const redisReply *reply, const char *what, const char *channel)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) return false;
    const redisReply *kind = reply->element[0];
    const redisReply *name = reply->element[1];
    if (kind->type != REDIS_REPLY_STRING || strcmp(kind->str, what) != 0) return false;
    return name->type == REDIS_REPLY_STRING && (!channel || strcmp(name->str, channel) == 0);
}

/* Rings if the reply is a message. */
static void ring(net_call *call, const redisReply *reply)
{
    if (!is_about(reply, "message", NULL) || reply->element[2]->type != REDIS_REPLY_STRING) return;
    net_bell_rung(call->home, reply->element[1]->str, reply->element[2]->str);
}

/* Sends a command about a channel. */
static net_outcome say(net_call *call, const char *verb, const char *channel)
{
    const char *const words[] = {verb, channel};
    if (!redis_wire_put_words(call->connection, 2, words)) return redis_no_memory(call);
    call->result = PSYNC_OK;
    return redis_wire_send(call, call->connection);
}

net_outcome redis_listen(net_call *call, const char *channel)
{
    net_outcome o = say(call, "SUBSCRIBE", channel);
    bool confirmed = false;
    while (o == NET_DONE && !call->result && !confirmed) {
        redisReply *reply;
        o = redis_wire_reply(call, call->connection, &reply);
        if (o != NET_DONE) return o;
        if (reply->type == REDIS_REPLY_ERROR) o = redis_failed(call, reply->str);
        ring(call, reply);
        confirmed = is_about(reply, "subscribe", channel);
        freeReplyObject(reply);
    }
    return o;
}

net_outcome redis_unlisten(net_call *call, const char *channel)
{
    return say(call, "UNSUBSCRIBE", channel);
}

net_outcome redis_hear(net_call *call)
{
    call->result = PSYNC_OK;
    for (;;) {
        redisReply *reply;
        net_outcome o = redis_wire_reply_if_there(call, call->connection, &reply);
        if (o != NET_DONE || !reply) return o;
        ring(call, reply);
        freeReplyObject(reply);
    }
}

#endif
