/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integers.c - Integers: requests to the scripts, and what their answers mean.
 *
 * A record's time on the server must be younger than its life when a request
 * could still be repeated. To renew it costs the script a command more, so it
 * is asked for when this handle has not done so for a quarter of that life, or
 * not for the client that asks: the handle's cache is 32 bits of the client's
 * id and the boottime of the last renewal in seconds.
 */
#if PSYNC_WITH_REDIS

#include "integers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "net/request.h"

struct integer_task {
    struct redis_state *state;
    psync_key *key;
    char name[REDIS_NAME_SIZE];
    struct redis_text text; /* the name */
    enum redis_script script;
    int count; /* of the numbers that the script is given */
    char numbers[2][24];
    char channel[NET_CHANNEL_SIZE]; /* of an await */
    bool exists;
    int64_t value; /* what was found, or what became of it */
};

static void begin(struct integer_task *task, struct redis_state *state, psync_key *key, enum redis_script script)
{
    task->state = state;
    task->key = key;
    task->text.bytes = task->name;
    task->text.length = redis_name(state, key, REDIS_INTEGER, task->name);
    task->script = script;
    task->count = 0;
    task->exists = false;
    task->value = 0;
}

static void add_number(struct integer_task *task, int64_t number)
{
    snprintf(task->numbers[task->count++], sizeof task->numbers[0], "%" PRId64, number);
}

/* ------------------------------------------------------------------------ */
/* Records                                                                  */

static uint64_t cache_now(const net_call *call)
{
    uint32_t client;
    memcpy(&client, call->client, sizeof client);
    return ((uint64_t)client << 32) | (uint32_t)(psync__clock->boottime() / PSYNC_NS_PER_S);
}

/* Relaxed: a value that another thread has just replaced only makes one renewal more, and it points at nothing. */
static bool is_renewal_due(const psync_key *key, uint64_t now)
{
    uint64_t last = __atomic_load_n(&key->cache, __ATOMIC_RELAXED);
    return last >> 32 != now >> 32 || (uint32_t)now - (uint32_t)last > REDIS_RECORD_LIFE_S / 4;
}

/* ------------------------------------------------------------------------ */
/* Answers                                                                  */

/* Text as the server has it: digits with a sign, without leading zeros or anything else. */
static bool parse(const char *text, size_t length, int64_t *value)
{
    char again[24];
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno || length >= sizeof again) return false;
    snprintf(again, sizeof again, "%lld", number);
    *value = number;
    return strlen(again) == length && memcmp(again, text, length) == 0;
}

psync_result redis_value_read(net_call *call, const redisReply *reply, int64_t *value)
{
    if (reply->type == REDIS_REPLY_NIL) return PSYNC_NO;
    if (reply->type == REDIS_REPLY_ERROR) return redis_login_failed(call, reply->str);
    if (reply->type == REDIS_REPLY_STRING && parse(reply->str, (size_t)reply->len, value)) return PSYNC_OK;
    redis_failed(call, "ERR value is not an integer");
    return call->result;
}

static bool is_text(const redisReply *reply, const char *text)
{
    return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, text) == 0;
}

/* What the answer of a changing script means, if it is one that this script gives. */
static psync_result read_answer(net_call *call, struct integer_task *task, const redisReply *reply)
{
    const bool adds = task->script == REDIS_ADD;
    const bool compares = task->script == REDIS_COMPARE_SET;
    if (adds && is_text(reply, "over")) return PSYNC_ERROR_OVERFLOW;
    if ((compares || task->script == REDIS_REMOVE) && is_text(reply, "none")) return PSYNC_NO;
    if (!adds && is_text(reply, "ok")) return PSYNC_OK;
    if ((!adds && !compares) || reply->type == REDIS_REPLY_NIL) {
        redis_nonsense(call);
        return call->result;
    }
    psync_result r = redis_value_read(call, reply, &task->value);
    if (r) return r;
    task->exists = true;
    return adds ? PSYNC_OK : PSYNC_NO; /* another value than the expected one */
}

/* ------------------------------------------------------------------------ */
/* Requests                                                                 */

static net_outcome change_step(net_call *call, void *argument)
{
    struct integer_task *task = argument;
    struct redis_request request;
    redisReply *reply;
    const uint64_t now = cache_now(call);
    task->exists = false;
    redis_request_begin(&request, call, task->script, 1, &task->text);
    redis_request_add(&request, is_renewal_due(task->key, now) ? "1" : "0", 1);
    for (int i = 0; i < task->count; i++) redis_request_add_text(&request, task->numbers[i]);
    net_outcome o = redis_run(call, &request, &reply);
    if (o != NET_DONE || !reply) return o;
    if (is_renewal_due(task->key, now)) __atomic_store_n(&task->key->cache, now, __ATOMIC_RELAXED);
    call->result = read_answer(call, task, reply);
    freeReplyObject(reply);
    return call->result == PSYNC_OK ? redis_replicated(call) : NET_DONE;
}

