/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recorder.h - lets lanes run their scripts on a space, and records what happened.
 *
 * A script is the sequence of calls of one lane, fixed beforehand: written out,
 * or made from a seed. The lanes write each call into memory that all share,
 * before and after it, so that what a killed process had under way is known.
 */
#ifndef LINEARIZABILITY_RECORDER_H
#define LINEARIZABILITY_RECORDER_H

#include <phpsync/driver.h>

#include <stdatomic.h>
#include <sys/types.h>

#include "history.h"

enum { OPS_MAX = 100, SIGNALS = 8, KILLS_MAX = 3 };

struct script {
    int count;
    struct op ops[OPS_MAX];
};

struct workload {
    int lanes; /* that begin together */
    int locks, integers;
    struct script scripts[LANES_MAX];
    int kills;              /* lanes whose script has a DIE */
    int victims[KILLS_MAX]; /* they; when the k-th has ended, lane lanes + k begins */
    bool churn;             /* other keys come and go meanwhile */
    bool settle;            /* Holds of the dead must have ended before the last look */
};

/* Where and how. */
struct setup {
    const char *dsn;
    const psync_driver *driver; /* NULL: the DSN's own */
    bool threads;               /* instead of processes; nobody is killed then */
    bool no_kills;              /* processes of which nobody is killed */
    bool outages;               /* calls may fail, or have an unknown outcome */
    double liveness;            /* seconds */
};

static inline bool setup_kills(const struct setup *setup)
{
    return !setup->threads && !setup->no_kills;
}

/* What lanes write while they run. */
struct lane {
    atomic_int started; /* calls that were begun */
    pid_t pid;
    _Atomic int64_t leaving; /* when it ended by itself, 0: it has not */
    struct call calls[CALLS_MAX];
};

struct shared {
    atomic_int ready, go, failed;
    atomic_bool churn, stop; /* for who churns */
    atomic_int signals[SIGNALS];
    atomic_llong notes[SIGNALS]; /* for drivers of this folder, zeroed before each history */
    atomic_int ended[LANES_MAX];
    char why[PSYNC_MESSAGE_SIZE];
    struct lane lanes[LANES_MAX];
};
extern struct shared *shared;

/* The number of the keys: each history has keys of its own. */
extern unsigned long long key_series;

/* Before the first record, and after the last. False: shared->why. */
bool recorder_start(const struct setup *setup);
void recorder_stop(const struct setup *setup);
/* False: something failed that is no matter of order, shared->why. */
bool record(const struct setup *setup, const struct workload *workload, struct history *history);

/* ---- between the recorder and its lanes ------------------------------------------------------ */

psync_space *open_space(const struct setup *setup);
/* A lane, from its first op to its last, in its own process or thread. */
void perform(const struct setup *setup, const struct workload *workload, int lane);
/* Looks at every key. */
void perform_look(const struct setup *setup, const struct workload *workload, psync_space *space, int lane);
/* Frees every Lock and gives every Integer a large value: all that waits has to be woken, one by the other. */
void perform_rescue(const struct setup *setup, const struct workload *workload, psync_space *space, int lane);
/* Leaves nothing behind. */
void perform_removal(const struct setup *setup, const struct workload *workload, psync_space *space, int lane);
/* Makes and removes other keys until told to stop. */
void perform_churn(const struct setup *setup);

#endif
