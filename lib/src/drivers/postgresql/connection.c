/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connection.c - libpq without blocking, and statements prepared as they are needed.
 *
 * A reply counts when it has come to its end (ReadyForQuery, which libpq tells
 * by a NULL result): a row that was sent before the commit may still be
 * followed by an error. An error with severity ERROR rolled the statement
 * back, whatever it was. A FATAL one ends the session, and may come between
 * the commit and the end of the reply: then the outcome is unknown.
 *
 * A pooler in transaction mode (PgBouncer) gives each transaction some
 * server's session. LISTEN and prepared statements are lost in that, without
 * an error for the first. It is known by the process id it told at the login,
 * which is not the server's. Then statements go unnamed and nothing listens.
 */
#if PSYNC_WITH_POSTGRESQL

#include "connection.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addresses.h"
#include "failure.h"
#include "state.h"
#include "tables.h"

/* ---- parameters and fields ------------------------------------------------ */

void pg_put_bytes(pg_arguments *arguments, const void *bytes, size_t length)
{
    arguments->values[arguments->count] = bytes;
    arguments->lengths[arguments->count++] = (int)length;
}

void pg_put_number(pg_arguments *arguments, int64_t number)
{
    int64_t *place = &arguments->numbers[arguments->count];
    *place = (int64_t)htobe64((uint64_t)number);
    pg_put_bytes(arguments, place, sizeof *place);
}

void pg_put_null(pg_arguments *arguments)
{
    pg_put_bytes(arguments, NULL, 0);
}

void pg_put_truth(pg_arguments *arguments, bool truth)
{
    int64_t *place = &arguments->numbers[arguments->count];
    memset(place, truth, 1);
    pg_put_bytes(arguments, place, 1);
}

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void pg_put_client(pg_arguments *arguments, const char client[NET_CLIENT_SIZE])
{
    for (size_t i = 0; i < sizeof arguments->client; i++) {
        arguments->client[i] = (unsigned char)(digit(client[2 * i]) << 4 | digit(client[2 * i + 1]));
    }
    pg_put_bytes(arguments, arguments->client, sizeof arguments->client);
}

int64_t pg_number(const PGresult *rows, int row, int column)
{
    uint64_t number = 0;
    if (PQgetlength(rows, row, column) == sizeof number) {
        memcpy(&number, PQgetvalue(rows, row, column), sizeof number);
    }
    return (int64_t)be64toh(number);
}

bool pg_truth(const PGresult *rows, int row, int column)
{
    return PQgetlength(rows, row, column) == 1 && *PQgetvalue(rows, row, column);
}

/* ---- one exchange --------------------------------------------------------- */

static net_outcome lost(net_call *call, net_outcome outcome)
{
    pg_connection *connection = call->connection;
    pg_connection_failed(call->error, connection->pg);
    call->drop = true;
    return outcome;
}

bool pg_read(net_call *call)
{
    pg_connection *connection = call->connection;
    if (PQconsumeInput(connection->pg) && PQstatus(connection->pg) == CONNECTION_OK) {
        while (connection->owed && !PQisBusy(connection->pg)) {
            PGresult *result = PQgetResult(connection->pg);
            connection->owed = result != NULL;
            PQclear(result);
        }
        return true;
    }
    pg_connection_failed(call->error, connection->pg);
    return false;
}

/*
 * Whether the server ended the session while nothing was asked: then what is sent now is certainly not received.
 * Usually nothing has arrived, and one cheap look says so.
 */
static bool is_open(net_call *call)
{
    pg_connection *connection = call->connection;
    char byte;
    if (recv(PQsocket(connection->pg), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) return true;
    return pg_read(call);
}

static bool comes_soon(const pg_connection *connection)
{
    const int fd = PQsocket(connection->pg);
    char byte;
    for (int i = 0; i < NET_SPIN_TRIES; i++) {
        if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN) return true;
    }
    return false;
}

