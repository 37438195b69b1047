/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_file.h - a Lock's file, open and flocked, and what it says. */
#ifndef PSYNC_FILE_LOCK_FILE_H
#define PSYNC_FILE_LOCK_FILE_H

#include "place.h"
#include "record.h"

struct file_held {
    int fd;
    bool writable;
    bool own; /* it is a spare of this process, entered by that */
    struct file_record record;
};

/* Opens the Lock's file at a place, flocks it (LOCK_SH, LOCK_EX) and reads it. PSYNC_NO: there is none. */
psync_result file_lock_enter(struct file_place *place, int how, struct file_held *held, psync_error *error);
/*
 * What the Lock's file at a place said at one moment within this call, without its flock: looks hold nobody up;
 * but with it on a network file system.
 * It is this key's, unless that is NULL or named the place itself.
 */
psync_result file_lock_read(struct file_place *place, const psync_key *key, struct file_record *record,
                            psync_error *error);
/* As file_lock_enter, and the file is this key's, unless the key named the place itself. */
psync_result file_lock_enter_key(struct file_place *place, const psync_key *key, int how, struct file_held *held,
                                 psync_error *error);
void file_lock_leave(struct file_held *held);

/* Reads the line that may have changed, of a Lock that this process took and has open. */
psync_result file_lock_read_head(const struct file_place *place, struct file_held *held, psync_error *error);

#endif
