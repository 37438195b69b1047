/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_hostile.c - a server that answers nonsense, huge numbers, or that it has no room for another client.
 *
 * The server is a thread that confirms the login and then says the same to whatever it is asked. No call may crash,
 * hang, or end with a result that the contract does not know for it.
 */
#include "redis_pretender.h"

#if PSYNC_WITH_REDIS
#include <stdio.h>
#include <string.h>
#include <time.h>

static psync_integer *integer;
static psync_error error;

static void open_space(const char *timeout)
{
    pretender_open(timeout, &error);
}

static void open_integer(void)
{
    assert_int_equal(psync_integer_open(pretender_space, "k", 1, &integer, &error), PSYNC_OK);
}

static void close_space(void)
{
    psync_integer_close(integer);
    integer = NULL;
    pretender_close();
}

static int stop(void **state)
{
    psync_integer_close(integer);
    integer = NULL;
    return pretender_stop(state);
}

/* ---- what may come of it ------------------------------------------------------ */

static int no_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument, (void)key, (void)length, (void)owner;
    return 0;
}

static int no_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument, (void)key, (void)length, (void)value;
    return 0;
}

static int no_finding(void *argument, const psync_finding *finding)
{
    (void)argument, (void)finding;
    return 0;
}

/* A result that the contract knows: PSYNC_NO only where it may be. An error has words, on one line. */
static void expect_sense(const char *what, psync_result r, bool may_be_no)
{
    if (r == PSYNC_OK || (r == PSYNC_NO && may_be_no)) return;
    if (r > 0 || !*error.message || strchr(error.message, '\n')) {
        fail_msg("%s after \"%s\": %d, \"%s\"", what, pretender.says, (int)r, error.message);
    }
    error.message[0] = '\0';
}

static const psync_wait at_once = {.timeout = 0};

/* changes: also by what leaves a debt if its answer is lost, which a space tries to settle for a second at its end.
 */
static void ask_all(bool changes)
{
    int64_t value = 0;
    uint64_t fence;
    psync_owner owner;
    if (changes) expect_sense("acquire", psync_lock_acquire(pretender_lock, &at_once, &fence, &error), true);
    expect_sense("exists", psync_lock_exists(pretender_lock, &error), true);
    expect_sense("inspect", psync_lock_inspect(pretender_lock, &owner, &error), true);
    expect_sense("release", psync_lock_release(pretender_lock, &error), true);
    expect_sense("release_if", psync_lock_release_if(pretender_lock, 5, &error), true);
    psync_result r = psync_integer_open(pretender_space, "k", 1, &integer, &error);
    expect_sense("open", r, false);
    if (!r) expect_sense("get", psync_integer_get(integer, &value, &error), true);
    if (!r && changes) {
        expect_sense("add", psync_integer_add(integer, 1, &value, &error), false);
        expect_sense("set", psync_integer_set(integer, 1, &error), false);
        expect_sense("compare", psync_integer_compare_set(integer, 1, 2, &error), true);
        expect_sense("remove", psync_integer_remove(integer, &error), true);
    }
    expect_sense("locks", psync_space_each_lock(pretender_space, no_lock, NULL, &error), false);
    expect_sense("integers", psync_space_each_integer(pretender_space, no_integer, NULL, &error), false);
    expect_sense("check", psync_space_check(pretender_space, false, no_finding, NULL, &error), false);
}

#define OWNER "1 5 5 5 5 boot host label"

static void hear(const char *answer, bool changes)
{
    pretender.says = answer;
    open_space("0.05");
    ask_all(changes);
    close_space();
}

