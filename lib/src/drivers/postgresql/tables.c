/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tables.c - our tables: made where they are missing, left alone where they are not ours to read.
 *
 * Each connection looks once, in the statement that it begins with. What is altered
 * while it lasts is found where a statement fails for it: then net connects anew (pg_run).
 */
#if PSYNC_WITH_POSTGRESQL

#include "tables.h"

#include <stdio.h>

#include "connection.h"
#include "state.h"

static psync_result as_result(const net_call *call, net_outcome outcome)
{
    return outcome == NET_DONE ? call->result : PSYNC_ERROR_UNAVAILABLE; /* told on call->error */
}

static psync_result create_tables(net_call *call)
{
    const pg_state *state = call->context;
    psync_result r = as_result(call, pg_run_text(call, state->setup));
    if (r != PSYNC_ERROR_PERMISSION) return r;
    return psync_error_set(call->error, r, 0,
                           "the schema %s and its tables are missing, and this user may not make them; "
                           "phpsync doctor --create prints the statements that the database's owner can run",
                           state->options.schema);
}

/* Nothing is changed in it unasked: it may be somebody else's, or hold what somebody needs. */
static psync_result altered(net_call *call, const char *flaw)
{
    const pg_state *state = call->context;
    return psync_error_set(
        call->error, PSYNC_ERROR_DAMAGED, 0,
        "a table in schema %s is not as this library makes it: %s; or drop that table, and it is "
        "made anew, without what was in it",
        state->options.schema, flaw);
}

/* What PG_HELLO says of our tables. PSYNC_NO: they are not all there. */
static psync_result judge(net_call *call, const PGresult *rows)
{
    const pg_state *state = call->context;
    const bool told = !PQgetisnull(rows, 0, 1);
    const int64_t layout = pg_number(rows, 0, 1);
    if (told && layout != PG_LAYOUT) {
        return psync_error_set(
            call->error, PSYNC_ERROR_DAMAGED, 0,
            "the tables in schema %s have layout %lld, this library knows %d; use a library of that "
            "version, or another schema=",
            state->options.schema, (long long)layout, PG_LAYOUT);
    }
    if (!pg_truth(rows, 0, 2)) return PSYNC_NO;
    if (!PQgetisnull(rows, 0, 3)) return altered(call, PQgetvalue(rows, 0, 3));
    return told ? PSYNC_OK : PSYNC_NO;
}

/* Asks the session what it is, and whether our tables are there. PSYNC_NO: they are not. */
static psync_result hello(net_call *call)
{
    pg_connection *connection = call->connection;
    pg_state *state = call->context;
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_number(&arguments, PQbackendPID(connection->pg));
    psync_result r = as_result(call, pg_run(call, PG_HELLO, &arguments, &rows));
    if (r == PSYNC_ERROR_DAMAGED) return PSYNC_NO;
    if (r) return r;
    connection->direct = pg_truth(rows, 0, 0) && !atomic_load_explicit(&state->pooled, memory_order_relaxed);
    r = judge(call, rows);
    PQclear(rows);
    return r;
}

/* Others may do the same at the same time: one makes the tables, and all find them. */
psync_result pg_tables_ready(net_call *call)
{
    psync_result r = hello(call);
    if (r != PSYNC_NO) return r;
    r = create_tables(call);
    if (!r) r = hello(call);
    if (r != PSYNC_NO) return r;
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "its tables were removed just now");
}

#endif
