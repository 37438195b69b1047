/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_request_hooks.c - what hooks and forks do to requests of network drivers that are under way. */
#include "engine.h"

#include <string.h>

/* ---- hooks -------------------------------------------------------------------- */

static void the_hook_runs_while_an_answer_is_waited_for(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_DONE, .serves = true, .takes = S});
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) assert_int_equal(engine_run(kind), PSYNC_OK);
    assert_int_equal(engine_count(A_HOOK), 3);
    assert_int_equal(engine_count(A_CONNECT), 1);
}

static void the_time_of_a_hook_is_not_the_engine_s(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_DONE, .serves = true});
    engine.on_hook = engine_hook_takes_long;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_count(A_STEP), 1);
    /* But it gives the engine none either. */
    SCRIPT({.outcome = NET_LOST, .serves = true, .takes = PSYNC_NS_PER_S});
    engine.on_hook = engine_hook_takes_long;
    const int64_t began = fake.monotonic;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_in_range(fake.monotonic - began, 24 * PSYNC_NS_PER_S, 27 * PSYNC_NS_PER_S);
}

static void a_hook_that_leaves_ends_reads_and_takes_but_no_change_that_was_sent(void **state)
{
    (void)state;
    engine_without_keeper();
    engine.on_hook = engine_hook_leaves;
    SCRIPT({.outcome = NET_DONE, .serves = true});
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
        engine_forget();
        assert_int_equal(engine_run(kind), kind == NET_CHANGE ? PSYNC_OK : PSYNC_ERROR_INTERRUPTED);
        assert_int_equal(engine_count(A_STEP), 1);
        assert_int_equal(engine_count(A_HOOK), 1);
    }
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
        engine_forget();
        assert_int_equal(engine_run(kind), PSYNC_ERROR_INTERRUPTED);
        assert_int_equal(engine_count(A_CONNECT), 1);
        engine_without_keeper();
    }
}

static void a_change_that_was_sent_serves_no_hook_twice_that_wants_to_leave(void **state)
{
    (void)state;
    engine.on_hook = engine_hook_leaves;
    SCRIPT({.outcome = NET_LOST, .serves = true}, {.outcome = NET_LOST, .serves = true}, {.serves = true});
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_count(A_STEP), 3);
    assert_int_equal(engine_count(A_HOOK), 1);
}

static int uses_the_space(void)
{
    engine.on_hook = NULL;
    assert_int_equal(pthread_mutex_trylock(&home.mutex), 0);
    pthread_mutex_unlock(&home.mutex);
    assert_int_equal(pthread_mutex_trylock(&home.bell.mutex), 0);
    pthread_mutex_unlock(&home.bell.mutex);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    return 0;
}

static void the_hook_may_use_the_space_as_another_client(void **state)
{
    (void)state;
    engine.on_hook = uses_the_space;
    SCRIPT({.outcome = NET_LOST, .serves = true}, DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    const struct asked *outer = engine_asked(A_STEP, 0);
    const struct asked *inner = engine_asked(A_STEP, 1);
    assert_int_equal(engine_count(A_STEP), 4); /* outer, inner twice, outer again */
    assert_string_not_equal(inner->client, outer->client);
    assert_int_not_equal(inner->connection, outer->connection);
    assert_string_equal(engine_asked(A_STEP, 2)->client, inner->client);
    assert_int_equal(engine_asked(A_STEP, 2)->connection, inner->connection);
    engine_same_request(engine_asked(A_STEP, 3), outer);
    assert_int_equal(engine_count(A_CONNECT), 3);
    assert_int_equal(engine_count(A_DISCONNECT), 2); /* the outer's that was lost, and the surplus one */
    assert_null(home.lanes->next);
}

/* ---- forks -------------------------------------------------------------------- */

static pid_t child;

static void a_child_leaves_its_parent_s_connection_alone_and_is_another_client(void **state)
{
    (void)state;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    const struct asked before = *engine_asked(A_STEP, 0);
    child = fork();
    if (!child) {
        NEED(net_home_after_fork(&home, NULL) == PSYNC_OK);
        NEED(engine_run(NET_CHANGE) == PSYNC_OK);
        const struct asked *own = engine_asked(A_STEP, -1);
        NEED(own->connection != before.connection);
        NEED(strcmp(own->client, before.client) != 0);
        net_home_close(&home);
        _exit(0);
    }
    assert_true(ended_well(child));
    assert_true(engine_hears_nothing(1));
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_asked(A_STEP, -1)->number, before.number + 1);
    assert_int_equal(engine_asked(A_STEP, -1)->connection, before.connection);
}

