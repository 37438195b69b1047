/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - what a file:// DSN says, and whether its folder can be trusted. */
#ifndef PSYNC_FILE_OPTIONS_H
#define PSYNC_FILE_OPTIONS_H

#include "home.h"

/* Reads the DSN, makes the folder if it is missing, and checks it. */
psync_result file_options_read(const psync_dsn *dsn, const psync_options *open_options,
                               struct file_options *options, psync_error *error);

/* Whether the folder and ours in it may be used, by their owners and modes. */
psync_result file_options_check(const struct file_options *options, psync_error *error);

#endif
