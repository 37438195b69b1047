/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * announce.c - a release in two requests, the first of which is light.
 *
 * A server that was idle has forgotten its way: a script then takes it several
 * times as long as plain commands do, and whoever is woken by a script is
 * written to after it. So a release that comes after a pause is announced by a
 * transaction of plain commands, and its waiters are on their way while the
 * script release does the rest:
 *
 *   MULTI
 *   HSETNX LOCK eFENCE "CLIENT NUMBER"
 *   PUBLISH CHANNEL "0 FENCE "
 *   EXEC
 *
 * From HSETNX on the Lock is free for every script (scripts.c). Why that is a release:
 * - The fence is one that the server has given to a plain acquisition, which this
 *   client took or saw. If that is the present one, HSETNX ends it, for the first who comes
 *   alone; if it ended before, the field means nothing, whatever there is now. So what is
 *   published is true in each case: the acquisition with that fence has ended.
 * - Whether it was this request that ended it is said by the script alone, which has the same
 *   number. Whoever changes the Lock in between makes the record from which the script then knows.
 *   A script that fails after it says nothing: then the outcome is unknown (lock_requests.c).
 * - If this client is killed in between, the Lock is free and has been told. Only what the hash
 *   remembers of it does not expire before somebody uses the Lock again: to let it expire here could take a later
 *   acquisition with it.
 * - If the request is given up, its announcement may still come: so it is settled by ending the
 *   acquisition (net_call.about), after which it means nothing.
 * - A server that is full, is a replica, or does not allow it refuses, which changes nothing; the script is told
 *   why, or does it.
 *
 * In MULTI, since whom the server has a reply for first it writes to last: the
 * waiters come before this client.
 */
#if PSYNC_WITH_REDIS

#include "announce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* After a pause of this length an idle server is about as slow as it gets; and a millisecond more or less is
 * nothing to a Lock that was held for as long. */
static const int64_t QUIET = PSYNC_NS_PER_MS;

/* Relaxed: each thread may find it out for itself. */
static bool is_refused(const struct redis_state *state)
{
    return atomic_load_explicit(&state->may_not_announce, memory_order_relaxed);
}

bool redis_should_announce(const net_call *call, const struct redis_lock_task *task)
{
    if (!task->is_plain || task->announced || is_refused(task->state)) return false;
    return redis_wire_idle(call->connection) >= QUIET;
}

static bool put_begin(struct redis_wire *wire)
{
    static const char *const multi[] = {"MULTI"};
    return redis_wire_put_words(wire, 1, multi);
}

static bool put_rest(net_call *call, const struct redis_lock_task *task)
{
    char field[24], request[NET_CLIENT_SIZE + REDIS_NUMBER_LENGTH + 8], news[NET_NEWS_SIZE];
    struct redis_wire *wire = call->connection;
    snprintf(field, sizeof field, "e%" PRIu64, task->fence);
    snprintf(request, sizeof request, "%s %0*" PRIu64, call->client, REDIS_NUMBER_LENGTH, call->number);
    snprintf(news, sizeof news, "%d %" PRIu64 " ", REDIS_PLAIN, task->fence);
    const char *const end[] = {"HSETNX", task->text.bytes, field, request};
    const size_t lengths[] = {6, task->text.length, strlen(field), strlen(request)};
    const char *const publish[] = {"PUBLISH", task->channel, news};
    static const char *const exec[] = {"EXEC"};
    return redis_wire_put(wire, 4, end, lengths) && redis_wire_put_words(wire, 3, publish) &&
           redis_wire_put_words(wire, 1, exec);
}

/* A right that is lacking will be lacking, and each try would be in the server's log. Of EXEC's it is said within
 * an EXECABORT. */
static void note_refusal(struct redis_state *state, const char *error)
{
    if (strstr(error, "NOPERM") || strncmp(error, "ERR unknown", 11) == 0)
        atomic_store_explicit(&state->may_not_announce, true, memory_order_relaxed);
}

/* Sends what was put and reads so many replies, of which *last is to be freed if there is one. */
static net_outcome exchange(net_call *call, struct redis_state *state, int replies, redisReply **last)
{
    net_outcome o = redis_wire_send(call, call->connection);
    *last = NULL;
    while (o == NET_DONE && replies--) {
        if (*last) freeReplyObject(*last);
        *last = NULL;
        o = redis_wire_reply(call, call->connection, last);
        if (o == NET_DONE && (*last)->type == REDIS_REPLY_ERROR) note_refusal(state, (*last)->str);
    }
    return o;
}

/* Where MULTI is refused the others would be done one by one, if at all, and news might be told that are not true:
 * so it goes alone for the first time on each connection, whichever server that leads to. */
static net_outcome begin(net_call *call, struct redis_state *state, bool alone, bool *begun)
{
    redisReply *reply;
    if (!put_begin(call->connection)) return redis_no_memory(call);
    *begun = true;
    if (!alone) return NET_DONE;
    net_outcome o = exchange(call, state, 1, &reply);
    *begun = o == NET_DONE && reply->type != REDIS_REPLY_ERROR;
    if (reply) freeReplyObject(reply);
    return o;
}

/* Whether the transaction is over. One that was not, as EXEC was refused, ends with its connection. */
static bool is_over(net_call *call, const redisReply *exec)
{
    if (exec->type != REDIS_REPLY_ERROR || strncmp(exec->str, "EXECABORT", 9) == 0) return true;
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "a transaction was not ended: %.160s", exec->str);
    return false;
}

/* Notes what EXEC's answer says: that it is done, or that the server has refused and nothing was changed. */
static void note_answer(net_call *call, struct redis_lock_task *task, const redisReply *exec)
{
    const bool is_done = exec->type == REDIS_REPLY_ARRAY && exec->elements == 2;
    if (is_done) redis_wire_set_transacts(call->connection);
    if (is_done) task->told = exec->element[1]->integer;
    if (!is_done || exec->element[0]->type != REDIS_REPLY_INTEGER) call->about = 0;
}

net_outcome redis_announce(net_call *call, struct redis_lock_task *task)
{
    struct redis_state *state = task->state;
    const bool alone = !redis_wire_transacts(call->connection);
    redisReply *exec;
    bool begun;
    task->announced = true;
    net_outcome o = begin(call, state, alone, &begun);
    if (o != NET_DONE || !begun || call->drop) return o;
    call->about = task->fence;
    if (!put_rest(call, task)) return redis_no_memory(call);
    o = exchange(call, state, alone ? 3 : 4, &exec);
    if (o == NET_DONE && !is_over(call, exec)) o = NET_LOST;
    if (o == NET_DONE) note_answer(call, task, exec);
    if (exec) freeReplyObject(exec);
    return o;
}

#endif
