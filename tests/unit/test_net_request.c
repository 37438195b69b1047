/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_request.c - requests of network drivers: numbers, repeats, outcomes, pauses. */
#include "engine.h"

#include <string.h>

/* ---- numbers ------------------------------------------------------------------ */

static void a_number_is_given_once_and_repeated(void **state)
{
    (void)state;
    SCRIPT(LOST, NOT_SENT, RETRY, LOST, DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_count(A_STEP), 5);
    const struct asked *first = engine_asked(A_STEP, 0);
    assert_true(first->number > 0);
    assert_int_equal(strlen(first->client), 32);
    for (int i = 1; i < 5; i++) engine_same_request(engine_asked(A_STEP, i), first);

    SCRIPT(DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    const struct asked *next = engine_asked(A_STEP, 5);
    assert_int_equal(next->number, first->number + 1);
    assert_string_equal(next->client, first->client);
}

static void a_failed_connection_is_made_anew_and_a_good_one_kept(void **state)
{
    (void)state;
    SCRIPT(DONE, RETRY, LOST, NOT_SENT, DONE);
    for (int i = 0; i < 3; i++) assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    static const int connections[] = {1, 1, 1, 2, 3, 3};
    for (int i = 0; i < 6; i++) assert_int_equal(engine_asked(A_STEP, i)->connection, connections[i]);
    assert_int_equal(engine_count(A_DISCONNECT), 2);
}

static void it_is_known_when_the_engine_last_answered(void **state)
{
    (void)state;
    engine_run(NET_READ);
    const int64_t answered_at = home.answered_at;
    assert_int_equal(answered_at, fake.monotonic);
    SCRIPT(NOT_SENT);
    engine_run(NET_READ);
    assert_int_equal(home.answered_at, answered_at);
    SCRIPT(LOST, DONE);
    engine_run(NET_READ);
    assert_int_equal(home.answered_at, fake.monotonic);
}

static void reads_have_no_number(void **state)
{
    (void)state;
    SCRIPT(LOST, DONE);
    assert_int_equal(engine_run(NET_READ), PSYNC_OK);
    assert_int_equal(engine_asked(A_STEP, 0)->number, 0);
    assert_int_equal(engine_asked(A_STEP, 1)->number, 0);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_asked(A_STEP, 2)->number, 1);
}

static void the_engine_s_answer_is_the_result(void **state)
{
    (void)state;
    SCRIPT({.result = PSYNC_NO});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_NO);
    SCRIPT({.result = PSYNC_ERROR_FULL});
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_FULL);
    assert_string_equal(error.message, "the fake hung up");
    assert_int_equal(engine_count(A_STEP), 2);
}

/* ---- outcomes ----------------------------------------------------------------- */

static void what_was_never_sent_is_unavailable_within_the_time(void **state)
{
    (void)state;
    static const struct ending never[] = {NOT_SENT, RETRY};
    for (int i = 0; i < 3; i++) {
        for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
            engine.connects = i == 2 ? PSYNC_ERROR_UNAVAILABLE : PSYNC_OK;
            engine_script(1, &never[i % 2]);
            int64_t began = fake.monotonic;
            assert_int_equal(engine_run(kind), PSYNC_ERROR_UNAVAILABLE);
            assert_in_range(fake.monotonic - began, 4900 * MS, 5 * S);
            assert_non_null(strstr(error.message, "Fake"));
            assert_non_null(strstr(error.message, "nothing was done"));
            assert_non_null(strstr(error.message, i == 2 ? "the fake is away" : "the fake hung up"));
        }
    }
}

static void what_was_lost_once_is_unknown_unless_it_is_a_read(void **state)
{
    (void)state;
    engine_without_keeper();
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
        SCRIPT(LOST, NOT_SENT);
        int64_t began = fake.monotonic;
        psync_result expected = kind == NET_READ ? PSYNC_ERROR_UNAVAILABLE : PSYNC_ERROR_UNKNOWN;
        assert_int_equal(engine_run(kind), expected);
        assert_true(fake.monotonic - began <= 5 * S);
        if (kind == NET_CHANGE) assert_non_null(strstr(error.message, "look whether it was done"));
    }
}

static void what_the_engine_calls_stale_is_unknown(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_STALE});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_int_equal(engine_count(A_STEP), 1);
}

static void an_error_that_no_repeat_mends_is_reported_at_once(void **state)
{
    (void)state;
    engine.connects = PSYNC_ERROR_PERMISSION;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_PERMISSION);
    assert_int_equal(engine_count(A_CONNECT), 1);
    assert_string_equal(error.message, "the fake is away");
}

static void refuse_connections(void)
{
    engine.connects = PSYNC_ERROR_PERMISSION;
}

