/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.h - which driver serves a DSN's scheme. */
#ifndef PSYNC_REGISTRY_H
#define PSYNC_REGISTRY_H

#include <phpsync/driver.h>

/* The driver of a scheme. NO_DRIVER names the scheme and what there is. */
psync_result psync__registry_find(const char *scheme, const psync_driver **driver, psync_error *error);

/* Refuses a driver of another version, with a mandatory slot missing, or that does not serve scheme. */
psync_result psync__registry_check(const psync_driver *driver, const char *scheme, psync_error *error);

#endif
