/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spare.h - files of this process that others do not see yet: ROOT/.phpsync/spare/NONCE-NUMBER.
 *
 * A *temporary* is a new file that is filled and then moved to its name.
 *
 * A *spare* is linked to a Lock's name to take it, and stays: when somebody
 * has unlinked the Lock's name it is used for the next one. So taking and
 * freeing a Lock makes no file, which is three times as fast. A spare is
 * written to only while it has no name but its own. If this process did not
 * remove the other one itself, under its flock, it locks the spare before: somebody
 * may have found it to be an ended Lock, and be about to remove its name.
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

/* A new file that is ours alone. */
struct file_temporary {
    int fd; /* flocked */
    char name[FILE_SPARE_NAME];
};

/* A name for a new temporary of this process. */
psync_result file_temporary_name(struct file_home *home, char name[FILE_SPARE_NAME], psync_error *error);

/* Makes a temporary with this content, flocked, for file_publish. Leaves nothing behind on an error. */
psync_result file_temporary_make(struct file_home *home, const char *content, size_t length,
                                 struct file_temporary *temporary, psync_error *error);

/*
 * Moves a temporary to a place; makes missing folders. PSYNC_NO: something is
 * there already, or the temporary was lost with the folder that it was made in;
 * its name is gone then, as on an error. With replace the place is taken
 * whatever is there.
 */
psync_result file_publish(const struct file_temporary *temporary, struct file_place *place, bool replace,
                          psync_error *error);
/* Gives back its flock, and closes it. */
void file_temporary_close(const struct file_temporary *temporary);

/* A spare that is nobody's Lock, ours alone until it is given back. new: it was made just now. */
psync_result file_spare_take(struct file_home *home, struct file_spare **spare, bool *new, psync_error *error);
/* Links it to a place. PSYNC_NO: something is there. PSYNC_ERROR_ABSENT: the spare's name is gone, with its folder.
 */
psync_result file_spare_link(struct file_home *home, struct file_spare *spare, struct file_place *place,
                             psync_error *error);
/* Whether its descriptor is still its own: a program that closes all its descriptors closes ours too. */
bool file_spare_is_open(struct file_spare *spare);
/* The spare that this process last took the Lock with this digest with, ours alone; or NULL. */
struct file_spare *file_spare_of(struct file_home *home, const uint8_t digest[FILE_DIGEST]);
/* Gives it back. */
void file_spare_give(struct file_home *home, struct file_spare *spare);

/* Removes the names of all spares. */
void file_spares_drop(struct file_home *home);
/* Removes what dead processes left. */
void file_spares_clean(struct file_home *home);

#endif
