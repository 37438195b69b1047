/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_request.c - requests of network drivers: numbers, repeats, pauses, outcomes, hooks, debts, forks. */
#include "engine.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOST                                                                                                       \
    {                                                                                                              \
        .outcome = NET_LOST                                                                                        \
    }
#define NOT_SENT                                                                                                   \
    {                                                                                                              \
        .outcome = NET_NOT_SENT                                                                                    \
    }
#define RETRY                                                                                                      \
    {                                                                                                              \
        .outcome = NET_RETRY                                                                                       \
    }

static const char *shown_number(char *text, size_t size, const struct asked *asked)
{
    snprintf(text, size, "%s:%llu", asked->client, (unsigned long long)asked->number);
    return text;
}

static void assert_same_request(const struct asked *a, const struct asked *b)
{
    char left[64], right[64];
    assert_string_equal(shown_number(left, sizeof left, a), shown_number(right, sizeof right, b));
}

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
    for (int i = 1; i < 5; i++) assert_same_request(engine_asked(A_STEP, i), first);

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

static const net_kind kinds[] = {NET_READ, NET_CHANGE, NET_TAKE};
#define EACH_KIND for (int k = 0; k < 3; k++)

static void what_was_never_sent_is_unavailable_within_the_time(void **state)
{
    (void)state;
    static const struct ending never[] = {NOT_SENT, RETRY};
    for (int i = 0; i < 3; i++) {
        EACH_KIND
        {
            engine.connects = i == 2 ? PSYNC_ERROR_UNAVAILABLE : PSYNC_OK;
            engine_script(1, &never[i % 2]);
            int64_t began = fake.monotonic;
            assert_int_equal(engine_run(kinds[k]), PSYNC_ERROR_UNAVAILABLE);
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
    EACH_KIND
    {
        SCRIPT(LOST, NOT_SENT);
        int64_t began = fake.monotonic;
        psync_result expected = kinds[k] == NET_READ ? PSYNC_ERROR_UNAVAILABLE : PSYNC_ERROR_UNKNOWN;
        assert_int_equal(engine_run(kinds[k]), expected);
        assert_true(fake.monotonic - began <= 5 * S);
        if (kinds[k] == NET_CHANGE) assert_non_null(strstr(error.message, "look whether it was done"));
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
    EACH_KIND
    {
        SCRIPT(LOST, {.result = PSYNC_ERROR_PERMISSION});
        psync_result expected = kinds[k] == NET_READ ? PSYNC_ERROR_PERMISSION : PSYNC_ERROR_UNKNOWN;
        assert_int_equal(engine_run(kinds[k]), expected);
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

/* ---- hooks -------------------------------------------------------------------- */

static int leaves(void)
{
    return 1;
}

static void the_hook_runs_while_an_answer_is_waited_for(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_DONE, .serves = true, .takes = S});
    EACH_KIND assert_int_equal(engine_run(kinds[k]), PSYNC_OK);
    assert_int_equal(engine_count(A_HOOK), 3);
    assert_int_equal(engine_count(A_CONNECT), 1);
}

static int takes_longer_than_the_time_out(void)
{
    engine.on_hook = NULL;
    fake_pass(20 * PSYNC_NS_PER_S);
    return 0;
}

static void the_time_of_a_hook_is_not_the_engine_s(void **state)
{
    (void)state;
    SCRIPT({.outcome = NET_DONE, .serves = true});
    engine.on_hook = takes_longer_than_the_time_out;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_count(A_STEP), 1);
    /* But it gives the engine none either. */
    SCRIPT({.outcome = NET_LOST, .serves = true, .takes = PSYNC_NS_PER_S});
    engine.on_hook = takes_longer_than_the_time_out;
    const int64_t began = fake.monotonic;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_in_range(fake.monotonic - began, 24 * PSYNC_NS_PER_S, 27 * PSYNC_NS_PER_S);
}

static void a_hook_that_leaves_ends_reads_and_takes_but_no_change_that_was_sent(void **state)
{
    (void)state;
    engine_without_keeper();
    engine.on_hook = leaves;
    SCRIPT({.outcome = NET_DONE, .serves = true});
    EACH_KIND
    {
        engine_forget();
        assert_int_equal(engine_run(kinds[k]), kinds[k] == NET_CHANGE ? PSYNC_OK : PSYNC_ERROR_INTERRUPTED);
        assert_int_equal(engine_count(A_STEP), 1);
        assert_int_equal(engine_count(A_HOOK), 1);
    }
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    EACH_KIND
    {
        engine_forget();
        assert_int_equal(engine_run(kinds[k]), PSYNC_ERROR_INTERRUPTED);
        assert_int_equal(engine_count(A_CONNECT), 1);
        engine_without_keeper();
    }
}

static void a_change_that_was_sent_serves_no_hook_twice_that_wants_to_leave(void **state)
{
    (void)state;
    engine.on_hook = leaves;
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
    assert_same_request(engine_asked(A_STEP, 3), outer);
    assert_int_equal(engine_count(A_CONNECT), 3);
    assert_int_equal(engine_count(A_DISCONNECT), 2); /* the outer's that was lost, and the surplus one */
    assert_null(home.lanes->next);
}

/* ---- debts -------------------------------------------------------------------- */

static void a_take_that_was_given_up_is_settled_before_the_next_request(void **state)
{
    (void)state;
    engine_without_keeper();
    engine.on_hook = leaves;
    SCRIPT({.outcome = NET_DONE, .serves = true});
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_INTERRUPTED);
    engine.on_hook = NULL;
    SCRIPT(LOST, NOT_SENT);
    engine.settles = NET_LOST;
    assert_int_equal(engine_run(NET_READ), PSYNC_ERROR_UNAVAILABLE);
    assert_int_equal(engine_count(A_STEP), 1); /* nothing passes a debt */
    engine.settles = NET_DONE;
    SCRIPT(DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_same_request(engine_asked(A_SETTLE, -1), engine_asked(A_STEP, 0));
    assert_string_not_equal(engine_asked(A_STEP, 1)->client, engine_asked(A_SETTLE, -1)->client);
    int settled = engine_count(A_SETTLE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_int_equal(engine_count(A_SETTLE), settled);
}

static void a_take_out_of_time_leaves_a_debt_only_if_it_was_sent(void **state)
{
    (void)state;
    engine_without_keeper();
    SCRIPT(NOT_SENT);
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_UNAVAILABLE);
    assert_null(home.debts.first);
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_UNKNOWN);
    assert_non_null(home.debts.first);
    assert_non_null(strstr(error.message, "freed again"));
    assert_false(net_debt_drop(&home, false));
    fake_pass(1801 * S); /* its record may be gone soon */
    assert_true(net_debt_drop(&home, false));
}

static void what_the_engine_refuses_to_settle_stays_and_blocks_nobody(void **state)
{
    (void)state;
    engine_without_keeper();
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_UNKNOWN);
    engine.settled = PSYNC_ERROR_FULL;
    SCRIPT(DONE);
    assert_int_equal(engine_run(NET_READ), PSYNC_OK);
    assert_non_null(home.debts.first);
    engine.settled = PSYNC_OK;
    assert_int_equal(engine_run(NET_READ), PSYNC_OK);
    assert_null(home.debts.first);
}

