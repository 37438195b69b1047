/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_idle.c - what many processes cost while they wait: CPU time (their
 * CPU clocks) and voluntary context switches (/proc/PID/status) between two
 * moments at which all of them wait. Then what they wait for happens, and
 * every one of them must come out of its call. The wake-ups told are those of
 * the process that had most; the CPU time is that of all together.
 */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bench_parameter parameters[] = {{"processes", 1000, 1000, "processes that wait"},
                                       {"seconds", 3, 10, "how long they are watched, for each kind of waiting"},
                                       {NULL, 0, 0, NULL}};

typedef enum call { CALL_WAIT, CALL_AWAIT, CALL_ACQUIRE } call;

/* A way of waiting. */
struct kind {
    const char *name;
    call call;
    bool hook;
    double timeout;
    bool on_hold; /* the Lock waited for is a Hold: its holder is watched */
};

static const struct kind kinds[] = {
    {"wait()", CALL_WAIT, false, INFINITY, false},
    {"wait() with a time-out", CALL_WAIT, false, 3600, false},
    {"wait() with a hook", CALL_WAIT, true, INFINITY, false},
    {"wait() for a Hold", CALL_WAIT, false, INFINITY, true},
    {"lock()", CALL_ACQUIRE, false, INFINITY, false},
    {"lock() with a hook", CALL_ACQUIRE, true, INFINITY, false},
    {"await on an Integer", CALL_AWAIT, false, INFINITY, false},
    {"await on an Integer with a hook", CALL_AWAIT, true, INFINITY, false},
};

struct member_state {
    uint32_t looks; /* calls of its hook */
    char apart[BENCH_APART];
};

struct shared {
    const struct kind *kind;
    bench_count about; /* to wait */
    char apart1[BENCH_APART];
    volatile uint32_t taken; /* guarded by the Lock */
    char apart2[BENCH_APART];
    struct member_state members[];
};

static int look(void *argument)
{
    ++*(uint32_t *)argument;
    return 0;
}

static void member(unsigned index, void *argument)
{
    struct shared *shared = argument;
    const struct kind *kind = shared->kind;
    psync_error error;
    psync_space *space = bench_space_open("idle");
    psync_lock *lock = bench_lock_open(space, "pause");
    psync_integer *left = bench_integer_open(space, "left");
    psync_wait wait = {
        .timeout = kind->timeout, .interrupt = kind->hook ? look : NULL, .argument = &shared->members[index].looks};
    bench_count_add(&shared->about);
    switch (kind->call) {
    case CALL_WAIT:
        bench_expect_ok(psync_lock_wait(lock, &wait, &error), &error, "psync_lock_wait");
        break;
    case CALL_AWAIT:
        bench_expect_ok(psync_integer_await_at_most(left, 0, &wait, &error), &error, "await_at_most");
        break;
    case CALL_ACQUIRE:
        bench_expect_ok(psync_lock_acquire(lock, &wait, NULL, &error), &error, "psync_lock_acquire");
        shared->taken = shared->taken + 1;
        bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
        break;
    }
    psync_integer_close(left);
    psync_lock_close(lock);
    psync_space_close(space);
}

/* What a process has used so far. */
struct use {
    int64_t cpu; /* ns */
    long switches;
    uint32_t looks;
};

static long read_switches(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file) bench_die("%s: %s", path, strerror(errno));
    long switches = -1;
    while (switches < 0 && fgets(line, sizeof line, file)) sscanf(line, "voluntary_ctxt_switches: %ld", &switches);
    fclose(file);
    if (switches < 0) bench_die("%s tells no voluntary_ctxt_switches", path);
    return switches;
}

static struct use read_use(pid_t pid, const struct member_state *state)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        bench_die("no CPU clock of process %ld", (long)pid);
    return (struct use){.cpu = (int64_t)used.tv_sec * 1000000000 + used.tv_nsec,
                        .switches = read_switches(pid),
                        .looks = __atomic_load_n(&state->looks, __ATOMIC_RELAXED)};
}

static void read_all(struct use *uses, const pid_t *pids, const struct shared *shared, unsigned count)
{
    for (unsigned i = 0; i < count; i++) uses[i] = read_use(pids[i], &shared->members[i]);
}

