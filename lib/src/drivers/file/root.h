/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * root.h - the space's folder and the folder of its spare files, kept open.
 *
 * What lies in them is reached from there: paths are short, and what one step
 * does it does in one folder, whatever is moved meanwhile. Whether the folder
 * is still the one at its path is looked at now and then, and whenever
 * something is missing in it. The descriptors keep their numbers as long as
 * the home exists: another folder takes the old one's number in one step.
 */
#ifndef PSYNC_FILE_ROOT_H
#define PSYNC_FILE_ROOT_H

#include "home.h"

/* The open folder; *fd is -1 if there is none at the path. look: compares it with the path now, and not only if
 * that is due. */
psync_result file_root(struct file_home *home, bool look, int *fd, psync_error *error);

/* The open folder of the spare files, made if it is missing. anew: the one that is open is not there any more. */
psync_result file_root_spare(struct file_home *home, bool anew, int *fd, psync_error *error);

/* The next file_root_spare opens the folder of the spare files anew: the open one is not at its place. */
void file_root_doubt_spare(struct file_home *home);

/* The next file_root looks whether the open folder is still ours: a call on it failed as if it were not. */
void file_root_doubt(struct file_home *home);

/* How often another folder stood at the path. */
unsigned file_root_turn(const struct file_home *home);

/*
 * Whether others than this user (and root) may write to the open folder, or its owner is another: then a symbolic
 * link in it may be a trap. Once true it stays so for this home.
 */
bool file_root_shared(const struct file_home *home);

/* Monotonic, some milliseconds behind at most, and cheap: for what is due now and then. */
int64_t file_coarse_now(void);

/* Closes both; a later call opens them again. */
void file_root_close(struct file_home *home);

#endif
