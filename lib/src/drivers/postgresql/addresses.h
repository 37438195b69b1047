/* SPDX-License-Identifier: BSD-3-Clause */
/* addresses.h - hosts' names, looked up before libpq gets them. */
#ifndef PG_ADDRESSES_H
#define PG_ADDRESSES_H

#include "net/engine.h"
#include "options.h"

/*
 * Puts the addresses of each host (hostaddr) beside its name, until the
 * monotonic moment until. UNAVAILABLE: no host has any; INTERRUPTED, FULL. Told.
 */
psync_result pg_addresses_find(net_call *call, pg_parameters *parameters, int64_t until);

#endif