static void report(const struct kind *kind, const struct use *before, const struct use *after, unsigned count,
                   double seconds)
{
    int64_t cpu = 0;
    long switches = 0, most = 0;
    uint64_t looks = 0;
    for (unsigned i = 0; i < count; i++) {
        long mine = after[i].switches - before[i].switches;
        cpu += after[i].cpu - before[i].cpu;
        switches += mine;
        looks += after[i].looks - before[i].looks;
        if (mine > most) most = mine;
    }
    char measure[64], unit[32];
    snprintf(measure, sizeof measure, "%u in %s: wake-ups", count, kind->name);
    snprintf(unit, sizeof unit, "in %.1f s", seconds);
    bool watches = kind->hook || kind->on_hold;
    bench_print(&(bench_row){.measure = measure,
                             .ours = (double)most,
                             .unit = unit,
                             .goal = BENCH_AT_MOST,
                             /* four looks a second, and one that the edge of the watched time may add */
                             .limit = watches ? (double)(long)(4 * seconds) + 1 : 0});
    if (!watches) {
        snprintf(measure, sizeof measure, "%u in %s: CPU time", count, kind->name);
        bench_print(&(bench_row){
            .measure = measure, .ours = (double)cpu / 1e3, .unit = "us", .goal = BENCH_AT_MOST, .limit = 0});
    }
    if (switches > 0)
        bench_note("all: %ld wake-ups, %llu calls of the hook, %.2f %% of one core, %.1f us a wake-up", switches,
                   (unsigned long long)looks, (double)cpu / seconds / 1e7, (double)cpu / 1e3 / (double)switches);
}

/* Makes what all of them wait for last until end_waiting. */
static psync_hold *begin_waiting(const struct kind *kind, psync_lock *lock, psync_integer *left)
{
    psync_error error;
    psync_hold *hold = NULL;
    bench_expect_ok(psync_integer_set(left, 1, &error), &error, "psync_integer_set");
    if (kind->on_hold) {
        bench_expect_ok(psync_lock_hold(lock, 0, NULL, &hold, &error), &error, "psync_lock_hold");
    } else {
        bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
    }
    return hold;
}

static void end_waiting(psync_hold *hold, psync_lock *lock, psync_integer *left)
{
    psync_error error;
    bench_expect_ok(psync_integer_set(left, 0, &error), &error, "psync_integer_set");
    bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
    bench_join();
    psync_hold_free(hold);
}

static void measure(const struct kind *kind, psync_lock *lock, psync_integer *left, unsigned count, long seconds)
{
    struct shared *shared = bench_shared(sizeof *shared + count * sizeof(struct member_state));
    pid_t *pids = calloc(count, sizeof *pids);
    struct use *before = calloc(count, sizeof *before), *after = calloc(count, sizeof *after);
    if (!pids || !before || !after) bench_die("no memory");
    shared->kind = kind;
    shared->about.wake_at = count;

    psync_hold *hold = begin_waiting(kind, lock, left);
    bench_fork(count, member, shared, pids);
    bench_count_await(&shared->about, count);
    bench_await_asleep(pids, count);
    int64_t start = bench_now();
    read_all(before, pids, shared, count);
    bench_sleep(seconds * 1000000000);
    read_all(after, pids, shared, count);
    double watched = (double)(bench_now() - start) / 1e9;
    end_waiting(hold, lock, left);
    bench_expect(kind->call != CALL_ACQUIRE || shared->taken == count, "%u of %u took the Lock alone",
                 shared->taken, count);
    report(kind, before, after, count, watched);
    free(pids);
    free(before);
    free(after);
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "many processes that wait", parameters);
    psync_space *space = bench_space_open("idle");
    psync_lock *lock = bench_lock_open(space, "pause");
    psync_integer *left = bench_integer_open(space, "left");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        measure(&kinds[i], lock, left, (unsigned)parameters[0].value, parameters[1].value);
    bench_note("every process came out of its call when what it waited for happened");
    psync_integer_close(left);
    psync_lock_close(lock);
    psync_space_close(space);
    return bench_end();
}
