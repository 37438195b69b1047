/* SPDX-License-Identifier: BSD-3-Clause */
/* check.h - the driver's slot for psync_space_check. */
#ifndef PSYNC_FILE_CHECK_H
#define PSYNC_FILE_CHECK_H

#include <phpsync/driver.h>

psync_result file_check(void *state, bool repair, psync_check_callback callback, void *argument,
                        psync_error *error);

#endif
