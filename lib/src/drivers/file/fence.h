/* SPDX-License-Identifier: BSD-3-Clause */
/* fence.h - the space's fences. */
#ifndef PSYNC_FILE_FENCE_H
#define PSYNC_FILE_FENCE_H

#include "home.h"

/*
 * Locks the space's fences and draws the next one: larger than any before, the
 * first one at the microseconds since 1970. A Lock is linked before file_fence_end, so
 * fences grow in the order of acquisitions. Without check a file that was
 * removed a moment ago may go unnoticed: for those who find out another way.
 */
psync_result file_fence_begin(struct file_home *home, bool check, uint64_t *fence, psync_error *error);
void file_fence_end(struct file_home *home);

/* Reads the text of the file. False: it is none; a number alone is right too, where no process has used it yet. */
bool file_fence_parse(const char *text, struct file_fences *fences);

#endif
