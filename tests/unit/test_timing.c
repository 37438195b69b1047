/* SPDX-License-Identifier: BSD-3-Clause */
/* test_timing.c - how the core's loops treat time, hooks and leases, by a clock that moves when told. */
#include "fake.h"

#include <math.h>
#include <string.h>

#include "child.h"
#include "handles.h"

/* Every call that blocks, on a Lock that is taken and an Integer that is 5. */
enum blocking { ACQUIRE, HOLD, WAIT, AT_LEAST, AT_MOST, CHANGE, BLOCKING };

static void block_everything(void)
{
    fake.locked = true;
    fake.expires = 0;
    assert_int_equal(psync_integer_set(integer, 5, &error), PSYNC_OK);
    fake_forget();
}

static psync_result block(enum blocking call, const psync_wait *wait)
{
    psync_hold *hold = NULL;
    psync_result result;
    switch (call) {
    case ACQUIRE:
        return psync_lock_acquire(lock, wait, NULL, &error);
    case WAIT:
        return psync_lock_wait(lock, wait, &error);
    case AT_LEAST:
        return psync_integer_await_at_least(integer, 6, wait, &error);
    case AT_MOST:
        return psync_integer_await_at_most(integer, 4, wait, &error);
    case CHANGE:
        return psync_integer_await_change(integer, wait, &error);
    default:
        break;
    }
    result = psync_lock_hold(lock, 0, wait, &hold, &error);
    psync_hold_free(hold);
    return result;
}

static enum slot await_of(enum blocking call)
{
    return call <= WAIT ? LOCK_AWAIT : INTEGER_AWAIT;
}

#define EACH_CALL  for (enum blocking call = ACQUIRE; call < BLOCKING; call++)
#define SECONDS(s) (&(psync_wait){.timeout = (s)})
#define HOOKED(s)  (&(psync_wait){.timeout = (s), .interrupt = fake_hook})

/* ---- deadlines -------------------------------------------------------------- */

static void wakes_every_100_ms(int64_t deadline)
{
    fake_pass(deadline - fake.monotonic < 100 * MS ? deadline - fake.monotonic : 100 * MS);
}

static void the_deadline_is_computed_once(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        fake.on_await = wakes_every_100_ms;
        int64_t start = fake.monotonic;
        assert_int_equal(block(call, SECONDS(1)), PSYNC_NO);
        assert_int_equal(fake.monotonic - start, S);
        assert_int_equal(fake_count(await_of(call)), 10);
        for (int i = 0; i < 10; i++) assert_int_equal(fake_call(await_of(call), i)->deadline - start, S);
    }
}

static void the_time_counts_from_the_call_on_also_when_the_engine_is_slow(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        fake.step_takes = 400 * MS;
        int64_t start = fake.monotonic;
        assert_int_equal(block(call, SECONDS(1)), PSYNC_NO);
        assert_int_equal(fake_call(await_of(call), 0)->deadline - start, S);
        fake.step_takes = 0;
    }
}

static void no_call_ends_before_its_time_is_up(void **state)
{
    (void)state;
    static const double timeouts[] = {1e-10, 1e-9, 0.1, 0.3, 1.1, 2.0000000001, 86400};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        EACH_CALL
        {
            block_everything();
            int64_t start = fake.monotonic;
            assert_int_equal(block(call, SECONDS(timeouts[i])), PSYNC_NO);
            assert_true((double)(fake.monotonic - start) >= timeouts[i] * 1e9);
            assert_true((double)(fake.monotonic - start) <= timeouts[i] * 1e9 + 2);
        }
    }
}

static void a_time_out_of_0_tries_once_and_never_sleeps(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        assert_int_equal(block(call, HOOKED(0)), PSYNC_NO);
        assert_int_equal(fake_count(await_of(call)), 0);
        if (call <= HOLD) {
            assert_int_equal(fake_count(LOCK_ACQUIRE), 1);
            assert_false(fake_call(LOCK_ACQUIRE, 0)->take.may_wait);
            assert_int_equal(fake_call(LOCK_ACQUIRE, 0)->take.waiting_since, 0);
        }
    }
}

static int wakes_left;

