/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.h - one connection to a server: commands out, replies in. */
#ifndef PSYNC_REDIS_WIRE_H
#define PSYNC_REDIS_WIRE_H

#include "hiredis_api.h"
#include "net/engine.h"
#include "options.h"

struct redis_wire;

/* Connects to a host, trying its addresses in turn, with TLS if the options want it. Errors as net_engine.connect.
 */
psync_result redis_wire_open(net_call *call, const struct redis_options *options, const struct redis_host *host,
                             struct redis_wire **wire);

/* Closes it without a word. NULL is allowed. */
void redis_wire_close(struct redis_wire *wire);

/* A number that no other wire of this process has had. */
uint64_t redis_wire_number(const struct redis_wire *wire);

int redis_wire_descriptor(const struct redis_wire *wire);

/* Whether transactions may be done on it, once somebody has found that out. */
bool redis_wire_transacts(const struct redis_wire *wire);
void redis_wire_set_transacts(struct redis_wire *wire);

/* How long ago something last came from the server, ns. Something has, once somebody has logged in. */
int64_t redis_wire_idle(const struct redis_wire *wire);

/* Puts a command behind those that are to be sent. False: no memory. */
bool redis_wire_put(struct redis_wire *wire, int count, const char *const *arguments, const size_t *lengths);

/* The same for words. */
bool redis_wire_put_words(struct redis_wire *wire, int count, const char *const *words);

/* Sends what was put. NET_DONE, NET_NOT_SENT, or NET_LOST once a whole command may be out. */
net_outcome redis_wire_send(net_call *call, struct redis_wire *wire);

/* The next reply, to be freed by freeReplyObject. NET_DONE or NET_LOST. */
net_outcome redis_wire_reply(net_call *call, struct redis_wire *wire, redisReply **reply);

/* The same, but what has arrived only: *reply is NULL with NET_DONE if there is no whole one. */
net_outcome redis_wire_reply_if_there(net_call *call, struct redis_wire *wire, redisReply **reply);

#endif
