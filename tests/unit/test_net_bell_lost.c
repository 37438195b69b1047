/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_net_bell_lost.c - how network drivers sleep where their connection is
 * lost, cannot be had, or is somebody else's: hooks and children.
 */
#include "awaited.h"

#include <string.h>
#include <unistd.h>

/* ---- lost connections ----------------------------------------------------------- */

static void a_lost_connection_is_made_anew_and_leads_to_a_look(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    engine_hang_up(1);
    assert_int_equal(await(S), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK, A_DISCONNECT, A_CONNECT, A_LISTEN, A_LOOK);
    awaited.changed = true; /* and nobody rings */
    engine_hang_up(2);
    assert_int_equal(await(S), PSYNC_OK);
}

static void comes_back(void)
{
    if (engine_count(A_CONNECT) == 4) engine.connects = PSYNC_OK;
}

static void a_wait_rides_through_a_restart(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    engine_hang_up(1);
    engine_forget();
    awaited.on_sleep = comes_back;
    int64_t began = fake.monotonic;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(fake.monotonic - began, 10 * S);
    assert_int_equal(engine_count(A_CONNECT), 5);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_int_equal(engine_count(A_LOOK), 1);
}

static void out_of_reach_for_the_timeout_it_is_unavailable(void **state)
{
    (void)state;
    for (int hooked = 0; hooked < 2; hooked++) {
        engine.connects = PSYNC_ERROR_UNAVAILABLE;
        int64_t began = fake.monotonic;
        psync_result r;
        do r = await(hooked ? 250 * MS : 1000 * S);
        while (r == PSYNC_NO);
        assert_int_equal(r, PSYNC_ERROR_UNAVAILABLE);
        assert_in_range(fake.monotonic - began, 5 * S, 5250 * MS);
        assert_non_null(strstr(error.message, "the fake is away"));
        assert_int_equal(engine_count(A_LOOK), 0);
        net_awaited(&home);
    }
    engine.connects = PSYNC_OK;
    assert_int_equal(await(S), PSYNC_NO); /* another call begins anew */
}

static void time_that_a_hook_took_between_slices_is_no_time_out_of_reach(void **state)
{
    (void)state;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    engine_hang_up(1);
    assert_int_equal(await(250 * MS), PSYNC_NO);
    fake_pass(6 * S);
    engine.connects = PSYNC_OK;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 2);
}

static void a_wrong_password_is_reported_at_once(void **state)
{
    (void)state;
    engine.connects = PSYNC_ERROR_PERMISSION;
    assert_int_equal(await(10 * S), PSYNC_ERROR_PERMISSION);
    assert_int_equal(engine_count(A_CONNECT), 1);
}

/* ---- polling ------------------------------------------------------------------- */

static void an_engine_that_cannot_listen_is_polled_within_bounds(void **state)
{
    (void)state;
    engine_reopen("poll=2", true);
    engine.listened = PSYNC_ERROR_UNSUPPORTED;
    for (int i = 0; i < 400; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_int_equal(engine_count(A_DISCONNECT), 1);
    assert_in_range(engine_count(A_LOOK), 50, 120);
    int64_t first = engine_asked(A_LOOK, 1)->at - engine_asked(A_LOOK, 0)->at;
    int64_t last = engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at;
    assert_in_range(first, 10 * MS, 20 * MS);
    assert_in_range(last, S, 2 * S);
    awaited.changed = true;
    assert_int_equal(await(10 * S), PSYNC_OK);
}

/* Who polls for a Lock that is taken anew all the time would find it free once in many looks, hence minutes. */
static void what_has_changed_is_polled_often_again(void **state)
{
    (void)state;
    engine_reopen("poll=2", true);
    engine.listened = PSYNC_ERROR_UNSUPPORTED;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_true(engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at > 100 * MS);
    awaited.changed = true;
    assert_int_equal(await(10 * S), PSYNC_OK);
    awaited.changed = false;
    assert_int_equal(await_version(25 * MS, 2), PSYNC_NO);
    assert_in_range(engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at, 10 * MS, 20 * MS);
}

/* ---- hooks and forks ------------------------------------------------------------ */

static int awaits_too(void)
{
    engine.on_hook = NULL;
    engine.connects_slowly = false;
    assert_int_equal(await(S), PSYNC_NO);
    return 0;
}

static void a_hook_that_waits_while_its_caller_connects_polls(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = awaits_too;
    assert_int_equal(await(10 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_CONNECT), 1);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_true(engine_count(A_LOOK) > 2);
}

static void a_hook_leaves_while_its_caller_connects(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = engine_hook_leaves;
    assert_int_equal(await(10 * S), PSYNC_ERROR_INTERRUPTED);
}

static pid_t child;

static int forks(void)
{
    engine.on_hook = NULL;
    engine.connects_slowly = false;
    child = fork();
    return 0;
}

static void a_child_has_a_bell_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    child = fork();
    if (!child) {
        net_home_after_fork(&home, NULL);
        engine_forget();
        bool good =
            await(S) == PSYNC_NO && engine_count(A_LISTEN) == 1 && engine_asked(A_LISTEN, 0)->connection == 2;
        engine_ring(2, "chan\n");
        good = good && await(S) == PSYNC_OK;
        net_home_close(&home);
        _exit(!good);
    }
    assert_true(ended_well(child));
    assert_true(engine_hears_nothing(1));
    engine_ring(1, "chan\n");
    assert_int_equal(await(S), PSYNC_OK);
}

static void a_hook_may_fork_while_its_caller_connects(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = forks;
    psync_result r = await(S);
    if (!child) {
        bool good = r == PSYNC_NO && await(S) == PSYNC_NO;
        net_home_close(&home);
        _exit(!good);
    }
    assert_true(ended_well(child));
    assert_true(engine_hears_nothing(1));
    assert_int_equal(r, PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, awaited_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_connection_is_made_anew_and_leads_to_a_look),
        TEST(a_wait_rides_through_a_restart),
        TEST(out_of_reach_for_the_timeout_it_is_unavailable),
        TEST(time_that_a_hook_took_between_slices_is_no_time_out_of_reach),
        TEST(a_wrong_password_is_reported_at_once),
        TEST(an_engine_that_cannot_listen_is_polled_within_bounds),
        TEST(what_has_changed_is_polled_often_again),
        TEST(a_hook_that_waits_while_its_caller_connects_polls),
        TEST(a_hook_leaves_while_its_caller_connects),
        TEST(a_child_has_a_bell_of_its_own),
        TEST(a_hook_may_fork_while_its_caller_connects),
    };
    return cmocka_run_group_tests_name("the bell of network drivers, lost", tests, NULL, NULL);
}
