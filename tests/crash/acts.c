/* SPDX-License-Identifier: BSD-3-Clause */
/* acts.c - see acts.h. */
#include "acts.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail_point.h"

char other_dsn[512];

static const psync_wait at_once = {.timeout = 0};

/* ---- common ---------------------------------------------------------------------------- */

static void some_steps(struct worker *w)
{
    for (int i = 0; i < 20; i++) worker_step(w);
}

/* A child that nothing hits, with the next random numbers. */
static pid_t fork_spared(void)
{
    uint64_t seed = random_below(UINT64_MAX);
    crash_pause(); /* the handlers that run in the child before it can say that it is none of it */
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        crash_watch(NULL);
        crash_disarm();
        random_seed(seed);
    }
    crash_resume();
    return pid;
}

/* Waits for a child. Whatever has hit it has hit its parent too: to the others they are one. */
static void reap_child(pid_t pid)
{
    int status = 0;
    MUST(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status)) kill(getpid(), WTERMSIG(status));
    MUST(status == 0);
}

/* ---- keys ------------------------------------------------------------------------------ */

enum { KEYS = 320, EVERY_LONG = 4, LONG = 900 };

static psync_integer *numbered(psync_space *space, const char *kind, int number)
{
    char key[1000];
    psync_integer *integer = NULL;
    int length = snprintf(key, sizeof key, "%s %0*d", kind, number % EVERY_LONG ? 4 : LONG, number);
    MUST(psync_integer_open(space, key, (size_t)length, &integer, &error) == PSYNC_OK);
    return integer;
}

static void set_some(struct worker *w, const char *kind, int from, int to)
{
    for (int i = from; i < to; i++) {
        psync_integer *integer = numbered(w->space, kind, i);
        MUST(psync_integer_set(integer, i, &error) == PSYNC_OK);
        psync_integer_close(integer);
    }
}

static void remove_some(struct worker *w, const char *kind, int from, int to)
{
    for (int i = from; i < to; i++) {
        psync_integer *integer = numbered(w->space, kind, i);
        int64_t value = 0;
        MUST(psync_integer_get(integer, &value, &error) == PSYNC_OK && value == i);
        MUST(psync_integer_remove(integer, &error) == PSYNC_OK);
        psync_integer_close(integer);
    }
}

/* Leaves a missing Integer on which somebody has slept. */
static void miss_some(struct worker *w)
{
    psync_wait shortly = {.timeout = 0.0001};
    for (int i = 0; i < 4; i++) {
        psync_integer *integer = numbered(w->space, "missing", i);
        MUST(psync_integer_await_at_least(integer, 1, &shortly, &error) == PSYNC_NO);
        psync_integer_close(integer);
    }
}

/* More keys than the space began with room for; then others, in the place of these. */
static void fill(struct worker *w)
{
    miss_some(w);
    set_some(w, "first", 0, KEYS);
    remove_some(w, "first", 0, KEYS);
    set_some(w, "second", 0, KEYS / 2);
    remove_some(w, "second", 0, KEYS / 2);
}

/* ---- another space --------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int find_path(void *argument, const char *name, const char *value)
{
    if (strcmp(name, "file") == 0 || strcmp(name, "folder") == 0) snprintf(argument, 512, "%s", value);
    return 0;
}

void remove_space(const char *which)
{
    char path[512] = "";
    psync_space *space = NULL;
    MUST(psync_space_open(which, NULL, &space, &error) == PSYNC_OK);
    MUST(psync_space_info(space, find_path, path, &error) == PSYNC_OK && *path);
    psync_space_close(space);
    MUST(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* As if folders had not changed for long. */
static int make_old(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)where;
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    if (kind == FTW_D || kind == FTW_DP) utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW);
    return 0;
}

static int no_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument;
    (void)owner;
    broken(__FILE__, __LINE__, "there is a Lock %.*s", (int)length, key);
}

