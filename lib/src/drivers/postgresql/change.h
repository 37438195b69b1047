/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * change.h - a change, once.
 *
 * Each sending of a change is an attempt with a number of its own on record.
 * When an attempt's reply was lost, it is voided before the next one: the
 * server either says that it was done, and its result, or promises that it
 * never will be, however late it arrives. A step of a change runs:
 *
 *     outcome = pg_change_before(call, &change, key);
 *     if (outcome != NET_DONE || call->result || change.done) return outcome;
 *     pg_change_begin(call, &change, &arguments, key); pg_put_...
 *     outcome = pg_change_run(call, &change, statement, &arguments, &rows);
 */
#ifndef PG_CHANGE_H
#define PG_CHANGE_H

#include "connection.h"

/* All zero at first; lives as long as the net_run. */
typedef struct pg_change {
    unsigned attempt; /* the present one's */
    bool lost;        /* its reply was */
    bool done;        /* an attempt whose reply was lost did it, */
    int64_t result;   /* and with this result */
} pg_change;

net_outcome pg_change_before(net_call *call, pg_change *change, const psync_key *key);
/* Puts what all changes begin with: client, number, key. */
void pg_change_begin(net_call *call, const pg_change *change, pg_arguments *arguments, const psync_key *key);
net_outcome pg_change_run(net_call *call, pg_change *change, enum pg_statement statement,
                          const pg_arguments *arguments, PGresult **rows);

/* Voids the whole request, for ever: change.done and its result if it was done before. */
net_outcome pg_change_void(net_call *call, pg_change *change, const psync_key *key);
/* The engine's slot of this name. */
net_outcome pg_change_bar(net_call *call, const psync_key *key);
/* As pg_change_begin with a number above all attempts, for what undoes a request. */
void pg_change_begin_undo(net_call *call, pg_arguments *arguments, const psync_key *key);

#endif
