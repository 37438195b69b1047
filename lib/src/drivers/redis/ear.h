/* SPDX-License-Identifier: BSD-3-Clause */
/* ear.h - the subscriptions of a connection, as net_engine wants them. */
#ifndef PSYNC_REDIS_EAR_H
#define PSYNC_REDIS_EAR_H

#include "net/engine.h"

net_outcome redis_listen(net_call *call, const char *channel);
net_outcome redis_unlisten(net_call *call, const char *channel);
net_outcome redis_hear(net_call *call);

#endif
