/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h - the driver's slot for facts about a space. */
#ifndef PSYNC_SHM_INFO_H
#define PSYNC_SHM_INFO_H

#include <phpsync/driver.h>

psync_result shm_info(void *state, psync_info_callback callback, void *argument, psync_error *error);

#endif
