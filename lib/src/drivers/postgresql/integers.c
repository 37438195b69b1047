/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integers.c - Integers: one statement a call.
 *
 * An increment tries its short way (statements.c: a row of its client's own)
 * where it is likely to be open: not at a handle's first two changes, which open
 * it, and for a while not after it was found shut.
 */
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

/* How long the short way is not tried after it was found shut. */
static const int64_t SHUT = PSYNC_NS_PER_S;

struct integer_call {
    psync_key
        *key; /* its cache: how many changes were made, up to two; then, monotonic, when to try the short way */
    pg_change change;
    enum pg_statement statement;
    int64_t values[2]; /* what the statement takes behind key and channel */
    int values_count;
    bool upserts;   /* it is done where there is none as well */
    bool try_short; /* first */
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

/* The short way. *done: it was open. */
static net_outcome run_short(net_call *call, struct integer_call *integer, bool *done)
{
    pg_arguments arguments;
    PGresult *rows;
    integer->try_short = false;
    pg_change_begin(call, &integer->change, &arguments, integer->key);
    pg_put_number(&arguments, integer->values[0]);
    net_outcome outcome = pg_change_run(call, &integer->change, PG_INTEGER_ADD_OWN, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    see(integer, rows, 0);
    *done = PQntuples(rows) > 0;
    PQclear(rows);
    /* Relaxed: being late with it costs a try. */
    const int64_t again = psync__clock->monotonic() + SHUT;
    if (!*done) __atomic_store_n(&integer->key->cache, (uint64_t)again, __ATOMIC_RELAXED);
    return NET_DONE;
}

/* *done: it was. If not, integer->now tells what was there. */
static net_outcome run_long(net_call *call, struct integer_call *integer, bool *done)
{
    PGresult *rows;
    net_outcome outcome = run_change(call, integer, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    see(integer, rows, integer->upserts ? 0 : 1);
    *done = integer->upserts ? PQntuples(rows) > 0 : pg_truth(rows, 0, 0);
    PQclear(rows);
    return NET_DONE;
}

/* Moves the record of whoever has the row for its own. */
static net_outcome share(net_call *call, const psync_key *key)
{
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_bytes(&arguments, key->bytes, key->length);
    net_outcome outcome = pg_run(call, PG_INTEGER_SHARE, &arguments, &rows);
    PQclear(rows);
    return outcome == NET_LOST ? NET_NOT_SENT : outcome; /* the change itself was not */
}

/* Whether a change that was not done had nothing to change. */
static bool finds_nothing(const struct integer_call *integer)
{
    if (integer->upserts) return false;
    if (!integer->now.exists) return true;
    return integer->statement == PG_INTEGER_COMPARE_SET && integer->now.value != integer->values[0];
}

/* PSYNC_NO: there was nothing to change. */
static net_outcome change_step(net_call *call, void *argument)
{
    struct integer_call *integer = argument;
    bool done = false;
    net_outcome outcome = pg_change_before(call, &integer->change, integer->key);
    if (outcome != NET_DONE || call->result) return outcome;
    integer->now = (psync_integer_state){true, integer->change.result, {0, 0}};
    if (integer->change.done) return NET_DONE;
    if (integer->try_short) outcome = run_short(call, integer, &done);
    for (int i = 0; i < TRIES && outcome == NET_DONE && !call->result && !done; i++) {
        outcome = run_long(call, integer, &done);
        if (outcome != NET_DONE || call->result || done) break;
        if (finds_nothing(integer)) {
            call->result = PSYNC_NO;
            return NET_DONE;
        }
        outcome = share(call, integer->key);
    }
    if (outcome != NET_DONE || call->result || done) return outcome;
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "others changed it again and again");
    return NET_RETRY;
}

static psync_result change(pg_state *state, struct integer_call *integer, psync_error *error)
{
    psync_result r = net_run(&state->home, NET_CHANGE, integer->key, change_step, integer, error);
    if (r >= 0) pg_sweep(state);
    return r;
}

psync_result pg_integer_set(void *opaque, psync_key *key, int64_t value, psync_error *error)
{
    struct integer_call integer = {
        .key = key, .statement = PG_INTEGER_SET, .values = {value}, .values_count = 1, .upserts = true};
    return change(opaque, &integer, error);
}

/* Whether the short way is likely to be open. The note is relaxed: being late with it costs a try. */
static bool may_be_short(psync_key *key)
{
    const uint64_t note = __atomic_load_n(&key->cache, __ATOMIC_RELAXED);
    if (note < 2) __atomic_store_n(&key->cache, note + 1, __ATOMIC_RELAXED);
    return note >= 2 && psync__clock->monotonic() >= (int64_t)note;
}

psync_result pg_integer_add(void *opaque, psync_key *key, int64_t by, bool subtract, int64_t *result,
                            psync_error *error)
{
    struct integer_call integer = {.key = key, .statement = PG_INTEGER_ADD, .values_count = 1, .upserts = true};
    if (subtract && by == INT64_MIN) {
        integer.statement = PG_INTEGER_ADD_SMALLEST;
        integer.values_count = 0;
        integer.upserts = false;
    } else {
        integer.values[0] = subtract ? -by : by;
        integer.try_short = may_be_short(key);
    }
    psync_result r = change(opaque, &integer, error);
    if (r == PSYNC_NO) return PSYNC_ERROR_OVERFLOW; /* ADD_SMALLEST of none, which counts as 0 */
    if (!r) *result = integer.now.value;
    return r;
}

psync_result pg_integer_remove(void *opaque, psync_key *key, psync_error *error)
{
    struct integer_call integer = {.key = key, .statement = PG_INTEGER_REMOVE};
    return change(opaque, &integer, error);
}

psync_result pg_integer_compare_set(void *opaque, psync_key *key, int64_t expected, int64_t desired,
                                    psync_integer_state *found, psync_error *error)
{
    struct integer_call integer = {
        .key = key, .statement = PG_INTEGER_COMPARE_SET, .values = {expected, desired}, .values_count = 2};
    psync_result r = change(opaque, &integer, error);
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
    psync_key *key;
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
