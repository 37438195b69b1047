/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.h - sleeping until something happens to a file. */
#ifndef PSYNC_FILE_WATCH_H
#define PSYNC_FILE_WATCH_H

#include "place.h"

enum file_watch_what {
    FILE_WATCH_NAME,   /* it appears, disappears, is touched (an attribute) */
    FILE_WATCH_CONTENT /* or its content changes */
};

/* Whether what is waited for has happened: PSYNC_OK yes, PSYNC_NO no. */
typedef psync_result (*file_watch_check)(void *argument, psync_error *error);

/*
 * Returns PSYNC_OK when something may have happened since the call: changed()
 * said so, the folder had an event, a signal was handled, or until (monotonic)
 * has come. look, not after until, bounds one sleep where nothing rings. The place is left.
 */
psync_result file_watch(struct file_place *place, enum file_watch_what what, file_watch_check changed,
                        void *argument, int64_t look, int64_t until, psync_error *error);

/* Whether inotify sees what others do to files in this folder: not on network and user space file systems. */
bool file_watch_sees(const char *folder, bool *remote);

#endif
