/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * bench.h - what the benchmarks share: parameters, time, teams of processes,
 * medians and one form of table.
 *
 * A benchmark is a program bench_NAME.c that measures one thing side by side
 * with its baseline, in alternating rounds of one run, and checks that what
 * it measured was right. It ends with status 0 whether or not its goals are
 * met, and with 1 if a result was wrong: it is never a timed test.
 *
 * Failures end the program, children included: a child that ends with
 * anything but status 0 takes its parent along. So no wait in here can hang
 * on a process that is gone.
 */
#ifndef PHPSYNC_BENCH_H
#define PHPSYNC_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <phpsync/phpsync.h>

/** Keeps what different processes write on cache lines (and prefetch pairs) of their own. */
#define BENCH_APART 128

/* ------------------------------------------------------------------------ */
/* The program                                                              */

/** A number that the command line may set, as name=value. */
typedef struct bench_parameter {
    const char *name; /**< NULL closes the list */
    long value;       /**< what it is without --full; becomes what was asked for */
    long full;        /**< what it is with --full */
    const char *meaning;
} bench_parameter;

/** Reads the command line and prints the heading. Ends the program on --help and on what it does not know. */
void bench_begin(int argc, char **argv, const char *title, bench_parameter *parameters);

/** Removes the spaces and returns the program's exit status. */
int bench_end(void);

/** Ends the program (this process, and through it the others) with status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void bench_die(const char *format, ...);

/** Ends the program unless result is PSYNC_OK. what names the call. */
void bench_expect_ok(psync_result result, const psync_error *error, const char *what);

/** Ends the program with what was wrong unless holds. */
#define bench_expect(holds, ...)                                                                                   \
    do {                                                                                                           \
        if (!(holds)) bench_die("WRONG: " __VA_ARGS__);                                                            \
    } while (0)

/**
 * Opens a space of this run's own; the same tag names the same space in every
 * process of the run. The parent opens it first; bench_end removes its file.
 */
psync_space *bench_space_open(const char *tag);

psync_integer *bench_integer_open(psync_space *space, const char *key);
psync_lock *bench_lock_open(psync_space *space, const char *key);

/** The size of a space's file and what it takes of its file system, in bytes. */
typedef struct bench_usage {
    int64_t size;
    int64_t allocated;
} bench_usage;

bench_usage bench_space_usage(psync_space *space);

/* ------------------------------------------------------------------------ */
/* Time                                                                     */

/** CLOCK_MONOTONIC in nanoseconds. */
int64_t bench_now(void);
void bench_sleep(int64_t nanoseconds);

/** Finds out how many steps of bench_work take so long on this machine. */
unsigned bench_calibrate(int64_t nanoseconds);
/** Computes for so many steps; touches no memory. */
void bench_work(unsigned steps);

/* ------------------------------------------------------------------------ */
/* Processes                                                                */

/** Zeroed memory that children made later share. Lives as long as the program. */
void *bench_shared(size_t size);

/** A count that only grows, and that processes sleep on. Zero-initialise it, in bench_shared memory. */
typedef struct bench_count {
    uint32_t value;
    uint32_t wake_at; /**< additions that stay below it wake nobody */
} bench_count;

void bench_count_add(bench_count *count);
/** Sleeps until count is at least target. */
void bench_count_await(bench_count *count, uint32_t target);

/** Sleeps until *word is no longer seen; the bare futex that others are measured against. */
void bench_futex_wait(const uint32_t *word, uint32_t seen);
void bench_futex_wake_all(const uint32_t *word);

/** What a process of a team does with each order. round counts from 1. */
typedef void (*bench_member)(unsigned index, void *argument);

/**
 * Starts count processes; each runs member(index, argument) with index 0, 1, ...
 * and ends. pids (may be NULL) has room for count.
 */
void bench_fork(unsigned count, bench_member member, void *argument, pid_t *pids);
/** Sleeps until all processes that bench_fork started have ended. */
void bench_join(void);

/** True while that process sleeps in a system call. */
bool bench_is_asleep(pid_t pid);
/** Returns once all of them sleep. */
void bench_await_asleep(const pid_t *pids, unsigned count);

/**
 * Rounds of a team: the parent orders, all members carry it out for the given
 * time, the parent goes on when the last has finished. In bench_shared memory.
 */
typedef struct bench_rounds {
    bench_count go;
    char apart1[BENCH_APART];
    bench_count done;
    char apart2[BENCH_APART];
    int order; /**< what to do; negative: end */
    char apart3[BENCH_APART];
    bool stop; /**< members of a timed round look at it with bench_stopped */
    char apart4[BENCH_APART];
    int64_t cpu; /**< CPU time of all members in all rounds, ns */
    char apart5[BENCH_APART];
} bench_rounds;

/** How a round went. */
typedef struct bench_round {
    int64_t lasted; /**< ns */
    double others;  /**< how many processors others than the team kept busy meanwhile, to about 0.05 */
} bench_round;

/** Parent: one timed round of so many members. */
bench_round bench_rounds_run(bench_rounds *rounds, unsigned members, int order, int64_t nanoseconds);
/** Parent: tells the members to end and waits for it. */
void bench_rounds_end(bench_rounds *rounds);
/** Member: reports the round before (none, if round is 1) and sleeps until this one starts. Its order, or negative.
 */
int bench_rounds_next(bench_rounds *rounds, uint32_t round);

static inline bool bench_stopped(const bench_rounds *rounds)
{
    /* Relaxed: it orders nothing; the member only has to see it some day soon. */
    return __atomic_load_n(&rounds->stop, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------------ */
/* Figures                                                                  */

/** The value below which so many percent of the values lie (nearest rank). Sorts values. */
double bench_percentile(double *values, size_t count, double percent);
/** The median; leaves values as they are. */
double bench_median(const double *values, size_t count);
/** The median of ours[i] / base[i]: rounds that ran next to each other are compared with each other. */
double bench_median_ratio(const double *ours, const double *base, size_t count);

/**
 * Moves those of the count values whose others[] is smallest to the front, keep of them, for each of the rows (each
 * count long, one behind the other in memory, stride apart); others[] too. Contention by a team on processors that
 * it has to share is another thing than contention: so a measure of it runs more rounds than it needs, and keeps
 * the calmest, chosen without a look at their results.
 */
void bench_keep_calmest(double *others, double *rows, size_t row_count, size_t stride, size_t count, size_t keep);

typedef enum bench_goal { BENCH_NO_GOAL, BENCH_AT_MOST, BENCH_AT_LEAST } bench_goal;

/** A line of the table. */
typedef struct bench_row {
    const char *measure;
    double ours;
    const char *unit;
    const char *base_name; /**< NULL: there is no baseline */
    double base;
    double ratio; /**< what the goal is about; if it is 0 the goal is about ours */
    bench_goal goal;
    double limit;
} bench_row;

void bench_print(const bench_row *row);
/** An indented remark under the row before. */
__attribute__((format(printf, 1, 2))) void bench_note(const char *format, ...);

/** Fills key with length characters (at least 24) that belong to number alone; of text, spread as real names are.
 */
void bench_key(char *key, size_t length, uint64_t number);
/** The next of a row of numbers that look random. *state: any start. */
uint64_t bench_random(uint64_t *state);

#endif