static void frees_everything(int64_t deadline)
{
    (void)deadline;
    if (wakes_left-- > 0) return;
    fake.locked = false;
    fake.value = 6;
}

static void deletes(int64_t deadline)
{
    (void)deadline;
    fake.exists = false;
}

static void without_limit_and_hook_one_sleep_lasts_for_ever(void **state)
{
    (void)state;
    const psync_wait *unlimited[] = {NULL, SECONDS(INFINITY), SECONDS(1e300)};
    fake.on_await = frees_everything;
    for (size_t i = 0; i < sizeof unlimited / sizeof *unlimited; i++) {
        EACH_CALL
        {
            if (call == AT_MOST) continue;
            block_everything();
            wakes_left = 0;
            assert_int_equal(block(call, unlimited[i]), PSYNC_OK);
            assert_int_equal(fake_count(await_of(call)), 1);
            assert_true(fake_call(await_of(call), 0)->deadline == PSYNC_NEVER);
        }
    }
}

static void an_early_return_of_await_is_no_result(void **state)
{
    (void)state;
    fake.on_await = frees_everything;
    EACH_CALL
    {
        if (call == AT_MOST) continue;
        block_everything();
        wakes_left = 7;
        assert_int_equal(block(call, SECONDS(5)), PSYNC_OK);
        assert_int_equal(fake_count(await_of(call)), 8);
    }
}

static void wall_clock_jumps(int64_t deadline)
{
    fake_pass(deadline - fake.monotonic < 300 * MS ? deadline - fake.monotonic : 300 * MS);
    fake.real += (fake.real / S) % 2 ? 7200 * S : -7200 * S;
    fake.boot_ahead += 500 * MS; /* suspended */
}

static void jumps_of_other_clocks_move_no_deadline(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        fake.on_await = wall_clock_jumps;
        int64_t start = fake.monotonic;
        assert_int_equal(block(call, SECONDS(1)), PSYNC_NO);
        assert_int_equal(fake.monotonic - start, S);
    }
}

static void what_ends_at_the_deadline_is_still_taken(void **state)
{
    (void)state;
    fake.on_await = frees_everything;
    EACH_CALL
    {
        if (call == AT_MOST) continue;
        block_everything();
        wakes_left = 0;
        fake.step_takes = 600 * MS; /* the try after the await is after the deadline */
        assert_int_equal(block(call, SECONDS(1)), PSYNC_OK);
        fake.step_takes = 0;
    }
}

/* ---- the hook --------------------------------------------------------------- */

static void with_a_hook_no_sleep_is_longer_than_a_quarter_of_a_second(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        int64_t start = fake.monotonic;
        assert_int_equal(block(call, HOOKED(0.9)), PSYNC_NO);
        assert_int_equal(fake_count(await_of(call)), 4);
        for (int i = 0; i < 4; i++) {
            const struct call *await = fake_call(await_of(call), i);
            assert_int_equal(await->deadline - start, i < 3 ? (i + 1) * 250 * MS : 900 * MS);
        }
    }
}

static void the_hook_runs_before_each_sleep_and_after_each(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        assert_int_equal(block(call, HOOKED(1)), PSYNC_NO);
        int awaits = 0, hooks = 0;
        for (int i = 0; i < fake.count; i++) {
            hooks += fake.calls[i].slot == HOOK;
            if (fake.calls[i].slot == await_of(call)) assert_int_equal(hooks, ++awaits);
        }
        assert_int_equal(awaits, 4);
        assert_true(hooks >= awaits);
    }
}

static int hooks_left;

static int leaves(void)
{
    return hooks_left-- == 0;
}

static void a_hook_that_leaves_ends_the_call_at_once(void **state)
{
    (void)state;
    fake.on_hook = leaves;
    EACH_CALL
    {
        block_everything();
        hooks_left = 2;
        uint64_t fence = fake.fence;
        assert_int_equal(block(call, HOOKED(INFINITY)), PSYNC_ERROR_INTERRUPTED);
        assert_int_equal(error.result, PSYNC_ERROR_INTERRUPTED);
        assert_non_null(strstr(error.message, FAKE_KEY));
        assert_non_null(strstr(error.message, "fake://space"));
        assert_int_equal(fake_count(await_of(call)), 2);
        assert_int_equal(fake.calls[fake.count - 1].slot, AWAITED);
        assert_int_equal(fake.calls[fake.count - 2].slot, HOOK);
        assert_true(fake.locked && fake.fence == fence);
    }
}

