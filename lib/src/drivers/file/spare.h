/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spare.h - files of this process that others do not see yet: ROOT/.phpsync/spare/NONCE-NUMBER.
 *
 * A *temporary* is a new file that is filled and then moved to its name.
 *
 * A *spare* is linked to a Lock's name to take it, and stays: when somebody
 * has unlinked the Lock's name it is used for the next one. So taking and
 * freeing a Lock makes no file, which is three times as fast. A spare is
 * written to only under its flock, and only while it has no name but its own.
 *
 * What a process leaves behind when it is killed is removed by the next one
 * that comes to the folder: the names tell whose they were, and the sign of
 * life tells who is dead (identity.h). A Lock whose spare name is removed so
 * is a file with one name, which changes nothing.
 */
#ifndef PSYNC_FILE_SPARE_H
#define PSYNC_FILE_SPARE_H

#include "home.h"
#include "place.h"

/* Makes the folder that they lie in. */
psync_result file_spares_make(const struct file_home *home, psync_error *error);

/* A name for a new temporary of this process. */
psync_result file_temporary_name(struct file_home *home, char path[PATH_MAX], psync_error *error);

/* Makes a temporary with this content, flocked; its path for file_publish. Removes it again on an error. */
psync_result file_temporary_make(struct file_home *home, const char *content, size_t length, char path[PATH_MAX],
                                 int *fd, psync_error *error);

/*
 * Moves a temporary to a place; makes missing folders. PSYNC_NO: something is
 * there already; the temporary is gone then, as on an error. With replace the
 * place is taken whatever is there.
 */
psync_result file_publish(const char *temporary, struct file_place *place, bool replace, psync_error *error);

/*
 * A spare that is nobody's Lock, flocked and ours alone until it is given back; path is its name. new: it was made
 * just now.
 */
psync_result file_spare_take(struct file_home *home, struct file_spare **spare, char path[PATH_MAX], bool *new,
                             psync_error *error);
/* The spare that this process last took the Lock with this digest with, ours alone but not flocked; or NULL. */
struct file_spare *file_spare_of(struct file_home *home, const uint8_t digest[FILE_DIGEST]);
/* Gives it back, and its flock. */
void file_spare_give(struct file_home *home, struct file_spare *spare);

/* Removes the names of all spares. */
void file_spares_drop(struct file_home *home);
/* Removes what dead processes left. */
void file_spares_clean(struct file_home *home);

#endif
