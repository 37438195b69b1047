/* SPDX-License-Identifier: BSD-3-Clause */
/* every_call.h - each call of the library on a test's handles (handles.h), and each slot of a driver it uses. */
#ifndef UNIT_EVERY_CALL_H
#define UNIT_EVERY_CALL_H

#include "fake.h"

struct every_call {
    psync_result (*call)(void); /* what it fails with is told in error (child.h) */
    enum slot slot;
    bool keyed;   /* the message names a key */
    bool busy;    /* the Lock is taken */
    bool of_hold; /* of the Hold held */
};

/* Each call with each slot that it uses. */
extern const struct every_call every_call[];
extern const size_t every_call_count;

/* The Hold for those that need one: the test's to take and to free. */
extern psync_hold *held;

#endif
