/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * login.c - finding the server, and logging in.
 *
 * Sentinels are asked in turn for the address of the primary; what stands
 * there is asked for its role, since a sentinel may not know yet that it was
 * deposed; if it is none, or does not answer, the next try begins with the
 * next sentinel. A server that was deposed later answers READONLY or closes its
 * connections: then all of this is done again.
 *
 * The last command of a login is one that any server answers, so that one
 * which is full, or wants a password, says so here.
 */
#if PSYNC_WITH_REDIS

#include "login.h"

#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "state.h"
#include "wire.h"

/* The reply that comes next, an error reply too. */
static psync_result next(net_call *call, struct redis_wire *wire, redisReply **reply)
{
    *reply = NULL;
    return redis_wire_reply(call, wire, reply) == NET_DONE ? PSYNC_OK : call->error->result;
}

/* Reads a reply that has to be no error, or, if may_fail, may be one of rights. */
static psync_result expect(net_call *call, struct redis_wire *wire, bool may_fail)
{
    redisReply *reply;
    psync_result r = next(call, wire, &reply);
    if (r) return r;
    if (reply->type == REDIS_REPLY_ERROR) {
        r = redis_login_failed(call, reply->str);
        bool harmless =
            may_fail && (strncmp(reply->str, "NOPERM", 6) == 0 || strncmp(reply->str, "ERR unknown", 11) == 0);
        if (harmless) r = PSYNC_OK;
    }
    freeReplyObject(reply);
    return r;
}

static bool put_login(struct redis_wire *wire, const char *user, const char *password, unsigned database)
{
    char number[16];
    const char *const both[] = {"AUTH", user, password};
    const char *const alone[] = {"AUTH", password};
    const char *const select[] = {"SELECT", number};
    const char *const name[] = {"CLIENT", "SETNAME", "phpsync"};
    snprintf(number, sizeof number, "%u", database);
    bool put = true;
    if (password) put = user ? redis_wire_put_words(wire, 3, both) : redis_wire_put_words(wire, 2, alone);
    if (put && database) put = redis_wire_put_words(wire, 2, select);
    return put && redis_wire_put_words(wire, 3, name);
}

static psync_result no_memory(net_call *call)
{
    return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
}

static psync_result log_in(net_call *call, struct redis_wire *wire, const char *user, const char *password,
                           unsigned database)
{
    if (!put_login(wire, user, password, database)) return no_memory(call);
    if (redis_wire_send(call, wire) != NET_DONE) return call->error->result;
    psync_result r = PSYNC_OK;
    if (password) r = expect(call, wire, false);
    if (!r && database) r = expect(call, wire, false);
    return r ? r : expect(call, wire, true);
}

/* Sends words and reads the reply. */
static psync_result ask(net_call *call, struct redis_wire *wire, int count, const char *const *words,
                        redisReply **reply)
{
    if (!redis_wire_put_words(wire, count, words)) return no_memory(call);
    if (redis_wire_send(call, wire) != NET_DONE) return call->error->result;
    psync_result r = next(call, wire, reply);
    if (!r && (*reply)->type == REDIS_REPLY_ERROR) {
        r = redis_login_failed(call, (*reply)->str);
        freeReplyObject(*reply);
    }
    return r;
}

/* ------------------------------------------------------------------------ */
/* Sentinels                                                                */

/* Whether the reply of SENTINEL GET-MASTER-ADDR-BY-NAME is an address. */
static bool read_address(const redisReply *reply, struct redis_host *host)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return false;
    const redisReply *name = reply->element[0];
    const redisReply *port = reply->element[1];
    if (name->type != REDIS_REPLY_STRING || port->type != REDIS_REPLY_STRING) return false;
    if (!name->len || !port->len) return false;
    int one = snprintf(host->name, sizeof host->name, "%s", name->str);
    int two = snprintf(host->port, sizeof host->port, "%s", port->str);
    return one < (int)sizeof host->name && two < (int)sizeof host->port;
}

