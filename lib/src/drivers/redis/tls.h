/* SPDX-License-Identifier: BSD-3-Clause */
/* tls.h - TLS over a connected socket, by OpenSSL. */
#ifndef PSYNC_REDIS_TLS_H
#define PSYNC_REDIS_TLS_H

#include <sys/types.h>

#include "net/engine.h"
#include "options.h"

struct redis_tls;

/* Shakes hands over fd, which is non-blocking. Unless the options forbid it, the server proves that it is host. */
psync_result redis_tls_open(net_call *call, int fd, const struct redis_options *options, const char *host,
                            struct redis_tls **tls);

/* Frees it; says nothing on the wire. NULL is allowed. */
void redis_tls_close(struct redis_tls *tls);

/*
 * As send and recv, with errno as the socket said; where TLS itself failed it is EPROTO, and redis_tls_broken tells
 * why. flags go to the socket's calls.
 */
ssize_t redis_tls_send(struct redis_tls *tls, const char *bytes, size_t length);
ssize_t redis_tls_receive(struct redis_tls *tls, char *bytes, size_t length, int flags);

/* Sets the call's error: UNAVAILABLE, or PERMISSION if the server turned this client away. */
void redis_tls_broken(net_call *call, const struct redis_tls *tls);

#endif