/* Waits for the end of the reply. *rows: its rows; *failed: the error it has, if one. NET_DONE, or NET_LOST. */
static net_outcome receive(net_call *call, PGresult **rows, PGresult **failed)
{
    pg_connection *connection = call->connection;
    PGconn *pg = connection->pg;
    if (net_spin_begin(&connection->spin)) net_spin_end(&connection->spin, comes_soon(connection));
    for (;;) {
        while (PQisBusy(pg)) {
            if (net_poll(call, PQsocket(pg), POLLIN)) return NET_LOST;
            if (!PQconsumeInput(pg)) break; /* what the server said before it left is still to be read */
        }
        PGresult *result = PQgetResult(pg);
        if (!result) return PQstatus(pg) == CONNECTION_OK ? NET_DONE : lost(call, NET_LOST);
        ExecStatusType status = PQresultStatus(result);
        bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        PGresult **place = good ? rows : failed;
        PQclear(*place);
        *place = result;
    }
}

/* After a PQsend… that returned sent: sends all of it, and receives. */
static net_outcome exchange(net_call *call, int sent, PGresult **rows)
{
    PGconn *pg = ((pg_connection *)call->connection)->pg;
    PGresult *failed = NULL;
    *rows = NULL;
    if (!sent) return lost(call, NET_LOST);
    for (int more; (more = PQflush(pg)) != 0;) {
        if (more < 0) return lost(call, NET_LOST);
        if (net_poll(call, PQsocket(pg), POLLIN | POLLOUT)) return NET_LOST;
        if (!PQconsumeInput(pg)) return lost(call, NET_LOST);
    }
    net_outcome outcome = receive(call, rows, &failed);
    if (failed) {
        /* Also where the connection broke after it: what the server said tells more. */
        net_outcome said = pg_server_failed(call, failed);
        if (outcome == NET_DONE || said == NET_LOST) outcome = said;
        PQclear(failed);
    }
    if (outcome != NET_DONE || failed) {
        PQclear(*rows);
        *rows = NULL;
    }
    return outcome;
}

/* ---- statements ----------------------------------------------------------- */

static net_outcome prepare(net_call *call, enum pg_statement statement)
{
    pg_connection *connection = call->connection;
    const pg_prepared *what = &((pg_state *)call->context)->statements[statement];
    PGresult *done;
    int sent = PQsendPrepare(connection->pg, what->name, what->text, what->count, what->types);
    net_outcome outcome = exchange(call, sent, &done);
    if (outcome == NET_LOST) outcome = NET_NOT_SENT; /* the statement itself was not */
    if (done) connection->prepared |= UINT32_C(1) << statement;
    PQclear(done);
    return outcome;
}

/* Where somebody removed or altered our tables, the next connection makes them anew, or says what is wrong. */
static net_outcome unless_altered(net_call *call, net_outcome outcome)
{
    const pg_connection *connection = call->connection;
    if (outcome != NET_DONE || call->result != PSYNC_ERROR_DAMAGED || !connection->ready) return outcome;
    call->drop = true;
    return NET_RETRY;
}

