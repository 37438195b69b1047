/* SPDX-License-Identifier: BSD-3-Clause */
/* surroundings.h - what around a space's file may get in the way of its users. */
#ifndef PSYNC_SHM_SURROUNDINGS_H
#define PSYNC_SHM_SURROUNDINGS_H

#include <sys/types.h>

#include "file.h"
#include "finding.h"

/* Tells what it finds. repair: removes what creators that were killed have left beside the file. */
void shm_surroundings(const struct shm_file *file, bool repair, struct psync_report *report);

/*
 * Lists the spaces of the same name that belong to other users and groups.
 * A space in a folder of its own choice (path=) has no such namesakes. False: there are none.
 */
bool shm_namesakes(const struct shm_file *file, char *list, size_t room);

/*
 * Whether systemd would remove the files of this user in /dev/shm at the last logout: its RemoveIPC is on, the user
 * is one that logs in, and does not linger. root stands before all paths: "" but in tests.
 */
bool shm_logout_removes(const char *root, uid_t uid);

#endif
