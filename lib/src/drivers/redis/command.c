/* SPDX-License-Identifier: BSD-3-Clause */
/* command.c - one command out, one reply in; scripts by their digest, and by their text where the server has none.
 */
#if PSYNC_WITH_REDIS

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

net_outcome redis_no_memory(net_call *call)
{
    call->drop = true;
    call->result = psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    return NET_DONE;
}

/* Sends a command and reads its reply, an error reply too. */
static net_outcome exchange(net_call *call, int count, const char *const *arguments, const size_t *lengths,
                            redisReply **reply)
{
    struct redis_wire *wire = call->connection;
    if (!redis_wire_put(wire, count, arguments, lengths)) return redis_no_memory(call);
    net_outcome o = redis_wire_send(call, wire);
    return o == NET_DONE ? redis_wire_reply(call, wire, reply) : o;
}

/*
 * The same, with a command ahead of it whose reply says nothing. A server writes to whom it has a reply for in the
 * reverse order in which they got their first one: so whom the script wakes is written to before this caller, for
 * whom a reply waits already, and not after it.
 */
static net_outcome exchange_after_others(net_call *call, int count, const char *const *arguments,
                                         const size_t *lengths, redisReply **reply)
{
    static const char *const words[] = {"PING"};
    redisReply *nothing = NULL;
    if (!redis_wire_put_words(call->connection, 1, words)) return redis_no_memory(call);
    net_outcome o = exchange(call, count, arguments, lengths, &nothing);
    if (o != NET_DONE || !nothing) return o;
    freeReplyObject(nothing);
    return redis_wire_reply(call, call->connection, reply);
}

/* Deals with a reply that is an error. */
static net_outcome judge(net_call *call, redisReply **reply)
{
    if (!*reply || (*reply)->type != REDIS_REPLY_ERROR) return NET_DONE;
    net_outcome o = redis_failed(call, (*reply)->str);
    freeReplyObject(*reply);
    *reply = NULL;
    return o;
}

net_outcome redis_command(net_call *call, int count, const char *const *arguments, const size_t *lengths,
                          redisReply **reply)
{
    *reply = NULL;
    net_outcome o = exchange(call, count, arguments, lengths, reply);
    return o == NET_DONE ? judge(call, reply) : o;
}

/* The first two words, verb and script, are put in when it is sent. */
void redis_request_begin(struct redis_request *request, const net_call *call, enum redis_script script, int keys,
                         const struct redis_text *names)
{
    request->script = script;
    request->rings = false;
    request->count = 2;
    int length = snprintf(request->keys, sizeof request->keys, "%d", keys);
    redis_request_add(request, request->keys, (size_t)length);
    for (int i = 0; i < keys; i++) redis_request_add(request, names[i].bytes, names[i].length);
    if (!call->number) return;
    redis_request_add_text(request, call->client);
    length = snprintf(request->number, sizeof request->number, "%0*" PRIu64, REDIS_NUMBER_LENGTH, call->number);
    redis_request_add(request, request->number, (size_t)length);
}

void redis_request_add(struct redis_request *request, const char *argument, size_t length)
{
    request->arguments[request->count] = argument;
    request->lengths[request->count++] = length;
}

void redis_request_add_text(struct redis_request *request, const char *argument)
{
    redis_request_add(request, argument, strlen(argument));
}

/* By digest or by text. */
static net_outcome evaluate(net_call *call, struct redis_request *request, const char *verb, const char *script,
                            redisReply **reply)
{
    request->arguments[0] = verb;
    request->lengths[0] = strlen(verb);
    request->arguments[1] = script;
    request->lengths[1] = strlen(script);
    net_outcome (*send)(net_call *, int, const char *const *, const size_t *, redisReply **) =
        request->rings ? exchange_after_others : exchange;
    return send(call, request->count, request->arguments, request->lengths, reply);
}

static bool is_missing_script(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

net_outcome redis_run(net_call *call, struct redis_request *request, redisReply **reply)
{
    const struct redis_state *state = call->context;
    *reply = NULL;
    net_outcome o = evaluate(call, request, "EVALSHA", state->digests[request->script], reply);
    if (o == NET_DONE && is_missing_script(*reply)) {
        freeReplyObject(*reply);
        *reply = NULL;
        o = evaluate(call, request, "EVAL", redis_script_text(request->script), reply);
    }
    return o == NET_DONE ? judge(call, reply) : o;
}

/* The change was done, whatever WAIT's error says. */
static net_outcome waited_in_vain(net_call *call)
{
    char reason[PSYNC_MESSAGE_SIZE];
    memcpy(reason, call->error->message, sizeof reason);
    call->result = psync_error_set(call->error, PSYNC_ERROR_UNKNOWN, call->error->system_code,
                                   "done, but whether replicas have it cannot be told: %.300s", reason);
    return NET_DONE;
}

net_outcome redis_replicated(net_call *call)
{
    const struct redis_state *state = call->context;
    const unsigned wanted = state->options.wait_replicas;
    if (!wanted) return NET_DONE;
    char number[16];
    char patience[24];
    /* What is left, less a quarter for the way back; 0 would be for ever. */
    int64_t left = (call->until - psync__clock->monotonic()) * 3 / 4 / PSYNC_NS_PER_MS;
    snprintf(number, sizeof number, "%u", wanted);
    snprintf(patience, sizeof patience, "%" PRId64, left > 0 ? left : 1);
    const char *const words[] = {"WAIT", number, patience};
    const size_t lengths[] = {4, strlen(number), strlen(patience)};
    redisReply *reply;
    psync_result before = call->result;
    net_outcome o = redis_command(call, 3, words, lengths, &reply);
    if (o == NET_RETRY || o == NET_NOT_SENT) return NET_LOST; /* WAIT was not served, but the change was */
    if (o == NET_DONE && !reply) return waited_in_vain(call);
    if (o != NET_DONE) return o;
    call->result = before;
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < (long long)wanted) {
        call->result = psync_error_set(call->error, PSYNC_ERROR_UNKNOWN, 0,
                                       "done, but only %lld of the %u replicas that wait_replicas wants have it: a "
                                       "failover may lose it; see whether they run",
                                       reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0, wanted);
    }
    freeReplyObject(reply);
    return NET_DONE;
}

#endif
