/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_transactions.c - releases that are announced (announce.c) to a server that refuses, breaks off, or
 * fails behind it. The clock goes by two milliseconds each time it is read: so each release comes after a pause.
 */
#include "redis_pretender.h"

#if PSYNC_WITH_REDIS
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define OK "$2\r\nok\r\n"

static psync_error error;
static atomic_int_least64_t now = FAKE_MONOTONIC_START;

static int64_t hasty(void)
{
    return atomic_fetch_add(&now, 2 * MS);
}

static int set_up(void **state)
{
    static struct psync_clock clock;
    clock = *psync__clock;
    clock.monotonic = hasty;
    psync__clock = &clock;
    return pretender_set_up(state);
}

static void open_space(void)
{
    pretender_open("3600", &error);
}

static void acquire(void)
{
    pretender.says = "$20\r\nok 12345678901234567\r\n";
    assert_int_equal(psync_lock_acquire(pretender_lock, NULL, NULL, &error), PSYNC_OK);
}

static void release(const char *answer, psync_result expected)
{
    pretender.says = answer;
    psync_result r = psync_lock_release(pretender_lock, &error);
    if (r != expected) fail_msg("%d, expected %d: %s", (int)r, (int)expected, error.message);
}

static void each_connection_is_tried_before_it_is_relied_on(void **state)
{
    (void)state;
    for (int connection = 1; connection <= 2; connection++) {
        open_space();
        for (int i = 0; i < 3; i++) {
            acquire();
            release(OK, PSYNC_OK);
        }
        pretender_close();
        assert_int_equal(atomic_load(&pretender.connections), connection);
        assert_int_equal(atomic_load(&pretender.executed), 3 * connection);
        assert_int_equal(atomic_load(&pretender.trials), connection);
    }
}

/* Its Lock may be free: whatever comes of the script, an error of its own would say that it is not. */
static void a_release_that_was_announced_is_not_said_to_have_failed(void **state)
{
    (void)state;
    static const char *const answers[] = {"", "-NOPERM no script\r\n", "-LOADING wait\r\n", "-OOM command\r\n"};
    pretender.closes = true;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        atomic_store(&pretender.is_closed, false);
        pretender.hangs_up = !*answers[i];
        open_space();
        acquire();
        release(answers[i], PSYNC_ERROR_UNKNOWN);
        assert_true(atomic_load(&pretender.is_closed));
        pretender_close();
    }
}

static void one_that_is_given_up_is_settled_by_its_fence(void **state)
{
    (void)state;
    pretender.closes = pretender.hangs_up = true;
    open_space();
    acquire();
    release("", PSYNC_ERROR_UNKNOWN);
    pretender.says = OK;
    pretender.looks_for = "\n12345678901234567\r";
    atomic_store(&pretender.is_closed, false);
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 3000 && !atomic_load(&pretender.has_found_lock); i++) {
        (void)psync_lock_exists(pretender_lock, &error); /* settles first, unless that was done already */
        nanosleep(&pause, NULL);
    }
    assert_true(atomic_load(&pretender.has_found_lock));
}

static void one_that_was_refused_fails_as_the_script_does(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "+QUEUED\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
        "+QUEUED\r\n+QUEUED\r\n*2\r\n-WRONGTYPE no hash\r\n:0\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        pretender.exec = answers[i];
        open_space();
        acquire();
        release("-OOM command\r\n", PSYNC_ERROR_FULL);
        acquire();
        release(OK, PSYNC_OK);
        assert_int_equal(atomic_load(&pretender.executed), 2 * (i + 1)); /* it may be allowed another time */
        pretender_close();
    }
}

static void one_that_too_few_replicas_have_is_done_all_the_same(void **state)
{
    (void)state;
    pretender_open("3600&wait_replicas=1", &error);
    pretender.waits = ":1\r\n";
    acquire();
    atomic_store(&pretender.waited, 0);
    pretender.waits = ":0\r\n";
    release(OK, PSYNC_ERROR_UNKNOWN);
    if (!strstr(error.message, "done, but")) fail_msg("%s", error.message);
    assert_int_equal(atomic_load(&pretender.waited), 1);
}

/* As servers before version 6.2 do that are full. */
static void a_transaction_that_is_not_ended_ends_with_its_connection(void **state)
{
    (void)state;
    pretender.exec = "+QUEUED\r\n+QUEUED\r\n-OOM command\r\n";
    open_space();
    acquire();
    release(OK, PSYNC_OK);
    assert_int_equal(atomic_load(&pretender.connections), 2);
    assert_int_equal(atomic_load(&pretender.executed), 1);
}

static void what_the_server_has_no_command_for_is_not_tried_again(void **state)
{
    (void)state;
    pretender.multi = "-ERR unknown command 'MULTI'\r\n";
    for (int round = 1; round <= 2; round++) {
        open_space();
        for (int i = 0; i < 3; i++) {
            acquire();
            release(OK, PSYNC_OK);
        }
        pretender_close();
        assert_int_equal(atomic_load(&pretender.trials), round);
    }
    assert_int_equal(atomic_load(&pretender.executed), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pretender_start, pretender_stop)
    const struct CMUnitTest tests[] = {
        TEST(each_connection_is_tried_before_it_is_relied_on),
        TEST(a_release_that_was_announced_is_not_said_to_have_failed),
        TEST(one_that_is_given_up_is_settled_by_its_fence),
        TEST(one_that_was_refused_fails_as_the_script_does),
        TEST(one_that_too_few_replicas_have_is_done_all_the_same),
        TEST(a_transaction_that_is_not_ended_ends_with_its_connection),
        TEST(what_the_server_has_no_command_for_is_not_tried_again),
    };
    return cmocka_run_group_tests(tests, set_up, pretender_tear_down);
}

#else
#include "left_out.h"
#endif
