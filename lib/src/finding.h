/* SPDX-License-Identifier: BSD-3-Clause */
/* finding.h - how a driver's check tells what it found. */
#ifndef PSYNC_FINDING_H
#define PSYNC_FINDING_H

#include <phpsync/phpsync.h>

struct psync_report {
    psync_check_callback callback;
    void *argument;
    bool stopped; /* the callback wants no more */
};

/* Tells one finding, unless the callback has stopped the check. The advice is a line of its own, "" if there is
 * none.
 */
__attribute__((format(printf, 4, 5))) void psync__report(struct psync_report *report, psync_severity severity,
                                                         const char *advice, const char *format, ...);

#endif
