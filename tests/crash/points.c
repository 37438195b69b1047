/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * points - comes to each fail point of a driver in turn, and there kills a
 * process, or stops it for longer than a lease, while others use the space:
 *
 *     points DSN UNREACHED [ROUNDS [SEED]]
 *
 * In DSN a "{}" stands for a name: each fail point gets a fresh space. First
 * each act (acts.h) is played alone, to learn which fail points it comes to.
 * A fail point that none comes to fails the test, unless its name stands in
 * the file UNREACHED. Then, for each fail point and signal, in a space with two
 * workers (and, for some acts, sleepers), a victim plays an act until it is hit;
 * all others must get on, the space must stand the audit, and what was counted must
 * be right. In further ROUNDS the victim is hit at a later visit.
 */
#include "workload.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acts.h"
#include "fail_point.h"

enum {
    JOBS = 3,   /* arenas at a time: who is stopped costs nothing */
    PLAYS = 40, /* of an act, to learn where it comes to; fewer if they take long */
    PLAYS_LEAST = 2,
    PLAYS_MAX = 400, /* until it is hit */
    LESSONS = 12,

    ENOUGH = 10,    /* failures */
    TRIES = 12,     /* with a fresh space */
    VISITS = 16,    /* a later one is one of these */
    PAUSE_US = 300, /* of the workers: the victim is to have its turn */
    NOT_REACHED = 98
};

/* How long an act is played to learn where it comes to, ns. */
static const int64_t LESSON = 500000000;
/* How long it is played, with one space, to be hit. */
static const int64_t PLAY = 3000000000;

/* One run: an act, and where in it the victim is hit. */
struct run {
    int act;
    unsigned point; /* number of the fail point; with signal 0 none, only to learn */
    unsigned visit;
    int signal;
    int tries;
};

static struct job {
    pid_t pid; /* 0: idle */
    struct arena *arena;
    struct crash_board *board;
    struct run run;
    int64_t end;
    unsigned long long seed;
} jobs[JOBS];

static const char *template;
static unsigned points;
static unsigned *visits; /* [act][point]: how often it came there while learning */
static unsigned spaces_made;

/* ---- names --------------------------------------------------------------------------------- */

/* How many calls with the same text stand earlier in the same function. */
static int twins_before(unsigned point)
{
    const struct crash_call *own = crash_point_call(point);
    int twins = 0;
    for (unsigned other = 0; other < points; other += 2) {
        const struct crash_call *c = crash_point_call(other);
        twins += c->line < own->line && strcmp(c->file, own->file) == 0 &&
                 strcmp(c->function, own->function) == 0 && strcmp(c->call, own->call) == 0;
    }
    return twins;
}

/* A call's name has no line number: it stays the same when something above it changes. */
static const char *name_of(unsigned point)
{
    static char name[1000];
    const struct crash_call *call = crash_point_call(point);
    const char *file = strstr(call->file, "/drivers/");
    int length = snprintf(name, sizeof name, "%s %s: %s", file ? file + 9 : call->file, call->function, call->call);
    int twins = twins_before(point);
    if (twins) snprintf(name + length, sizeof name - (size_t)length, " (%d)", twins + 1);
    return name;
}

/* Whether the fail point belongs to the driver of the DSN. */
static bool is_ours(unsigned point)
{
    char folder[40];
    snprintf(folder, sizeof folder, "/drivers/%.*s/", (int)strcspn(template, ":"), template);
    return strstr(crash_point_call(point)->file, folder) != NULL;
}

unsigned random_point(void)
{
    unsigned point;
    do {
        point = (unsigned)random_below(points);
    } while (!is_ours(point));
    return point;
}

/* ---- one run ------------------------------------------------------------------------------- */

static void name_spaces(unsigned number)
{
    const char *hole = strstr(template, "{}");
    snprintf(dsn, sizeof dsn, "%.*s%u%s", (int)(hole - template), template, number, hole + 2);
    snprintf(other_dsn, sizeof other_dsn, "%.*s%u-other%s", (int)(hole - template), template, number, hole + 2);
}