static net_call barred;

static net_outcome bar(net_call *call, const psync_key *key)
{
    assert_int_equal(key->length, ENGINE_KEY->length);
    barred = *call;
    call->result = PSYNC_OK;
    return net_serve(call) ? NET_LOST : NET_DONE;
}

static void use_bar(void)
{
    static net_engine barring;
    barring = *home.engine;
    barring.bar = bar;
    home.engine = &barring;
}

static void a_change_that_was_given_up_is_barred_before_the_next_request(void **state)
{
    (void)state;
    engine_without_keeper();
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_null(home.debts.first); /* this engine tells by the client's later numbers */
    use_bar();
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    assert_int_equal(engine_run(NET_READ), PSYNC_ERROR_UNAVAILABLE);
    SCRIPT(DONE);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    assert_null(home.debts.first);
    assert_int_equal(barred.number, 2);
    assert_int_equal(engine_asked(A_STEP, -1)->number, 3);
    assert_string_equal(engine_asked(A_STEP, -1)->client, engine_asked(A_STEP, 0)->client);
    assert_int_equal(engine_count(A_SETTLE), 0);
}

static void the_time_of_a_hook_during_a_debt_is_not_the_engine_s(void **state)
{
    (void)state;
    engine_without_keeper();
    use_bar();
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_ERROR_UNKNOWN);
    SCRIPT({.outcome = NET_DONE, .serves = true});
    engine.on_hook = takes_longer_than_the_time_out;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
}

static void the_keeper_settles_debts_by_itself(void **state)
{
    (void)state;
    SCRIPT(LOST);
    assert_int_equal(engine_run(NET_TAKE), PSYNC_ERROR_UNKNOWN);
    while (atomic_load(&home.debts.first)) usleep(1000);
    while (!engine_count(A_SETTLE)) usleep(1000);
}

/* ---- fork --------------------------------------------------------------------- */

static pid_t child;

/* Whether this process failed none of its asserts: cmocka's jump must not leave a child. */
static void end_child(void)
{
    _exit(0);
}

static void expect_child(void)
{
    int status = -1;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define CHILD_CHECK(condition)                                                                                     \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            print_error("%s:%d: in the child: %s\n", __FILE__, __LINE__, #condition);                              \
            _exit(1);                                                                                              \
        }                                                                                                          \
    } while (0)

static void expect_nothing_said(int connection)
{
    char text[8];
    assert_int_equal(recv(engine.ends[connection], text, sizeof text, MSG_DONTWAIT),
                     -1); /* neither words nor an end */
}

