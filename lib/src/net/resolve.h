/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resolve.h - the addresses of a host, without waiting longer than there is time.
 *
 * The system's own look-up (getaddrinfo) cannot be given a time, and serves no
 * signals while no name server answers. So it runs in a thread, which is left
 * behind when the time is over.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>

#include "net/engine.h"

typedef struct net_lookup net_lookup;

/*
 * Looks up a host (a name, or an address without brackets) and a port, until
 * the monotonic moment at. PSYNC_OK: *lookup, for stream sockets. UNAVAILABLE:
 * it is not known, or not by then; INTERRUPTED: the hook leaves. Both are told.
 */
psync_result net_resolve(net_call *call, const char *host, const char *port, int64_t at, net_lookup **lookup);

/* What was found: at least one address. Lives as long as the look-up. */
const struct addrinfo *net_addresses(const net_lookup *lookup);
void net_resolved(net_lookup *lookup);

#endif
