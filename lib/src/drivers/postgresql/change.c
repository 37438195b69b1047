/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * change.c - numbers on record: a request's, times ATTEMPTS, plus the attempt's.
 *
 * A voided attempt's number is on record with no result; a late copy of the
 * attempt finds that its number is not larger and is undone as a whole
 * (statements.c). An answer without effect ("it is busy") is not put on
 * record: its attempt ended with the reply, or was voided.
 */
#if PSYNC_WITH_POSTGRESQL

#include "change.h"

enum { ATTEMPTS = 1024 }; /* with the pauses between them, more than fit in half of the records' life */

static int64_t number_of(const net_call *call, unsigned attempt)
{
    return (int64_t)(call->number * ATTEMPTS + attempt);
}

static bool is_of_request(const net_call *call, int64_t number)
{
    return number >= number_of(call, 0) && number <= number_of(call, ATTEMPTS - 1);
}

/* What is on record in requests, when voiding found the attempt, or a later one, there. */
static net_outcome look_up(net_call *call, pg_change *change)
{
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_client(&arguments, call->client);
    net_outcome outcome = pg_run(call, PG_RECORD, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    int64_t number = PQntuples(rows) ? pg_number(rows, 0, 0) : 0;
    bool has_result = PQntuples(rows) && !PQgetisnull(rows, 0, 1);
    int64_t result = has_result ? pg_number(rows, 0, 1) : 0;
    PQclear(rows);
    if (!is_of_request(call, number)) return NET_STALE;
    change->lost = false;
    change->done = has_result;
    change->result = result;
    if (!has_result) change->attempt = (unsigned)(number - number_of(call, 0)) + 1;
    return NET_DONE;
}

/* What PG_VOID told of the Integer's own row. */
static net_outcome take_own(const net_call *call, pg_change *change, int64_t number, int64_t value)
{
    if (!is_of_request(call, number)) return NET_STALE;
    change->lost = false;
    change->done = true;
    change->result = value;
    return NET_DONE;
}

static net_outcome make_void(net_call *call, pg_change *change, const psync_key *key)
{
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_client(&arguments, call->client);
    pg_put_number(&arguments, number_of(call, 0));
    pg_put_number(&arguments, number_of(call, change->attempt));
    pg_put_bytes(&arguments, key->bytes, key->length);
    net_outcome outcome = pg_run(call, PG_VOID, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    bool is_void = pg_truth(rows, 0, 0);
    bool is_own = !PQgetisnull(rows, 0, 1);
    int64_t number = pg_number(rows, 0, 1);
    int64_t value = pg_number(rows, 0, 2);
    PQclear(rows);
    if (is_own) return take_own(call, change, number, value);
    if (!is_void) return look_up(call, change);
    change->lost = false;
    change->attempt++;
    return NET_DONE;
}

net_outcome pg_change_before(net_call *call, pg_change *change, const psync_key *key)
{
    call->result = PSYNC_OK;
    if (!change->lost) return NET_DONE;
    net_outcome outcome = make_void(call, change, key);
    if (outcome == NET_DONE && change->attempt >= ATTEMPTS - 1) return NET_STALE; /* the last is for undoing */
    return outcome;
}

net_outcome pg_change_void(net_call *call, pg_change *change, const psync_key *key)
{
    *change = (pg_change){.attempt = ATTEMPTS - 1};
    return make_void(call, change, key);
}

net_outcome pg_change_bar(net_call *call, const psync_key *key)
{
    pg_change change;
    net_outcome outcome = pg_change_void(call, &change, key);
    return outcome == NET_STALE ? NET_DONE : outcome; /* a later one is on record */
}

static void begin(net_call *call, unsigned attempt, pg_arguments *arguments, const psync_key *key)
{
    arguments->count = 0;
    pg_put_client(arguments, call->client);
    pg_put_number(arguments, number_of(call, attempt));
    pg_put_bytes(arguments, key->bytes, key->length);
}

void pg_change_begin(net_call *call, const pg_change *change, pg_arguments *arguments, const psync_key *key)
{
    begin(call, change->attempt, arguments, key);
}

void pg_change_begin_undo(net_call *call, pg_arguments *arguments, const psync_key *key)
{
    begin(call, ATTEMPTS - 1, arguments, key);
}

net_outcome pg_change_run(net_call *call, pg_change *change, enum pg_statement statement,
                          const pg_arguments *arguments, PGresult **rows)
{
    net_outcome outcome = pg_run(call, statement, arguments, rows);
    if (outcome == NET_LOST) change->lost = true;
    return outcome;
}

#endif