/* In a child, as who has taken Locks keeps the space's file open. It may be the one that is hit. */
static void make_a_space(struct worker *w)
{
    (void)w;
    psync_space *space = NULL;
    psync_integer *integer = NULL;
    psync_lock *lock = NULL;
    int64_t value = 0;
    char path[512] = "";
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        MUST(psync_space_open(other_dsn, NULL, &space, &error) == PSYNC_OK);
        MUST(psync_integer_open(space, "k", 1, &integer, &error) == PSYNC_OK);
        MUST(psync_lock_open(space, "k", 1, &lock, &error) == PSYNC_OK);
        MUST(psync_integer_add(integer, 1, &value, &error) == PSYNC_OK && value == 1);
        MUST(psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK);
        MUST(psync_lock_release(lock, &error) == PSYNC_OK);
        MUST(psync_space_info(space, find_path, path, &error) == PSYNC_OK);
        nftw(path, make_old, 16, FTW_PHYS);
        MUST(psync_space_each_lock(space, no_lock, NULL, &error) == PSYNC_OK);
        psync_lock_close(lock);
        psync_integer_close(integer);
        psync_space_close(space);
        _exit(0);
    }
    reap_child(pid);
    MUST(psync_space_open(other_dsn, NULL, &space, &error) == PSYNC_OK);
    psync_space_close(space);
    remove_space(other_dsn);
}

/* ---- processes that die ---------------------------------------------------------------- */

