/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify - from an unlock on PostgreSQL to the waiter running, against a bare NOTIFY to a session that listens,
 * between the same two processes and on the same server (BENCH_DSN), by turns.
 */
#include "bench.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

enum { MAX_SAMPLES = 10000 };
enum { OURS, BARE, KINDS };

static const char *dsn;

static struct gate {
    bench_count waits, woken;
    int64_t at; /* when the waiter ran */
} * gate;

static PGconn *connect_bare(void)
{
    PGconn *pg = PQconnectdb(dsn);
    if (PQstatus(pg) != CONNECTION_OK) bench_die("PQconnectdb: %s", PQerrorMessage(pg));
    return pg;
}

static void say(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) bench_die("%s: %s", text, PQerrorMessage(pg));
    PQclear(result);
}

static void hear(PGconn *pg)
{
    PGnotify *notify;
    while (!(notify = PQnotifies(pg))) {
        struct pollfd one = {.fd = PQsocket(pg), .events = POLLIN};
        poll(&one, 1, -1);
        if (!PQconsumeInput(pg)) bench_die("the listener: %s", PQerrorMessage(pg));
    }
    PQfreemem(notify);
}

static psync_lock *open_lock(void)
{
    psync_space *space;
    psync_error error;
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    return bench_lock_open(space, "gate");
}

static void wait_by_turns(unsigned index, void *argument)
{
    (void)index;
    const long *samples = argument;
    psync_error error;
    psync_lock *lock = open_lock();
    PGconn *pg = connect_bare();
    say(pg, "LISTEN bare");
    for (long i = 0; i < *samples * KINDS; i++) {
        bench_count_add(&gate->waits);
        if (i % KINDS == OURS) bench_expect_ok(psync_lock_wait(lock, NULL, &error), &error, "psync_lock_wait");
        if (i % KINDS == BARE) hear(pg);
        gate->at = bench_now();
        bench_count_add(&gate->woken);
    }
    PQfinish(pg);
}

/* The waiter has said that it waits; it sleeps by now, nearly always. The median does not mind the others. */
static void let_it_sleep(pid_t waiter)
{
    bench_sleep(3000000);
    bench_await_asleep(&waiter, 1);
}

int main(int argc, char **argv)
{
    bench_parameter parameters[] = {{"samples", 300, 2000, "of each, by turns; at most 10000"}, {NULL, 0, 0, NULL}};
    bench_begin(argc, argv, "wake-ups on PostgreSQL", parameters);
    dsn = getenv("BENCH_DSN");
    if (!dsn) bench_die("BENCH_DSN is not set; script/bench does it");
    long samples = parameters[0].value;
    if (samples > MAX_SAMPLES) bench_die("at most %d samples", MAX_SAMPLES);
    static double took[KINDS][MAX_SAMPLES]; /* us */
    pid_t waiter;
    psync_error error;
    psync_lock *lock = open_lock();
    bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
    gate = bench_shared(sizeof *gate);
    bench_fork(1, wait_by_turns, &samples, &waiter);
    PGconn *pg = connect_bare();
    for (long i = 0; i < samples * KINDS; i++) {
        bench_count_await(&gate->waits, (uint32_t)i + 1);
        let_it_sleep(waiter);
        int64_t start = bench_now();
        if (i % KINDS == OURS) bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
        if (i % KINDS == BARE) say(pg, "NOTIFY bare");
        bench_count_await(&gate->woken, (uint32_t)i + 1);
        took[i % KINDS][i / KINDS] = (double)(gate->at - start) / 1e3;
        /* While it waits for the bare one, for its next turn. */
        if (i % KINDS == OURS) {
            bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
        }
    }
    PQfinish(pg);
    bench_join();
    bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
    double ours = bench_percentile(took[OURS], (size_t)samples, 50);
    double bare = bench_percentile(took[BARE], (size_t)samples, 50);
    bench_print(&(bench_row){.measure = "unlock to the waiter running, p50",
                             .ours = ours,
                             .unit = "us",
                             .base_name = "bare NOTIFY",
                             .base = bare,
                             .ratio = ours / bare,
                             .goal = BENCH_NO_GOAL});
    return bench_end();
}
