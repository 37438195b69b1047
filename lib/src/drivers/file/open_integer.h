/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open_integer.h - an Integer's file, locked.
 *
 * An Integer exists when its file has its name and holds a number. A file with
 * the mark of a removed one (number.h) is what a killed process left of making or
 * removing it; who wants to change the Integer removes that first.
 */
#ifndef PSYNC_FILE_OPEN_INTEGER_H
#define PSYNC_FILE_OPEN_INTEGER_H

#include "counter.h"
#include "number.h"

/* path is for messages. */
struct file_integer {
    struct file_counter *counter;
    struct file_number number;
    const char *path;
    struct file_place place; /* only valid where place_known */
    bool place_known;
};

/* Locks the key's Integer and reads it. PSYNC_NO: there is none. */
psync_result file_integer_open(struct file_state *state, psync_key *key, enum file_access access,
                               struct file_integer *integer, psync_error *error);
/* Unlocks it; its file stays open for the next time. */
void file_integer_close(struct file_integer *integer);
/* Changes the number. Opened with FILE_CHANGE. */
psync_result file_integer_write(struct file_state *state, struct file_integer *integer, int64_t value,
                                psync_error *error);
/* Makes the key's Integer with this value. PSYNC_NO: there is one by now. */
psync_result file_integer_create(struct file_state *state, psync_key *key, int64_t value, psync_error *error);
/* Removes it. Opened with FILE_REMOVE; still to be closed. */
psync_result file_integer_unlink(struct file_state *state, psync_key *key, struct file_integer *integer,
                                 psync_error *error);

/* For lists: the key and number of the Integer at a place. PSYNC_NO: it has gone. */
psync_result file_integer_look(struct file_place *place, char key[PSYNC_KEY_MAX + 1], size_t *length,
                               struct file_number *number, psync_error *error);

#endif
