/* SPDX-License-Identifier: BSD-3-Clause */
/* folder.h - making, entering and listing folders; the mode and group of the space, whatever the umask. */
#ifndef PSYNC_FILE_FOLDER_H
#define PSYNC_FILE_FOLDER_H

#include "home.h"

/*
 * Opens (O_PATH) the folder with this path below the space's, step by step; in
 * a space that others use no link is followed. make: makes what is missing,
 * else *fd is -1 then. What somebody else just made is right.
 */
psync_result file_folder_enter(struct file_home *home, const char *below, bool make, int *fd, psync_error *error);

/* Makes the folder at an absolute path and those on the way to it. root: what is not below it is not ours. */
psync_result file_folder_make_path(const struct file_options *options, const char *root, const char *path,
                                   psync_error *error);

/* Flushes the entries of the folder at path to the disk. */
psync_result file_folder_sync(int at, const char *path, psync_error *error);

/* Gives a new file or folder of ours the mode and group of the space. */
psync_result file_grant(const struct file_options *options, int fd, mode_t mode, const char *path,
                        psync_error *error);

/* false: no more. folder is the open one that name lies in. */
typedef bool (*file_folder_visit)(void *argument, int folder, const char *name);

/*
 * Calls visit for each name in the folder that does not begin with a dot; it may remove names. A missing folder
 * is empty. flags: O_NOFOLLOW, if path may be a link of others.
 */
psync_result file_folder_each(int at, const char *path, int flags, file_folder_visit visit, void *argument,
                              psync_error *error);

#endif
