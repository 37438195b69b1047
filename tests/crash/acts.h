/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acts.h - what the victim does, again and again, until it comes to its fail
 * point. Together the acts come to every fail point there is, but for those in
 * the lists unreached.*; some fail points take a lot of staging.
 */
#ifndef PSYNC_CRASH_ACTS_H
#define PSYNC_CRASH_ACTS_H

#include "workload.h"

/* Slots of the arena. */
enum { WORKERS = 2, VICTIM = WORKERS, SLEEPER, SLEEPERS = 3, CHILD = SLEEPER + SLEEPERS };

struct act {
    const char *name;
    void (*run)(struct worker *w);
    bool has_sleepers; /* needs who sleeps without a limit */
};

extern const struct act acts[];
extern const int act_count;

/* Any fail point of the driver in use. */
unsigned random_point(void);

/* The DSN of another space, which acts make and remove. */
extern char other_dsn[512];
/* Removes all that belongs to a space. It must not be in use. */
void remove_space(const char *which);

/* The sleepers: one takes a Lock, one waits for a Lock's end, one for an Integer's change; each for ever. */
void start_sleeper(int number);
/* After a victim's end: what it still had is freed; then each sleeper gets on, as nothing is in its way. */
void check_sleepers(psync_space *space, pid_t victim);

#endif
