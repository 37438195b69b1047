/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_row.h - what a statement tells of a Lock. */
#ifndef PG_LOCK_ROW_H
#define PG_LOCK_ROW_H

#include "connection.h"
#include "net/home.h"

typedef struct pg_lock_row {
    bool exists;
    bool is_hold;
    bool is_leased; /* the lease is the user's, and not the one that the keeper renews */
    bool ends;
    uint64_t fence;
    int64_t left; /* ns until it ends, if it does */
    psync_owner owner;
} pg_lock_row;

/* Reads what stands from column on (STATE in statements.c). DAMAGED if the owner is none. */
psync_result pg_lock_row_read(net_home *home, const PGresult *rows, int row, int column, pg_lock_row *lock,
                              psync_error *error);

/* Whether it is a Hold whose holder is known to have ended. */
bool pg_lock_row_is_orphan(const pg_lock_row *lock);

/*
 * A Hold's holder on this host, alive when it was read, as a number that finds
 * it again; 0: none such.
 */
uint64_t pg_lock_row_holder(const pg_lock_row *lock);
bool pg_lock_holder_lives(uint64_t holder);

/* before: boottime before it was asked for. A lease that the keeper renews is nobody's business but ours. */
psync_lock_state pg_lock_row_state(const pg_lock_row *lock, int64_t before);

#endif
