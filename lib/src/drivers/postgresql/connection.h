/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connection.h - one connection to a server, and statements on it.
 *
 * libpq speaks the protocol; here stands how its calls are made never to
 * block but in net_poll, and what a server's error means for a request.
 */
#ifndef PG_CONNECTION_H
#define PG_CONNECTION_H

#include <libpq-fe.h>

#include "statements.h"
#include "net/engine.h"
#include "net/spin.h"

typedef struct pg_connection {
    PGconn *pg;
    bool direct;       /* the session is ours alone: it can listen, and keep statements */
    bool ready;        /* our tables were seen */
    bool owed;         /* a reply that nobody waits for is still to come */
    uint32_t prepared; /* a bit a statement */
    net_spin spin;
} pg_connection;

/* A statement's parameters, put in their order. */
typedef struct pg_arguments {
    int count;
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX];
    int64_t numbers[PG_PARAMETERS_MAX]; /* what values point at, for numbers and truth */
    unsigned char client[16];
} pg_arguments;

void pg_put_bytes(pg_arguments *arguments, const void *bytes, size_t length); /* and text; must live as long */
void pg_put_number(pg_arguments *arguments, int64_t number);
void pg_put_null(pg_arguments *arguments);
void pg_put_truth(pg_arguments *arguments, bool truth);
void pg_put_client(pg_arguments *arguments, const char client[NET_CLIENT_SIZE]);

/* A result's fields. NULL is 0 and false. */
int64_t pg_number(const PGresult *rows, int row, int column);
bool pg_truth(const PGresult *rows, int row, int column);

/* As the engine's slots of these names; connect also makes our tables where they are missing. */
psync_result pg_connect(net_call *call, void **connection);
void pg_disconnect(void *connection);
int pg_descriptor(void *connection);

/*
 * Runs a statement. NET_DONE with *rows, to be cleared by the caller; or NET_DONE with an error of the server in
 * call->result, told on call->error; or another outcome. *rows is NULL in both.
 */
net_outcome pg_run(net_call *call, enum pg_statement statement, const pg_arguments *arguments, PGresult **rows);
/* The same for a text without parameters, of several statements maybe. */
net_outcome pg_run_text(net_call *call, const char *text);

/* The same, without waiting for the reply, which only the next of these two texts or pg_read meets. */
net_outcome pg_send_text(net_call *call, const char *text);

/* Reads what has arrived. False: the connection is lost. */
bool pg_read(net_call *call);

#endif
