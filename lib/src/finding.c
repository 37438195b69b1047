/* SPDX-License-Identifier: BSD-3-Clause */
/* finding.c - psync_space_check, for whatever driver. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "space.h"

void psync__report(struct psync_report *report, psync_severity severity, const char *advice, const char *format,
                   ...)
{
    if (report->stopped) return;
    char what[PSYNC_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    psync_finding finding = {.severity = severity, .what = what, .advice = advice};
    report->stopped = report->callback(report->argument, &finding) != 0;
}

static int any_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    (void)argument;
    (void)key;
    (void)key_length;
    (void)owner;
    return 0;
}

static int any_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    (void)argument;
    (void)key;
    (void)key_length;
    (void)value;
    return 0;
}

/* A driver without a check of its own: whatever can be listed is well. */
static psync_result check_lists(const psync_space *space, psync_check_callback callback, void *argument,
                                psync_error *error)
{
    psync_error inner;
    struct psync_report report = {callback, argument, false};
    psync_result r = space->driver->each_lock(space->state, any_lock, NULL, &inner);
    if (!r) r = space->driver->each_integer(space->state, any_integer, NULL, &inner);
    if (r == PSYNC_ERROR_DAMAGED) {
        psync__report(&report, PSYNC_WRONG, "", "%s", inner.message);
        return report.stopped ? PSYNC_NO : PSYNC_OK;
    }
    if (r < 0 && error) *error = inner;
    return r;
}

psync_result psync_space_check(psync_space *space, bool repair, psync_check_callback callback, void *argument,
                               psync_error *error)
{
    psync_result r = psync__space_enter(space, error);
    if (!r && space->driver->check) {
        r = space->driver->check(space->state, repair, callback, argument, error);
    } else if (!r) {
        r = check_lists(space, callback, argument, error);
    }
    return psync__space_failed(space, r, error);
}