static _Noreturn void be_the_victim(const struct job *job)
{
    const struct run *run = &job->run;
    struct worker w;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    random_seed(job->seed ^ 1);
    crash_watch(job->board);
    if (run->signal) crash_arm(run->point, run->visit, run->signal);
    worker_open(&w, VICTIM);
    int64_t long_enough = now_ns() + (run->signal ? PLAY : LESSON);
    for (int i = 0; i < (run->signal ? PLAYS_MAX : PLAYS) && !arena->stop; i++) {
        if (i >= PLAYS_LEAST && now_ns() > long_enough) break;
        acts[run->act].run(&w);
    }
    /* A stopped one is told to stop when it goes on. */
    _exit(arena->stop || !run->signal ? EXIT_SUCCESS : NOT_REACHED);
}

static void start_victim(const struct job *job)
{
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) be_the_victim(job);
    arena->slots[VICTIM].pid = pid;
}

static bool is_stopped(pid_t pid)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 0;
    fclose(file);
    return state == 'T';
}

/* Each worker does two whole steps. */
static void expect_progress(void)
{
    int64_t end = now_ns() + STUCK_SECONDS * INT64_C(1000000000);
    for (int i = 0; i < WORKERS; i++) {
        long long least = arena->slots[i].steps + 2;
        while (arena->slots[i].steps < least) {
            if (arena->failed) _exit(FAILED);
            if (now_ns() > end) broken(__FILE__, __LINE__, "worker %d does not get on", i);
            sleep_for(200000);
        }
    }
}

/* Whether nobody ever has to wait for a process that is stopped here: one swap is the whole of each step. */
static bool harms_nobody(unsigned point)
{
    const struct crash_call *call = crash_point_call(point);
    bool words = strstr(call->file, "/shm/lock") || strstr(call->file, "/shm/integers.c");
    return words && strcmp(call->function, "shm_lock_retire") != 0; /* that one has the guard */
}

/* While the victim is stopped: the others get on, and its lease ends for them. */
static void check_while_stopped(psync_space *space, unsigned point)
{
    int64_t end = now_ns() + (int64_t)(LEASE * 1.5 * 1e9);
    if (harms_nobody(point)) {
        psync_lock *lock = open_lock(space, "lease", 0);
        psync_hold *hold = NULL;
        psync_wait wait = {.timeout = STUCK_SECONDS};
        expect_progress();
        MUST(psync_lock_hold(lock, LEASE, &wait, &hold, &error) == PSYNC_OK);
        psync_hold_free(hold);
        psync_lock_close(lock);
    }
    int64_t left = end - now_ns();
    if (left > 0) sleep_for(left);
}

/* Until it has died, or has gone on after being stopped and ended. */
static int wait_for_victim(psync_space *space, const struct job *job)
{
    pid_t pid = arena->slots[VICTIM].pid;
    int64_t end = now_ns() + 2 * STUCK_SECONDS * INT64_C(1000000000);
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (arena->failed) _exit(FAILED);
        pid_t fired = job->board->fired;
        if (fired && job->run.signal == SIGSTOP && is_stopped(fired)) {
            check_while_stopped(space, job->run.point);
            job->board->fired = 0;
            arena->stop = true; /* the victim; the workers are started anew */
            MUST(kill(fired, SIGCONT) == 0);
        }
        if (now_ns() > end) broken(__FILE__, __LINE__, "the victim neither dies nor ends");
        sleep_for(200000);
    }
    return status;
}

