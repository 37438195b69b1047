/* SPDX-License-Identifier: BSD-3-Clause */
/* postgresql.h - the driver for PostgreSQL, for the registry. */
#ifndef PSYNC_POSTGRESQL_H
#define PSYNC_POSTGRESQL_H

#include <phpsync/driver.h>

extern const psync_driver psync__postgresql_driver;

#endif
