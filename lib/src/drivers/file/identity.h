/* SPDX-License-Identifier: BSD-3-Clause */
/* identity.h - who this process is to others in a folder, and whether another still lives. */
#ifndef PSYNC_FILE_IDENTITY_H
#define PSYNC_FILE_IDENTITY_H

#include "home.h"

/*
 * This process's nonce, a random number above 0, held as long as it lives. A
 * folder that was removed and made anew gives another one. The first call of
 * a process also removes what dead processes left behind.
 */
psync_result file_identity_nonce(struct file_home *home, uint64_t *nonce, psync_error *error);

/* Whether the process with this nonce lives. UNKNOWN if it cannot be told. */
psync_alive file_identity_alive(struct file_home *home, uint64_t nonce);

/* Whether the sign that this process lives can still be seen by others. */
bool file_identity_linked(const struct file_home *home);

#endif
