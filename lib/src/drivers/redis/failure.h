/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.h - the server's error replies: what became of the request, and what the user is to do. */
#ifndef PSYNC_REDIS_FAILURE_H
#define PSYNC_REDIS_FAILURE_H

#include "net/engine.h"

/* The server answered with this error: NET_DONE with call->result, NET_RETRY or NET_STALE. */
net_outcome redis_failed(net_call *call, const char *text);

/* The same as an error only: where a login failed, for connect to return, and in the place of one entry of many. */
psync_result redis_login_failed(net_call *call, const char *text);

/* The server answered what cannot be an answer to this request. */
net_outcome redis_nonsense(net_call *call);

#endif