static void check_other_space(void)
{
    psync_space *space = NULL;
    psync_integer *integer = NULL;
    MUST(psync_space_open(other_dsn, NULL, &space, &error) == PSYNC_OK);
    check_space(space);
    MUST(psync_integer_open(space, "k", 1, &integer, &error) == PSYNC_OK);
    MUST(psync_integer_remove(integer, &error) >= PSYNC_OK);
    MUST(psync_integer_add(integer, 1, NULL, &error) == PSYNC_OK);
    check_space(space);
    psync_integer_close(integer);
    psync_space_close(space);
    remove_space(other_dsn);
}

static int hear_first(void *argument, const psync_finding *finding)
{
    (void)argument;
    if (finding->severity == PSYNC_WRONG) broken(__FILE__, __LINE__, "after the repair: %s", finding->what);
    return 0;
}

static int hear_second(void *argument, const psync_finding *finding)
{
    (void)argument;
    if (finding->severity != PSYNC_NOTE) broken(__FILE__, __LINE__, "still after the repair: %s", finding->what);
    return 0;
}

/* With all quiet: audit, totals, keys; after a repair nothing of the dead is left. */
static void check_all(psync_space *space)
{
    check_space(space);
    check_end(space, 3, 5);
    check_space(space);
    MUST(psync_space_check(space, true, hear_first, NULL, &error) == PSYNC_OK);
    MUST(psync_space_check(space, true, hear_second, NULL, &error) == PSYNC_OK);
    check_other_space();
}

static void end_workers(void)
{
    arena->stop = true;
    for (int i = 0; i < WORKERS; i++) reap_worker(i);
    if (arena->failed) _exit(FAILED);
}

static void play(const struct job *job)
{
    const struct run *run = &job->run;
    psync_space *space = open_space();
    psync_lock *locks[LOCKS];
    for (int l = 0; l < LOCKS; l++) locks[l] = open_lock(space, "lock", l);
    set_anchors(space);
    for (int i = 0; i < WORKERS; i++) start_worker(i);
    if (acts[run->act].has_sleepers) {
        for (int i = 0; i < SLEEPERS; i++) start_sleeper(i);
    }
    start_victim(job);
    pid_t pid = arena->slots[VICTIM].pid;
    int status = wait_for_victim(space, job);
    if (arena->stop) { /* it was stopped, and the workers with it have ended in their own time */
        for (int i = 0; i < WORKERS; i++) reap_worker(i);
        arena->stop = false;
        for (int i = 0; i < WORKERS; i++) start_worker(i);
    }
    bool killed = run->signal == SIGKILL && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    bool ended = WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS || WEXITSTATUS(status) == NOT_REACHED);
    if (!killed && !ended) broken(__FILE__, __LINE__, "the victim ended with status %#x", (unsigned)status);
    absorb(VICTIM);
    free_ghosts(locks, LOCKS, pid);
    expect_progress();
    if (acts[run->act].has_sleepers) check_sleepers(space, pid);
    check_space(space);
    end_workers();
    check_all(space);
    psync_space_close(space);
    remove_space(dsn);
    _exit(ended ? WEXITSTATUS(status) : EXIT_SUCCESS);
}

/* ---- all runs ------------------------------------------------------------------------------ */

static void start_job(struct job *job, const struct run *run)
{
    job->run = *run;
    job->seed = random_below(UINT64_MAX);
    job->end = now_ns() + 6 * STUCK_SECONDS * INT64_C(1000000000);
    job->board->fired = 0;
    arena = job->arena;
    arena_begin();
    arena->pause_us = PAUSE_US;
    name_spaces(++spaces_made);
    job->pid = fork();
    if (job->pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        random_seed(job->seed);
        play(job);
    }
    if (job->pid < 0) exit(EXIT_FAILURE);
    setpgid(job->pid, job->pid);
}

static const char *signal_name(int signal)
{
    return signal == SIGKILL ? "killed" : signal == SIGSTOP ? "stopped" : "left alone";
}

