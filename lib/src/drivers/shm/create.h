/* SPDX-License-Identifier: BSD-3-Clause */
/* create.h - a new file for a space. */
#ifndef PSYNC_SHM_CREATE_H
#define PSYNC_SHM_CREATE_H

#include "options.h"

/* Makes the file, unless somebody else just did; either way it is there afterwards. */
psync_result shm_create(const struct shm_place *place, psync_error *error);

#endif
