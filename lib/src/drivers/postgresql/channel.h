/* SPDX-License-Identifier: BSD-3-Clause */
/* channel.h - the door-bell: LISTEN on channels, and what a key's is called. */
#ifndef PG_CHANNEL_H
#define PG_CHANNEL_H

#include "net/home.h"

/* Channels are the whole database's: the name tells schema, space, kind ('l', 'i') and key apart. */
void pg_channel(char channel[NET_CHANNEL_SIZE], net_home *home, char kind, const psync_key *key);

/* The engine's slots of these names. */
net_outcome pg_listen(net_call *call, const char *channel);
net_outcome pg_unlisten(net_call *call, const char *channel);
net_outcome pg_hear(net_call *call);

#endif