static void but_not_in_place_of_an_unknown_outcome(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_LOST, .meanwhile = refuse_connections});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    engine.connects = PSYNC_OK;
    SCRIPT({.outcome = NET_LOST, .meanwhile = refuse_connections});
    assert_int_equal(engine_run(NET_READ), PSYNC_ERROR_PERMISSION);
}

static void no_change_is_repeated_after_half_the_life_of_its_record(void **state)
{
    (void)state;
    engine_reopen("timeout=100000", false);
    SCRIPT({.outcome = NET_LOST, .takes = 60 * S});
    int64_t began = fake.monotonic;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_in_range(fake.monotonic - began, 1730 * S, 1870 * S);
    assert_true(engine_asked(A_STEP, -1)->at - began < 1800 * S);
}

static void sleeps_for_an_hour(void)
{
    fake.boot_ahead += 3600 * S;
}

/* A hook that takes an hour if it runs while the second connection is made. */
static int takes_an_hour_in_connecting(void)
{
    const bool connecting = engine.asked[engine.count - 2].what == A_CONNECT;
    if (connecting && engine_count(A_CONNECT) == 2) fake_pass(3600 * S);
    return 0;
}

static void nor_where_connecting_took_so_long(void **state)
{
    (void)state;
    engine_without_keeper();
    engine.on_hook = takes_an_hour_in_connecting;
    engine.connects_slowly = true;
    SCRIPT(LOST, DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_int_equal(engine_count(A_CONNECT), 2);
    assert_int_equal(engine_count(A_STEP), 1);
}

static void nor_after_the_host_was_suspended_so_long(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_LOST, .meanwhile = sleeps_for_an_hour});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_int_equal(engine_count(A_STEP), 1);
}

static void a_repeat_that_is_refused_does_not_tell_that_nothing_was_done(void **state)
{
    (void)state;
    engine_without_keeper();
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
        SCRIPT(LOST, {.result = PSYNC_ERROR_PERMISSION});
        psync_result expected = kind == NET_READ ? PSYNC_ERROR_PERMISSION : PSYNC_ERROR_UNKNOWN;
        assert_int_equal(engine_run(kind), expected);
    }
    assert_non_null(home.debts.first); /* the take's */
    SCRIPT(LOST, {.result = PSYNC_ERROR_OVERFLOW});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_OVERFLOW);
    SCRIPT(LOST, {.result = PSYNC_NO});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_NO);
}

/* ---- pauses ------------------------------------------------------------------- */

static void pauses_grow_within_bounds_and_are_jittered(void **state)
{
    (void)state;
    bool differ = false;
    int64_t first_pause = 0;
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    engine_reopen("timeout=60", true);
    for (int run = 0; run < 50; run++) {
        engine_forget();
        const int64_t until = fake.monotonic + 60 * S;
        assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNAVAILABLE);
        int64_t longest = 100 * MS;
        for (int i = 1; i < engine_count(A_CONNECT); i++) {
            const int64_t before = engine_asked(A_CONNECT, i - 1)->at;
            const int64_t pause = engine_asked(A_CONNECT, i)->at - before;
            const int64_t half = (until - before) / 2; /* of the time that was left */
            assert_true(pause >= (longest < half ? longest / 2 : half / 2) && pause <= longest);
            assert_true(pause <= half || pause <= 50 * MS);
            if (i == 1 && first_pause && pause != first_pause) differ = true;
            if (i == 1) first_pause = pause;
            longest = longest * 2 < 5 * S ? longest * 2 : 5 * S;
        }
        assert_in_range(engine_count(A_CONNECT), 14, 40);
    }
    assert_true(differ);
}

static void an_old_connection_that_is_found_dead_is_replaced_without_a_pause(void **state)
{
    (void)state;
    SCRIPT(DONE, LOST, DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    int64_t began = fake.monotonic;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(fake.monotonic, began);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_is_given_once_and_repeated),
        TEST(a_failed_connection_is_made_anew_and_a_good_one_kept),
        TEST(it_is_known_when_the_engine_last_answered),
        TEST(reads_have_no_number),
        TEST(the_engine_s_answer_is_the_result),
        TEST(what_was_never_sent_is_unavailable_within_the_time),
        TEST(what_was_lost_once_is_unknown_unless_it_is_a_read),
        TEST(what_the_engine_calls_stale_is_unknown),
        TEST(an_error_that_no_repeat_mends_is_reported_at_once),
        TEST(but_not_in_place_of_an_unknown_outcome),
        TEST(no_change_is_repeated_after_half_the_life_of_its_record),
        TEST(nor_where_connecting_took_so_long),
        TEST(nor_after_the_host_was_suspended_so_long),
        TEST(a_repeat_that_is_refused_does_not_tell_that_nothing_was_done),
        TEST(pauses_grow_within_bounds_and_are_jittered),
        TEST(an_old_connection_that_is_found_dead_is_replaced_without_a_pause),
    };
    return cmocka_run_group_tests_name("requests of network drivers", tests, NULL, NULL);
}
