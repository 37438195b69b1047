/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_killed.c - a process that is killed between a change and the wake-up
 * that it owes for it, or between being woken and using that: who sleeps
 * without ever looking is woken all the same.
 *
 * The driver's system calls go through here; a child dies in one of them.
 */
#include <dlfcn.h>
#include <linux/futex.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <phpsync/phpsync.h>

/* Where this process dies, or stops: around a wake-up call, or when a sleep has ended. */
static enum place { NOWHERE, BEFORE_WAKING, STOPPED_BEFORE_WAKING, STOPPED_AFTER_WAKING, AFTER_SLEEPING } dies;

static int wakeups; /* calls that this process has made */

/* Takes the C library's place for the driver, which is linked in statically. */
long syscall(long number, ...)
{
    static _Thread_local long (*real)(long, ...); /* each thread asks for itself */
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    long command = number == SYS_futex ? a[1] & FUTEX_CMD_MASK : -1;
    if (command == FUTEX_WAKE_BITSET && dies == BEFORE_WAKING) kill(getpid(), SIGKILL);
    if (command == FUTEX_WAKE_BITSET && dies == STOPPED_BEFORE_WAKING) kill(getpid(), SIGSTOP);
    long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (command == FUTEX_WAIT_BITSET && dies == AFTER_SLEEPING) kill(getpid(), SIGKILL);
    if (command == FUTEX_WAKE_BITSET) wakeups++;
    if (command == FUTEX_WAKE_BITSET && dies == STOPPED_AFTER_WAKING) kill(getpid(), SIGSTOP);
    return result;
}

static char dsn[96];
static psync_space *space;
static psync_lock *lock;
static psync_integer *integer;

/* ---- children --------------------------------------------------------------- */

static int take(void)
{
    return psync_lock_acquire(lock, NULL, NULL, NULL) == PSYNC_OK && psync_lock_release(lock, NULL) == PSYNC_OK;
}

static int wait_for_lock(void)
{
    return psync_lock_wait(lock, NULL, NULL) == PSYNC_OK;
}

static int wait_and_wake_nobody(void)
{
    return wait_for_lock() && wakeups == 0;
}

static int wait_for_value(void)
{
    return psync_integer_await_at_least(integer, 6, NULL, NULL) == PSYNC_OK;
}

static int release(void)
{
    return psync_lock_release(lock, NULL) == PSYNC_OK;
}

static int add(void)
{
    return psync_integer_add(integer, 1, NULL, NULL) == PSYNC_OK;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static pid_t start(int (*what)(void), enum place where)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dies = where;
        wakeups = 0;
        _exit(what() ? 0 : 1);
    }
    assert_true(pid > 0);
    return pid;
}

/* Starts one that goes to sleep in the driver, and waits until it does. */
static pid_t start_sleeper(int (*what)(void), enum place where)
{
    char path[64];
    char text[32] = "";
    pid_t pid = start(what, where);
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    while (strtol(text, NULL, 10) != SYS_futex || !*text) {
        pause_ms(1);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        if (!fgets(text, sizeof text, file)) text[0] = '\0';
        fclose(file);
    }
    return pid;
}

/* Its status, soon. A child that sleeps on is killed, so that the test ends; its status is -1. */
static int status_of(pid_t pid)
{
    int status = -1;
    for (int i = 0; i < 30000 && waitpid(pid, &status, WNOHANG) == 0; i++) pause_ms(1);
    if (status == -1) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return status;
}

