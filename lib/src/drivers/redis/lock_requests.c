/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_requests.c - one request about a Lock each: what the script is given, and what its answer means. */
#if PSYNC_WITH_REDIS

#include "lock_requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "failure.h"
#include "net/debt.h"

void redis_lock_begin(struct redis_lock_task *task, struct redis_state *state, const psync_key *key)
{
    task->state = state;
    task->key = key;
    task->text.bytes = task->name;
    task->text.length = redis_name(state, key, REDIS_LOCK, task->name);
    redis_channel(state, task->name, task->text.length, task->channel);
    task->fence = 0;
    task->kind = REDIS_PLAIN;
    task->is_plain = false;
    task->announced = false;
    task->told = 0;
    task->lease = 0;
    task->sent = 0;
    task->view.exists = false;
    task->view.owner.fence = 0;
}

/* ------------------------------------------------------------------------ */
/* Answers                                                                  */

/* Reads a number and the blank behind it. */
static bool read_number(const char **text, int64_t *number)
{
    char *end;
    *number = strtoll(*text, &end, 10);
    if (end == *text || *end != ' ') return false;
    *text = end + 1;
    return true;
}

/* Microseconds: longer than any lease, and far from where sums with it overflow. */
static const int64_t LEFT_MAX = INT64_MAX / 4000;

/* "FENCE KIND LEFT OWNER", length bytes. The server's replies end with a NUL. */
static psync_result read_view(net_call *call, const char *text, size_t length, struct redis_view *view)
{
    const char *end = text + length;
    int64_t fence, kind, left;
    if (!read_number(&text, &fence) || !read_number(&text, &kind) || !read_number(&text, &left)) {
        return PSYNC_ERROR_DAMAGED;
    }
    psync_result r = net_owner_read(&call->home->self, text, (size_t)(end - text), &view->owner, call->error);
    view->owner.fence = (uint64_t)fence;
    if (r) return r;
    view->kind = (int)kind;
    view->left = left < 0 ? -1 : left < LEFT_MAX ? left * 1000 : LEFT_MAX * 1000;
    view->at = psync__clock->boottime();
    view->owner.is_hold = kind != REDIS_PLAIN;
    if (kind == REDIS_LEASED) view->owner.expires_at = (psync__clock->realtime() + view->left) / 1000;
    view->exists = !(view->owner.is_hold && view->owner.alive == PSYNC_ALIVE_NO);
    return PSYNC_OK;
}

static net_outcome done(net_call *call, psync_result result)
{
    call->result = result;
    return NET_DONE;
}

psync_result redis_view_read(net_call *call, const redisReply *entry, struct redis_view *view)
{
    view->exists = false;
    if (entry->type == REDIS_REPLY_NIL) return PSYNC_OK;
    if (entry->type == REDIS_REPLY_ERROR) return redis_login_failed(call, entry->str);
    if (entry->type == REDIS_REPLY_STRING && !read_view(call, entry->str, (size_t)entry->len, view))
        return PSYNC_OK;
    redis_nonsense(call);
    return call->result;
}

/* ------------------------------------------------------------------------ */
/* Requests                                                                 */

/* Remembers when the request may first have been sent: leases are counted from then. */
static void note_sending(struct redis_lock_task *task)
{
    if (!task->sent) task->sent = psync__clock->boottime();
}

static void note_outcome(struct redis_lock_task *task, net_outcome outcome)
{
    if (outcome == NET_NOT_SENT || outcome == NET_RETRY) task->sent = 0;
}

static void add_number(struct redis_request *request, char text[24], uint64_t number)
{
    int length = snprintf(text, 24, "%" PRIu64, number);
    redis_request_add(request, text, (size_t)length);
}

/* Nothing for 0. */
static void add_fence(struct redis_request *request, char text[24], uint64_t fence)
{
    if (fence) {
        add_number(request, text, fence);
    } else {
        redis_request_add(request, "", 0);
    }
}

/* A lease in microseconds, rounded up. */
static uint64_t microseconds(int64_t lease)
{
    return ((uint64_t)lease + 999) / 1000;
}

static bool is_text(const redisReply *reply, const char *text)
{
    return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, text) == 0;
}

/* An answer that is "ok" or "ok" and something. */
static const char *after_ok(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || strncmp(reply->str, "ok", 2) != 0) return NULL;
    return reply->str[2] == ' ' ? reply->str + 3 : reply->str[2] ? NULL : reply->str + 2;
}

/* Runs a request that changes something and reads its answer by read, then waits for replicas if it was done. */
static net_outcome change(net_call *call, struct redis_lock_task *task, struct redis_request *request,
                          net_outcome (*read)(net_call *call, struct redis_lock_task *task,
                                              const redisReply *reply))
{
    redisReply *reply;
    note_sending(task);
    net_outcome o = redis_run(call, request, &reply);
    note_outcome(task, o);
    if (o != NET_DONE || !reply) return o;
    o = read(call, task, reply);
    freeReplyObject(reply);
    return o == NET_DONE && call->result == PSYNC_OK ? redis_replicated(call) : o;
}

static net_outcome acquire_answer(net_call *call, struct redis_lock_task *task, const redisReply *reply)
{
    task->view.exists = false;
    task->view.owner.fence = 0;
    const char *fence = after_ok(reply);
    if (fence && *fence) {
        task->fence = strtoull(fence, NULL, 10);
        return done(call, PSYNC_OK);
    }
    if (is_text(reply, "busy"))
        return done(call, PSYNC_NO); /* a repeat: what was seen then is not known any more */
    bool busy = reply->type == REDIS_REPLY_STRING && strncmp(reply->str, "busy ", 5) == 0 &&
                !read_view(call, reply->str + 5, (size_t)reply->len - 5, &task->view);
    return busy ? done(call, PSYNC_NO) : redis_nonsense(call);
}

