/* SPDX-License-Identifier: BSD-3-Clause */
/* isolation.c - namespaces of a test's own, where the machine allows them. */
#include "isolation.h"

#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

bool isolate(const char *point)
{
    if (unshare(CLONE_NEWNS) != 0) return false;
    /* In a chroot "/" may be no mount point. */
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
           mount(NULL, point, NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool may_isolate(const char *point)
{
    int status;
    pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWPID) == 0 && isolate(point) ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
