/* SPDX-License-Identifier: BSD-3-Clause */
/* child.c - children of tests: begun, waited for, and what they need. */
#include "child.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { PATIENCE = 900 }; /* seconds: valgrind, on a busy machine, takes minutes for what takes one second */

psync_error error;

pid_t start_child(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's handler jumps back into the parent's tests */
        signal(SIGBUS, SIG_DFL);
        alarm(PATIENCE);
        body();
        _exit(0);
    }
    return child;
}

/* A child's status; below 0 if there is none. */
static int status_of(pid_t child)
{
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return status;
}

bool ended_well(pid_t child)
{
    return status_of(child) == 0;
}

void in_child_named(void (*body)(void), const char *what, long number)
{
    int status = status_of(start_child(body));
    if (status >= 0 && WIFSIGNALED(status)) {
        fail_msg("%s %ld: %s %d", what, number, WTERMSIG(status) == SIGALRM ? "hung, signal" : "crashed, signal",
                 WTERMSIG(status));
    }
    if (status != 0) fail_msg("%s %ld: failed", what, number);
}

void in_child(void (*body)(void))
{
    in_child_named(body, "case", 0);
}

psync_space *opened(const char *dsn)
{
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == PSYNC_OK);
    return space;
}

psync_lock *lock_of(psync_space *space, const char *key)
{
    psync_lock *lock = NULL;
    NEED(psync_lock_open(space, key, strlen(key), &lock, &error) == PSYNC_OK);
    return lock;
}

psync_integer *integer_of(psync_space *space, const char *key)
{
    psync_integer *integer = NULL;
    NEED(psync_integer_open(space, key, strlen(key), &integer, &error) == PSYNC_OK);
    return integer;
}

bool one_line(void)
{
    size_t length = strnlen(error.message, sizeof error.message);
    if (length == 0 || length == sizeof error.message) return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)error.message[i] < ' ' || error.message[i] == 0x7f) return false;
    }
    return true;
}

psync_result sane(psync_result result)
{
    NEED(result <= PSYNC_NO && result >= PSYNC_ERROR_SYSTEM);
    if (result < 0) NEED(error.result == result && one_line());
    return result;
}