/* ---- takers ----------------------------------------------------------------- */

static void a_taker_says_since_when_it_waits(void **state)
{
    (void)state;
    block_everything();
    fake.on_await = wakes_every_100_ms;
    assert_int_equal(psync_lock_acquire(lock, SECONDS(1), NULL, &error), PSYNC_NO);
    assert_int_equal(fake_call(LOCK_ACQUIRE, 0)->take.waiting_since, 0);
    assert_true(fake_call(LOCK_ACQUIRE, 0)->take.may_wait);
    for (int i = 1; i < fake_count(LOCK_ACQUIRE); i++) {
        assert_int_equal(fake_call(LOCK_ACQUIRE, i)->take.waiting_since, FAKE_MONOTONIC_START);
    }
    for (int i = 0; i < fake_count(LOCK_AWAIT); i++)
        assert_int_equal(fake_call(LOCK_AWAIT, i)->role, PSYNC_ROLE_TAKER);
}

/* Whoever was woken as a taker tries at once: nothing comes in between. */
static void a_first_try_that_stepped_back_is_no_answer_however_short_the_time(void **state)
{
    (void)state;
    fake.steps_back = true;
    fake.step_takes = MS;
    assert_int_equal(psync_lock_acquire(lock, SECONDS(1e-9), NULL, &error), PSYNC_OK);
    assert_int_equal(fake_count(LOCK_ACQUIRE), 2);
    assert_int_equal(psync_lock_acquire(lock, SECONDS(1e-9), NULL, &error), PSYNC_NO);
    assert_int_equal(psync_lock_release(lock, &error), PSYNC_OK);
    assert_int_equal(psync_lock_acquire(lock, SECONDS(0), NULL, &error), PSYNC_OK);
}

static void expect_no_wake_up_kept(void)
{
    for (int i = 0; i < fake.count; i++) {
        if (fake.calls[i].slot != LOCK_AWAIT || fake.calls[i].role != PSYNC_ROLE_TAKER) continue;
        assert_true(i + 1 < fake.count);
        assert_int_equal(fake.calls[i + 1].slot, LOCK_ACQUIRE);
    }
}

static void a_taker_that_was_woken_tries_before_anything_else(void **state)
{
    (void)state;
    for (enum blocking call = ACQUIRE; call <= HOLD; call++) {
        block_everything();
        assert_int_equal(block(call, HOOKED(1)), PSYNC_NO); /* it gives up */
        expect_no_wake_up_kept();
        block_everything();
        fake.on_hook = leaves;
        hooks_left = 2;
        assert_int_equal(block(call, HOOKED(1)), PSYNC_ERROR_INTERRUPTED); /* it is made to leave */
        expect_no_wake_up_kept();
        fake.on_hook = NULL;
    }
}

/* ---- waiters ---------------------------------------------------------------- */

static void next_acquisition(int64_t deadline)
{
    (void)deadline;
    if (wakes_left-- == 0) fake.fence++;
}

