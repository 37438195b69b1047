/* SPDX-License-Identifier: BSD-3-Clause */
/* shm.h - the shared-memory driver, as the registry sees it. */
#ifndef PSYNC_SHM_H
#define PSYNC_SHM_H

#include <phpsync/driver.h>

extern const psync_driver psync__shm_driver;

#endif
