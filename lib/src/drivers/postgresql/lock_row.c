/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_row.c - reads a Lock's state. */
#if PSYNC_WITH_POSTGRESQL

#include "lock_row.h"

#include "clock.h"

/* A row that was never held has no owner. */
psync_result pg_lock_row_read(net_home *home, const PGresult *rows, int row, int column, pg_lock_row *lock,
                              psync_error *error)
{
    *lock = (pg_lock_row){
        .exists = pg_truth(rows, row, column),
        .fence = (uint64_t)pg_number(rows, row, column + 1),
        .is_hold = pg_truth(rows, row, column + 2),
        .is_leased = pg_truth(rows, row, column + 3),
        .ends = !PQgetisnull(rows, row, column + 4),
        .left = pg_number(rows, row, column + 4) * 1000,
    };
    if (!lock->exists) return PSYNC_OK;
    psync_result r = net_owner_read(&home->self, PQgetvalue(rows, row, column + 5),
                                    (size_t)PQgetlength(rows, row, column + 5), &lock->owner, error);
    if (r) return r;
    lock->owner.fence = lock->fence;
    lock->owner.is_hold = lock->is_hold;
    if (lock->is_leased) lock->owner.expires_at = (psync__clock->realtime() + lock->left) / 1000;
    return PSYNC_OK;
}

bool pg_lock_row_is_orphan(const pg_lock_row *lock)
{
    return lock->exists && lock->is_hold && lock->owner.alive == PSYNC_ALIVE_NO;
}

enum { PID_BITS = 22 }; /* Linux has no larger pids */

uint64_t pg_lock_row_holder(const pg_lock_row *lock)
{
    if (!lock->exists || !lock->is_hold || lock->owner.alive != PSYNC_ALIVE_YES) return 0;
    return lock->owner.process_start << PID_BITS | (uint64_t)lock->owner.pid;
}

bool pg_lock_holder_lives(uint64_t holder)
{
    const int64_t pid = (int64_t)(holder & ((UINT64_C(1) << PID_BITS) - 1));
    return net_process_alive(pid, holder >> PID_BITS) == PSYNC_ALIVE_YES;
}

psync_lock_state pg_lock_row_state(const pg_lock_row *lock, int64_t before)
{
    if (!lock->exists) return (psync_lock_state){.exists = false};
    return (psync_lock_state){
        .exists = true,
        .is_hold = lock->is_hold,
        .fence = lock->fence,
        .expires = lock->is_leased ? before + lock->left : 0,
        .version = {lock->fence, pg_lock_row_holder(lock)},
    };
}

#endif
