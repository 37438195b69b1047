/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crowd - many processes that wait for one Lock over the network: what they cost the server meanwhile, and how long
 * after the unlock the last of them is back.
 *
 * BENCH_DSN is the space. BENCH_LOAD is a shell's command that prints two numbers: how many commands the server has
 * carried out (it sends one itself), and for how many milliseconds it has used a processor.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

static const char *dsn;

static struct crowd {
    bench_count ready, back;
    int64_t last[]; /* when each went on */
} * crowd;

struct load {
    long commands, cpu;
};

static struct load server_load(void)
{
    static long own;
    struct load load = {0, 0};
    FILE *pipe = popen(getenv("BENCH_LOAD"), "r");
    if (!pipe || fscanf(pipe, "%ld %ld", &load.commands, &load.cpu) != 2) bench_die("BENCH_LOAD prints no numbers");
    pclose(pipe);
    load.commands -= own++;
    return load;
}

static psync_lock *open_lock(void)
{
    psync_space *space;
    psync_error error;
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    return bench_lock_open(space, "gate");
}

static void wait_in_crowd(unsigned index, void *argument)
{
    (void)argument;
    psync_error error;
    psync_lock *lock = open_lock();
    bench_count_add(&crowd->ready);
    bench_expect_ok(psync_lock_wait(lock, NULL, &error), &error, "psync_lock_wait");
    crowd->last[index] = bench_now();
    bench_count_add(&crowd->back);
}

int main(int argc, char **argv)
{
    bench_parameter parameters[] = {{"processes", 1000, 1000, "who wait"},
                                    {"seconds", 5, 60, "for which they are watched"},
                                    {NULL, 0, 0, NULL}};
    bench_begin(argc, argv, "a crowd that waits over the network", parameters);
    dsn = getenv("BENCH_DSN");
    if (!dsn || !getenv("BENCH_LOAD")) bench_die("BENCH_DSN and BENCH_LOAD are not set; script/bench does it");
    unsigned processes = (unsigned)parameters[0].value;
    crowd = bench_shared(sizeof *crowd + processes * sizeof *crowd->last);
    pid_t *pids = calloc(processes, sizeof *pids);
    psync_error error;
    psync_lock *lock = open_lock();
    bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
    bench_fork(processes, wait_in_crowd, NULL, pids);
    bench_count_await(&crowd->ready, processes);
    bench_await_asleep(pids, processes);
    /* Each has subscribed and looked by the time nothing comes any more. */
    struct load before = server_load(), after;
    for (;; before = after) {
        bench_sleep(500000000);
        after = server_load();
        if (after.commands == before.commands) break;
    }
    before = after;
    bench_sleep(parameters[1].value * 1000000000);
    after = server_load();
    int64_t start = bench_now();
    bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
    bench_count_await(&crowd->back, processes);
    int64_t last = start;
    for (unsigned i = 0; i < processes; i++) last = crowd->last[i] > last ? crowd->last[i] : last;
    bench_join();
    double seconds = (double)parameters[1].value;
    bench_print(&(bench_row){.measure = "server's commands a second while they wait",
                             .ours = (double)(after.commands - before.commands) / seconds,
                             .unit = "",
                             .goal = BENCH_NO_GOAL});
    bench_print(&(bench_row){.measure = "server's CPU time meanwhile, a second",
                             .ours = (double)(after.cpu - before.cpu) / seconds,
                             .unit = "ms",
                             .goal = BENCH_NO_GOAL});
    bench_print(&(bench_row){.measure = "unlock to the last of them running",
                             .ours = (double)(last - start) / 1e9,
                             .unit = "s",
                             .goal = BENCH_AT_MOST,
                             .limit = 1});
    free(pids);
    return bench_end();
}
