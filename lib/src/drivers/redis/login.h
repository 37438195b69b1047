/* SPDX-License-Identifier: BSD-3-Clause */
/* login.h - from an address to a connection that takes commands. */
#ifndef PSYNC_REDIS_LOGIN_H
#define PSYNC_REDIS_LOGIN_H

#include "net/engine.h"

/* net_engine.connect: the connection is a struct redis_wire. */
psync_result redis_connect(net_call *call, void **connection);

#endif
