/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.h - that the checker rejects what is broken and accepts what is not. */
#ifndef LINEARIZABILITY_PROOF_H
#define LINEARIZABILITY_PROOF_H

#include <phpsync/driver.h>

#include <stdbool.h>

/*
 * Every broken driver and its honest twin, and the flaky one both ways, by processes or by threads; pictures go to
 * folder, unless it is NULL.
 */
bool prove(const psync_driver *flaky, bool threads, const char *folder);

#endif