static void a_child_leaves_its_parent_s_connection_alone_and_is_another_client(void **state)
{
    (void)state;
    assert_int_equal(engine_run(NET_CHANGE), PSYNC_OK);
    const struct asked before = *engine_asked(A_STEP, 0);
    child = fork();
    if (!child) {
        CHILD_CHECK(net_home_after_fork(&home, NULL) == PSYNC_OK);
        CHILD_CHECK(engine_run(NET_CHANGE) == PSYNC_OK);
        const struct asked *own = engine_asked(A_STEP, -1);
        CHILD_CHECK(own->connection != before.connection);
        CHILD_CHECK(strcmp(own->client, before.client) != 0);
        net_home_close(&home);
        end_child();
    }
    expect_child();
    expect_nothing_said(1);
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
    EACH_KIND
    {
        engine_forget();
        engine.on_hook = forks;
        SCRIPT({.outcome = NET_DONE, .serves = true}, DONE);
        psync_result r = engine_run(kinds[k]);
        const struct asked *first = engine_asked(A_STEP, 0);
        if (!child) {
            const struct asked *own = engine_asked(A_STEP, -1);
            CHILD_CHECK(r == (kinds[k] == NET_CHANGE ? PSYNC_ERROR_UNKNOWN : PSYNC_OK));
            if (kinds[k] != NET_CHANGE) CHILD_CHECK(strcmp(own->client, first->client) != 0);
            if (kinds[k] != NET_CHANGE) CHILD_CHECK(own->connection != first->connection);
            net_home_close(&home);
            end_child();
        }
        expect_child();
        assert_int_equal(r, PSYNC_OK);
        assert_int_equal(engine_count(A_STEP), 1);
        expect_nothing_said(first->connection);
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
    for (int serves = 0; serves < 2; serves++) EACH_KIND
        {
            engine_forget();
            SCRIPT({.outcome = NET_DONE, .serves = serves, .meanwhile = forks_now}, DONE);
            psync_result r = engine_run(kinds[k]);
            const struct asked *first = engine_asked(A_STEP, 0);
            if (!child) {
                const struct asked *own = engine_asked(A_STEP, -1);
                CHILD_CHECK(engine_count(A_HOOK) == 0);
                CHILD_CHECK(engine_count(A_STEP) == (kinds[k] == NET_CHANGE ? 1 : 2));
                CHILD_CHECK(r == (kinds[k] == NET_CHANGE ? PSYNC_ERROR_UNKNOWN : PSYNC_OK));
                if (kinds[k] != NET_CHANGE) CHILD_CHECK(own->connection != first->connection);
                net_home_close(&home);
                end_child();
            }
            expect_child();
            assert_int_equal(r, PSYNC_OK);
            assert_int_equal(engine_count(A_STEP), 1);
            expect_nothing_said(first->connection);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_is_given_once_and_repeated),
        TEST(a_failed_connection_is_made_anew_and_a_good_one_kept),
        TEST(reads_have_no_number),
        TEST(the_engine_s_answer_is_the_result),
        TEST(what_was_never_sent_is_unavailable_within_the_time),
        TEST(what_was_lost_once_is_unknown_unless_it_is_a_read),
        TEST(what_the_engine_calls_stale_is_unknown),
        TEST(an_error_that_no_repeat_mends_is_reported_at_once),
        TEST(but_not_in_place_of_an_unknown_outcome),
        TEST(no_change_is_repeated_after_half_the_life_of_its_record),
        TEST(nor_after_the_host_was_suspended_so_long),
        TEST(a_repeat_that_is_refused_does_not_tell_that_nothing_was_done),
        TEST(pauses_grow_within_bounds_and_are_jittered),
        TEST(an_old_connection_that_is_found_dead_is_replaced_without_a_pause),
        TEST(the_hook_runs_while_an_answer_is_waited_for),
        TEST(the_time_of_a_hook_is_not_the_engine_s),
        TEST(a_hook_that_leaves_ends_reads_and_takes_but_no_change_that_was_sent),
        TEST(a_change_that_was_sent_serves_no_hook_twice_that_wants_to_leave),
        TEST(the_hook_may_use_the_space_as_another_client),
        TEST(a_take_that_was_given_up_is_settled_before_the_next_request),
        TEST(a_take_out_of_time_leaves_a_debt_only_if_it_was_sent),
        TEST(what_the_engine_refuses_to_settle_stays_and_blocks_nobody),
        TEST(a_change_that_was_given_up_is_barred_before_the_next_request),
        TEST(the_time_of_a_hook_during_a_debt_is_not_the_engine_s),
        TEST(the_keeper_settles_debts_by_itself),
        TEST(a_child_leaves_its_parent_s_connection_alone_and_is_another_client),
        TEST(a_hook_that_forks_leaves_the_request_to_the_parent),
        TEST(a_handler_that_forks_within_a_request_leaves_it_to_the_parent),
    };
    return cmocka_run_group_tests_name("requests of network drivers", tests, NULL, NULL);
}
