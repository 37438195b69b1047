/* SPDX-License-Identifier: BSD-3-Clause */
/* acquisition.h - what is common to taking, freeing and waiting for Locks. */
#ifndef PSYNC_FILE_ACQUISITION_H
#define PSYNC_FILE_ACQUISITION_H

#include "lock_file.h"

/*
 * Whether the acquisition counts as absent: a Hold whose lease has run out or whose holder has ended. now:
 * boottime, read before the record, unless that is flocked: its lease may have been renewed since.
 */
bool file_acquisition_ended(struct file_home *home, const struct file_record *record, int64_t now);

/* What the caller of a step is told. */
void file_tell_absent(psync_lock_state *now);
void file_tell(const struct file_record *record, psync_lock_state *now);
void file_tell_owner(struct file_home *home, const struct file_record *record, psync_owner *owner);

/* Unlinks the name of what is entered. PSYNC_NO: it was gone. */
psync_result file_acquisition_end(const struct file_place *place, psync_error *error);
/* Frees what has ended, if it is still there. Errors: it is, and cannot be removed. */
psync_result file_acquisition_sweep(struct file_home *home, struct file_place *place, uint64_t fence,
                                    psync_error *error);

/* What there is now, ended Holds swept away. take: who looks, if it is a taker. */
psync_result file_acquisition_look(struct file_home *home, struct file_place *place, const psync_key *key,
                                   const psync_take *take, psync_lock_state *now, psync_owner *owner,
                                   psync_error *error);

/*
 * Takers barge: who asks first after a release gets the Lock. One who has
 * waited for long marks the file; who frees a marked Lock lets others go first
 * for a while. That is limited in time and needs nobody to be alive.
 */
void file_give_way(struct file_home *home, const struct file_place *place);
/* For how long still (ns) this process lets others go first; 0: not. */
int64_t file_gives_way(struct file_home *home, const struct file_place *place);

#endif