/* A child that is killed somewhere in the middle of things; then the victim finds what it left. */
static void come_after_the_dead(struct worker *w)
{
    pid_t pid = fork_spared();
    if (pid == 0) {
        struct worker child = {.number = CHILD, .slot = &arena->slots[CHILD], .space = w->space};
        crash_arm(random_point(), 1, SIGKILL);
        for (int i = 0; i < 20; i++) make_and_remove(&child);
        set_some(&child, "child", 0, 20);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    MUST(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    make_and_remove(w);
    set_some(w, "after", 0, 20);
    remove_some(w, "after", 0, 20);
}

/* Holds of the dead are absent. */
static void inherit_holds(struct worker *w)
{
    psync_lock *lock = open_lock(w->space, "inherited", 0);
    psync_hold *hold = NULL;
    pid_t pid = fork_spared();
    if (pid == 0) {
        MUST(psync_lock_hold(lock, random_below(2) ? 0 : 60, &at_once, &hold, &error) == PSYNC_OK);
        _exit(0);
    }
    int status = 0;
    MUST(waitpid(pid, &status, 0) == pid && status == 0);
    switch (random_below(4)) {
    case 0:
        MUST(psync_lock_exists(lock, &error) == PSYNC_NO);
        break;
    case 1:
        MUST(psync_lock_release(lock, &error) == PSYNC_NO);
        break;
    default:
        break;
    }
    MUST(psync_lock_hold(lock, 0, &at_once, &hold, &error) == PSYNC_OK);
    psync_hold_free(hold);
    psync_lock_close(lock);
}

/* A forked child becomes a process of its own; it may be the one that is hit. Its parent has slept before. */
static void fork_a_child(struct worker *w)
{
    psync_lock *lock = open_lock(w->space, "anchor", 0);
    psync_wait shortly = {.timeout = 0.001};
    MUST(psync_lock_wait(lock, &shortly, &error) == PSYNC_NO);
    psync_lock_close(lock);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct worker child = {.number = CHILD, .slot = &arena->slots[CHILD], .space = w->space};
        for (int i = 0; i < 3; i++) make_and_remove(&child);
        _exit(0);
    }
    reap_child(pid);
    make_and_remove(w);
}

/* More owners than the space began with room for; then the same with some of them dead. */
static void take_with_labels(struct worker *w)
{
    enum { DEAD = 20, LIVING = 60 };
    pid_t pid = fork_spared();
    bool is_child = pid == 0;
    if (!is_child) {
        int status = 0;
        MUST(waitpid(pid, &status, 0) == pid && status == 0);
    }
    psync_lock *lock = open_lock(w->space, "labelled", is_child);
    MUST(psync_lock_release(lock, &error) >= PSYNC_OK);
    for (int i = 0; i < (is_child ? DEAD : LIVING); i++) {
        char label[32];
        snprintf(label, sizeof label, "label %d", i);
        MUST(psync_space_set_label(w->space, label, &error) == PSYNC_OK);
        MUST(psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK);
        MUST(psync_lock_release(lock, &error) == PSYNC_OK);
    }
    if (is_child) _exit(0);
    psync_lock_close(lock);
    MUST(psync_space_set_label(w->space, NULL, &error) == PSYNC_OK);
}

/* Several at once. */
static void take_many(struct worker *w)
{
    enum { MANY = 7 };
    psync_lock *locks[MANY];
    for (int i = 0; i < MANY; i++) {
        locks[i] = open_lock(w->space, "many", i);
        MUST(psync_lock_acquire(locks[i], &at_once, NULL, &error) == PSYNC_OK);
    }
    for (int i = 0; i < MANY; i++) {
        MUST(psync_lock_release(locks[i], &error) == PSYNC_OK);
        psync_lock_close(locks[i]);
    }
}

/* ---- leases ---------------------------------------------------------------------------- */

/* A lease that runs out unrenewed ends at whoever looks first. */
static void let_a_lease_run_out(struct worker *w)
{
    psync_lock *lock = open_lock(w->space, "run out", 0);
    psync_hold *hold = NULL;
    MUST(psync_lock_hold(lock, 0.001, &at_once, &hold, &error) == PSYNC_OK);
    MUST(psync_lock_wait(lock, NULL, &error) == PSYNC_OK);
    MUST(psync_hold_is_valid(hold, &error) == PSYNC_NO);
    psync_hold_free(hold);
    MUST(psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK);
    MUST(psync_lock_release(lock, &error) == PSYNC_OK);
    psync_lock_close(lock);
    hold_for_a_moment(w);
}

/* ---- sleepers -------------------------------------------------------------------------- */

/* Mostly for a moment, sometimes so long that who waits counts as starving. */
static void keep_for_a_while(void)
{
    uint64_t what = random_below(8);
    if (what == 0) {
        sleep_for(6000000);
    } else if (what < 4) {
        sleep_for((int64_t)random_below(100000));
    }
}

static void take_for_ever(struct worker *w)
{
    psync_lock *lock = open_lock(w->space, "taken", 0);
    for (;;) {
        MUST(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
        keep_for_a_while();
        MUST(psync_lock_release(lock, &error) == PSYNC_OK);
        atomic_fetch_add(&w->slot->steps, 1);
        if (random_below(2)) sleep_for((int64_t)random_below(100000));
    }
}

static void wait_for_ever(struct worker *w)
{
    psync_lock *lock = open_lock(w->space, "awaited", 0);
    for (;;) {
        MUST(psync_lock_wait(lock, NULL, &error) == PSYNC_OK);
        atomic_fetch_add(&w->slot->steps, 1);
        sleep_for((int64_t)random_below(50000));
    }
}

static void listen_for_ever(struct worker *w)
{
    psync_integer *integer = open_integer(w->space, "heard", 0);
    for (;;) {
        MUST(psync_integer_await_change(integer, NULL, &error) == PSYNC_OK);
        atomic_store(&w->slot->steps, psync_integer_known(integer));
    }
}

void start_sleeper(int number)
{
    static void (*const bodies[SLEEPERS])(struct worker *) = {take_for_ever, wait_for_ever, listen_for_ever};
    start_process(SLEEPER + number, bodies[number]);
}

/* A Hold whose end comes nearer while others sleep on it. */
static void keep_for_a_lease(psync_lock *lock)
{
    psync_hold *hold = NULL;
    MUST(psync_lock_hold(lock, 0, NULL, &hold, &error) == PSYNC_OK);
    keep_for_a_while();
    MUST(psync_hold_renew(hold, 60, &error) == PSYNC_OK);
    psync_hold_free(hold);
}

static void take_a_turn(psync_lock *lock)
{
    if (random_below(4) == 0) {
        keep_for_a_lease(lock);
        return;
    }
    MUST(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    keep_for_a_while();
    MUST(psync_lock_release(lock, &error) == PSYNC_OK);
}

/* Once with the sleepers. What each of them sleeps on nobody else ever touches. */
static void hand_over(struct worker *w)
{
    psync_lock *taken = open_lock(w->space, "taken", 0);
    psync_lock *awaited = open_lock(w->space, "awaited", 0);
    psync_integer *heard = open_integer(w->space, "heard", 0);
    for (int i = 0; i < 10; i++) {
        /* More than once, as who comes back at once finds who has waited for long. */
        for (int turn = 0; turn < 3; turn++) take_a_turn(taken);
        MUST(psync_lock_acquire(awaited, NULL, NULL, &error) == PSYNC_OK);
        if (random_below(2)) sleep_for((int64_t)random_below(100000));
        MUST(psync_lock_release(awaited, &error) == PSYNC_OK);
        MUST(psync_integer_add(heard, 1, NULL, &error) == PSYNC_OK);
        if (random_below(2)) sleep_for((int64_t)random_below(50000));
    }
    psync_lock_close(taken);
    psync_lock_close(awaited);
    psync_integer_close(heard);
}

static void expect_steps(int number, long long least, const char *what)
{
    int64_t end = now_ns() + STUCK_SECONDS * INT64_C(1000000000);
    while (arena->slots[number].steps < least) {
        if (arena->failed) _exit(FAILED);
        if (now_ns() > end) broken(__FILE__, __LINE__, "%s", what);
        sleep_for(100000);
    }
}

void check_sleepers(psync_space *space, pid_t victim)
{
    psync_lock *locks[2] = {open_lock(space, "taken", 0), open_lock(space, "awaited", 0)};
    psync_integer *heard = open_integer(space, "heard", 0);
    int64_t value = 0;
    free_ghosts(locks, 2, victim);
    expect_steps(SLEEPER, arena->slots[SLEEPER].steps + 2, "who takes a Lock was not woken");
    expect_steps(SLEEPER + 1, arena->slots[SLEEPER + 1].steps + 2, "who waits for a Lock's end was not woken");
    MUST(psync_integer_get(heard, &value, &error) >= PSYNC_OK);
    expect_steps(SLEEPER + 2, value, "who waits for an Integer's change was not woken");
    for (int i = 0; i < SLEEPERS; i++) {
        MUST(kill(arena->slots[SLEEPER + i].pid, SIGKILL) == 0);
        reap_worker(SLEEPER + i);
    }
    for (int i = 0; i < 2; i++) MUST(psync_lock_release(locks[i], &error) >= PSYNC_OK);
    MUST(psync_integer_remove(heard, &error) >= PSYNC_OK);
}

/* ---- looking --------------------------------------------------------------------------- */

static int ignore_finding(void *argument, const psync_finding *finding)
{
    (void)argument;
    if (finding->severity == PSYNC_WRONG) broken(__FILE__, __LINE__, "the victim's check: %s", finding->what);
    return 0;
}

static int ignore_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    (void)name;
    (void)value;
    return 0;
}

static void look_around(struct worker *w)
{
    MUST(psync_space_check(w->space, true, ignore_finding, NULL, &error) == PSYNC_OK);
    MUST(psync_space_info(w->space, ignore_fact, NULL, &error) == PSYNC_OK);
}

const struct act acts[] = {
    {"some steps", some_steps, false},
    {"hand over", hand_over, true},
    {"let a lease run out", let_a_lease_run_out, false},
    {"inherit holds", inherit_holds, false},
    {"make a space", make_a_space, false},
    {"fill", fill, false},
    {"come after the dead", come_after_the_dead, false},
    {"fork a child", fork_a_child, false},
    {"take with labels", take_with_labels, false},
    {"take many", take_many, false},
    {"look around", look_around, false},
};
const int act_count = sizeof acts / sizeof acts[0];
