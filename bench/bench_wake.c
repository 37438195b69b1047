/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_wake.c - from the start of unlock() to the waiters running again, for
 * one waiter and for many: psync_lock_wait without and with an interrupt hook,
 * against a bare futex between the same processes.
 *
 * Each sample: the waiters are told what to wait on, the parent makes sure
 * that all of them sleep, takes the time and releases; each waiter takes the
 * time when its call returns. Kinds alternate from sample to sample.
 */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_WAITERS 4096

static bench_parameter parameters[] = {{"samples", 400, 3000, "samples of each with one waiter"},
                                       {"many", 64, 64, "waiters in the second half"},
                                       {"many_samples", 100, 500, "samples of each with many waiters"},
                                       {NULL, 0, 0, NULL}};

enum { FUTEX, WAIT, WAIT_HOOK, KINDS };

struct arrival {
    int64_t at;
    char apart[BENCH_APART];
};

struct shared {
    bench_count go;
    char apart1[BENCH_APART];
    bench_count about; /* to wait */
    char apart2[BENCH_APART];
    bench_count done;
    char apart3[BENCH_APART];
    uint32_t word; /* the bare futex */
    char apart4[BENCH_APART];
    int order; /* a kind; negative: end */
    struct arrival arrivals[MAX_WAITERS];
};

struct team {
    struct shared *shared;
    unsigned waiters;
    pid_t pids[MAX_WAITERS];
    psync_lock *lock; /* the parent's handle */
};

static int stay(void *argument)
{
    (void)argument;
    return 0;
}

static void wait_once(struct shared *shared, psync_lock *lock, uint32_t seen, int order)
{
    static const psync_wait hooked = {.timeout = INFINITY, .interrupt = stay};
    psync_error error;
    if (order == FUTEX) {
        bench_futex_wait(&shared->word, seen);
    } else {
        psync_result result = psync_lock_wait(lock, order == WAIT_HOOK ? &hooked : NULL, &error);
        if (result != PSYNC_OK) bench_expect_ok(result, &error, "psync_lock_wait");
    }
}

static void member(unsigned index, void *argument)
{
    struct shared *shared = argument;
    psync_space *space = bench_space_open("wake");
    psync_lock *lock = bench_lock_open(space, "pause");
    for (uint32_t sample = 1;; sample++) {
        bench_count_await(&shared->go, sample);
        if (shared->order < 0) break;
        uint32_t seen = __atomic_load_n(&shared->word, __ATOMIC_RELAXED);
        bench_count_add(&shared->about);
        wait_once(shared, lock, seen, shared->order);
        shared->arrivals[index].at = bench_now();
        bench_count_add(&shared->done);
    }
    psync_lock_close(lock);
    psync_space_close(space);
}

static void release(struct team *team, int order)
{
    psync_error error;
    if (order == FUTEX) {
        __atomic_add_fetch(&team->shared->word, 1, __ATOMIC_RELEASE);
        bench_futex_wake_all(&team->shared->word);
    } else {
        bench_expect_ok(psync_lock_release(team->lock, &error), &error, "psync_lock_release");
    }
}

/* One sample; writes each waiter's time in microseconds to latencies and returns the last one's. */
static double take_sample(struct team *team, uint32_t sample, int order, double *latencies)
{
    struct shared *shared = team->shared;
    psync_error error;
    uint32_t all = sample * team->waiters;
    if (order != FUTEX) bench_expect_ok(psync_lock_acquire(team->lock, NULL, NULL, &error), &error, "acquire");
    shared->order = order;
    shared->about.wake_at = shared->done.wake_at = all;
    bench_count_add(&shared->go);
    bench_count_await(&shared->about, all);
    bench_await_asleep(team->pids, team->waiters);
    bench_expect(shared->done.value == all - team->waiters, "a waiter went on before the release");

    int64_t start = bench_now();
    release(team, order);
    bench_count_await(&shared->done, all);
    double last = 0;
    for (unsigned i = 0; i < team->waiters; i++) {
        latencies[i] = (double)(shared->arrivals[i].at - start) / 1e3;
        if (latencies[i] > last) last = latencies[i];
    }
    return last;
}

static void report(const char *what, unsigned waiters, double *values[KINDS], size_t count)
{
    double p50[KINDS], p99[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        p50[kind] = bench_percentile(values[kind], count, 50);
        p99[kind] = bench_percentile(values[kind], count, 99);
    }
    for (int kind = WAIT; kind < KINDS; kind++) {
        char measure[64];
        snprintf(measure, sizeof measure, "unlock to %s running, %u%s, p50", what, waiters,
                 kind == WAIT_HOOK ? ", hook" : "");
        bench_print(&(bench_row){.measure = measure,
                                 .ours = p50[kind],
                                 .unit = "us",
                                 .base_name = "bare futex",
                                 .base = p50[FUTEX],
                                 .ratio = p50[kind] / p50[FUTEX],
                                 .goal = BENCH_AT_MOST,
                                 .limit = 1.3});
    }
    bench_note("p99: wait %.1f us, with hook %.1f us, bare futex %.1f us", p99[WAIT], p99[WAIT_HOOK], p99[FUTEX]);
}

static double *new_values(size_t count)
{
    double *values = calloc(count, sizeof *values);
    if (!values) bench_die("no memory");
    return values;
}

static void measure(psync_lock *lock, unsigned waiters, size_t samples)
{
    static struct team team;
    team.shared = bench_shared(sizeof *team.shared);
    team.waiters = waiters;
    team.lock = lock;
    bench_fork(waiters, member, team.shared, team.pids);

    double *each[KINDS], *last[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        each[kind] = new_values(samples * waiters);
        last[kind] = new_values(samples);
    }
    uint32_t sample = 1;
    for (size_t i = 0; i < samples; i++) {
        for (int turn = 0; turn < KINDS; turn++, sample++) {
            int kind = (int)((i + (size_t)turn) % KINDS); /* each kind comes after each other kind */
            last[kind][i] = take_sample(&team, sample, kind, each[kind] + i * waiters);
        }
    }
    team.shared->order = -1;
    bench_count_add(&team.shared->go);
    bench_join();

    if (waiters > 1) report("last waiter", waiters, last, samples);
    report(waiters > 1 ? "any waiter" : "waiter", waiters, each, samples * waiters);
    for (int kind = 0; kind < KINDS; kind++) {
        free(each[kind]);
        free(last[kind]);
    }
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "unlock to waiters running", parameters);
    if (parameters[1].value > MAX_WAITERS) bench_die("many: at most %d", MAX_WAITERS);
    psync_space *space = bench_space_open("wake");
    psync_lock *lock = bench_lock_open(space, "pause");
    measure(lock, 1, (size_t)parameters[0].value);
    measure(lock, (unsigned)parameters[1].value, (size_t)parameters[2].value);
    psync_lock_close(lock);
    psync_space_close(space);
    return bench_end();
}
