/* SPDX-License-Identifier: BSD-3-Clause */
/* integers.c - Integers: one statement a call. */
#if PSYNC_WITH_POSTGRESQL

#include "integers.h"

#include <string.h>

#include "change.h"
#include "channel.h"
#include "listing.h"
#include "state.h"
#include "sweep.h"
#include "net/request.h"

/* How often a statement is repeated at once because others changed the row under it. */
enum { TRIES = 100 };

struct integer_call {
    const psync_key *key;
    pg_change change;
    enum pg_statement statement;
    int64_t values[2]; /* what the statement takes behind key and channel */
    int values_count;
    psync_integer_state now;
    bool restless; /* others changed it again and again */
};

static void see(struct integer_call *integer, const PGresult *rows, int column)
{
    bool exists = PQntuples(rows) > 0 && !PQgetisnull(rows, 0, column);
    int64_t value = exists ? pg_number(rows, 0, column) : 0;
    integer->now = (psync_integer_state){exists, value, {exists, (uint64_t)value}};
}

/* ---- changes -------------------------------------------------------------- */

static net_outcome run_change(net_call *call, struct integer_call *integer, PGresult **rows)
{
    char channel[NET_CHANNEL_SIZE];
    pg_arguments arguments;
    pg_channel(channel, call->home, 'i', integer->key);
    pg_change_begin(call, &integer->change, &arguments, integer->key);
    pg_put_bytes(&arguments, channel, strlen(channel));
    for (int i = 0; i < integer->values_count; i++) pg_put_number(&arguments, integer->values[i]);
    return pg_change_run(call, &integer->change, integer->statement, &arguments, rows);
}

/* A change whose one row, if there is one, begins with its result. PSYNC_NO: there is none. */
static net_outcome change_step(net_call *call, void *argument)
{
    struct integer_call *integer = argument;
    net_outcome outcome = pg_change_before(call, &integer->change);
    if (outcome != NET_DONE || call->result) return outcome;
    integer->now = (psync_integer_state){true, integer->change.result, {0, 0}};
    if (integer->change.done) return NET_DONE;
    PGresult *rows;
    outcome = run_change(call, integer, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    see(integer, rows, 0);
    if (PQntuples(rows) == 0) call->result = PSYNC_NO;
    PQclear(rows);
    return NET_DONE;
}

static psync_result change(pg_state *state, struct integer_call *integer, net_step *step, psync_error *error)
{
    psync_result r = net_run(&state->home, NET_CHANGE, integer->key, step, integer, error);
    if (r >= 0) pg_sweep(state);
    return r;
}

psync_result pg_integer_set(void *opaque, psync_key *key, int64_t value, psync_error *error)
{
    struct integer_call integer = {.key = key, .statement = PG_INTEGER_SET, .values = {value}, .values_count = 1};
    return change(opaque, &integer, change_step, error);
}

psync_result pg_integer_add(void *opaque, psync_key *key, int64_t by, bool subtract, int64_t *result,
                            psync_error *error)
{
    struct integer_call integer = {.key = key, .statement = PG_INTEGER_ADD, .values_count = 1};
    if (subtract && by == INT64_MIN) {
        integer.statement = PG_INTEGER_ADD_SMALLEST;
        integer.values_count = 0;
    } else {
        integer.values[0] = subtract ? -by : by;
    }
    psync_result r = change(opaque, &integer, change_step, error);
    if (r == PSYNC_NO) return PSYNC_ERROR_OVERFLOW; /* ADD_SMALLEST of none, which counts as 0 */
    if (!r) *result = integer.now.value;
    return r;
}

psync_result pg_integer_remove(void *opaque, psync_key *key, psync_error *error)
{
    struct integer_call integer = {.key = key, .statement = PG_INTEGER_REMOVE};
    return change(opaque, &integer, change_step, error);
}

static net_outcome compare_set_step(net_call *call, void *argument)
{
    struct integer_call *integer = argument;
    net_outcome outcome = pg_change_before(call, &integer->change);
    if (outcome != NET_DONE || call->result || integer->change.done) return outcome;
    for (int i = 0; i < TRIES; i++) {
        PGresult *rows;
        outcome = run_change(call, integer, &rows);
        if (outcome != NET_DONE || call->result) return outcome;
        bool done = pg_truth(rows, 0, 0);
        see(integer, rows, 1);
        PQclear(rows);
        if (done) return NET_DONE;
        call->result = PSYNC_NO;
        /* The value expected was there when the statement began, and another when it came to the row. */
        if (!integer->now.exists || integer->now.value != integer->values[0]) return NET_DONE;
    }
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "others changed it again and again");
    return NET_RETRY;
}

