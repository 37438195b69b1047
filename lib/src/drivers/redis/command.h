/* SPDX-License-Identifier: BSD-3-Clause */
/* command.h - a command or script and its reply, as the inside of a step. */
#ifndef PSYNC_REDIS_COMMAND_H
#define PSYNC_REDIS_COMMAND_H

#include "state.h"
#include "wire.h"

enum { REDIS_ARGUMENTS_MAX = 8 };

/* What a script is given. Begin with redis_request_begin, then add arguments. */
struct redis_request {
    enum redis_script script;
    const char *name; /* the key's, on the server */
    size_t name_length;
    int count;
    const char *arguments[REDIS_ARGUMENTS_MAX];
    size_t lengths[REDIS_ARGUMENTS_MAX];
    char number[24];
};

/* A script that changes something is given the call's client and number first. name is not copied. */
void redis_request_begin(struct redis_request *request, const net_call *call, enum redis_script script,
                         const char *name, size_t name_length);
/* The arguments are not copied. */
void redis_request_add(struct redis_request *request, const char *argument, size_t length);
void redis_request_add_text(struct redis_request *request, const char *argument);

/*
 * Runs the script. NET_DONE with a *reply, which the caller frees: a string, or
 * nil. NET_DONE without one: an error, in call->result. Other outcomes as they are.
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
