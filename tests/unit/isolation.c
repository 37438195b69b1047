/* SPDX-License-Identifier: BSD-3-Clause */
/* isolation.c - namespaces of a test's own, where the machine allows them. */
#include "isolation.h"

#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

bool isolate(const char *point)
{
    if (unshare(CLONE_NEWNS) != 0) return false;
    /* In a chroot "/" may be no mount point. */
    return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 ||
           mount("none", point, "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool ended_well(pid_t child)
{
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool may_isolate(const char *point)
{
    pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWPID) == 0 && isolate(point) ? 0 : 1);
    return ended_well(child);
}

bool shift_children(int seconds)
{
    if (unshare(CLONE_NEWTIME) != 0) return false;
    FILE *offsets = fopen("/proc/self/timens_offsets", "we");
    if (!offsets) return false;
    bool told = fprintf(offsets, "boottime %d 0\n", seconds) > 0;
    return fclose(offsets) == 0 && told;
}

/* The first process in it tells whether it can be had. */
static bool child_comes_ahead(void)
{
    if (!shift_children(1)) return false;
    pid_t child = fork();
    if (child == 0) _exit(0);
    return ended_well(child);
}

bool may_shift_children(void)
{
    pid_t child = fork();
    if (child == 0) _exit(child_comes_ahead() ? 0 : 1);
    return ended_well(child);
}