static void nonsense_is_an_error_or_a_result_that_may_be(void **state)
{
    (void)state;
    static const char *const answers[] = {
        ":5\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "+OK\r\n",
        "-ERR \x1b[31m evil\r\n",
        "-\r\n",
        "$5\r\nok -5\r\n",
        "$2\r\nok\r\n",
        "$4\r\nok 0\r\n",
        "$54\r\nbusy 5 2 9223372036854775807 " OWNER "\r\n",
        "$55\r\nbusy 5 1 -9223372036854775808 " OWNER "\r\n",
        "$40\r\nbusy -1 7 1000 " OWNER "\r\n",
        "$8\r\nbusy 5 1\r\n",
        "$5\r\nbusy \r\n",
        "*1\r\n$49\r\n5 2 9223372036854775807 " OWNER "\r\n",
        "*1\r\n$50\r\n5 2 -9223372036854775808 " OWNER "\r\n",
        "*1\r\n:5\r\n",
        "*1\r\n-WRONGTYPE no\r\n",
        "*1\r\n-LOADING\r\n",
        "$2\r\n12\r\n",
        "$3\r\n012\r\n",
        "$0\r\n\r\n",
        "$4\r\nover\r\n",
        "$4\r\nnone\r\n",
        "*2\r\n$1\r\n0\r\n*1\r\n$13\r\n{default:x}:l\r\n",
        "*2\r\n$1\r\n0\r\n*2\r\n$12\r\n{default:}:l\r\n$12\r\n{default:}:i\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) hear(answers[i], true);
}

static void what_is_not_the_protocol_is_an_error(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "\xff\xfegarbage\r\n",
        ":99999999999999999999999\r\n",
        "$-5\r\n",
        "*2147483647\r\n",
        "*9223372036854775807\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "$23\r\nok 99999999999999999999\r\n",
        "%1\r\n+a\r\n+b\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) hear(answers[i], i == 0);
}

static void an_answer_of_another_script_is_no_answer(void **state)
{
    (void)state;
    int64_t value;
    pretender.says = "$1\r\n7\r\n";
    open_space("5");
    open_integer();
    pretender.says = "$4\r\nnone\r\n";
    assert_int_equal(psync_integer_add(integer, 1, &value, &error), PSYNC_ERROR_DAMAGED);
    assert_int_equal(psync_integer_set(integer, 1, &error), PSYNC_ERROR_DAMAGED);
    pretender.says = "$4\r\nover\r\n";
    assert_int_equal(psync_integer_compare_set(integer, 1, 2, &error), PSYNC_ERROR_DAMAGED);
    assert_int_equal(psync_integer_remove(integer, &error), PSYNC_ERROR_DAMAGED);
    assert_int_equal(psync_integer_add(integer, 1, &value, &error), PSYNC_ERROR_OVERFLOW);
}

static psync_result add_and_wait(const char *answer)
{
    int64_t value = 0;
    pretender.says = "$1\r\n7\r\n";
    pretender.waits = answer;
    open_space("60&wait_replicas=1");
    open_integer();
    psync_result r = psync_integer_add(integer, 1, &value, &error);
    if (!r) assert_int_equal(value, 7);
    return r;
}

static void a_change_that_may_not_wait_for_replicas_is_not_said_to_have_failed(void **state)
{
    (void)state;
    assert_int_equal(add_and_wait("-NOPERM this user has no permissions to run the 'wait' command\r\n"),
                     PSYNC_ERROR_UNKNOWN);
    if (!strstr(error.message, "done, but")) fail_msg("%s", error.message);
}

static void a_change_is_said_again_to_the_new_primary(void **state)
{
    (void)state;
    assert_int_equal(add_and_wait("-UNBLOCKED force unblock from blocking operation, instance state changed\r\n"),
                     PSYNC_OK);
    assert_int_equal(atomic_load(&pretender.waited), 2);
    assert_int_equal(atomic_load(&pretender.connections), 2);
}

/* The Integer's hash and the Lock's: a change is a change of either. */
static void a_change_that_was_given_up_is_barred(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 10000000};
    int64_t value;
    pretender.looks_for = "\n0000000000000001\r"; /* the number of the first change */
    pretender.says = "$1\r\n7\r\n";
    open_space("0.3");
    open_integer();
    while (psync_integer_get(integer, &value, &error)) continue; /* until it is connected: that may take longer */
    atomic_store(&pretender.is_mute, true);
    assert_int_equal(psync_integer_add(integer, 1, &value, &error), PSYNC_ERROR_UNKNOWN);
    atomic_store(&pretender.is_mute, false);
    for (int i = 0;
         i < 3000 && !(atomic_load(&pretender.has_found_integer) && atomic_load(&pretender.has_found_lock)); i++)
        nanosleep(&pause, NULL);
    assert_true(atomic_load(&pretender.has_found_integer));
    assert_true(atomic_load(&pretender.has_found_lock));
}

static void a_lease_without_end_ends_late(void **state)
{
    (void)state;
    psync_owner owner;
    pretender.says = "*1\r\n$49\r\n5 2 9223372036854775807 " OWNER "\r\n";
    open_space("5");
    assert_int_equal(psync_lock_inspect(pretender_lock, &owner, &error), PSYNC_OK);
    assert_true(owner.expires_at > INT64_C(4000000000000000));
}

static void an_array_that_nobody_asked_for_takes_no_memory(void **state)
{
    (void)state;
    pretender.says = "*2000000000\r\n";
    open_space("0.05");
    assert_int_equal(psync_lock_exists(pretender_lock, &error), PSYNC_ERROR_UNAVAILABLE);
    if (!strstr(error.message, "does not speak the Redis protocol")) fail_msg("%s", error.message);
}

static void a_server_with_too_many_clients_is_tried_until_it_has_room(void **state)
{
    (void)state;
    pretender.full = "-ERR max number of clients reached\r\n";
    pretender.says = "*1\r\n$-1\r\n";
    atomic_store(&pretender.refusals, 3);
    open_space("60");
    assert_int_equal(psync_lock_exists(pretender_lock, &error), PSYNC_NO);
    assert_int_equal(atomic_load(&pretender.refusals), 0);
    assert_int_equal(atomic_load(&pretender.connections), 1);
}

static void a_server_that_never_has_room_for_a_client_is_told_so(void **state)
{
    (void)state;
    pretender.full = "-ERR max number of clients reached\r\n";
    atomic_store(&pretender.refusals, -1);
    open_space("0.3");
    assert_int_equal(psync_lock_exists(pretender_lock, &error), PSYNC_ERROR_UNAVAILABLE);
    if (!strstr(error.message, "clients")) fail_msg("%s", error.message);
    assert_int_equal(atomic_load(&pretender.connections), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pretender_start, stop)
    const struct CMUnitTest tests[] = {
        TEST(nonsense_is_an_error_or_a_result_that_may_be),
        TEST(what_is_not_the_protocol_is_an_error),
        TEST(an_answer_of_another_script_is_no_answer),
        TEST(a_change_that_may_not_wait_for_replicas_is_not_said_to_have_failed),
        TEST(a_change_is_said_again_to_the_new_primary),
        TEST(a_change_that_was_given_up_is_barred),
        TEST(a_lease_without_end_ends_late),
        TEST(an_array_that_nobody_asked_for_takes_no_memory),
        TEST(a_server_with_too_many_clients_is_tried_until_it_has_room),
        TEST(a_server_that_never_has_room_for_a_client_is_told_so),
    };
    return cmocka_run_group_tests(tests, pretender_set_up, pretender_tear_down);
}

#else
#include "left_out.h"
#endif