static void a_wait_ends_when_the_fence_is_another(void **state)
{
    (void)state;
    block_everything();
    fake.on_await = next_acquisition;
    wakes_left = 3;
    assert_int_equal(psync_lock_wait(lock, SECONDS(5), &error), PSYNC_OK);
    assert_int_equal(fake_count(LOCK_AWAIT), 4);
    assert_int_equal(fake_count(LOCK_ACQUIRE), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(fake_call(LOCK_AWAIT, i)->role, PSYNC_ROLE_WAITER);
}

/* ---- leases ------------------------------------------------------------------ */

static void a_sleep_ends_with_the_lease_that_was_seen(void **state)
{
    (void)state;
    for (enum blocking call = ACQUIRE; call <= WAIT; call++) {
        block_everything();
        int64_t start = fake.monotonic;
        fake.expires = start + fake.boot_ahead + 130 * MS; /* by the other clock */
        assert_int_equal(block(call, SECONDS(10)), PSYNC_OK);
        assert_int_equal(fake_call(LOCK_AWAIT, 0)->deadline - start, 130 * MS);
        assert_int_equal(fake.monotonic - start, 130 * MS);
    }
}

static void suspended_for_long(int64_t deadline)
{
    (void)deadline;
    fake.boot_ahead += 3600 * S;
}

static void a_lease_runs_on_while_the_host_is_suspended(void **state)
{
    (void)state;
    for (enum blocking call = ACQUIRE; call <= WAIT; call++) {
        block_everything();
        fake.expires = fake.monotonic + fake.boot_ahead + 3000 * S;
        fake.on_await = suspended_for_long;
        assert_int_equal(block(call, SECONDS(10)), PSYNC_OK);
        assert_int_equal(fake_count(LOCK_AWAIT), 1);
    }
}

static void a_lease_that_ended_already_is_no_reason_to_sleep(void **state)
{
    (void)state;
    for (enum blocking call = ACQUIRE; call <= WAIT; call++) {
        block_everything();
        int64_t start = fake.monotonic;
        fake.expires = start + fake.boot_ahead + 1;
        fake.step_takes = 2;
        assert_int_equal(block(call, SECONDS(10)), PSYNC_OK);
        assert_true(fake.monotonic - start < 100);
        fake.step_takes = 0;
    }
}

static void renewed(int64_t deadline)
{
    fake_pass(deadline - fake.monotonic);
    if (wakes_left-- > 0) fake.expires = fake.monotonic + fake.boot_ahead + 50 * MS;
}

static void a_lease_renewed_meanwhile_is_slept_out_again(void **state)
{
    (void)state;
    for (enum blocking call = ACQUIRE; call <= WAIT; call++) {
        block_everything();
        int64_t start = fake.monotonic;
        fake.expires = start + fake.boot_ahead + 50 * MS;
        fake.on_await = renewed;
        wakes_left = 4;
        assert_int_equal(block(call, SECONDS(10)), PSYNC_OK);
        assert_int_equal(fake.monotonic - start, 250 * MS);
        assert_int_equal(fake_count(LOCK_AWAIT), 5);
    }
}

/* ---- Integers ---------------------------------------------------------------- */

static void a_deletion_ends_an_await_change_with_0_known(void **state)
{
    (void)state;
    block_everything();
    fake.on_await = deletes;
    assert_int_equal(psync_integer_await_change(integer, NULL, &error), PSYNC_OK);
    assert_int_equal(psync_integer_known(integer), 0);
    assert_int_equal(psync_integer_await_change(integer, SECONDS(0), &error), PSYNC_NO);
}

static void a_deletion_is_no_limit_reached(void **state)
{
    (void)state;
    block_everything();
    fake.on_await = NULL;
    fake.exists = false;
    assert_int_equal(psync_integer_await_at_least(integer, -100, SECONDS(1), &error), PSYNC_NO);
    assert_int_equal(psync_integer_await_at_most(integer, 100, SECONDS(1), &error), PSYNC_NO);
}

/* ---- awaits that heard nothing ------------------------------------------------ */

static enum slot look_of(enum blocking call)
{
    if (call == WAIT) return LOCK_INSPECT;
    return call < WAIT ? LOCK_ACQUIRE : INTEGER_GET;
}

static void who_heard_nothing_serves_the_hook_and_asks_nothing(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        fake.hears_nothing = true;
        assert_int_equal(block(call, HOOKED(10)), PSYNC_NO);
        assert_int_equal(fake_count(look_of(call)), 1);
        assert_int_equal(fake_count(await_of(call)), 40);
        assert_int_equal(fake_count(HOOK), 40);
    }
}

static void who_heard_nothing_looks_when_the_lease_ends(void **state)
{
    (void)state;
    fake.locked = true;
    fake.is_hold = true;
    fake.expires = fake.monotonic + fake.boot_ahead + 10 * S;
    fake.hears_nothing = true;
    int64_t start = fake.monotonic;
    assert_int_equal(psync_lock_wait(lock, NULL, &error), PSYNC_OK);
    assert_int_equal(fake.monotonic - start, 10 * S);
    assert_int_equal(fake_count(LOCK_INSPECT), 2);
}

