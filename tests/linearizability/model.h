/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * model.h - what a Lock and an Integer are, one call at a time.
 *
 * A model says whether a call can take effect in a state with the outcome it
 * had, and what the state is then. Besides, a Hold may end by itself: because
 * its lease ran out or its holder's process ended. Both have a time before
 * which they may not happen, and one after which they must have.
 */
#ifndef LINEARIZABILITY_MODEL_H
#define LINEARIZABILITY_MODEL_H

#include "history.h"

/* Compared byte by byte, so without holes; all zeros: the key was never used. */
struct state {
    int64_t value;  /* Integers, 0 unless it exists */
    int32_t exists; /* Integers */
    int32_t taker;  /* Locks: 1 + the call that took it; 0: free */
    int32_t lease;  /* 1 + the call that gave the latest lease; 0: none */
    int32_t unused;
    uint64_t fence; /* of the acquisition, 0: not known, its taker was killed */
    uint64_t floor; /* no fence so far was larger */
};

struct model {
    /* Whether call can take effect in *state, which then becomes the state after it. */
    bool (*apply)(const struct history *history, struct state *state, int call);
    /* Whether *state can change by itself at or before this moment; it then does. */
    bool (*lapse)(const struct history *history, struct state *state, int64_t time);
    void (*describe)(const struct history *history, const struct state *state, char *text, size_t size);
};

extern const struct model lock_model, integer_model;

#endif
