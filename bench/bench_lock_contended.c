/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_lock_contended.c - several processes that all want one Lock all the
 * time: pairs a second and how evenly they are shared out, against a robust
 * process-shared pthread mutex between the same processes; with nothing and
 * with a little to do under the lock.
 *
 * Mutual exclusion is checked by a plain counter that the holder alone adds
 * to: two holders at once would lose counts.
 */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>

#define MAX_ROUNDS 499

static bench_parameter parameters[] = {{"rounds", 7, 15, "rounds of each that count: the calmer half"},
                                       {"processes", 8, 8, "processes"},
                                       {"ms", 500, 2000, "length of a round in milliseconds"},
                                       {"section", 1000, 1000, "work under the lock in the second half, in ns"},
                                       {NULL, 0, 0, NULL}};

enum { LOCK_EMPTY, MUTEX_EMPTY, LOCK_WORK, MUTEX_WORK, KINDS };

struct tally {
    uint64_t pairs; /* of this round */
    char apart[BENCH_APART];
};

struct shared {
    bench_rounds rounds;
    unsigned steps; /* bench_work that fills the section */
    _Alignas(BENCH_APART) pthread_mutex_t mutex;
    _Alignas(BENCH_APART) volatile uint64_t guarded; /* by whichever lock the round is about */
    _Alignas(BENCH_APART) struct tally tallies[];
};

static uint64_t use_lock(struct shared *shared, psync_lock *lock, unsigned steps)
{
    psync_error error;
    uint64_t pairs = 0;
    while (!bench_stopped(&shared->rounds)) {
        psync_result done = psync_lock_acquire(lock, NULL, NULL, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_lock_acquire");
        shared->guarded = shared->guarded + 1;
        bench_work(steps);
        done = psync_lock_release(lock, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_lock_release");
        pairs++;
    }
    return pairs;
}

static uint64_t use_mutex(struct shared *shared, unsigned steps)
{
    uint64_t pairs = 0;
    while (!bench_stopped(&shared->rounds)) {
        if (pthread_mutex_lock(&shared->mutex) != 0) bench_die("pthread_mutex_lock failed");
        shared->guarded = shared->guarded + 1;
        bench_work(steps);
        if (pthread_mutex_unlock(&shared->mutex) != 0) bench_die("pthread_mutex_unlock failed");
        pairs++;
    }
    return pairs;
}

static void member(unsigned index, void *argument)
{
    struct shared *shared = argument;
    psync_space *space = bench_space_open("lock");
    psync_lock *lock = bench_lock_open(space, "pause");
    int order;
    for (uint32_t round = 1; (order = bench_rounds_next(&shared->rounds, round)) >= 0; round++) {
        unsigned steps = order == LOCK_WORK || order == MUTEX_WORK ? shared->steps : 0;
        bool ours = order == LOCK_EMPTY || order == LOCK_WORK;
        shared->tallies[index].pairs = ours ? use_lock(shared, lock, steps) : use_mutex(shared, steps);
    }
    psync_lock_close(lock);
    psync_space_close(space);
}

struct outcome {
    double rate;   /* thousand pairs a second */
    double share;  /* of the process that got least, as part of its fair share */
    double others; /* processors kept busy by others */
};

static struct outcome run_round(struct shared *shared, unsigned processes, int order)
{
    shared->guarded = 0;
    bench_round round = bench_rounds_run(&shared->rounds, processes, order, parameters[2].value * 1000000);
    uint64_t total = 0, least = UINT64_MAX;
    for (unsigned i = 0; i < processes; i++) {
        uint64_t pairs = shared->tallies[i].pairs;
        total += pairs;
        if (pairs < least) least = pairs;
    }
    bench_expect(total == shared->guarded, "two held the lock at once: %llu pairs counted %llu",
                 (unsigned long long)total, (unsigned long long)shared->guarded);
    return (struct outcome){.rate = (double)total * 1e6 / (double)round.lasted,
                            .share = (double)least * processes / (double)total,
                            .others = round.others};
}

static void make_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(mutex, &attributes) != 0) bench_die("pthread_mutex_init failed");
    pthread_mutexattr_destroy(&attributes);
}

/* Of the rounds: the rate of each kind, and then the least share of each kind. */
static double figures[2 * KINDS][2 * MAX_ROUNDS];
static double (*const rate)[2 * MAX_ROUNDS] = figures;
static double (*const share)[2 * MAX_ROUNDS] = figures + KINDS;
static double others[2 * MAX_ROUNDS];

static void report(const char *section, int ours, int base, size_t rounds)
{
    char measure[64];
    snprintf(measure, sizeof measure, "contended pairs, %s", section);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(rate[ours], rounds),
                             .unit = "k/s",
                             .base_name = "robust mutex",
                             .base = bench_median(rate[base], rounds),
                             .ratio = bench_median_ratio(rate[ours], rate[base], rounds),
                             .goal = BENCH_AT_LEAST,
                             .limit = 0.8});
    snprintf(measure, sizeof measure, "least share of a process, %s", section);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(share[ours], rounds),
                             .unit = "fair",
                             .base_name = "robust mutex",
                             .base = bench_median(share[base], rounds),
                             .goal = BENCH_AT_LEAST,
                             .limit = 0.5});
    bench_note("the worst round's least share: %.2f (robust mutex %.2f)", bench_percentile(share[ours], rounds, 0),
               bench_percentile(share[base], rounds, 0));
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "lock and unlock, several processes", parameters);
    size_t rounds = (size_t)parameters[0].value;
    if (rounds > MAX_ROUNDS) bench_die("rounds: at most %d", MAX_ROUNDS);
    unsigned processes = (unsigned)parameters[1].value;

    psync_space *space = bench_space_open("lock");
    struct shared *shared = bench_shared(sizeof *shared + processes * sizeof(struct tally));
    make_mutex(&shared->mutex);
    shared->steps = bench_calibrate(parameters[3].value);
    bench_fork(processes, member, shared, NULL);
    for (size_t i = 0; i < 2 * rounds; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            struct outcome outcome = run_round(shared, processes, kind);
            rate[kind][i] = outcome.rate;
            share[kind][i] = outcome.share;
            if (outcome.others > others[i]) others[i] = outcome.others;
        }
    }
    bench_keep_calmest(others, figures[0], 2 * KINDS, 2 * MAX_ROUNDS, 2 * rounds, rounds);
    bench_rounds_end(&shared->rounds);
    psync_space_close(space);

    char section[48];
    report("empty section", LOCK_EMPTY, MUTEX_EMPTY, rounds);
    snprintf(section, sizeof section, "%ld ns section", parameters[3].value);
    report(section, LOCK_WORK, MUTEX_WORK, rounds);
    bench_note("others kept at most %.2f processors busy in a round that counts", others[rounds - 1]);
    return bench_end();
}
