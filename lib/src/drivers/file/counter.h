/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counter.h - files with a number, kept open: the Integers, and the space's fences.
 *
 * A counter that is in use is locked twice: by its mutex against threads of
 * this process, which share the descriptor and so the flock; and by the flock
 * against other processes. After the flock the file is compared with its
 * place: it may have been removed, or replaced, in between.
 */
#ifndef PSYNC_FILE_COUNTER_H
#define PSYNC_FILE_COUNTER_H

#include "home.h"
#include "number.h"
#include "place.h"

enum file_access { FILE_READ, FILE_CHANGE, FILE_REMOVE };

/* An Integer's file, locked; path is for messages. */
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

/*
 * Locks the space's fences and draws the next one: larger than any before, and
 * than the microseconds since 1970. A Lock is linked before file_fence_end, so
 * fences grow in the order of acquisitions. Without check a file that was
 * removed a moment ago may go unnoticed: for those who find out another way.
 */
psync_result file_fence_begin(struct file_home *home, bool check, uint64_t *fence, psync_error *error);
void file_fence_end(struct file_home *home);

#endif
