/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * driver.c - the file driver's table, and what concerns a whole space.
 *
 * ROOT/locks/ab/cd/MD5           a Lock that exists: who took it    record.c, lock_file.c, lock_*.c
 * ROOT/integers/ab/cd/MD5        an Integer: its value in decimal   number.c, counter.c, open_integer.c, integers.c
 * ROOT/integers/ab/cd/MD5.key    that Integer's key                 keyfile.c
 * ROOT/.phpsync/life             who lives                          identity.c
 * ROOT/.phpsync/fence            where fences come from             fence.c
 * ROOT/.phpsync/spare/           files that have no other name yet  spare.c
 *
 * options.c  the DSN        home.c           what a process keeps     root.c, place.c, folder.c, tree.c  folders
 * watch.c    sleeping       ear.c            inotify                  stat.c, failure.c                  the system
 * md5.c      names
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "count.h"
#include "failure.h"
#include "file.h"
#include "home.h"
#include "integers.h"
#include "locks.h"
#include "options.h"

static psync_result open_space(const psync_dsn *dsn, const psync_options *options, void **opaque,
                               psync_error *error)
{
    struct file_options *read = malloc(sizeof *read);
    struct file_state *state = calloc(1, sizeof *state);
    psync_result r = read && state ? PSYNC_OK : file_no_memory(error);
    if (!r) r = file_options_read(dsn, options, read, error);
    if (!r) {
        state->home = file_home_get(read);
        if (!state->home) r = file_no_memory(error);
    }
    free(read);
    if (r) {
        free(state);
        return r;
    }
    pthread_mutex_init(&state->mutex, NULL);
    *opaque = state;
    return PSYNC_OK;
}

static void close_space(void *opaque)
{
    struct file_state *state = opaque;
    file_home_put(state->home);
    pthread_mutex_destroy(&state->mutex);
    free(state);
}

/* The home's fork handler has closed what the parent had open; another thread of it may have had the mutex. */
static psync_result after_fork(void *opaque, psync_error *error)
{
    (void)error;
    struct file_state *state = opaque;
    pthread_mutex_init(&state->mutex, NULL);
    return PSYNC_OK;
}

static psync_result set_label(void *opaque, const char *label, psync_error *error)
{
    (void)error;
    struct file_state *state = opaque;
    pthread_mutex_lock(&state->mutex);
    snprintf(state->label, sizeof state->label, "%s", label);
    pthread_mutex_unlock(&state->mutex);
    return PSYNC_OK;
}

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static bool
tell(psync_info_callback callback, void *argument, const char *name, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return callback(argument, name, text) == 0;
}

static psync_result info(void *opaque, psync_info_callback callback, void *argument, psync_error *error)
{
    struct file_state *state = opaque;
    const struct file_options *options = &state->home->options;
    uint64_t locks = 0;
    uint64_t integers = 0;
    struct stat st;
    psync_result r = PSYNC_OK;
    if (stat(options->root, &st) != 0) r = file_failed(error, errno, "look at", options->root);
    if (!r) r = file_lock_each(state, psync__count_lock, &locks, error);
    if (!r) r = file_integer_each(state, psync__count_integer, &integers, error);
    if (r) return r;
    bool on = callback(argument, "folder", options->root) == 0;
    on = on && tell(callback, argument, "mode", "%04o", (unsigned)options->mode);
    on = on && tell(callback, argument, "uid", "%u", (unsigned)st.st_uid);
    on = on && tell(callback, argument, "gid", "%u", (unsigned)st.st_gid);
    on = on && tell(callback, argument, "durable", "%s", options->durable ? "yes" : "no");
    on = on && tell(callback, argument, "waiting", "%s", options->polling ? "polling" : "inotify");
    on = on && tell(callback, argument, "poll", "%g", (double)options->poll / (double)PSYNC_NS_PER_S);
    on = on && tell(callback, argument, "locks", "%" PRIu64, locks);
    on = on && tell(callback, argument, "integers", "%" PRIu64, integers);
    return on ? PSYNC_OK : PSYNC_NO;
}

static const char *const schemes[] = {"file", NULL};

const psync_driver psync__file_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = schemes,
    .places = true,
    .open = open_space,
    .close = close_space,
    .after_fork = after_fork,
    .set_label = set_label,
    .lock_acquire = file_lock_acquire,
    .lock_release = file_lock_release,
    .lock_renew = file_lock_renew,
    .lock_inspect = file_lock_inspect,
    .lock_await = file_lock_await,
    .integer_get = file_integer_get,
    .integer_set = file_integer_set,
    .integer_add = file_integer_add,
    .integer_compare_set = file_integer_compare_set,
    .integer_remove = file_integer_remove,
    .integer_await = file_integer_await,
    .each_lock = file_lock_each,
    .each_integer = file_integer_each,
    .info = info,
    .check = file_check,
};
