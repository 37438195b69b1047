/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.h - all files of a category at their standard places. */
#ifndef PSYNC_FILE_TREE_H
#define PSYNC_FILE_TREE_H

#include "place.h"

/* PSYNC_OK to go on; anything else ends the walk and is its result. */
typedef psync_result (*file_visit)(void *argument, struct file_place *place, psync_error *error);

/* Visits each file that there is all the time once, others once or not at all. Holds nothing meanwhile. */
psync_result file_tree_each(struct file_home *home, const char *category, file_visit visit, void *argument,
                            psync_error *error);

#endif