static void who_is_told_of_the_end_does_not_look(void **state)
{
    (void)state;
    block_everything();
    fake.knows_the_end = true;
    fake.on_await = frees_everything;
    assert_int_equal(psync_lock_wait(lock, NULL, &error), PSYNC_OK);
    assert_int_equal(fake_count(LOCK_INSPECT), 1);
    fake_forget();
    fake.locked = true;
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, &error), PSYNC_OK);
    assert_int_equal(fake_count(LOCK_ACQUIRE), 2); /* a taker has to try all the same */
}

static void the_driver_is_told_when_a_wait_is_over(void **state)
{
    (void)state;
    EACH_CALL
    {
        block_everything();
        fake.hears_nothing = true;
        assert_int_equal(block(call, SECONDS(0)), PSYNC_NO);
        assert_int_equal(fake_count(AWAITED), 0);
        assert_int_equal(block(call, HOOKED(3)), PSYNC_NO);
        assert_int_equal(fake_count(AWAITED), 1);
        assert_int_equal(fake.calls[fake.count - 1].slot, AWAITED);
        fake.failing = await_of(call);
        fake.failure = PSYNC_ERROR_UNAVAILABLE;
        assert_int_equal(block(call, NULL), PSYNC_ERROR_UNAVAILABLE);
        assert_int_equal(fake_count(AWAITED), 2);
        fake.failing = SLOTS;
    }
}

static void a_hold_that_could_not_be_kept_alive_is_not_valid(void **state)
{
    (void)state;
    psync_hold *hold = NULL;
    assert_int_equal(psync_lock_hold(lock, 0, NULL, &hold, &error), PSYNC_OK);
    assert_int_equal(psync_hold_is_valid(hold, &error), PSYNC_OK);
    fake.lost = true;
    fake_forget();
    assert_int_equal(psync_hold_is_valid(hold, &error), PSYNC_NO);
    assert_int_equal(fake_call(HOLD_LOST, 0)->fence, psync_hold_fence(hold));
    assert_int_equal(fake_count(LOCK_INSPECT), 0); /* the engine may be out of reach */
    psync_hold_free(hold);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_deadline_is_computed_once),
        TEST(the_time_counts_from_the_call_on_also_when_the_engine_is_slow),
        TEST(no_call_ends_before_its_time_is_up),
        TEST(a_time_out_of_0_tries_once_and_never_sleeps),
        TEST(without_limit_and_hook_one_sleep_lasts_for_ever),
        TEST(an_early_return_of_await_is_no_result),
        TEST(jumps_of_other_clocks_move_no_deadline),
        TEST(what_ends_at_the_deadline_is_still_taken),
        TEST(with_a_hook_no_sleep_is_longer_than_a_quarter_of_a_second),
        TEST(the_hook_runs_before_each_sleep_and_after_each),
        TEST(a_hook_that_leaves_ends_the_call_at_once),
        TEST(a_taker_says_since_when_it_waits),
        TEST(a_first_try_that_stepped_back_is_no_answer_however_short_the_time),
        TEST(a_taker_that_was_woken_tries_before_anything_else),
        TEST(a_wait_ends_when_the_fence_is_another),
        TEST(a_sleep_ends_with_the_lease_that_was_seen),
        TEST(a_lease_runs_on_while_the_host_is_suspended),
        TEST(a_lease_that_ended_already_is_no_reason_to_sleep),
        TEST(a_lease_renewed_meanwhile_is_slept_out_again),
        TEST(a_deletion_ends_an_await_change_with_0_known),
        TEST(a_deletion_is_no_limit_reached),
        TEST(who_heard_nothing_serves_the_hook_and_asks_nothing),
        TEST(who_heard_nothing_looks_when_the_lease_ends),
        TEST(who_is_told_of_the_end_does_not_look),
        TEST(the_driver_is_told_when_a_wait_is_over),
        TEST(a_hold_that_could_not_be_kept_alive_is_not_valid),
    };
    return cmocka_run_group_tests_name("timing", tests, NULL, NULL);
}
