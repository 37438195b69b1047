/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - what was called, when, by whom, and what came back.
 *
 * A lane is a process or a thread that makes one call after the other. A call
 * took effect at one moment between its invoke and its respond. One whose
 * caller was killed in the middle, or was told that the outcome is not known,
 * has no respond here: it took effect at any moment after its invoke or never.
 * One that failed because the engine was out of reach certainly did nothing.
 *
 * What a kind of call can do to a key stands here, once: recorder, models,
 * shrinker and drawing all ask these functions.
 */
#ifndef LINEARIZABILITY_HISTORY_H
#define LINEARIZABILITY_HISTORY_H

#include <phpsync/phpsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LANES_MAX = 16,
    CALLS_MAX = 200, /* of one lane */
    KEYS_MAX = 3     /* Locks, and as many Integers */
};

#define NEVER INT64_MAX

/* Seconds. A wait with this limit goes on until it is woken: its lane is stuck if that fails. */
#define PATIENT 3600.0

enum kind {
    END_OF_SCRIPT,
    /* Locks */
    ACQUIRE,       /* seconds: how long at most */
    HOLD,          /* seconds, lease */
    RELEASE,       /* whoever took it */
    RELEASE_IF,    /* the lane's own latest acquisition */
    RELEASE_GHOST, /* */
    RENEW,         /* lease. This and the next two: of the lane's Hold, left out if it has none */
    HOLD_RELEASE,
    HOLD_VALID,
    WAIT, /* seconds */
    EXISTS,
    INSPECT,
    LOCK_LISTED, /* what a list said, or did not say, of one key */
    /* Integers */
    SET, /* a */
    ADD, /* a */
    SUBTRACT,
    COMPARE_SET, /* a: expected, b: desired */
    GET,
    REMOVE,
    INTEGER_EXISTS,
    AT_LEAST, /* a, seconds */
    AT_MOST,
    CHANGE, /* seconds. From what the GET before it saw */
    INTEGER_LISTED,
    /* No calls of their own: a list becomes a LISTED of each key */
    LIST_LOCKS,
    LIST_INTEGERS,
    /* Steps between calls */
    SPIN,      /* seconds */
    YIELD,     /* */
    SIGNAL,    /* a: the number of a signal */
    AWAIT,     /* a */
    AWAIT_END, /* a: the number of a lane whose process must have ended */
    DIE        /* by a SIGKILL that comes by itself within so many seconds, wherever the lane is then */
};

/* What to do: a call yet to be made. */
struct op {
    enum kind kind;
    int key;
    int64_t a, b;
    double seconds, lease;
    bool hook; /* the wait has an interrupt hook */
};

enum outcome {
    UNKNOWN, /* the caller was killed in the middle, or told so */
    YES,
    NO,
    OVERFLOWED,
    LOST,  /* a Hold that is no longer ours */
    FAILED /* the engine was out of reach: nothing was done, and nothing told */
};

struct call {
    struct op op;
    int lane;
    enum outcome outcome;
    int64_t invoke, respond; /* CLOCK_MONOTONIC, ns; respond NEVER: UNKNOWN */
    int64_t value;           /* what an Integer's call told */
    uint64_t fence;          /* what a Lock's call told, or was told: RELEASE_IF and calls on a Hold */
    bool existed;            /* CHANGE: whether the Integer existed when the handle last saw it, */
    int64_t seen;            /* and with which value */
    bool is_hold, has_lease; /* INSPECT and LOCK_LISTED: of the owner */
    int64_t pid;
    psync_alive alive;
};

/* The life of a lane's process. A thread's goes on for ever. */
struct life {
    int64_t pid;
    int64_t dying; /* it lived until this moment at the least */
    int64_t dead;  /* it was known to have ended at this one */
};

struct history {
    int count;
    int lanes;
    int64_t liveness; /* ns: within what time after its holder's end a Hold is free */
    bool outages;     /* the engine was out of reach at times: a Hold that was not kept alive may end */
    struct life lives[LANES_MAX];
    struct call calls[LANES_MAX * CALLS_MAX];
};

bool kind_is_lock(enum kind kind);
const char *kind_name(enum kind kind);

/* Whether the call began, ended or prolonged an acquisition, or may have, if it is UNKNOWN. */
bool call_takes(const struct call *call);
bool call_may_end(const struct call *call);
bool call_renews(const struct call *call);
/* Whether it changed its key, or may have. The others only looked. */
bool call_changes(const struct call *call);
/* Whether it said that its time ran out before that was so. */
bool call_gave_up_early(const struct call *call);

/* The moments between which a lease that the call gave ends. */
int64_t lease_earliest(const struct call *call);
int64_t lease_latest(const struct call *call);

/* With outages: the moment from which on a Hold without a lease may have ended for want of being kept alive. */
int64_t kept_alive_until(const struct history *history, const struct call *call);

/* How long after the history's first call, in microseconds, as it is told to people. */
double history_us(const struct history *history, int64_t time);
/* "add 5 -> 7", as short as it gets. */
void call_describe(const struct call *call, char *text, size_t size);
void op_describe(const struct op *op, char *text, size_t size);

#endif
