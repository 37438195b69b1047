/* SPDX-License-Identifier: BSD-3-Clause */
/* flaky.h - the twin behind a connection that breaks now and then. */
#ifndef LINEARIZABILITY_FLAKY_H
#define LINEARIZABILITY_FLAKY_H

#include <phpsync/driver.h>

/* Before the first open, after twin_create(); once. Calls end without an answer, a few in a history: setup.outages.
 */
psync_driver flaky_create(void);

#endif