static int forks(void)
{
    engine.on_hook = NULL;
    child = fork();
    return 0;
}

static void a_hook_that_forks_leaves_the_request_to_the_parent(void **state)
{
    (void)state;
    for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
        engine_forget();
        engine.on_hook = forks;
        SCRIPT({.outcome = NET_DONE, .serves = true}, DONE);
        psync_result r = engine_run(kind);
        const struct asked *first = engine_asked(A_STEP, 0);
        if (!child) {
            const struct asked *own = engine_asked(A_STEP, -1);
            NEED(r == (kind == NET_CHANGE ? PSYNC_ERROR_UNKNOWN : PSYNC_OK));
            if (kind != NET_CHANGE) NEED(strcmp(own->client, first->client) != 0);
            if (kind != NET_CHANGE) NEED(own->connection != first->connection);
            net_home_close(&home);
            _exit(0);
        }
        assert_true(ended_well(child));
        assert_int_equal(r, PSYNC_OK);
        assert_int_equal(engine_count(A_STEP), 1);
        assert_true(engine_hears_nothing(first->connection));
    }
}

static void forks_now(void)
{
    child = fork();
}

/* As a signal's handler may that returns in both: at any moment, and without being asked for. */
static void a_handler_that_forks_within_a_request_leaves_it_to_the_parent(void **state)
{
    (void)state;
    for (int serves = 0; serves < 2; serves++) {
        for (net_kind kind = NET_READ; kind <= NET_TAKE; kind++) {
            engine_forget();
            SCRIPT({.outcome = NET_DONE, .serves = serves, .meanwhile = forks_now}, DONE);
            psync_result r = engine_run(kind);
            const struct asked *first = engine_asked(A_STEP, 0);
            if (!child) {
                const struct asked *own = engine_asked(A_STEP, -1);
                NEED(engine_count(A_HOOK) == 0);
                NEED(engine_count(A_STEP) == (kind == NET_CHANGE ? 1 : 2));
                NEED(r == (kind == NET_CHANGE ? PSYNC_ERROR_UNKNOWN : PSYNC_OK));
                if (kind != NET_CHANGE) NEED(own->connection != first->connection);
                net_home_close(&home);
                _exit(0);
            }
            assert_true(ended_well(child));
            assert_int_equal(r, PSYNC_OK);
            assert_int_equal(engine_count(A_STEP), 1);
            assert_true(engine_hears_nothing(first->connection));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hook_runs_while_an_answer_is_waited_for),
        TEST(the_time_of_a_hook_is_not_the_engine_s),
        TEST(a_hook_that_leaves_ends_reads_and_takes_but_no_change_that_was_sent),
        TEST(a_change_that_was_sent_serves_no_hook_twice_that_wants_to_leave),
        TEST(the_hook_may_use_the_space_as_another_client),
        TEST(a_child_leaves_its_parent_s_connection_alone_and_is_another_client),
        TEST(a_hook_that_forks_leaves_the_request_to_the_parent),
        TEST(a_handler_that_forks_within_a_request_leaves_it_to_the_parent),
    };
    return cmocka_run_group_tests_name("hooks and forks in requests", tests, NULL, NULL);
}
