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
#include "error.h"
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

struct entries {
    const struct redis_state *state;
    struct psync_report *report;
    enum redis_kind kind;
};

static int report_damaged(void *argument, const psync_key *key)
{
    const struct entries *entries = argument;
    const bool is_lock = entries->kind == REDIS_LOCK;
    psync_error error = {.message = "somebody else has written to it on the server"};
    psync__error_locate(&error, PSYNC_ERROR_DAMAGED, is_lock ? "Lock" : "Integer", key->bytes, key->length,
                        entries->state->home.dsn->text);
    psync__report(entries->report, PSYNC_WRONG,
                  is_lock ? "unlock it, or DEL {SPACE:KEY}:l on the server"
                          : "delete the Integer, or DEL {SPACE:KEY}:i on the server",
                  "%s", error.message);
    return entries->report->stopped;
}

static psync_result check_entries(struct redis_state *state, struct psync_report *report, psync_error *error)
{
    struct entries entries = {state, report, REDIS_LOCK};
    psync_result r = redis_each_damaged(state, REDIS_LOCK, report_damaged, &entries, error);
    entries.kind = REDIS_INTEGER;
    return r ? r : redis_each_damaged(state, REDIS_INTEGER, report_damaged, &entries, error);
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
