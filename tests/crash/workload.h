/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * workload.h - what processes do to a space while others of them are killed,
 * and how each checks what it gets.
 *
 * What must be exact in the end is written into a journal in anonymous shared
 * memory: before a step that it is under way, after it that it is done, each
 * with one store. A worker that was killed leaves at most one step under way
 * for each number, so the true totals lie between what is done and that plus
 * what was under way at the kills; anything outside is a lost or a doubled change.
 */
#ifndef PSYNC_CRASH_WORKLOAD_H
#define PSYNC_CRASH_WORKLOAD_H

#include <phpsync/phpsync.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SLOTS = 8, /* workers at a time, at most */
    INTEGERS = 6,
    LOCKS = 4,
    ANCHORS = 20,       /* keys that are there all the time */
    PRIVATE = 30,       /* keys that one worker makes and removes */
    STUCK_SECONDS = 60, /* without any step of a worker */
    FAILED = 99
};

/* A number in the journal: twice what is done, plus one while a step is under way. */
typedef atomic_llong entry;

struct slot {
    pid_t pid;
    entry added[INTEGERS]; /* what this slot's workers added */
    entry sections[LOCKS]; /* how often they were inside */
    atomic_llong by;       /* how much the step that is under way adds */
    atomic_llong steps;    /* all that they did, to see that they get on */
};

/* What all processes of a run share. */
struct arena {
    atomic_bool stop;
    atomic_int failed;
    char why[2000];
    struct slot slots[SLOTS];
    long long uncertain_added[INTEGERS]; /* by workers that were killed in the middle */
    long long uncertain_sections[LOCKS];
    volatile long long unprotected[LOCKS]; /* changed under the Lock alone */
    volatile uint64_t last_fence[LOCKS];   /* the same */
    int pause_us;                          /* of a worker between two steps, at most */
    atomic_ullong lease_fence;             /* the largest fence that a Hold with a short lease was given */
};

struct worker {
    int number; /* its slot */
    struct slot *slot;
    psync_space *space;
    psync_lock *locks[LOCKS];
    psync_integer *integers[INTEGERS];
    psync_lock *lease; /* taken for a moment at a time, LEASE seconds long */
    int64_t last[INTEGERS];
};

extern struct arena *arena;
extern char dsn[512]; /* the space that is used */
extern psync_error error;

#define LEASE 0.02

/* Makes the arena; or empties it, and gives the next run other keys. */
void arena_begin(void);

/* Writes down the first broken promise and ends this process. */
__attribute__((format(printf, 3, 4))) _Noreturn void broken(const char *file, int line, const char *format, ...);

#define MUST(condition)                                                                                            \
    do {                                                                                                           \
        error.message[0] = '\0';                                                                                   \
        if (!(condition)) broken(__FILE__, __LINE__, "not true: %s %s", #condition, error.message);                \
    } while (0)

/* The monotonic clock in ns. */
int64_t now_ns(void);
void spin_for(int64_t ns);
void sleep_for(int64_t ns);

void random_seed(uint64_t seed);
uint64_t random_below(uint64_t limit);

psync_space *open_space(void);
psync_lock *open_lock(psync_space *space, const char *kind, int number);
psync_integer *open_integer(psync_space *space, const char *kind, int number);

/* Opens everything for the worker in this slot. */
void worker_open(struct worker *w, int number);
/* One random thing, checked. */
void worker_step(struct worker *w);
/* Some kinds of it: keys that nobody else has; a Hold with a short lease. */
void make_and_remove(struct worker *w);
void hold_for_a_moment(struct worker *w);

/* Starts a process in this slot, with everything opened and random numbers of its own; it dies with this one. */
void start_process(int number, void (*body)(struct worker *));
/* Starts a worker in this slot, which works until arena->stop. */
void start_worker(int number);
/* Waits for it. Fails unless it was killed by SIGKILL or ended well. */
void reap_worker(int number);
/* What the worker that was killed left under way is uncertain from now on: it happened or not. */
void absorb(int number);
/* Frees what the dead process still had. Returns how many Locks. */
int free_ghosts(psync_lock *const *locks, int count, pid_t dead);
/* How many steps were done in all. */
long long all_steps(void);

/* The anchors, before the first worker starts. */
void set_anchors(psync_space *space);
/* The audit: nothing is wrong with the space. */
void check_space(psync_space *space);
/* When all workers have ended: the totals; then every key works, so do extra new ones, and all are removed. */
void check_end(psync_space *space, int rounds, int extra);

#endif
