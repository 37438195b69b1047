/* SPDX-License-Identifier: BSD-3-Clause */
/* locks.h - the driver's Lock slots; their contracts are in driver.h. */
#ifndef PSYNC_SHM_LOCKS_H
#define PSYNC_SHM_LOCKS_H

#include <phpsync/driver.h>

psync_result shm_lock_acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                              psync_error *error);
psync_result shm_lock_release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                              psync_error *error);
psync_result shm_lock_renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                            psync_error *error);
psync_result shm_lock_inspect(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                              psync_error *error);
psync_result shm_lock_await(void *state, psync_key *key, psync_lock_state *seen, psync_role role, int64_t deadline,
                            psync_error *error);
psync_result shm_lock_each(void *state, psync_lock_callback callback, void *argument, psync_error *error);

#endif
