/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * step.c - a process killed after each single instruction of what it does.
 *
 * Random kills rarely meet the few instructions between a change and the
 * wake-up that it owes. Here a child is traced: it stops before the call, is
 * led through it instruction by instruction, and killed after so many of them.
 * Where a call has more instructions than there is time for, a spread of them
 * is taken. Nothing is known of the driver: only that what is done is done and
 * that nobody sleeps without a reason.
 */
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- tracing ------------------------------------------------------------------ */

/* In the child: here the parent takes over, and here its counting ends. */
static void marker(void)
{
    CHECK(raise(SIGSTOP) == 0);
}

static void be_traced(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) check_failed(__FILE__, __LINE__, "ptrace is not allowed here");
}

/* Lets the traced child go on, until it stops again; the signal that it stopped by. */
static int go_on(pid_t child, enum __ptrace_request how)
{
    if (ptrace(how, child, NULL, NULL) != 0) check_failed(__FILE__, __LINE__, "ptrace: %s", strerror(errno));
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0) CHECK(errno == EINTR);
    if (!WIFSTOPPED(status)) check_failed(__FILE__, __LINE__, "the traced child ended, with status %#x", status);
    return WSTOPSIG(status);
}

/* A traced child that stands at its first marker. */
static pid_t traced_start(worker body, int index, void *argument)
{
    pid_t child = process_start(body, index, argument);
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0) CHECK(errno == EINTR);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    return child;
}

/* Keeps this process and the child on one processor from here on: waking one on another takes thrice as long. */
static void share_processor(pid_t child, cpu_set_t *before)
{
    cpu_set_t one;
    unsigned processor = 0;
    CHECK(sched_getaffinity(0, sizeof *before, before) == 0);
    if (getcpu(&processor, NULL) != 0) return;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* else it is only slower */
    (void)sched_setaffinity(child, sizeof one, &one);
}

/* Goes that many instructions on, or to the next marker; how many it were. */
static int step(pid_t child, int instructions)
{
    int gone = 0;
    cpu_set_t processors;
    share_processor(child, &processors);
    while (gone < instructions && go_on(child, PTRACE_SINGLESTEP) != SIGSTOP) gone++;
    (void)sched_setaffinity(0, sizeof processors, &processors);
    return gone;
}

enum { NO_LIMIT = 50000000 };

/*
 * How many rounds: as many as there are instructions, at most so many, and no more than there is time for, by what
 * a whole one took.
 */
static int rounds_of(int most, int instructions, int64_t start_of_whole)
{
    int enough = (int)(ENOUGH / since(start_of_whole));
    int times = rounds(most, 200);
    if (times < most / 3) times = most / 3;
    if (times > enough) times = enough < 8 ? 8 : enough;
    return times < instructions ? times : instructions;
}

/* Which instruction to stop at in so many rounds: each once if there are so many rounds, else spread evenly. */
static int spread(int round, int rounds_, int instructions)
{
    if (instructions < rounds_) return round;
    return (int)((int64_t)round * instructions / rounds_ +
                 (int64_t)random_below((uint64_t)(instructions / rounds_ + 1)));
}

/* ---- sleepers that go through many rounds ------------------------------------------- */

enum { SLEEPERS = 2 };

static void sleeps_by_rounds(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    psync_integer *integer = integer_of(a->key);
    bool integers = a->numbers[7];
    for (;;) {
        expect_meeting(&a->go, 1000, "the next round");
        (void)psync_integer_get(integer, NULL, ERR);
        meet(&a->ready);
        if (integers && index == 0) EXPECT(PSYNC_OK, psync_integer_await_change(integer, NULL, ERR));
        if (integers && index == 1) EXPECT(PSYNC_OK, psync_integer_await_at_least(integer, 1, NULL, ERR));
        if (!integers && index == 0) EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
        if (!integers && index == 1) {
            EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        }
        meet(&a->done);
    }
}

static void put_to_sleep(struct stage *a, const pid_t *sleepers)
{
    for (int i = 0; i < SLEEPERS; i++) meet(&a->go);
    for (int i = 0; i < SLEEPERS; i++) expect_meeting(&a->ready, LOST, "a sleeper's round");
    for (int i = 0; i < SLEEPERS; i++) wait_until_asleep(sleepers[i]);
}

