/* SPDX-License-Identifier: BSD-3-Clause */
/* locks.h - the Locks' slots of the driver, and of net's engine. */
#ifndef PG_LOCKS_H
#define PG_LOCKS_H

#include "net/engine.h"

psync_result pg_lock_acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                             psync_error *error);
psync_result pg_lock_release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                             psync_error *error);
psync_result pg_lock_renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                           psync_error *error);
psync_result pg_lock_inspect(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                             psync_error *error);
psync_result pg_lock_await(void *state, psync_key *key, psync_lock_state *seen, psync_role role, int64_t deadline,
                           psync_error *error);
psync_result pg_lock_each(void *state, psync_lock_callback callback, void *argument, psync_error *error);

/* net_engine.renew and .settle. */
psync_result pg_lock_keep(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *error);
net_outcome pg_lock_settle(net_call *call, const psync_key *key);

#endif
