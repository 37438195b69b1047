/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.h - that the checker rejects what is broken and accepts what is not. */
#ifndef LINEARIZABILITY_PROOF_H
#define LINEARIZABILITY_PROOF_H

#include <stdbool.h>

/* Every broken driver and its honest twin, by processes or by threads; pictures go to folder, unless it is NULL. */
bool prove(bool threads, const char *folder);

#endif