static void must_be_killed(pid_t pid)
{
    int status = status_of(pid);
    assert_int_not_equal(status, -1);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void must_end(pid_t pid)
{
    assert_int_equal(status_of(pid), 0);
}

/* ---- Locks ------------------------------------------------------------------ */

static void a_killed_releaser_wakes_the_taker(void **state)
{
    (void)state;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t taker = start_sleeper(take, NOWHERE);
    must_be_killed(start(release, BEFORE_WAKING));
    must_end(taker);
}

static void a_killed_releaser_wakes_every_waiter(void **state)
{
    (void)state;
    pid_t waiters[5];
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    for (int i = 0; i < 5; i++) waiters[i] = start_sleeper(wait_for_lock, NOWHERE);
    must_be_killed(start(release, BEFORE_WAKING));
    for (int i = 0; i < 5; i++) must_end(waiters[i]);
}

static void a_killed_releaser_wakes_waiters_and_takers(void **state)
{
    (void)state;
    pid_t sleepers[6];
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    for (int i = 0; i < 6; i++) sleepers[i] = start_sleeper(i % 2 ? take : wait_for_lock, NOWHERE);
    must_be_killed(start(release, BEFORE_WAKING));
    for (int i = 0; i < 6; i++) must_end(sleepers[i]);
}

/* Each of the first is woken by the death of the one before, and dies as well. */
static void a_taker_killed_when_woken_lets_the_next_one_go(void **state)
{
    (void)state;
    pid_t dying[3];
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    for (int i = 0; i < 3; i++) dying[i] = start_sleeper(take, AFTER_SLEEPING);
    pid_t last = start_sleeper(take, NOWHERE);
    assert_int_equal(psync_lock_release(lock, NULL), PSYNC_OK);
    must_end(last);
    for (int i = 0; i < 3; i++) must_be_killed(dying[i]);
}

static void a_waiter_killed_in_a_dead_releasers_place_lets_the_others_go(void **state)
{
    (void)state;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t dying = start_sleeper(wait_for_lock, AFTER_SLEEPING);
    pid_t waiter = start_sleeper(wait_for_lock, NOWHERE);
    pid_t taker = start_sleeper(take, NOWHERE);
    must_be_killed(start(release, BEFORE_WAKING));
    must_end(waiter);
    must_end(taker);
    must_be_killed(dying);
}

/* The first sleeper is the one that the kernel wakes. */
static void the_only_waiter_lets_the_takers_go_in_a_dead_releasers_place(void **state)
{
    (void)state;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t waiter = start_sleeper(wait_for_lock, NOWHERE);
    pid_t taker = start_sleeper(take, NOWHERE);
    must_be_killed(start(release, BEFORE_WAKING));
    must_end(waiter);
    must_end(taker);
}

static void a_killed_waiter_is_no_reason_to_forget_the_others(void **state)
{
    (void)state;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t killed = start_sleeper(wait_for_lock, NOWHERE);
    pid_t waiters[2];
    for (int i = 0; i < 2; i++) waiters[i] = start_sleeper(wait_for_lock, NOWHERE);
    kill(killed, SIGKILL);
    must_be_killed(killed);
    must_be_killed(start(release, BEFORE_WAKING));
    for (int i = 0; i < 2; i++) must_end(waiters[i]);
}

static void the_last_waiter_leaves_the_rest_of_a_release_to_the_releaser(void **state)
{
    (void)state;
    int status;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t waiter = start_sleeper(wait_and_wake_nobody, NOWHERE);
    pid_t stopped = start(release, STOPPED_AFTER_WAKING);
    assert_int_equal(waitpid(stopped, &status, WUNTRACED), stopped);
    assert_true(WIFSTOPPED(status));
    must_end(waiter);
    /* And so nobody is held up: who comes next does it. */
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, NULL), PSYNC_OK);
    pid_t second = start_sleeper(wait_for_lock, NOWHERE);
    kill(stopped, SIGCONT);
    must_end(stopped);
    assert_int_equal(psync_lock_release(lock, NULL), PSYNC_OK);
    must_end(second);
}

/* ---- Integers --------------------------------------------------------------- */

static void a_killed_changer_wakes_every_sleeper(void **state)
{
    (void)state;
    pid_t sleepers[5];
    for (int i = 0; i < 5; i++) sleepers[i] = start_sleeper(wait_for_value, NOWHERE);
    must_be_killed(start(add, BEFORE_WAKING));
    for (int i = 0; i < 5; i++) must_end(sleepers[i]);
}

static void a_sleeper_killed_in_a_dead_changers_place_lets_the_others_go(void **state)
{
    (void)state;
    pid_t dying = start_sleeper(wait_for_value, AFTER_SLEEPING);
    pid_t sleeper = start_sleeper(wait_for_value, NOWHERE);
    must_be_killed(start(add, BEFORE_WAKING));
    must_end(sleeper);
    must_be_killed(dying);
}

static void the_next_change_wakes_whom_a_stopped_changer_has_not(void **state)
{
    (void)state;
    int status;
    assert_int_equal(psync_integer_set(integer, 4, NULL), PSYNC_OK);
    pid_t sleeper = start_sleeper(wait_for_value, NOWHERE);
    pid_t stopped = start(add, STOPPED_BEFORE_WAKING);
    assert_int_equal(waitpid(stopped, &status, WUNTRACED), stopped);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(psync_integer_add(integer, 1, NULL, NULL), PSYNC_OK);
    must_end(sleeper);
    kill(stopped, SIGKILL);
    must_be_killed(stopped);
}

/* ----------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    static int count;
    snprintf(dsn, sizeof dsn, "shm://unit-killed-%d-%d", (int)getpid(), count++);
    if (psync_space_open(dsn, NULL, &space, NULL)) return -1;
    if (psync_lock_open(space, "lock", 4, &lock, NULL)) return -1;
    if (psync_integer_open(space, "integer", 7, &integer, NULL)) return -1;
    return psync_integer_set(integer, 5, NULL);
}

static int unlink_file(void *argument, const char *name, const char *value)
{
    (void)argument;
    if (strcmp(name, "file") == 0) unlink(value);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psync_space_info(space, unlink_file, NULL, NULL);
    psync_integer_close(integer);
    psync_lock_close(lock);
    psync_space_close(space);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_releaser_wakes_the_taker),
        TEST(a_killed_releaser_wakes_every_waiter),
        TEST(a_killed_releaser_wakes_waiters_and_takers),
        TEST(a_taker_killed_when_woken_lets_the_next_one_go),
        TEST(a_waiter_killed_in_a_dead_releasers_place_lets_the_others_go),
        TEST(the_only_waiter_lets_the_takers_go_in_a_dead_releasers_place),
        TEST(a_killed_waiter_is_no_reason_to_forget_the_others),
        TEST(the_last_waiter_leaves_the_rest_of_a_release_to_the_releaser),
        TEST(a_killed_changer_wakes_every_sleeper),
        TEST(a_sleeper_killed_in_a_dead_changers_place_lets_the_others_go),
        TEST(the_next_change_wakes_whom_a_stopped_changer_has_not),
    };
    return cmocka_run_group_tests_name("killed", tests, NULL, NULL);
}
