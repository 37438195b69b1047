/* SPDX-License-Identifier: BSD-3-Clause */
/* facts.h - facts about the space and its server, and what is worth knowing about them. */
#ifndef PSYNC_REDIS_FACTS_H
#define PSYNC_REDIS_FACTS_H

#include "state.h"

psync_result redis_info(void *state, psync_info_callback callback, void *argument, psync_error *error);
psync_result redis_check(void *state, bool repair, psync_check_callback callback, void *argument,
                         psync_error *error);

#endif