static void describe(const struct run *run)
{
    if (run->signal) {
        printf("%s %s %s at visit %u, line %d, while it plays \"%s\"\n", signal_name(run->signal),
               run->point % 2 ? "after" : "before", name_of(run->point), run->visit,
               crash_point_call(run->point)->line, acts[run->act].name);
    } else {
        printf("nobody hit, playing \"%s\"\n", acts[run->act].name);
    }
}

/* Waits for a job to end. Its exit code, or -1 after it has told what went wrong. */
static int finish_job(struct job *job)
{
    int status = 0;
    while (waitpid(job->pid, &status, WNOHANG) == 0) {
        if (now_ns() > job->end) break;
        sleep_for(500000);
    }
    bool hung = now_ns() > job->end;
    kill(-job->pid, SIGKILL);
    if (hung) waitpid(job->pid, &status, 0);
    job->pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == EXIT_SUCCESS || code == NOT_REACHED) return code;
    describe(&job->run);
    printf("    %s\n", job->arena->failed ? job->arena->why : hung ? "hung" : "the checker crashed");
    return -1;
}

/* Any job that has ended, or is idle. */
static struct job *next_job(void)
{
    for (;; sleep_for(300000)) {
        for (int i = 0; i < JOBS; i++) {
            siginfo_t info = {.si_pid = 0};
            if (!jobs[i].pid) return &jobs[i];
            if (waitid(P_PID, (id_t)jobs[i].pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
                return &jobs[i];
            }
            if (now_ns() > jobs[i].end) return &jobs[i];
        }
    }
}

static void set_up_jobs(void)
{
    for (int i = 0; i < JOBS; i++) {
        arena = NULL;
        arena_begin();
        jobs[i].arena = arena;
        size_t size = sizeof(struct crash_board) + points * sizeof(atomic_uint);
        jobs[i].board = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (jobs[i].board == MAP_FAILED) exit(EXIT_FAILURE);
    }
}

/* Plays each act alone, and adds up where it came to. False: even that went wrong. */
static bool learn(void)
{
    bool well = true;
    for (int act = 0; act < act_count; act++) {
        struct job *job = &jobs[0];
        job->board->seen = (atomic_uint *)(job->board + 1);
        memset((void *)job->board->seen, 0, points * sizeof(atomic_uint));
        start_job(job, &(struct run){.act = act});
        well = finish_job(job) == EXIT_SUCCESS && well;
        for (unsigned p = 0; p < points; p++) visits[(unsigned)act * points + p] += job->board->seen[p];
        job->board->seen = NULL;
    }
    return well;
}

/* Whether one act comes to the fail point more often than another; of equals, the first. */
static bool comes_more_often(unsigned point, int act, int other)
{
    unsigned a = visits[(unsigned)act * points + point];
    unsigned b = visits[(unsigned)other * points + point];
    return a > b || (a == b && act < other);
}

/* The act that comes to a fail point most often; at further tries the others in turn. -1: none. */
static int best_act(unsigned point, int tries)
{
    int able[20];
    int n = 0;
    for (int act = 0; act < act_count; act++) {
        if (!visits[(unsigned)act * points + point]) continue;
        int at = n++;
        for (; at > 0 && comes_more_often(point, act, able[at - 1]); at--) able[at] = able[at - 1];
        able[at] = act;
    }
    return n ? able[tries % n] : -1;
}

/* Whether a line of the list is this name. */
static bool stands_in(FILE *list, const char *name)
{
    char line[1100];
    rewind(list);
    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, name) == 0) return true;
    }
    return false;
}

struct tally {
    int passed;
    int failed;
    int missed; /* later visits that were never made, and fail points of the list, which take luck */
    FILE *list;
};

/* Takes a job's result into account; a run that did not come to its fail point is tried again. */
static void settle(struct job *job, struct tally *tally)
{
    int code = finish_job(job);
    struct run again = job->run;
    if (code == EXIT_SUCCESS) {
        tally->passed++;
    } else if (code < 0) {
        tally->failed++;
    } else if (job->run.visit > 1) {
        tally->missed++;
    } else if (++again.tries >= TRIES && stands_in(tally->list, name_of(again.point))) {
        tally->missed++;
    } else if (again.tries < TRIES) {
        again.act = best_act(again.point, again.tries);
        start_job(job, &again);
    } else {
        describe(&job->run);
        printf("    did not come there again in %d spaces\n", TRIES);
        tally->failed++;
    }
}

