/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * faults - processes that count, lock and wait through a proxy, and whether each promise was kept:
 *
 *   faults DSN DIRECT [NAME=NUMBER...] [dark] [naive]
 *
 * DSN leads through the proxy, DIRECT past it, to a space without these keys. Numbers: seed, workers, operations
 * (of each worker), rounds (of the gate). dark: the proxy has blackouts, so that calls may fail; without it each
 * call must get its outcome. naive: not the library, but a client that just tries again.
 *
 * Promises: a result is given out once; who was told of an increment finds it counted, who was told that it is
 * unknown may; two never own a Lock, fences grow, and what one owns nobody else's late unlock frees; who waits is
 * woken.
 */
#include "faults.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct arena *arena;

static struct {
    const char *dsn, *direct;
    const struct client *client;
    long seed, workers, operations, rounds;
} run = {.client = &library_client, .seed = 1, .workers = 4, .operations = 200, .rounds = 20};

void broken(const char *format, ...)
{
    if (atomic_exchange(&arena->broken, true)) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(arena->why, sizeof arena->why, format, arguments);
    va_end(arguments);
    atomic_store(&arena->over, true);
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void pause_ns(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

static pid_t start(void body(unsigned number), unsigned number)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    body(number);
    exit(EXIT_SUCCESS);
}

static void be_worker(unsigned number)
{
    work(run.client, run.dsn, number, (uint64_t)run.seed * 1000 + number);
}

static void be_keeper(unsigned number)
{
    keep_gate(run.dsn, (uint64_t)run.seed * 1000 + 500 + number, (unsigned)run.rounds);
}

static void be_waiter(unsigned number)
{
    wait_at_gate(run.dsn, (uint64_t)run.seed * 1000 + 600 + number);
}

static void wait_for(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) broken("a process ended with status %#x", (unsigned)status);
}

static void run_all(void)
{
    pid_t workers[64], keeper = 0, waiters[WAITERS];
    for (unsigned i = 0; i < arena->workers; i++) workers[i] = start(be_worker, i + 1);
    if (run.rounds > 0) {
        keeper = start(be_keeper, 0);
        for (unsigned i = 0; i < WAITERS; i++) waiters[i] = start(be_waiter, i);
    }
    for (unsigned i = 0; i < arena->workers; i++) wait_for(workers[i]);
    if (!keeper) return;
    wait_for(keeper);
    for (unsigned i = 0; i < WAITERS; i++) wait_for(waiters[i]);
}

static bool set(const char *word)
{
    const struct {
        const char *name;
        long *value;
    } numbers[] = {{"seed=", &run.seed},
                   {"workers=", &run.workers},
                   {"operations=", &run.operations},
                   {"rounds=", &run.rounds}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t length = strlen(numbers[i].name);
        if (strncmp(word, numbers[i].name, length) != 0) continue;
        *numbers[i].value = strtol(word + length, NULL, 10);
        return true;
    }
    if (strcmp(word, "dark") == 0) {
        arena->dark = true;
    } else if (strcmp(word, "naive") == 0) {
        run.client = &naive_client;
    } else {
        return false;
    }
    return true;
}

static void report(void)
{
    unsigned done = 0, unknown = 0, acquired = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        done += arena->added[key].done + arena->swapped[key].done;
        unknown += arena->added[key].unknown + arena->swapped[key].unknown;
        acquired += arena->guards[key].acquired;
        unknown += arena->guards[key].unknown_acquired + arena->guards[key].unknown_released;
    }
    printf("increments=%u acquisitions=%u passed=%u unknown=%u unreachable=%u slowest=%.2fs\n", done, acquired,
           atomic_load(&arena->gate.passed), unknown, atomic_load(&arena->unreachable),
           (double)arena->slowest / 1e9);
}

int main(int argc, char **argv)
{
    arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || argc < 3) {
        fputs("usage: faults DSN DIRECT [NAME=NUMBER...] [dark] [naive]\n", stderr);
        return EXIT_FAILURE;
    }
    run.dsn = argv[1];
    run.direct = argv[2];
    for (int i = 3; i < argc; i++) {
        if (set(argv[i])) continue;
        fprintf(stderr, "faults: unknown argument '%s'\n", argv[i]);
        return EXIT_FAILURE;
    }
    arena->workers = (unsigned)run.workers;
    arena->operations = (unsigned)run.operations;
    void *direct = run.client->open(run.direct);
    run.client->begin(direct);
    run_all();
    if (!arena->broken) judge(run.client, direct);
    report();
    if (arena->broken) printf("BROKEN: %s\n", arena->why);
    return arena->broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
