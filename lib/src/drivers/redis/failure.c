/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failure.c - error replies.
 *
 * They begin with a code. Servers before version 7 put what a script ran into
 * behind words of their own, so the code is looked for in the whole text; no
 * part of that text comes from a key.
 */
#if PSYNC_WITH_REDIS

#include "failure.h"

#include <string.h>

/* What an error means. The first row whose words occur in the text counts. */
static const struct meaning {
    const char *words;
    net_outcome outcome;
    psync_result result; /* with NET_DONE, and at a login */
    bool drop;           /* the connection is of no more use */
    const char *message;
} meanings[] = {
    {"STALE ", NET_STALE, PSYNC_ERROR_UNKNOWN, false, "the server has served a later request before this one"},
    {"LOADING", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false, "the server is loading its data"},
    {"MASTERDOWN", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, true,
     "the server is a replica that has lost its primary; name the primary, or use redis+sentinel://"},
    {"READONLY", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, true,
     "the server is a replica, which cannot be written to; name the primary, or use redis+sentinel://"},
    {"UNBLOCKED", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, true, "the server has become a replica"},
    {"WAIT cannot be used", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, true, "the server has become a replica"},
    {"NOREPLICAS", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false,
     "the server has fewer replicas than its min-replicas-to-write wants"},
    {"BUSY ", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false,
     "the server is busy with somebody's script; see its SCRIPT KILL"},
    {"NOSCRIPT", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false, "the server has forgotten a script"},
    {"TRYAGAIN", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false, "the server is moving keys"},
    {"CLUSTERDOWN", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, false, "the Redis Cluster is down"},
    {"max number of clients", NET_RETRY, PSYNC_ERROR_UNAVAILABLE, true,
     "the server has as many clients as its maxclients allows"},
    {"MOVED ", NET_DONE, PSYNC_ERROR_UNSUPPORTED, false,
     "the server is a node of a Redis Cluster that keeps this key elsewhere; clusters are not supported, name a "
     "server that has all keys"},
    {"ASK ", NET_DONE, PSYNC_ERROR_UNSUPPORTED, false,
     "the server is a node of a Redis Cluster; clusters are not supported, name a server that has all keys"},
    {"OOM command", NET_DONE, PSYNC_ERROR_FULL, false,
     "the server has used up its maxmemory; raise that, or remove keys"},
    {"MISCONF", NET_DONE, PSYNC_ERROR_FULL, false,
     "the server refuses writes because it cannot save its data; see its log and its disk"},
    {"NOAUTH", NET_DONE, PSYNC_ERROR_PERMISSION, true,
     "the server wants a password; write :PASSWORD@ or USER:PASSWORD@ before the host in the DSN"},
    {"WRONGPASS", NET_DONE, PSYNC_ERROR_PERMISSION, true, "the server refuses this user and password"},
    {"invalid password", NET_DONE, PSYNC_ERROR_PERMISSION, true, "the server refuses this password"},
    {"without any password configured", NET_DONE, PSYNC_ERROR_PERMISSION, true,
     "the server has no password; leave it out of the DSN"},
    {"DB index is out of range", NET_DONE, PSYNC_ERROR_ARGUMENT, true,
     "the server has no database of that number; see its setting databases"},
    {"WRONGTYPE", NET_DONE, PSYNC_ERROR_DAMAGED, false,
     "on the server something else has this key's name; use another space="},
    {"attempt to", NET_DONE, PSYNC_ERROR_DAMAGED, false,
     "what is kept of this key on the server is not this library's writing; remove it"},
    {"not an integer", NET_DONE, PSYNC_ERROR_DAMAGED, false,
     "the value on the server is no integer: somebody else has written it; remove the Integer"},
};

/* Rights: the server's own words say which. */
static bool is_forbidden(const char *text)
{
    return strstr(text, "NOPERM") || strstr(text, "can't run this command") || strstr(text, "permissions to");
}

static bool is_unknown_command(const char *text)
{
    return strstr(text, "unknown command") || strstr(text, "Unknown Redis command") ||
           strstr(text, "unknown subcommand");
}

static net_outcome done(net_call *call, psync_result result)
{
    call->result = result;
    return NET_DONE;
}

static const struct meaning *find(const char *text)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (strstr(text, meanings[i].words)) return &meanings[i];
    }
    return NULL;
}

net_outcome redis_failed(net_call *call, const char *text)
{
    if (is_forbidden(text)) {
        return done(call, psync_error_set(call->error, PSYNC_ERROR_PERMISSION, 0,
                                          "the user lacks a right on the server, docs/redis.md lists them: %.200s",
                                          text));
    }
    if (is_unknown_command(text)) {
        return done(call, psync_error_set(call->error, PSYNC_ERROR_UNSUPPORTED, 0,
                                          "the server lacks a command that is needed: %.200s", text));
    }
    const struct meaning *meaning = find(text);
    if (!meaning) {
        return done(call, psync_error_set(call->error, PSYNC_ERROR_SYSTEM, 0, "the server says: %.200s", text));
    }
    call->drop = call->drop || meaning->drop;
    psync_error_set(call->error, meaning->result, 0, "%s", meaning->message);
    return meaning->outcome == NET_DONE ? done(call, meaning->result) : meaning->outcome;
}

psync_result redis_login_failed(net_call *call, const char *text)
{
    redis_failed(call, text);
    return call->error->result;
}

net_outcome redis_nonsense(net_call *call)
{
    call->drop = true;
    return done(call, psync_error_set(call->error, PSYNC_ERROR_DAMAGED, 0,
                                      "the server's answer makes no sense: somebody else has written to this key, "
                                      "or what answers there is no Redis"));
}

#endif
