/* SPDX-License-Identifier: BSD-3-Clause */
/* announce.h - waking who waits for the end of an acquisition before the server runs the script that ends it. */
#ifndef PSYNC_REDIS_ANNOUNCE_H
#define PSYNC_REDIS_ANNOUNCE_H

#include "lock_requests.h"

/* Whether the release that task describes is one to be announced, now that its connection has been quiet. */
bool redis_should_announce(const net_call *call, const struct redis_lock_task *task);

/*
 * Announces it; the release must follow, with the same number. NET_DONE also where the server refused: then it
 * changed nothing, and call->about is 0. NET_NOT_SENT, NET_LOST: as of a step.
 */
net_outcome redis_announce(net_call *call, struct redis_lock_task *task);

#endif
