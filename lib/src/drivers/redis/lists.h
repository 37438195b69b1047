/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.h - the driver's slots that look at a whole space. */
#ifndef PSYNC_REDIS_LISTS_H
#define PSYNC_REDIS_LISTS_H

#include "command.h"

psync_result redis_each_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error);
psync_result redis_each_integer(void *state, psync_integer_callback callback, void *argument, psync_error *error);

/* The keys of that kind that lists leave out, because somebody else has written to them. */
typedef int redis_damaged_callback(void *argument, const psync_key *key);
psync_result redis_each_damaged(struct redis_state *state, enum redis_kind kind, redis_damaged_callback *callback,
                                void *argument, psync_error *error);

#endif
