/* SPDX-License-Identifier: BSD-3-Clause */
/* redis.h - Redis and Valkey as a driver: what the registry knows of it. */
#ifndef PSYNC_REDIS_H
#define PSYNC_REDIS_H

#include <phpsync/driver.h>

extern const psync_driver psync__redis_driver;

#endif
