/* SPDX-License-Identifier: BSD-3-Clause */
/* performer.h - what the files that make one lane's calls share. */
#ifndef LINEARIZABILITY_PERFORMER_H
#define LINEARIZABILITY_PERFORMER_H

#include "perform.h"
#include "recorder.h"

struct performer {
    const struct workload *workload;
    int lane;
    bool outages; /* of the set-up */
    psync_space *space;
    psync_lock *locks[KEYS_MAX];
    psync_hold *holds[KEYS_MAX];
    psync_integer *integers[KEYS_MAX];
    bool existed[KEYS_MAX]; /* what the last GET of each Integer saw, */
    int64_t seen[KEYS_MAX];
    bool blind[KEYS_MAX]; /* unless it got no answer */
};

/* The error object of the calls. */
extern _Thread_local psync_error call_error;

/* The name of a key of this history, and what all of them begin with; their length. */
int key_name(char *text, size_t size, int key);
int key_prefix(char *text, size_t size);

/* calls.c: makes one call and writes it down. False: it got no answer. */
bool lock_call(struct performer *p, const struct op *op);
void hold_call(struct performer *p, const struct op *op);
bool integer_call(struct performer *p, const struct op *op);
/* Writes down that a call was begun, and what an owner's record said. */
struct call *begin_call(struct performer *p, const struct op *op);
void tell_owner(struct call *call, const psync_owner *owner);

/* lists.c: makes a list and writes down what it said of each key. False: it got no answer. */
bool list_call(struct performer *p, bool locks);

#endif
