/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_bell.c - how network drivers sleep: they subscribe, look, and are rung for. */
#include "awaited.h"

static void it_subscribes_before_it_looks(void **state)
{
    (void)state;
    awaited.changed = true;
    assert_int_equal(await(S), PSYNC_OK);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK);
    assert_string_equal(engine_asked(A_LISTEN, 0)->name, "chan");
    assert_string_equal(awaited.news, "");
}

/* The change comes right behind the look; the engine tells those who have subscribed by now. */
static void changes_and_rings(void)
{
    awaited.after_look = NULL;
    awaited.changed = true;
    if (engine_count(A_LISTEN)) engine_ring(engine.connections, "chan fence 9\n");
}

static void what_changes_right_after_the_look_rings(void **state)
{
    (void)state;
    awaited.after_look = changes_and_rings;
    int64_t began = fake.monotonic;
    assert_int_equal(await(1000 * S), PSYNC_OK);
    assert_int_equal(fake.monotonic, began);
    assert_string_equal(awaited.news, "fence 9");
}

static void a_wait_in_slices_asks_the_engine_once(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK);
}

static void a_ring_between_two_slices_is_heard(void **state)
{
    (void)state;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    engine_ring(1, "other x\nchan y\n");
    int64_t began = fake.monotonic;
    assert_int_equal(await(250 * MS), PSYNC_OK);
    assert_int_equal(fake.monotonic, began);
    assert_string_equal(awaited.news, "y");
    assert_int_equal(engine_count(A_LOOK), 1);
}

static void another_version_or_a_ring_is_a_reason_to_look_again(void **state)
{
    (void)state;
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    assert_int_equal(await_version(S, 2), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 2);
    engine_ring(1, "chan\n");
    assert_int_equal(await_version(S, 2), PSYNC_OK);
    assert_int_equal(engine_count(A_LOOK), 2);
    assert_int_equal(await_version(S, 2), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 3);
    assert_int_equal(engine_count(A_LISTEN), 1);
}

/* A try that shows a version, with what happens before its answer is noted. */
static void try_and_see(uint64_t version, void (*meanwhile)(void))
{
    const uint64_t seen[2] = {7, version};
    const net_mark mark = net_bell_mark(&home, "chan");
    if (meanwhile) meanwhile();
    net_bell_looked(&home, "chan", &mark, seen);
}

/* How often the engine was asked. */
static int asks(void)
{
    int count = 0;
    for (int i = 0; i < engine_count(A_LOOK); i++) count += engine_asked(A_LOOK, i)->number == true;
    return count;
}

static void a_try_after_a_ring_is_a_look(void **state)
{
    (void)state;
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    for (uint64_t version = 2; version < 10; version++) {
        engine_ring(1, "chan\n");
        assert_int_equal(await_version(S, version - 1), PSYNC_OK);
        try_and_see(version, NULL);
        assert_int_equal(await_version(S, version), PSYNC_NO);
    }
    assert_int_equal(asks(), 1);
    assert_int_equal(await_version(100 * S, 9), PSYNC_NO);
    assert_in_range(asks(), 3, 8); /* the cap holds all the same */
}

static void rings(void)
{
    engine_ring(1, "chan\n");
    assert_int_equal(await_version(S, 1), PSYNC_OK);
}

static void loses_its_connection(void)
{
    engine_hang_up(1);
    assert_int_equal(await_version(250 * MS, 1), PSYNC_NO);
}

static void forgets_and_listens_anew(void)
{
    net_awaited(&home);
    assert_int_equal(await_version(250 * MS, 1), PSYNC_NO);
}

static void a_try_is_none_if_it_rang_or_nobody_listened_meanwhile(void **state)
{
    (void)state;
    static void (*const meanwhile[])(void) = {rings, forgets_and_listens_anew, loses_its_connection};
    try_and_see(1, NULL);
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    assert_int_equal(asks(), 1);
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
        try_and_see(2, meanwhile[i]);
        const int before = asks();
        assert_int_equal(await_version(S, 2), PSYNC_NO);
        assert_int_equal(asks(), before + 1);
        assert_int_equal(await_version(S, 1), PSYNC_NO);
    }
}

