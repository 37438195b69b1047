/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crash - SIGKILLs (and now and then SIGSTOPs) processes at random instants
 * while others use the space:
 *
 *     crash DSN SECONDS [SEED]
 *     crash DSN --kills N [SEED]
 *
 * The parent kills, reaps, frees the ghosts that the dead left (and counts
 * that nobody else's Lock was freed by it), starts new workers, watches that
 * all get on, and has the space audited. It ends with a count, as tests do.
 */
#include "workload.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    STOP_EVERY = 16,  /* so many kills */
    AUDIT_EVERY = 50, /* the same */
    PAUSE_US = 4000   /* between kills, at most; some die while they start */
};

static long most_kills = 0; /* 0: until the time is over */
static double seconds = 0;

static void watch_progress(void)
{
    static long long last;
    static int64_t last_change;
    long long steps = all_steps();
    int64_t now = now_ns();
    if (steps != last || last_change == 0) {
        last = steps;
        last_change = now;
    }
    if (now - last_change > STUCK_SECONDS * INT64_C(1000000000)) {
        broken(__FILE__, __LINE__, "no worker got on for %d s", STUCK_SECONDS);
    }
}

/* Longer than a lease. */
static void stop_for_a_while(pid_t pid)
{
    MUST(kill(pid, SIGSTOP) == 0);
    sleep_for((int64_t)(LEASE * 1.5 * 1e9));
    MUST(kill(pid, SIGCONT) == 0);
}

/* In a process of its own, so that a broken promise can end it anywhere. */
static void run_all(void)
{
    psync_space *space = open_space();
    psync_lock *locks[LOCKS];
    long kills = 0, ghosts = 0;
    for (int l = 0; l < LOCKS; l++) locks[l] = open_lock(space, "lock", l);
    set_anchors(space);
    for (int i = 0; i < WORKERS; i++) start_worker(i);
    int64_t end = now_ns() + (int64_t)(seconds * 1e9);
    while ((most_kills ? kills < most_kills : now_ns() < end) && !arena->failed) {
        int victim = (int)random_below(WORKERS);
        sleep_for((int64_t)random_below(PAUSE_US) * 1000);
        pid_t pid = arena->slots[victim].pid;
        if (random_below(STOP_EVERY) == 0) stop_for_a_while(pid);
        MUST(kill(pid, SIGKILL) == 0);
        reap_worker(victim);
        absorb(victim);
        ghosts += free_ghosts(locks, LOCKS, pid);
        if (++kills % AUDIT_EVERY == 0) check_space(space);
        watch_progress();
        start_worker(victim);
    }
    arena->stop = true;
    for (int i = 0; i < WORKERS; i++) reap_worker(i);
    if (arena->failed) _exit(FAILED);
    check_space(space);
    check_end(space, 200, 1000);
    check_space(space);
    printf("crash: %ld kills, %ld ghosts freed, %lld steps\n", kills, ghosts, all_steps());
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

static bool parse(int argc, char **argv, unsigned long long *seed)
{
    char *rest = NULL;
    bool by_kills = argc >= 3 && strcmp(argv[2], "--kills") == 0;
    int at = by_kills ? 3 : 2;
    if (argc <= at || argc > at + 2 || strlen(argv[1]) >= sizeof dsn) return false;
    strcpy(dsn, argv[1]);
    if (by_kills) {
        most_kills = strtol(argv[at], &rest, 10);
    } else {
        seconds = strtod(argv[at], &rest);
    }
    *seed = argc == at + 2 ? strtoull(argv[at + 1], NULL, 0)
                           : (unsigned long long)time(NULL) << 20 ^ (unsigned long long)getpid();
    return !*rest && (most_kills > 0 || seconds > 0);
}

int main(int argc, char **argv)
{
    unsigned long long seed;
    if (!parse(argc, argv, &seed)) {
        fprintf(stderr, "Usage: crash DSN SECONDS [SEED]\n       crash DSN --kills N [SEED]\n");
        return 64;
    }
    random_seed(seed);
    arena_begin();
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        run_all();
    }
    /* A hang of the parent's own calls is a failure too. */
    int64_t end = now_ns() + (int64_t)((seconds + (double)most_kills + 120) * 1e9);
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && now_ns() < end) sleep_for(10000000);
    kill(-pid, SIGKILL);
    bool well = ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && !arena->failed;
    if (!well) {
        printf("crash: seed %llu: %s\n", seed,
               arena->failed  ? arena->why
               : ended == pid ? "the checker crashed"
                              : "the checker hung");
    }
    printf("%d passed, %d failed, 0 skipped\n", well, !well);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