static void run_point(unsigned point, int signal, unsigned visit, struct tally *tally)
{
    int act = best_act(point, 0);
    if (act < 0) return;
    struct job *job;
    while ((job = next_job())->pid) settle(job, tally);
    start_job(job, &(struct run){.act = act, .point = point, .visit = visit, .signal = signal});
}

/* ---- the list of what no act comes to ------------------------------------------------------ */

static bool is_a_call(const char *name)
{
    for (unsigned p = 0; p < points; p += 2) {
        if (is_ours(p) && strcmp(name_of(p), name) == 0) return true;
    }
    return false;
}

/* Tells names that no call has any more: they can go. */
static void tell_stale(FILE *list)
{
    char line[1100];
    rewind(list);
    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "\n")] = '\0';
        if (!*line || *line == '#' || is_a_call(line)) continue;
        printf("listed as not reached, but there is no such call: %s\n", line);
    }
}

/* Fail points that no act came to, and that the list does not know. */
static int compare_reached(FILE *list, bool tell)
{
    int wrong = 0;
    for (unsigned p = 0; p < points; p++) {
        if (!is_ours(p) || best_act(p, 0) >= 0 || stands_in(list, name_of(p))) continue;
        if (tell)
            printf("not reached: %s %s (line %d)\n", p % 2 ? "after" : "before", name_of(p),
                   crash_point_call(p)->line);
        wrong++;
    }
    return wrong;
}

/* ---- main ---------------------------------------------------------------------------------- */

static void run_rounds(int rounds, struct tally *tally)
{
    int before = tally->failed;
    for (int round = 0; round < rounds; round++) {
        for (unsigned p = 0; p < points; p++) {
            if (!is_ours(p)) continue;
            unsigned visit = round ? 2 + (unsigned)random_below(VISITS) : 1;
            if (tally->failed - before >= ENOUGH) return;
            run_point(p, SIGKILL, visit, tally);
            run_point(p, SIGSTOP, visit, tally);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 5 || !strstr(argv[1], "{}")) {
        fprintf(stderr, "Usage: points DSN-WITH-{} UNREACHED [ROUNDS [SEED]]\n");
        return 64;
    }
    template = argv[1];
    int rounds = argc > 3 ? atoi(argv[3]) : 1;
    unsigned long long seed = argc > 4 ? strtoull(argv[4], NULL, 0) : (unsigned long long)now_ns();
    FILE *list = fopen(argv[2], "re");
    points = crash_points();
    visits = calloc((size_t)act_count * points, sizeof *visits);
    if (!list || !visits) {
        fprintf(stderr, "points: cannot read %s\n", argv[2]);
        return 64;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("points: seed %llu\n", seed);
    random_seed(seed);
    set_up_jobs();
    struct tally tally = {.list = list};
    int64_t began = now_ns();
    /* What takes luck may take more than one lesson. */
    for (int i = 0; i < LESSONS && !tally.failed && (i == 0 || compare_reached(list, false)); i++) {
        tally.failed += !learn();
    }
    tell_stale(list);
    tally.failed += compare_reached(list, true);
    printf("points: learnt in %.1f s\n", (double)(now_ns() - began) / 1e9);
    run_rounds(rounds, &tally);
    for (int i = 0; i < JOBS; i++) {
        while (jobs[i].pid) settle(&jobs[i], &tally);
    }
    printf("points: %u fail points, %d hits, %d that nobody came to again\n", points, tally.passed, tally.missed);
    printf("%d passed, %d failed, 0 skipped\n", tally.passed, tally.failed);
    return tally.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