static psync_result change(struct integer_task *task, psync_error *error)
{
    return net_run(&task->state->home, NET_CHANGE, task->key, change_step, task, error);
}

static net_outcome get_step(net_call *call, void *argument)
{
    struct integer_task *task = argument;
    const char *const words[] = {"HGET", task->name, "v"};
    const size_t lengths[] = {4, task->text.length, 1};
    redisReply *reply;
    task->exists = false;
    task->value = 0;
    net_outcome o = redis_command(call, 3, words, lengths, &reply);
    if (o != NET_DONE || !reply) return o;
    call->result = redis_value_read(call, reply, &task->value);
    task->exists = call->result == PSYNC_OK;
    freeReplyObject(reply);
    return NET_DONE;
}

/* As get_step, but the next change will be told. */
static net_outcome watch_step(net_call *call, void *argument)
{
    struct integer_task *task = argument;
    struct redis_request request;
    redisReply *reply;
    task->exists = false;
    task->value = 0;
    redis_request_begin(&request, call, REDIS_WATCH, 1, &task->text);
    redis_request_add_text(&request, task->channel);
    net_outcome o = redis_run(call, &request, &reply);
    if (o != NET_DONE || !reply) return o;
    call->result = redis_value_read(call, reply, &task->value);
    task->exists = call->result == PSYNC_OK;
    freeReplyObject(reply);
    return NET_DONE;
}

/* ------------------------------------------------------------------------ */
/* The slots                                                                */

static void tell(const struct integer_task *task, psync_integer_state *now)
{
    memset(now, 0, sizeof *now);
    now->exists = task->exists;
    now->value = task->exists ? task->value : 0;
    now->version[0] = (uint64_t)now->value;
    now->version[1] = now->exists;
}

psync_result redis_integer_get(void *opaque, psync_key *key, psync_integer_state *now, psync_error *error)
{
    struct redis_state *state = opaque;
    struct integer_task task;
    begin(&task, state, key, REDIS_VALUES);
    psync_result r = net_run(&state->home, NET_READ, key, get_step, &task, error);
    if (r >= 0) tell(&task, now);
    return r;
}

psync_result redis_integer_set(void *opaque, psync_key *key, int64_t value, psync_error *error)
{
    struct integer_task task;
    begin(&task, opaque, key, REDIS_SET);
    add_number(&task, value);
    return change(&task, error);
}

psync_result redis_integer_add(void *opaque, psync_key *key, int64_t by, bool subtract, int64_t *result,
                               psync_error *error)
{
    struct integer_task task;
    begin(&task, opaque, key, REDIS_ADD);
    if (subtract && by == INT64_MIN) {
        strcpy(task.numbers[task.count++], "9223372036854775808");
    } else {
        add_number(&task, subtract ? -by : by);
    }
    psync_result r = change(&task, error);
    if (!r) *result = task.value;
    return r;
}

psync_result redis_integer_compare_set(void *opaque, psync_key *key, int64_t expected, int64_t desired,
                                       psync_integer_state *found, psync_error *error)
{
    struct integer_task task;
    begin(&task, opaque, key, REDIS_COMPARE_SET);
    add_number(&task, expected);
    add_number(&task, desired);
    psync_result r = change(&task, error);
    if (r == PSYNC_NO) tell(&task, found);
    return r;
}

psync_result redis_integer_remove(void *opaque, psync_key *key, psync_error *error)
{
    struct integer_task task;
    begin(&task, opaque, key, REDIS_REMOVE);
    return change(&task, error);
}

/* What an await has seen, and how it looks again. */
struct integer_watch {
    struct integer_task task;
    const psync_integer_state *seen;
};

static psync_result look(void *argument, bool ask, int64_t *again, psync_error *error)
{
    (void)again;
    if (!ask) return PSYNC_NO;
    struct integer_watch *watch = argument;
    struct integer_task *task = &watch->task;
    psync_result r = net_run(&task->state->home, NET_READ, task->key, watch_step, task, error);
    if (r < 0) return r;
    bool same = task->exists == watch->seen->exists && (!task->exists || task->value == watch->seen->value);
    return same ? PSYNC_NO : PSYNC_OK;
}

psync_result redis_integer_await(void *opaque, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                 psync_error *error)
{
    struct redis_state *state = opaque;
    struct integer_watch watch = {.seen = seen};
    begin(&watch.task, state, key, REDIS_WATCH);
    redis_channel(state, watch.task.name, watch.task.text.length, watch.task.channel);
    return net_await(&state->home, watch.task.channel, seen->version, look, &watch, deadline, NULL, error);
}

#endif
