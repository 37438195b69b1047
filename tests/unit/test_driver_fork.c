/* SPDX-License-Identifier: BSD-3-Clause */
/* test_driver_fork.c - how the core tells a driver that it is in a forked child. */
#include "fake.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "every_call.h"
#include "handles.h"

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument, (void)key, (void)length, (void)owner;
    return 0;
}

static void child_uses(void)
{
    fake_forget();
    NEED(psync_lock_exists(lock, NULL) == PSYNC_NO);
    NEED(fake.count == 2 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == LOCK_INSPECT);
    NEED(psync_integer_add(integer, 1, NULL, NULL) == PSYNC_OK);
    NEED(psync_space_each_lock(space, hear_lock, NULL, NULL) == PSYNC_OK);
    NEED(fake_count(AFTER_FORK) == 1);
}

static void after_fork_comes_first_in_a_child_and_once(void **state)
{
    (void)state;
    in_child(child_uses);
    assert_int_equal(psync_lock_exists(lock, NULL), PSYNC_NO);
    assert_int_equal(fake_count(AFTER_FORK), 0);
}

static int each_call_first(void)
{
    for (size_t i = 0; i < every_call_count; i++) {
        if (every_call[i].slot == LOCK_AWAIT || every_call[i].slot == INTEGER_AWAIT) continue;
        if (every_call[i].of_hold) continue;
        pid_t child = fork();
        if (child == 0) {
            fake_forget();
            fake.failing = every_call[i].slot;
            fake.failure = PSYNC_ERROR_SYSTEM;
            _exit(every_call[i].call() == PSYNC_ERROR_SYSTEM && fake.calls[0].slot == AFTER_FORK ? 0 : (int)i + 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) return WEXITSTATUS(status);
    }
    return 0;
}

static void whatever_a_child_calls_first_after_fork_precedes_it(void **state)
{
    (void)state;
    assert_int_equal(each_call_first(), 0);
}

static void child_closes(void)
{
    fake_forget();
    psync_space_close(space);
    NEED(fake.count == 2 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == CLOSE);
}

static void a_child_that_only_closes_does_so_as_itself(void **state)
{
    (void)state;
    in_child(child_closes);
}

static void child_fails(void)
{
    fake_forget();
    fake.failing = AFTER_FORK;
    fake.failure = PSYNC_ERROR_UNAVAILABLE;
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(strstr(error.message, FAKE_KEY) && strstr(error.message, "the fake failed"));
    NEED(fake.count == 1); /* nothing on the parent's identity */
    fake.failing = SLOTS;
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    NEED(fake_count(AFTER_FORK) == 2);
}

static void a_child_whose_after_fork_failed_does_nothing_and_tries_again(void **state)
{
    (void)state;
    in_child(child_fails);
}

static void child_meddles(void)
{
    fake_forget();
    NEED(psync_hold_release(held, NULL) == PSYNC_NO);
    NEED(psync_hold_is_valid(held, NULL) == PSYNC_NO);
    NEED(psync_hold_renew(held, 1, NULL) == PSYNC_ERROR_LEASE_LOST);
    psync_hold_free(held);
    NEED(fake_count(LOCK_RELEASE) == 0 && fake_count(LOCK_RENEW) == 0);
}

static void a_child_s_calls_on_its_parent_s_hold_never_reach_the_driver(void **state)
{
    (void)state;
    assert_int_equal(psync_lock_hold(lock, 5, NULL, &held, &error), PSYNC_OK);
    in_child(child_meddles);
    assert_int_equal(psync_hold_release(held, NULL), PSYNC_OK);
    psync_hold_free(held);
}

static int forks_in_hook(void)
{
    static pid_t child;
    if (child == 0) {
        fake_forget();
        child = fork();
        if (child == 0) {
            child = 1; /* not again */
            return 0;
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status == 0 ? 1 : 2;
    }
    return 1;
}

static void a_child_forked_by_a_hook_goes_on_as_itself(void **state)
{
    (void)state;
    fake.locked = true;
    fake.on_hook = forks_in_hook;
    pid_t parent = getpid();
    psync_result result = psync_lock_wait(lock, &(psync_wait){.timeout = 10, .interrupt = fake_hook}, &error);
    if (getpid() != parent) {
        bool first = fake.count > 1 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == LOCK_AWAIT;
        _exit(result == PSYNC_ERROR_INTERRUPTED && first ? 0 : 1);
    }
    assert_int_equal(result, PSYNC_ERROR_INTERRUPTED);
}

static void a_handler_forks(int64_t deadline)
{
    (void)deadline;
    fake.on_await = NULL;
    fake.locked = false;
    fake_forget();
    const pid_t child = fork();
    if (child) assert_true(ended_well(child));
}

/* In a sleep that a signal ended, and after which the Lock is asked for at once. */
static void a_child_forked_by_a_signal_s_handler_goes_on_as_itself(void **state)
{
    (void)state;
    const pid_t parent = getpid();
    fake.locked = true;
    fake.on_await = a_handler_forks;
    const psync_result result = psync_lock_acquire(lock, NULL, NULL, &error);
    if (getpid() != parent) {
        const bool first = fake.count > 1 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == LOCK_ACQUIRE;
        _exit(result || !first || fake_count(AFTER_FORK) != 1);
    }
    assert_int_equal(result, PSYNC_OK);
    assert_int_equal(fake_count(AFTER_FORK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_fork_comes_first_in_a_child_and_once),
        TEST(whatever_a_child_calls_first_after_fork_precedes_it),
        TEST(a_child_that_only_closes_does_so_as_itself),
        TEST(a_child_whose_after_fork_failed_does_nothing_and_tries_again),
        TEST(a_child_s_calls_on_its_parent_s_hold_never_reach_the_driver),
        TEST(a_child_forked_by_a_hook_goes_on_as_itself),
        TEST(a_child_forked_by_a_signal_s_handler_goes_on_as_itself),
    };
    return cmocka_run_group_tests_name("driver, fork", tests, NULL, NULL);
}
