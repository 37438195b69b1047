/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.h - what goes wrong with libpq and the server, as outcomes and errors of the contract. */
#ifndef PG_FAILURE_H
#define PG_FAILURE_H

#include <libpq-fe.h>

#include "net/engine.h"

/* A connection that broke: says how. */
void pg_connection_failed(psync_error *error, PGconn *pg);

/* A login that failed. UNAVAILABLE: it may work later. */
psync_result pg_login_failed(net_call *call, PGconn *pg);

/*
 * The server's error instead of a statement's result.
 * NET_DONE: it is the answer, in call->result. NET_RETRY, NET_LOST: as engine.h has them.
 * NET_STALE: this client's number on record is not smaller.
 */
net_outcome pg_server_failed(net_call *call, const PGresult *failed);

#endif