static bool all_awake(struct stage *a, double within)
{
    for (int i = 0; i < SLEEPERS; i++) {
        if (!meeting_within(&a->done, i == 0 ? within : LOST)) return false;
    }
    return true;
}

static void acts_traced(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    psync_integer *integer = integer_of(a->key);
    bool integers = a->numbers[7];
    (void)index;
    (void)psync_lock_exists(lock, ERR); /* what comes once has come */
    (void)psync_integer_exists(integer, ERR);
    be_traced();
    marker();
    if (integers) {
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
    } else {
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
    marker();
}

/* Puts things as they are before each round: the Lock taken, the Integer 0. The acquisition's fence, or 0. */
static uint64_t prepare(struct stage *a)
{
    if (!a->numbers[7]) return take(lock_of(a->key));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(a->key), 0, ERR));
    return 0;
}

/* Does what the killed one had not done yet, to its own acquisition and to no sleeper's. False: it had done it. */
static bool make_up(struct stage *a, uint64_t fence)
{
    if (!a->numbers[7]) return psync_lock_release_if(lock_of(a->key), fence, ERR) == PSYNC_OK;
    int64_t value = -1;
    EXPECT(PSYNC_OK, psync_integer_get(integer_of(a->key), &value, ERR));
    if (value == 0) EXPECT(PSYNC_OK, psync_integer_add(integer_of(a->key), 1, NULL, ERR));
    return value == 0;
}

/*
 * From the last instruction to the first. At first what was begun is done, and the sleepers must wake by
 * themselves: no call of ours may help them. Once they do not, the deed must be undone; from there on we do it
 * ourselves.
 */
static void cut_off_everywhere(bool integers)
{
    struct stage *a = stage(1, 0);
    a->numbers[7] = integers;
    pid_t sleepers[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) sleepers[i] = process_start(sleeps_by_rounds, i, a);
    prepare(a);
    put_to_sleep(a, sleepers);
    int64_t start = now_ns();
    pid_t whole = traced_start(acts_traced, 0, a);
    int instructions = step(whole, NO_LIMIT);
    process_kill(whole);
    CHECK(all_awake(a, LOST));
    bool done_by_then = true;
    int times = rounds_of(250, instructions, start);
    for (int round = times - 1; round >= 0; round--) {
        int at = spread(round, times, instructions);
        uint64_t fence = prepare(a);
        put_to_sleep(a, sleepers);
        pid_t cut_off = traced_start(acts_traced, 0, a);
        step(cut_off, at);
        process_kill(cut_off);
        if (done_by_then && all_awake(a, 2)) continue;
        bool undone = make_up(a, fence);
        if (!undone && done_by_then && all_awake(a, LOST)) continue; /* a slow machine */
        if (!undone && done_by_then) {
            check_failed(__FILE__, __LINE__,
                         "killed after %d of %d instructions, when it was done: a sleeper slept on", at,
                         instructions);
        }
        done_by_then = false;
        if (!all_awake(a, LOST)) {
            check_failed(__FILE__, __LINE__, "killed after %d of %d instructions: a sleeper slept on", at,
                         instructions);
        }
    }
    for (int i = 0; i < SLEEPERS; i++) process_kill(sleepers[i]);
}

static void a_release_cut_off_after_any_instruction_leaves_nobody_asleep(void)
{
    cut_off_everywhere(false);
}

static void a_change_cut_off_after_any_instruction_leaves_nobody_asleep(void)
{
    cut_off_everywhere(true);
}

/* ---- a taker that dies on its way from the wake-up to the Lock ----------------------------- */

static void takes_traced(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    (void)psync_lock_exists(lock, ERR);
    be_traced();
    marker();
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    marker();
}

static void takes_next(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (;;) {
        expect_meeting(&a->go, 1000, "the next round");
        meet(&a->ready);
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        meet(&a->done);
    }
}

