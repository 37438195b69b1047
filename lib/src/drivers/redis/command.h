/* SPDX-License-Identifier: BSD-3-Clause */
/* command.h - a command or script and its reply, as the inside of a step. */
#ifndef PSYNC_REDIS_COMMAND_H
#define PSYNC_REDIS_COMMAND_H

#include "state.h"
#include "wire.h"

/* How many keys one script looks at, at most, and what else it is given. */
enum { REDIS_KEYS_MAX = 64, REDIS_ARGUMENTS_MAX = REDIS_KEYS_MAX + 12 };

/* A script with its keys and arguments, none of which is copied. */
struct redis_request {
    enum redis_script script;
    bool rings; /* others are to be woken by it */
    int count;
    const char *arguments[REDIS_ARGUMENTS_MAX];
    size_t lengths[REDIS_ARGUMENTS_MAX];
    char keys[8];
    char number[24];
};

/* A name on the server. */
struct redis_text {
    const char *bytes;
    size_t length;
};

/* A script on so many keys. One that changes something is given the call's client and number first. */
void redis_request_begin(struct redis_request *request, const net_call *call, enum redis_script script, int keys,
                         const struct redis_text *names);
void redis_request_add(struct redis_request *request, const char *argument, size_t length);
void redis_request_add_text(struct redis_request *request, const char *argument);

/* What a step returns that has no memory for its command. */
net_outcome redis_no_memory(net_call *call);

/*
 * Runs the script. NET_DONE with a *reply, which the caller frees. NET_DONE
 * without one: an error, in call->result. Other outcomes: for the step to return.
 */
net_outcome redis_run(net_call *call, struct redis_request *request, redisReply **reply);

/* The same for any command, whose reply may be of any type but an error. */
net_outcome redis_command(net_call *call, int count, const char *const *arguments, const size_t *lengths,
                          redisReply **reply);

/*
 * To be called in a step after a change was done: with wait_replicas=, waits for so many replicas. NET_DONE with
 * call->result unchanged if they have it, UNKNOWN if not; other outcomes: as those of the request.
 */
net_outcome redis_replicated(net_call *call);

#endif
