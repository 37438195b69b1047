/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.c - facts from INFO, and those settings of the server that can lose
 * what is in a space. A user who may not run INFO gets the rest.
 */
#if PSYNC_WITH_REDIS

#include "facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "count.h"
#include "finding.h"
#include "lists.h"
#include "net/request.h"

enum { FACT_SIZE = 48 };

/* Lines "name:value" of INFO. */
static const char *const wanted[] = {"redis_version",     "valkey_version",   "role",
                                     "connected_clients", "connected_slaves", "maxmemory",
                                     "maxmemory_policy",  "aof_enabled"};
enum { WANTED = sizeof wanted / sizeof *wanted };

struct facts {
    bool known; /* the server told */
    char values[WANTED][FACT_SIZE];
};

static void read_facts(struct facts *facts, const char *text)
{
    facts->known = true;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        for (int i = 0; i < WANTED; i++) {
            size_t length = strlen(wanted[i]);
            if (strncmp(line, wanted[i], length) != 0 || line[length] != ':') continue;
            const char *value = line + length + 1;
            snprintf(facts->values[i], FACT_SIZE, "%.*s", (int)strcspn(value, "\r\n"), value);
        }
        if (!*line) break;
    }
}

static net_outcome info_step(net_call *call, void *argument)
{
    const char *const words[] = {"INFO"};
    const size_t lengths[] = {4};
    redisReply *reply;
    net_outcome o = redis_command(call, 1, words, lengths, &reply);
    if (o != NET_DONE || !reply) return o;
    if (reply->type == REDIS_REPLY_STRING) read_facts(argument, reply->str);
    freeReplyObject(reply);
    call->result = PSYNC_OK;
    return NET_DONE;
}

static psync_result get_facts(struct redis_state *state, struct facts *facts, psync_error *error)
{
    memset(facts, 0, sizeof *facts);
    psync_result r = net_run(&state->home, NET_READ, NULL, info_step, facts, error);
    return r == PSYNC_ERROR_PERMISSION || r == PSYNC_ERROR_UNSUPPORTED ? PSYNC_OK : r;
}

static int tell_number(psync_info_callback callback, void *argument, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return callback(argument, name, text);
}

psync_result redis_info(void *opaque, psync_info_callback callback, void *argument, psync_error *error)
{
    struct redis_state *state = opaque;
    struct facts facts;
    uint64_t locks = 0;
    uint64_t integers = 0;
    psync_result r = get_facts(state, &facts, error);
    if (!r) r = redis_each_lock(state, psync__count_lock, &locks, error);
    if (!r) r = redis_each_integer(state, psync__count_integer, &integers, error);
    if (r) return r;
    bool on = callback(argument, "space", state->home.space) == 0;
    on = on && tell_number(callback, argument, "database", state->options.database) == 0;
    for (int i = 0; i < WANTED && on; i++) {
        if (*facts.values[i]) on = callback(argument, wanted[i], facts.values[i]) == 0;
    }
    on = on && tell_number(callback, argument, "wait_replicas", state->options.wait_replicas) == 0;
    on = on && tell_number(callback, argument, "locks", locks) == 0;
    on = on && tell_number(callback, argument, "integers", integers) == 0;
    return on ? PSYNC_OK : PSYNC_NO;
}

static const char *fact(const struct facts *facts, const char *name)
{
    for (int i = 0; i < WANTED; i++) {
        if (strcmp(wanted[i], name) == 0) return facts->values[i];
    }
    return "";
}

/* Every entry is read, so what is damaged comes up as an error of the list. */
static psync_result check_entries(struct redis_state *state, struct psync_report *report, psync_error *error)
{
    psync_error inner;
    uint64_t count = 0;
    psync_result r = redis_each_lock(state, psync__count_lock, &count, &inner);
    if (!r) r = redis_each_integer(state, psync__count_integer, &count, &inner);
    if (r == PSYNC_ERROR_DAMAGED) {
        psync__report(report, PSYNC_WRONG, "remove the key that somebody else has written", "%s", inner.message);
        return PSYNC_OK;
    }
    if (r < 0 && error) *error = inner;
    return r;
}

psync_result redis_check(void *opaque, bool repair, psync_check_callback callback, void *argument,
                         psync_error *error)
{
    (void)repair; /* the server mends itself, or cannot be mended from here */
    struct redis_state *state = opaque;
    struct psync_report report = {callback, argument, false};
    struct facts facts;
    psync_result r = get_facts(state, &facts, error);
    if (!r) r = check_entries(state, &report, error);
    if (r) return r;
    const char *policy = fact(&facts, "maxmemory_policy");
    if (!facts.known) {
        psync__report(&report, PSYNC_NOTE, "let the user run INFO", "the server does not tell about its settings");
    } else if (strcmp(policy, "noeviction") != 0) {
        bool limited = strcmp(fact(&facts, "maxmemory"), "0") != 0;
        psync__report(&report, limited ? PSYNC_WRONG : PSYNC_NOTE, "set maxmemory-policy to noeviction",
                      "the server's maxmemory-policy %s removes Locks and Integers when memory runs out", policy);
    }
    if (facts.known && strcmp(fact(&facts, "aof_enabled"), "1") != 0) {
        psync__report(&report, PSYNC_NOTE, "set appendonly to yes",
                      "the server keeps no append-only file: after a crash it may have lost the latest changes");
    }
    return report.stopped ? PSYNC_NO : PSYNC_OK;
}

#endif