net_outcome pg_run(net_call *call, enum pg_statement statement, const pg_arguments *arguments, PGresult **rows)
{
    static const int binary[PG_PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
    pg_connection *connection = call->connection;
    const pg_prepared *what = &((pg_state *)call->context)->statements[statement];
    *rows = NULL;
    call->result = PSYNC_OK;
    if (!is_open(call)) return NET_NOT_SENT;
    if (connection->direct && !(connection->prepared & UINT32_C(1) << statement)) {
        net_outcome outcome = prepare(call, statement);
        if (outcome != NET_DONE || call->result) return unless_altered(call, outcome);
    }
    int sent;
    if (connection->direct) {
        sent = PQsendQueryPrepared(connection->pg, what->name, what->count, arguments->values, arguments->lengths,
                                   binary, 1);
    } else {
        sent = PQsendQueryParams(connection->pg, what->text, what->count, what->types, arguments->values,
                                 arguments->lengths, binary, 1);
    }
    return unless_altered(call, exchange(call, sent, rows));
}

/* The rest of an exchange without parameters. */
static net_outcome finish_text(net_call *call, int sent)
{
    PGresult *done;
    net_outcome outcome = exchange(call, sent, &done);
    PQclear(done);
    ((pg_connection *)call->connection)->owed = false;
    return outcome;
}

/* Makes it ready for another text. */
static net_outcome begin_text(net_call *call)
{
    call->result = PSYNC_OK;
    if (!is_open(call)) return NET_NOT_SENT;
    if (!((pg_connection *)call->connection)->owed) return NET_DONE;
    net_outcome outcome = finish_text(call, 1);
    call->result = PSYNC_OK; /* whatever was said of the one before */
    return outcome;
}

net_outcome pg_run_text(net_call *call, const char *text)
{
    net_outcome outcome = begin_text(call);
    if (outcome != NET_DONE || call->result) return outcome;
    return finish_text(call, PQsendQuery(((pg_connection *)call->connection)->pg, text));
}

net_outcome pg_send_text(net_call *call, const char *text)
{
    pg_connection *connection = call->connection;
    net_outcome outcome = begin_text(call);
    if (outcome != NET_DONE || call->result) return outcome;
    int sent = PQsendQuery(connection->pg, text);
    if (!sent || PQflush(connection->pg) != 0) return finish_text(call, sent);
    connection->owed = true;
    return NET_DONE;
}

/* ---- connecting ----------------------------------------------------------- */

/* libpq would print them. */
static void ignore_notice(void *argument, const PGresult *notice)
{
    (void)argument;
    (void)notice;
}

/* Drives a login to its end. PSYNC_NO: the server let its time go by. */
static psync_result log_in(net_call *call, PGconn *pg, int64_t until)
{
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    while (wants != PGRES_POLLING_OK) {
        if (wants == PGRES_POLLING_FAILED) return pg_login_failed(call, pg);
        psync_result r =
            net_poll_until(call, PQsocket(pg), wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, until);
        if (r) return r;
        wants = PQconnectPoll(pg);
    }
    return PSYNC_OK;
}

/* The parameters with addresses, the one whose turn it is first. *hosts: how many there are. */
static psync_result find_hosts(net_call *call, pg_parameters *parameters, size_t *hosts)
{
    pg_state *state = call->context;
    const unsigned turn = atomic_load_explicit(&state->turn, memory_order_relaxed);
    *parameters = pg_options_copy(&state->options);
    psync_result r = PSYNC_OK;
    if (parameters->names) r = pg_addresses_find(call, parameters, call->until);
    if (!r && (!parameters->names || !pg_parameters_turn(parameters, turn)))
        r = psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    if (!r) *hosts = pg_parameters_hosts(parameters);
    return r;
}

/* When a try ends: of several servers each that does not answer gets its share of the time, so that the others have
 * theirs. */
static int64_t end_of_try(const net_call *call, size_t hosts)
{
    int64_t time = ((const pg_state *)call->context)->options.connect_timeout;
    if (!time && hosts > 1) time = call->home->dsn->timeout / (int64_t)(hosts + 1);
    const int64_t now = psync__clock->monotonic();
    return time && time < call->until - now ? now + time : call->until;
}

static psync_result start(net_call *call, PGconn **pg)
{
    pg_parameters parameters;
    size_t hosts;
    psync_result r = find_hosts(call, &parameters, &hosts);
    const char *const *names = (const char *const *)parameters.names;
    const char *const *values = (const char *const *)parameters.values;
    if (!r) *pg = PQconnectStartParams(names, values, 0);
    pg_parameters_free(&parameters);
    if (r) return r;
    if (!*pg) return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    PQsetNoticeReceiver(*pg, ignore_notice, NULL);
    PQsetErrorVerbosity(*pg, PQERRORS_VERBOSE); /* the only way to learn a failed login's SQLSTATE */
    if (PQstatus(*pg) == CONNECTION_BAD) return pg_login_failed(call, *pg);
    r = log_in(call, *pg, end_of_try(call, hosts));
    if (r != PSYNC_NO) return r;
    atomic_fetch_add_explicit(&((pg_state *)call->context)->turn, 1, memory_order_relaxed);
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "the server does not answer");
}

psync_result pg_connect(net_call *call, void **connection)
{
    pg_connection *new = calloc(1, sizeof *new);
    if (!new) return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    psync_result r = start(call, &new->pg);
    if (!r && PQsetnonblocking(new->pg, 1) != 0) r = pg_login_failed(call, new->pg);
    if (!r) {
        call->connection = new;
        r = pg_tables_ready(call);
        call->connection = NULL;
        new->ready = true;
    }
    if (r) {
        pg_disconnect(new);
        return r;
    }
    *connection = new;
    return PSYNC_OK;
}

void pg_disconnect(void *connection)
{
    pg_connection *old = connection;
    if (old->pg) PQfinish(old->pg);
    free(old);
}

int pg_descriptor(void *connection)
{
    return PQsocket(((pg_connection *)connection)->pg);
}

#endif