static void without_a_ring_the_engine_is_asked_twice_a_minute(void **state)
{
    (void)state;
    assert_int_equal(await(3000 * S), PSYNC_NO);
    assert_in_range(engine_count(A_LOOK), 100, 202);
    for (int i = 1; i < engine_count(A_LOOK); i++) {
        assert_int_equal(engine_asked(A_LOOK, i)->number, true);
        assert_in_range(engine_asked(A_LOOK, i)->at - engine_asked(A_LOOK, i - 1)->at, 15 * S, 30 * S);
    }
    assert_int_equal(engine_count(A_LISTEN), 1);
}

static void a_look_says_itself_when_the_next_is_due(void **state)
{
    (void)state;
    awaited.again = fake.monotonic + 3 * S;
    assert_int_equal(await(2 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 1);
    int64_t due = awaited.again;
    awaited.again = PSYNC_NEVER;
    assert_int_equal(await(2 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 2);
    assert_int_equal(engine_asked(A_LOOK, 1)->number, false);
    assert_int_equal(engine_asked(A_LOOK, 1)->at, due);
}

static void a_signal_ends_the_sleep(void **state)
{
    (void)state;
    awaited.signal = true;
    int64_t began = fake.monotonic;
    assert_int_equal(await(10 * S), PSYNC_NO);
    assert_int_equal(fake.monotonic, began);
}

static void the_keeper_wakes_who_sleeps(void **state)
{
    (void)state;
    awaited.after_look = NULL;
    assert_int_equal(await(S), PSYNC_NO);
    net_bell_wake(&home);
    assert_int_equal(await(S), PSYNC_NO); /* the nudge ends a sleep, at most */
    assert_int_equal(engine_count(A_LOOK), 1);
}

static bool idled_asleep;

static void looks_whether_it_idles(void)
{
    idled_asleep = net_bell_idles(&home, "chan");
}

static void a_subscription_that_nobody_sleeps_on_is_known(void **state)
{
    (void)state;
    assert_false(net_bell_idles(&home, "chan"));
    idled_asleep = true;
    awaited.on_sleep = looks_whether_it_idles;
    assert_int_equal(await(S), PSYNC_NO);
    assert_false(idled_asleep);
    assert_true(net_bell_idles(&home, "chan"));
    assert_false(net_bell_idles(&home, "other"));
    net_awaited(&home);
    assert_false(net_bell_idles(&home, "chan"));
}

static void what_nobody_waits_for_any_more_is_unsubscribed(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    net_awaited(&home);
    assert_int_equal(engine_count(A_UNLISTEN), 1);
    assert_string_equal(engine_asked(A_UNLISTEN, 0)->name, "chan");
    net_awaited(&home);
    assert_int_equal(engine_count(A_UNLISTEN), 1);
    assert_int_equal(await(S), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK, A_UNLISTEN, A_LISTEN, A_LOOK); /* the connection stays */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, awaited_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_subscribes_before_it_looks),
        TEST(what_changes_right_after_the_look_rings),
        TEST(a_wait_in_slices_asks_the_engine_once),
        TEST(a_ring_between_two_slices_is_heard),
        TEST(another_version_or_a_ring_is_a_reason_to_look_again),
        TEST(a_try_after_a_ring_is_a_look),
        TEST(a_try_is_none_if_it_rang_or_nobody_listened_meanwhile),
        TEST(without_a_ring_the_engine_is_asked_twice_a_minute),
        TEST(a_look_says_itself_when_the_next_is_due),
        TEST(a_signal_ends_the_sleep),
        TEST(the_keeper_wakes_who_sleeps),
        TEST(a_subscription_that_nobody_sleeps_on_is_known),
        TEST(what_nobody_waits_for_any_more_is_unsubscribed),
    };
    return cmocka_run_group_tests_name("the bell of network drivers", tests, NULL, NULL);
}
