/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * faults - processes that count, lock and wait through a proxy, and whether each promise was kept:
 *
 *   faults DSN DIRECT [NAME=NUMBER...] [ledger=FILE] [dark] [naive]
 *
 * DSN leads through the proxy, DIRECT past it, to a space without these keys. Numbers: seed, workers, operations
 * (of each worker), rounds (of the gate), kills (about how many milliseconds lie between two; 0: there are none),
 * patience (the DSN's timeout in milliseconds). ledger: the proxy's. dark: the proxy has blackouts, so that calls
 * may fail; without it each call must get its outcome. naive: not the library, but a client that just tries again.
 *
 * Promises: a result is given out once; who was told of an increment finds it counted, who was told that it is
 * unknown may, and unknown is said only of what was sent and not answered (witness.h); two never own a Lock, fences
 * grow, and what one owns nobody else's late unlock frees; who waits is woken, and before his time is not.
 *
 * work.c: what a worker does. gate.c: those who wait. crew.c: their lives and deaths. judge.c: the end.
 */
#include "witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct arena *arena;

static struct {
    const char *dsn, *direct;
    const struct client *client;
    long seed, workers, operations, rounds, kills, patience;
} run = {.client = &library_client, .seed = 1, .workers = 4, .operations = 200, .rounds = 20, .patience = 120000};

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

static bool set(const char *word)
{
    const struct {
        const char *name;
        long *value;
    } numbers[] = {{"seed=", &run.seed},     {"workers=", &run.workers}, {"operations=", &run.operations},
                   {"rounds=", &run.rounds}, {"kills=", &run.kills},     {"patience=", &run.patience}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t length = strlen(numbers[i].name);
        if (strncmp(word, numbers[i].name, length) != 0) continue;
        *numbers[i].value = strtol(word + length, NULL, 10);
        return true;
    }
    if (strncmp(word, "ledger=", 7) == 0) {
        witness_open(word + 7);
    } else if (strcmp(word, "dark") == 0) {
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
    unsigned done = 0, unknown = 0, acquired = 0, passed = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        done += arena->added[key].done + arena->swapped[key].done;
        unknown += arena->added[key].unknown + arena->swapped[key].unknown;
        acquired += arena->guards[key].acquired;
        unknown += arena->guards[key].unknown_acquired + arena->guards[key].unknown_released;
    }
    for (unsigned i = 0; i < WAITERS; i++) passed += arena->gate.stage[i] / 2;
    printf("increments=%u acquisitions=%u passed=%u killed=%u unknown=%u unreachable=%u slowest=%.2fs\n", done,
           acquired, passed, atomic_load(&arena->killed), unknown, atomic_load(&arena->unreachable),
           (double)arena->slowest / 1e9);
}

static bool read_arguments(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: faults DSN DIRECT [NAME=NUMBER...] [ledger=FILE] [dark] [naive]\n", stderr);
        return false;
    }
    run.dsn = argv[1];
    run.direct = argv[2];
    for (int i = 3; i < argc; i++) {
        if (set(argv[i])) continue;
        fprintf(stderr, "faults: unknown argument '%s'\n", argv[i]);
        return false;
    }
    if (run.workers < 1 || run.workers > WORKERS) {
        fprintf(stderr, "faults: 1 to %d workers\n", WORKERS);
        return false;
    }
    arena->workers = (unsigned)run.workers;
    arena->operations = (unsigned)run.operations;
    arena->kills = (unsigned)run.kills;
    arena->patience = run.patience * 1000000;
    return true;
}

int main(int argc, char **argv)
{
    arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || !read_arguments(argc, argv)) return EXIT_FAILURE;
    struct crew crew = {.dsn = run.dsn,
                        .client = run.client,
                        .direct = run.client->open(run.direct),
                        .seed = (uint64_t)run.seed,
                        .rounds = (unsigned)run.rounds};
    run.client->begin(crew.direct);
    crew_run(&crew);
    if (!arena->broken) judge(&crew);
    report();
    run.client->leave(crew.direct);
    if (arena->broken) printf("BROKEN: %s\n", arena->why);
    return arena->broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
