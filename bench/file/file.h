/* SPDX-License-Identifier: BSD-3-Clause */
/* file.h - what the parts of bench_file share: the place that is measured, and a part each. */
#ifndef PHPSYNC_BENCH_FILE_H
#define PHPSYNC_BENCH_FILE_H

#include "bench.h"

#include <limits.h>

enum { MAX_ROUNDS = 999 };

/** A folder on one file system; its own, removed at the end. */
struct place {
    const char *name; /**< of the file system, for the table */
    bool memory;      /**< it is a tmpfs */
    char folder[PATH_MAX / 2];
    char root[PATH_MAX / 4]; /**< of the project; where this was started */
    size_t rounds;
    long operations; /**< in a round */
};

/** The space with this name in the place. */
psync_space *open_space(const struct place *place, const char *name);

/** An increment, and lock and unlock, against bare files and php-sync-fs. */
void bench_calls(const struct place *place);
/** The time until the last of 64 waiters runs, against bare inotify readers. */
void bench_wakes(const struct place *place, long wakes);
/** Each operation in a space of so many keys, against the same in one of a thousand. */
void bench_many(const struct place *place, long keys);

/** A PHP process that carries out bench/php-sync-fs.php in the place. NULL, and a note, if there is no PHP. */
struct php *php_start(const struct place *place);
/** The time of one of so many operations, in nanoseconds. */
double php_time(struct php *php, const char *task, long operations);
/** Whether it has the extension, and this one has files. */
bool php_has_extension(const struct php *php);
void php_end(struct php *php);

#endif
