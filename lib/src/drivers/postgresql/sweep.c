/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep.c - old request records, rows of Locks long free, and of Integers that
 * somebody waited for in vain.
 *
 * A process asks each few minutes, on occasion of a change of its own; one
 * process a minute is told to sweep, a window of each table that begins at a
 * random page. So no sweep is long, whatever the tables' sizes, nothing needs
 * an index, which updates would have to keep, and in time every page is met.
 */
#if PSYNC_WITH_POSTGRESQL

#include "sweep.h"

#include "clock.h"
#include "connection.h"
#include "net/pause.h"
#include "net/request.h"
#include "system.h"

enum { WINDOW = 512, TABLES = 3 };

static const int64_t EACH = 300 * PSYNC_NS_PER_S;

static net_outcome sweep_table(net_call *call, enum pg_statement statement, int64_t pages)
{
    int64_t first = 0;
    if (pages > WINDOW) first = (int64_t)(psync__random() % (uint64_t)(pages - WINDOW + 1));
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_number(&arguments, first);
    pg_put_number(&arguments, first + WINDOW);
    net_outcome outcome = pg_run(call, statement, &arguments, &rows);
    PQclear(rows);
    return outcome;
}

static net_outcome sweep_step(net_call *call, void *argument)
{
    static const enum pg_statement sweeps[TABLES] = {PG_SWEEP_REQUESTS, PG_SWEEP_LOCKS, PG_SWEEP_INTEGERS};
    pg_arguments none = {.count = 0};
    PGresult *rows;
    int64_t pages[TABLES];
    (void)argument;
    net_outcome outcome = pg_run(call, PG_SWEEP_CLAIM, &none, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    bool mine = PQntuples(rows) > 0;
    for (int i = 0; mine && i < TABLES; i++) pages[i] = pg_number(rows, 0, i);
    PQclear(rows);
    for (int i = 0; mine && i < TABLES && outcome == NET_DONE && !call->result; i++) {
        outcome = sweep_table(call, sweeps[i], pages[i]);
    }
    return outcome;
}

void pg_sweep_plan(pg_state *state)
{
    bool soon = psync__random() % 32 == 0;
    atomic_init(&state->sweep_at, psync__clock->monotonic() + (soon ? 0 : net_jitter(EACH)));
}

void pg_sweep(pg_state *state)
{
    int64_t due = atomic_load_explicit(&state->sweep_at, memory_order_relaxed);
    int64_t now = psync__clock->monotonic();
    if (now < due) return;
    int64_t next = now + net_jitter(2 * EACH);
    if (!atomic_compare_exchange_strong_explicit(&state->sweep_at, &due, next, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        return; /* another thread does it */
    }
    net_run(&state->home, NET_READ, NULL, sweep_step, NULL, NULL);
}

#endif
