/* SPDX-License-Identifier: BSD-3-Clause */
/* dsn.h - parses a space's address; psync_dsn itself is in driver.h. */
#ifndef PSYNC_DSN_H
#define PSYNC_DSN_H

#include <phpsync/driver.h>

#include <sys/types.h>

/*
 * Parses text into one allocation. NULL, with an ARGUMENT error that names the
 * wrong part and never shows a password, if it is no DSN.
 */
psync_dsn *psync__dsn_parse(const char *text, psync_error *error);

/* Reads seconds as digits with an optional fraction, above 0 and at most a million. False: it is something else. */
bool psync__dsn_seconds(const char *text, int64_t *ns);

/* Reads the mode of a space's files: octal, and one that lets the owner read and write. */
psync_result psync__dsn_mode(const char *text, mode_t *mode, psync_error *error);

void psync__dsn_free(psync_dsn *dsn);

#endif
