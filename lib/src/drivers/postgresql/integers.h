/* SPDX-License-Identifier: BSD-3-Clause */
/* integers.h - the Integers' slots of the driver. */
#ifndef PG_INTEGERS_H
#define PG_INTEGERS_H

#include <phpsync/driver.h>

psync_result pg_integer_get(void *state, psync_key *key, psync_integer_state *now, psync_error *error);
psync_result pg_integer_set(void *state, psync_key *key, int64_t value, psync_error *error);
psync_result pg_integer_add(void *state, psync_key *key, int64_t by, bool subtract, int64_t *result,
                            psync_error *error);
psync_result pg_integer_compare_set(void *state, psync_key *key, int64_t expected, int64_t desired,
                                    psync_integer_state *found, psync_error *error);
psync_result pg_integer_remove(void *state, psync_key *key, psync_error *error);
psync_result pg_integer_await(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                              psync_error *error);
psync_result pg_integer_each(void *state, psync_integer_callback callback, void *argument, psync_error *error);

#endif