/* ARGUMENT: it knows none of that name. */
static psync_result ask_sentinel(net_call *call, const struct redis_options *options, const struct redis_host *host,
                                 struct redis_wire *wire, struct redis_host *server)
{
    const char *const question[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options->master};
    redisReply *reply;
    psync_result r = log_in(call, wire, options->sentinel_user, options->sentinel_password, 0);
    if (!r) r = ask(call, wire, 3, question, &reply);
    if (r) return r;
    if (!read_address(reply, server)) {
        r = psync_error_set(
            call->error, PSYNC_ERROR_ARGUMENT, 0,
            "the sentinel %.100s:%s knows no primary \"%.100s\"; its SENTINEL MASTERS lists the names", host->name,
            host->port, options->master);
    }
    freeReplyObject(reply);
    return r;
}

/* Each sentinel gets its share of the time that is left. A name that all of them do not know is wrong. */
static psync_result find_server(net_call *call, const struct redis_options *options, unsigned turn,
                                struct redis_host *server)
{
    psync_result r = PSYNC_ERROR_UNAVAILABLE;
    unsigned strangers = 0;
    for (unsigned i = 0; i < options->host_count; i++) {
        const struct redis_host *host = &options->hosts[(turn + i) % options->host_count];
        const int64_t left = call->until - psync__clock->monotonic();
        const int64_t others = left - left / (options->host_count - i + 1);
        struct redis_wire *wire;
        call->until -= others;
        r = redis_wire_open(call, options, host, &wire);
        if (!r) {
            r = ask_sentinel(call, options, host, wire, server);
            redis_wire_close(wire);
        }
        call->until += others;
        if (r == PSYNC_ERROR_ARGUMENT) strangers++;
        if (r != PSYNC_ERROR_UNAVAILABLE && r != PSYNC_ERROR_ARGUMENT) return r;
    }
    return strangers == options->host_count ? r : PSYNC_ERROR_UNAVAILABLE;
}

/* Refuses a server that is no primary. One whose role may not be asked for will tell when it is written to. */
static psync_result check_role(net_call *call, struct redis_wire *wire)
{
    const char *const question[] = {"ROLE"};
    redisReply *reply;
    psync_result r = ask(call, wire, 1, question, &reply);
    if (r == PSYNC_ERROR_PERMISSION || r == PSYNC_ERROR_UNSUPPORTED) return PSYNC_OK;
    if (r) return r;
    bool primary = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
                   reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "master") == 0;
    freeReplyObject(reply);
    if (primary) return PSYNC_OK;
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0,
                           "the server that the sentinels name is no primary yet");
}

/* ------------------------------------------------------------------------ */

static psync_result log_in_to(net_call *call, const struct redis_options *options, const struct redis_host *server,
                              struct redis_wire **wire)
{
    psync_result r = redis_wire_open(call, options, server, wire);
    if (r) return r;
    r = log_in(call, *wire, options->user, options->password, options->database);
    if (!r && *options->master) r = check_role(call, *wire);
    if (r) redis_wire_close(*wire);
    return r;
}

/*
 * A sentinel that is cut off from the others may name a server that they have replaced. So what one names gets half
 * of the time, and if it is of no use, another one is asked first the next time.
 */
static psync_result log_in_by_sentinel(net_call *call, struct redis_state *state, struct redis_wire **wire)
{
    struct redis_host server;
    const unsigned turn = atomic_load_explicit(&state->turn, memory_order_relaxed);
    psync_result r = find_server(call, &state->options, turn, &server);
    if (r) return r;
    const int64_t rest = (call->until - psync__clock->monotonic()) / 2;
    call->until -= rest;
    r = log_in_to(call, &state->options, &server, wire);
    call->until += rest;
    if (r == PSYNC_ERROR_UNAVAILABLE) atomic_fetch_add_explicit(&state->turn, 1, memory_order_relaxed);
    return r;
}

psync_result redis_connect(net_call *call, void **connection)
{
    struct redis_state *state = call->context;
    struct redis_wire *wire;
    psync_result r = *state->options.master ? log_in_by_sentinel(call, state, &wire)
                                            : log_in_to(call, &state->options, &state->options.hosts[0], &wire);
    if (!r) *connection = wire;
    return r;
}

#endif
