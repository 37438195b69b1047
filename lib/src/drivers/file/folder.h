/* SPDX-License-Identifier: BSD-3-Clause */
/* folder.h - making folders with the mode and group of the space, whatever the umask. */
#ifndef PSYNC_FILE_FOLDER_H
#define PSYNC_FILE_FOLDER_H

#include "home.h"

/*
 * Makes the folder and those on the way to it; what is there already is right,
 * also when somebody else just made it.
 */
psync_result file_folder_make(const struct file_home *home, const char *path, psync_error *error);

/* Flushes the folder's entries to the disk. */
psync_result file_folder_sync(const char *path, psync_error *error);

/* Gives a new file or folder of ours the mode and group of the space. */
psync_result file_grant(const struct file_options *options, int fd, mode_t mode, const char *path,
                        psync_error *error);

/* Calls visit for each name in the folder that does not begin with a dot, until it says false. It may remove names.
 * A missing folder is empty. */
psync_result file_folder_each(const char *path, bool (*visit)(void *argument, const char *name), void *argument,
                              psync_error *error);

#endif
