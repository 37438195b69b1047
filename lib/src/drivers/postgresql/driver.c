/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * driver.c - the driver for PostgreSQL: its tables for the core and for net, and what concerns a whole space.
 *
 * statements.c  our tables, and all SQL      options.c   the DSN             connection.c  libpq, without blocking
 * change.c      each change once             channel.c   LISTEN              failure.c     SQLSTATEs
 * locks.c, lock_wait.c, lock_row.c, integers.c, listing.c the slots          sweep.c       old rows
 * tables.c      whether they are as we make them
 */
#if PSYNC_WITH_POSTGRESQL

#include "postgresql.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "channel.h"
#include "connection.h"
#include "integers.h"
#include "locks.h"
#include "net/request.h"
#include "state.h"
#include "sweep.h"

static const net_engine engine = {
    .name = "PostgreSQL",
    .records_life = 3600 * PSYNC_NS_PER_S, /* sweeps keep them as long */
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .descriptor = pg_descriptor,
    .settle = pg_lock_settle,
    .bar = pg_change_bar,
    .renew = pg_lock_keep,
    .listen = pg_listen,
    .unlisten = pg_unlisten,
    .hear = pg_hear,
};

static void free_state(pg_state *state)
{
    pg_statements_free(state->statements);
    pg_options_free(&state->options);
    free(state->setup);
    free(state);
}

static psync_result open_space(const psync_dsn *dsn, const psync_options *options, void **opaque,
                               psync_error *error)
{
    pg_state *state = calloc(1, sizeof *state);
    if (!state) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    pg_sweep_plan(state);
    psync_result r = pg_options_read(dsn, &state->options, error);
    if (!r) r = net_home_open(&state->home, &engine, state, state, dsn, options, error);
    if (!r) state->setup = pg_layout_sql(state->options.schema);
    if (!r && (!state->setup || !pg_statements_make(state->statements, state->options.schema, state->home.space))) {
        r = psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
        net_home_close(&state->home);
    }
    if (r) {
        free_state(state);
        return r;
    }
    *opaque = state;
    return PSYNC_OK;
}

static void close_space(void *opaque)
{
    pg_state *state = opaque;
    net_home_close(&state->home);
    free_state(state);
}

static psync_result after_fork(void *opaque, psync_error *error)
{
    return net_home_after_fork(&((pg_state *)opaque)->home, error);
}

static psync_result set_label(void *opaque, const char *label, psync_error *error)
{
    return net_home_set_label(&((pg_state *)opaque)->home, label, error);
}

static void awaited(void *opaque)
{
    net_awaited(&((pg_state *)opaque)->home);
}

static bool hold_lost(void *opaque, psync_key *key, uint64_t fence)
{
    return net_hold_lost(&((pg_state *)opaque)->home, key, fence);
}

static const char *setup(void *opaque)
{
    return ((pg_state *)opaque)->setup;
}

/* ---- facts ---------------------------------------------------------------- */

struct facts {
    PGresult *rows;
    bool direct;
};

static net_outcome info_step(net_call *call, void *argument)
{
    struct facts *facts = argument;
    pg_arguments none = {.count = 0};
    facts->direct = ((pg_connection *)call->connection)->direct;
    return pg_run(call, PG_INFO, &none, &facts->rows);
}

static psync_result info(void *opaque, psync_info_callback callback, void *argument, psync_error *error)
{
    static const char *const columns[] = {"server", "database", "user", "locks", "integers", "bytes"};
    pg_state *state = opaque;
    struct facts facts = {NULL, false};
    psync_result r = net_run(&state->home, NET_READ, NULL, info_step, &facts, error);
    if (r) return r;
    char schema[sizeof state->options.schema];
    size_t length = strlen(state->options.schema) - 2;
    memcpy(schema, state->options.schema + 1, length);
    schema[length] = '\0';
    bool on = callback(argument, "space", state->home.space) == 0 && callback(argument, "schema", schema) == 0;
    for (int i = 0; on && i < (int)(sizeof columns / sizeof *columns); i++) {
        on = callback(argument, columns[i], PQgetvalue(facts.rows, 0, i)) == 0;
    }
    on = on && callback(argument, "waiting", facts.direct ? "LISTEN" : "polling, behind a pooler") == 0;
    PQclear(facts.rows);
    return on ? PSYNC_OK : PSYNC_NO;
}

static const char *const schemes[] = {"postgresql", "postgres", NULL};

const psync_driver psync__postgresql_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = schemes,
    .open = open_space,
    .close = close_space,
    .after_fork = after_fork,
    .set_label = set_label,
    .lock_acquire = pg_lock_acquire,
    .lock_release = pg_lock_release,
    .lock_renew = pg_lock_renew,
    .lock_inspect = pg_lock_inspect,
    .lock_await = pg_lock_await,
    .integer_get = pg_integer_get,
    .integer_set = pg_integer_set,
    .integer_add = pg_integer_add,
    .integer_compare_set = pg_integer_compare_set,
    .integer_remove = pg_integer_remove,
    .integer_await = pg_integer_await,
    .awaited = awaited,
    .hold_lost = hold_lost,
    .each_lock = pg_lock_each,
    .each_integer = pg_integer_each,
    .info = info,
    .setup = setup,
};

#endif
