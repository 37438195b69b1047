/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.h - whether the calls on one key can be put into an order that the
 * model allows and in which no call comes before one that had returned when
 * it was made.
 */
#ifndef LINEARIZABILITY_CHECK_H
#define LINEARIZABILITY_CHECK_H

#include "model.h"

enum answer {
    ACCEPTED,
    REJECTED,
    GAVE_UP /* the search grew too large: nothing was proven, which is a failure of the test */
};

/* Some calls of a history, all on one key, and the state before the first of them. */
struct part {
    const struct history *history;
    const struct model *model;
    struct state start;
    int count;
    int calls[LANES_MAX * CALLS_MAX]; /* places in history->calls */
};

struct verdict {
    enum answer answer;
    int culprit; /* REJECTED: the call at whose return no order was left */
    /* The last moment before the culprit at which no call was under way and only one state was possible. */
    int64_t quiet;
    struct state quiet_state;
    size_t configurations; /* how many were looked at */
};

/* All calls on one key. */
void part_of(const struct history *history, bool lock, int key, struct part *part);

struct verdict check(const struct part *part);

#endif
