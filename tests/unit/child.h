/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * child.h - what tests do in children, and what they use there.
 *
 * A child says NEED where a test asserts: cmocka's jump out of an assert would
 * let the child go on as a second parent. It ends by itself, or by an alarm
 * if it hangs.
 */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <phpsync/phpsync.h>

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* What the last call said that failed. */
extern psync_error error;

/* Ends this process, and tells why, unless the condition is true. */
#define NEED(condition)                                                                                            \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            fprintf(stderr, "%s:%d: not true: %s (%s)\n", __FILE__, __LINE__, #condition, error.message);          \
            _exit(1);                                                                                              \
        }                                                                                                          \
    } while (0)

/* Begins a child that does this and ends. */
pid_t start_child(void (*body)(void));
/* Waits for a child; whether it ended by itself, with 0. */
bool ended_well(pid_t child);
/* Does this in a child, and fails the test if that does not end well; what and number say then which case it was.
 */
void in_child(void (*body)(void));
void in_child_named(void (*body)(void), const char *what, long number);

/* What must go well in a child. */
psync_space *opened(const char *dsn);
psync_lock *lock_of(psync_space *space, const char *key);
psync_integer *integer_of(psync_space *space, const char *key);

/* Whether error's message is one line of text. */
bool one_line(void);
/* The result; NEEDs one that the contract knows, and with each error a message of one line. */
psync_result sane(psync_result result);

#endif
