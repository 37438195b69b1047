/* SPDX-License-Identifier: BSD-3-Clause */
/* keyfile.h - the key beside an Integer's file, in NAME.key: for lists, and because two keys may have one digest.
 */
#ifndef PSYNC_FILE_KEYFILE_H
#define PSYNC_FILE_KEYFILE_H

#include "place.h"

/* All of it is called under the Integer's flock, exclusive to change something. */

psync_result file_key_write(const psync_key *key, const struct file_place *place, psync_error *error);

/* Compares the key with the one beside the file. A missing one is added, if that may be, else PSYNC_NO. */
psync_result file_key_check(const psync_key *key, const struct file_place *place, bool add, psync_error *error);

/* The key beside the file, or what can be said without. */
psync_result file_key_tell(const struct file_place *place, char key[PSYNC_KEY_MAX + 1], size_t *length,
                           psync_error *error);

/* PSYNC_NO: there was none. */
psync_result file_key_unlink(const struct file_place *place, psync_error *error);

#endif
