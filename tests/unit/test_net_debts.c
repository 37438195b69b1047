/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_debts.c - what network drivers owe: takes and changes that were given up, settled before anything else.
 */
#include "engine.h"

#include <string.h>

static void a_take_that_was_given_up_is_settled_before_the_next_request(void **state)
{
    (void)state;
    engine_without_keeper();
    engine.on_hook = engine_hook_leaves;
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
    engine_same_request(engine_asked(A_SETTLE, -1), engine_asked(A_STEP, 0));
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
    engine.on_hook = engine_hook_takes_long;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_take_that_was_given_up_is_settled_before_the_next_request),
        TEST(a_take_out_of_time_leaves_a_debt_only_if_it_was_sent),
        TEST(what_the_engine_refuses_to_settle_stays_and_blocks_nobody),
        TEST(a_change_that_was_given_up_is_barred_before_the_next_request),
        TEST(the_time_of_a_hook_during_a_debt_is_not_the_engine_s),
        TEST(the_keeper_settles_debts_by_itself),
    };
    return cmocka_run_group_tests_name("debts of network drivers", tests, NULL, NULL);
}