psync_result pg_integer_compare_set(void *opaque, psync_key *key, int64_t expected, int64_t desired,
                                    psync_integer_state *found, psync_error *error)
{
    struct integer_call integer = {
        .key = key, .statement = PG_INTEGER_COMPARE_SET, .values = {expected, desired}, .values_count = 2};
    psync_result r = change(opaque, &integer, compare_set_step, error);
    if (r >= 0) *found = integer.now;
    return r;
}

/* ---- looks ---------------------------------------------------------------- */

static net_outcome get_step(net_call *call, void *argument)
{
    struct integer_call *integer = argument;
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_bytes(&arguments, integer->key->bytes, integer->key->length);
    net_outcome outcome = pg_run(call, PG_INTEGER_GET, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    see(integer, rows, 0);
    PQclear(rows);
    call->result = integer->now.exists ? PSYNC_OK : PSYNC_NO;
    return NET_DONE;
}

psync_result pg_integer_get(void *opaque, psync_key *key, psync_integer_state *now, psync_error *error)
{
    pg_state *state = opaque;
    struct integer_call integer = {.key = key};
    psync_result r = net_run(&state->home, NET_READ, key, get_step, &integer, error);
    if (r >= 0) *now = integer.now;
    return r;
}

/* Marks that somebody waits, and then looks; an Integer that does not exist gets a row for that. */
static net_outcome arm_step(net_call *call, void *argument)
{
    struct integer_call *integer = argument;
    for (int i = 0; i < TRIES; i++) {
        pg_arguments arguments = {.count = 0};
        PGresult *rows;
        pg_put_bytes(&arguments, integer->key->bytes, integer->key->length);
        net_outcome outcome = pg_run(call, PG_INTEGER_ARM, &arguments, &rows);
        if (outcome != NET_DONE || call->result) return outcome;
        bool has_row = PQntuples(rows) > 0;
        bool armed = has_row && pg_truth(rows, 0, 0);
        see(integer, rows, 1);
        PQclear(rows);
        if (armed) return NET_DONE;
        if (!has_row) outcome = pg_run(call, PG_INTEGER_EXPECT, &arguments, &rows);
        if (outcome != NET_DONE || call->result) return outcome;
        if (!has_row) PQclear(rows);
    }
    integer->restless = true;
    return NET_DONE;
}

struct integer_wait {
    pg_state *state;
    const psync_key *key;
    const psync_integer_state *seen;
};

static psync_result look(void *argument, bool ask, int64_t *again, psync_error *error)
{
    struct integer_wait *wait = argument;
    struct integer_call integer = {.key = wait->key};
    (void)again; /* nothing but a message says that an Integer changed */
    if (!ask) return PSYNC_NO;
    psync_result r = net_run(&wait->state->home, NET_READ, wait->key, arm_step, &integer, error);
    if (r) return r;
    bool same = integer.now.exists == wait->seen->exists && integer.now.value == wait->seen->value;
    return same && !integer.restless ? PSYNC_NO : PSYNC_OK;
}

psync_result pg_integer_await(void *opaque, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                              psync_error *error)
{
    pg_state *state = opaque;
    struct integer_wait wait = {state, key, seen};
    char channel[NET_CHANNEL_SIZE];
    pg_channel(channel, &state->home, 'i', key);
    return net_await(&state->home, channel, seen->version, look, &wait, deadline, NULL, error);
}

/* ---- lists ---------------------------------------------------------------- */

struct integer_listing {
    psync_integer_callback callback;
    void *argument;
};

static int list_row(void *argument, const PGresult *rows, int row)
{
    struct integer_listing *listing = argument;
    return listing->callback(listing->argument, PQgetvalue(rows, row, 0), (size_t)PQgetlength(rows, row, 0),
                             pg_number(rows, row, 1));
}

psync_result pg_integer_each(void *opaque, psync_integer_callback callback, void *argument, psync_error *error)
{
    struct integer_listing listing = {callback, argument};
    return pg_list(opaque, PG_INTEGER_LIST, list_row, &listing, error);
}

#endif
