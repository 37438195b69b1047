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
#include "place.h"

enum file_access {
    FILE_READ,
    FILE_LOOK, /* reads what lies at the place now, not what did some milliseconds ago */
    FILE_CHANGE,
    FILE_REMOVE
};

static inline bool file_only_reads(enum file_access access)
{
    return access == FILE_READ || access == FILE_LOOK;
}

/* Opens the file at the place; PSYNC_NO: there is none. The mutex is the caller's here and below. */
psync_result file_counter_open(struct file_counter *counter, struct file_place *place, enum file_access access,
                               psync_error *error);
void file_counter_close(struct file_counter *counter);
/* The flock: shared to read, exclusive to change. PSYNC_NO: the file was closed behind our back. */
psync_result file_counter_lock(struct file_counter *counter, const char *path, enum file_access access,
                               psync_error *error);
/* Gives back the flock and the mutex. */
void file_counter_unlock(struct file_counter *counter);

/* Whether the file still has a name: PSYNC_OK, or PSYNC_NO. In a burst it is not asked each time. */
psync_result file_counter_has_name(const struct file_home *home, struct file_counter *counter, const char *path,
                                   psync_error *error);
/* Whether a full look is due, at the file's place and not only at the file. */
bool file_counter_look_is_due(const struct file_home *home, const struct file_counter *counter);
/* That look: PSYNC_OK, or PSYNC_NO. */
psync_result file_counter_is_at(struct file_counter *counter, const struct file_place *place, psync_error *error);

/* The counter that this handle used last, with its mutex locked, or NULL if another key has it by now. */
struct file_counter *file_counter_noted(struct file_home *home, psync_key *key);
/* The counter for this digest, taken from another if need be, with its mutex locked. */
struct file_counter *file_counter_bind(struct file_home *home, psync_key *key, const uint8_t digest[FILE_DIGEST]);
/* The handle's next use binds again. */
void file_counter_unnote(psync_key *key);

#endif
