/* SPDX-License-Identifier: BSD-3-Clause */
/* integers.h - the driver's slots for Integers, as driver.h describes them. */
#ifndef PSYNC_REDIS_INTEGERS_H
#define PSYNC_REDIS_INTEGERS_H

#include "command.h"

psync_result redis_integer_get(void *state, psync_key *key, psync_integer_state *now, psync_error *error);
psync_result redis_integer_set(void *state, psync_key *key, int64_t value, psync_error *error);
psync_result redis_integer_add(void *state, psync_key *key, int64_t by, bool subtract, int64_t *result,
                               psync_error *error);
psync_result redis_integer_compare_set(void *state, psync_key *key, int64_t expected, int64_t desired,
                                       psync_integer_state *found, psync_error *error);
psync_result redis_integer_remove(void *state, psync_key *key, psync_error *error);
psync_result redis_integer_await(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                 psync_error *error);

/* Reads a value: PSYNC_OK, PSYNC_NO for nil, or DAMAGED for anything else than a 64-bit number, with an error. */
psync_result redis_value_read(net_call *call, const redisReply *reply, int64_t *value);

#endif
