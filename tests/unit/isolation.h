/* SPDX-License-Identifier: BSD-3-Clause */
/* isolation.h - namespaces of a test's own, where the machine allows them. */
#ifndef PSYNC_TEST_ISOLATION_H
#define PSYNC_TEST_ISOLATION_H

#include <stdbool.h>

/*
 * Whether a process may have namespaces of its own and hide what it mounts
 * below point: root without CAP_SYS_ADMIN (a container) may not. Tried in a child.
 */
bool may_isolate(const char *point);

/* Gives this process mounts of its own; what it mounts below point, itself a mount point, nobody else sees. */
bool isolate(const char *point);

/*
 * Puts the children that this process makes from now on into a time namespace, whose CLOCK_BOOTTIME is so many
 * seconds ahead; and whether a process may do that. Tried in a child.
 */
bool shift_children(int seconds);
bool may_shift_children(void);

#endif