/* Leads a traced taker to its sleep, stopping at each system call; it then stops as soon as it is woken. */
static pid_t sleeping_taker(struct stage *a)
{
    pid_t taker = traced_start(takes_traced, 0, a);
    for (;;) {
        CHECK(ptrace(PTRACE_SYSCALL, taker, NULL, NULL) == 0);
        int64_t start = now_ns();
        int status = 0;
        while (waitpid(taker, &status, __WALL | WNOHANG) == 0) {
            if (!is_asleep(taker)) start = now_ns();
            if (since(start) > 0.004 + 50 * (double)suite.operation / 1e9) return taker;
        }
        CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    }
}

/* After the release: it stops at its wake-up, and goes so many instructions on. */
static int step_from_wake_up(pid_t taker, int instructions)
{
    int status = 0;
    while (waitpid(taker, &status, __WALL) < 0) CHECK(errno == EINTR);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    return step(taker, instructions);
}

static void a_taker_cut_off_after_any_instruction_leaves_the_wake_up_to_the_next(void)
{
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    take(lock);
    int64_t start = now_ns();
    pid_t whole = sleeping_taker(a);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    int instructions = step_from_wake_up(whole, NO_LIMIT);
    process_kill(whole);
    EXPECT(PSYNC_OK, psync_lock_release_ghost(lock, ERR));
    pid_t next = process_start(takes_next, 0, a);
    int times = rounds_of(200, instructions, start);
    for (int round = 0; round < times; round++) {
        int at = spread(round, times, instructions);
        take(lock);
        pid_t cut_off = sleeping_taker(a);
        meet(&a->go);
        expect_meeting(&a->ready, LOST, "the next taker's round");
        wait_until_asleep(next);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        step_from_wake_up(cut_off, at);
        process_kill(cut_off);
        bool done = meeting_within(&a->done, 0.1);
        /* Where a release wakes all takers, the next one may have been first and the killed one have taken it then.
         */
        psync_owner owner;
        bool ghost = psync_lock_inspect(lock, &owner, ERR) == PSYNC_OK && owner.pid == cut_off;
        if (ghost) EXPECT(PSYNC_OK, psync_lock_release_ghost(lock, ERR));
        if (!done && !meeting_within(&a->done, LOST)) {
            check_failed(__FILE__, __LINE__, "killed %d of %d instructions after its wake-up: the next slept on",
                         at, instructions);
        }
    }
    process_kill(next);
}

/* ---- a creator that dies ------------------------------------------------------------------- */

static void creates_traced(int index, void *argument)
{
    struct stage *a = argument;
    char key[200];
    (void)psync_integer_exists(integer_of(a->key), ERR);
    snprintf(key, sizeof key, "%s-%d-%0*d", a->key, index, index % 2 ? 200 : 1, 0);
    psync_integer *integer = integer_of(key);
    be_traced();
    marker();
    EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
    marker();
}

static void a_creation_cut_off_after_any_instruction_leaves_a_key_that_works(void)
{
    struct stage *a = stage(1, 0);
    int64_t start_of_whole = now_ns();
    pid_t whole = traced_start(creates_traced, 100000, a);
    int instructions = step(whole, NO_LIMIT);
    process_kill(whole);
    int times = rounds_of(150, instructions, start_of_whole);
    for (int round = 0; round < times; round++) {
        int at = spread(round, times, instructions);
        pid_t cut_off = traced_start(creates_traced, round, a);
        step(cut_off, at);
        process_kill(cut_off);
        char key[300];
        snprintf(key, sizeof key, "%s-%d-%0*d", a->key, round, round % 2 ? 200 : 1, 0);
        psync_integer *integer = integer_of(key);
        int64_t result = 0;
        int64_t start = now_ns();
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, &result, ERR));
        EXPECT_TIME(start, 0, LATE);
        CHECK(result == 1 || result == 2);
        expect_value(integer, result);
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        EXPECT(PSYNC_NO, psync_integer_exists(integer_of(key), ERR));
    }
}

const struct test step_tests[] = {
#if defined(__x86_64__)
    PROCESSES(a_release_cut_off_after_any_instruction_leaves_nobody_asleep),
    PROCESSES(a_change_cut_off_after_any_instruction_leaves_nobody_asleep),
    PROCESSES(a_taker_cut_off_after_any_instruction_leaves_the_wake_up_to_the_next),
    PROCESSES(a_creation_cut_off_after_any_instruction_leaves_a_key_that_works),
#endif
    END_OF_TESTS,
};