net_outcome redis_acquire_step(net_call *call, void *argument)
{
    struct redis_lock_task *task = argument;
    struct redis_request request;
    char owner[NET_OWNER_SIZE], kind[24], lease[24], ghost[24];
    redis_request_begin(&request, call, REDIS_ACQUIRE, 1, &task->text);
    redis_request_add_text(&request, task->channel);
    add_number(&request, kind, (uint64_t)task->kind);
    add_number(&request, lease, microseconds(task->lease));
    add_fence(&request, ghost, task->fence);
    redis_request_add(&request, owner, net_owner_write(call->home, owner));
    net_outcome o = change(call, task, &request, acquire_answer);
    if (o == NET_DONE && call->result == PSYNC_ERROR_UNKNOWN) { /* taken, but not by enough replicas */
        net_debt_note(call, task->key);
        char reason[PSYNC_MESSAGE_SIZE];
        memcpy(reason, call->error->message, sizeof reason);
        psync_error_set(call->error, PSYNC_ERROR_UNKNOWN, 0, "taken, and freed again: %.300s", reason);
    }
    return o;
}

static net_outcome release_answer(net_call *call, struct redis_lock_task *task, const redisReply *reply)
{
    if (is_text(reply, "none")) return done(call, PSYNC_NO);
    const char *told = after_ok(reply);
    if (!told) return redis_nonsense(call);
    task->told += strtoll(told, NULL, 10);
    return done(call, PSYNC_OK);
}

/* What was announced may be done, whatever comes of the script: so nothing but its answer says that it is not. */
static net_outcome after_announcement(const net_call *call, net_outcome outcome)
{
    const bool is_failure = outcome == NET_DONE && call->result < 0 && call->result != PSYNC_ERROR_UNKNOWN;
    return outcome == NET_NOT_SENT || outcome == NET_RETRY || is_failure ? NET_LOST : outcome;
}

net_outcome redis_release_step(net_call *call, void *argument)
{
    struct redis_lock_task *task = argument;
    struct redis_request request;
    char fence[24];
    const bool announces = redis_should_announce(call, task);
    net_outcome o = announces ? redis_announce(call, task) : NET_DONE;
    if (o != NET_DONE || call->drop) return o;
    redis_request_begin(&request, call, REDIS_RELEASE, 1, &task->text);
    request.rings = !announces;
    redis_request_add_text(&request, task->channel);
    add_number(&request, fence, task->fence);
    redis_request_add_text(&request, task->announced ? "1" : "0");
    o = change(call, task, &request, release_answer);
    return announces && call->about ? after_announcement(call, o) : o;
}

static net_outcome renew_answer(net_call *call, struct redis_lock_task *task, const redisReply *reply)
{
    (void)task;
    if (is_text(reply, "none")) return done(call, PSYNC_NO);
    return is_text(reply, "ok") ? done(call, PSYNC_OK) : redis_nonsense(call);
}

net_outcome redis_renew_step(net_call *call, void *argument)
{
    struct redis_lock_task *task = argument;
    struct redis_request request;
    char fence[24], kind[24], lease[24];
    redis_request_begin(&request, call, REDIS_RENEW, 1, &task->text);
    redis_request_add_text(&request, task->channel);
    add_number(&request, fence, task->fence);
    add_number(&request, kind, (uint64_t)task->kind);
    add_number(&request, lease, microseconds(task->lease));
    return change(call, task, &request, renew_answer);
}

net_outcome redis_inspect_step(net_call *call, void *argument)
{
    struct redis_lock_task *task = argument;
    struct redis_request request;
    redisReply *reply;
    redis_request_begin(&request, call, REDIS_INSPECT, 1, &task->text);
    net_outcome o = redis_run(call, &request, &reply);
    if (o != NET_DONE || !reply) return o;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        call->result = redis_view_read(call, reply->element[0], &task->view);
    } else {
        o = redis_nonsense(call);
    }
    freeReplyObject(reply);
    return o;
}

static net_outcome settle(net_call *call, const psync_key *key, enum redis_kind kind)
{
    const struct redis_state *state = call->context;
    struct redis_request request;
    char name[REDIS_NAME_SIZE];
    const struct redis_text text = {name, redis_name(state, key, kind, name)};
    char channel[NET_CHANNEL_SIZE], fence[24];
    redisReply *reply;
    redis_channel(state, text.bytes, text.length, channel);
    redis_request_begin(&request, call, REDIS_SETTLE, 1, &text);
    redis_request_add_text(&request, channel);
    add_fence(&request, fence, call->about);
    net_outcome o = redis_run(call, &request, &reply);
    if (o != NET_DONE || !reply) return o;
    freeReplyObject(reply);
    return done(call, PSYNC_OK);
}

net_outcome redis_settle(net_call *call, const psync_key *key)
{
    return settle(call, key, REDIS_LOCK);
}

/* What kind of key it was about is not known. */
net_outcome redis_bar(net_call *call, const psync_key *key)
{
    net_outcome o = settle(call, key, REDIS_INTEGER);
    return o == NET_DONE && call->result == PSYNC_OK ? settle(call, key, REDIS_LOCK) : o;
}

#endif
