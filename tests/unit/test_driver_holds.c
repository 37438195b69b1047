/* SPDX-License-Identifier: BSD-3-Clause */
/* test_driver_holds.c - releases, Holds and leases, as the core asks a driver for them. */
#include "fake.h"

#include <string.h>

#include "child.h"
#include "handles.h"

static void each_release_has_its_condition(void **state)
{
    (void)state;
    (void)psync_lock_release(lock, NULL);
    (void)psync_lock_release_if(lock, 4711, NULL);
    (void)psync_lock_release_ghost(lock, NULL);
    assert_int_equal(fake_call(LOCK_RELEASE, 0)->condition, PSYNC_IF_ANY);
    assert_int_equal(fake_call(LOCK_RELEASE, 1)->condition, PSYNC_IF_FENCE);
    assert_int_equal(fake_call(LOCK_RELEASE, 1)->fence, 4711);
    assert_int_equal(fake_call(LOCK_RELEASE, 2)->condition, PSYNC_IF_GHOST);
}

static psync_hold *take_hold(double lease)
{
    psync_hold *made = NULL;
    assert_int_equal(psync_lock_hold(lock, lease, NULL, &made, &error), PSYNC_OK);
    return made;
}

static void a_hold_releases_its_own_fence_alone(void **state)
{
    (void)state;
    psync_hold *mine = take_hold(0);
    uint64_t fence = psync_hold_fence(mine);
    assert_int_equal(fence, fake.fence);
    fake.fence++; /* another's acquisition */
    assert_int_equal(psync_hold_is_valid(mine, &error), PSYNC_NO);
    assert_int_equal(psync_hold_release(mine, &error), PSYNC_NO);
    psync_hold_free(mine);
    for (int i = 0; i < fake_count(LOCK_RELEASE); i++) {
        assert_int_equal(fake_call(LOCK_RELEASE, i)->condition, PSYNC_IF_FENCE);
        assert_int_equal(fake_call(LOCK_RELEASE, i)->fence, fence);
    }
    assert_true(fake.locked);
}

static void leases_go_to_the_driver_in_ns_and_never_shorter(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        int64_t ns;
    } leases[] = {{1, S}, {0.25, 250 * MS}, {1e-9, 1}, {1e-12, 1}, {86400, 86400 * S}, {0, 0}};
    for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
        fake_forget();
        psync_hold *made = take_hold(leases[i].seconds);
        assert_true(fake_call(LOCK_ACQUIRE, 0)->take.hold);
        assert_int_equal(fake_call(LOCK_ACQUIRE, 0)->take.lease, leases[i].ns);
        fake.expires = 0;
        if (leases[i].ns) {
            assert_int_equal(psync_hold_renew(made, leases[i].seconds, &error), PSYNC_OK);
            assert_int_equal(fake_call(LOCK_RENEW, 0)->lease, leases[i].ns);
            assert_int_equal(fake_call(LOCK_RENEW, 0)->fence, psync_hold_fence(made));
        }
        fake.expires = 0;
        psync_hold_free(made);
        assert_false(fake.locked);
    }
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, &error), PSYNC_OK);
    assert_false(fake_call(LOCK_ACQUIRE, 1)->take.hold);
    assert_int_equal(fake_call(LOCK_ACQUIRE, 1)->take.lease, 0);
}

static void a_hold_doubts_itself_when_its_lease_is_over_whatever_the_engine_says(void **state)
{
    (void)state;
    psync_hold *made = take_hold(2);
    fake_pass(S);
    assert_int_equal(psync_hold_is_valid(made, &error), PSYNC_OK);
    fake.expires = 0; /* the engine would have it on */
    fake.boot_ahead += S;
    assert_int_equal(psync_hold_is_valid(made, &error), PSYNC_NO);
    psync_hold_free(made);
}

static void a_lease_s_end_is_told_by_the_wall_clock(void **state)
{
    (void)state;
    psync_hold *made = take_hold(10);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    fake_pass(S);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    assert_int_equal(psync_hold_renew(made, 3, &error), PSYNC_OK);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 4000000);
    psync_hold_free(made);
    made = take_hold(0);
    assert_int_equal(psync_hold_expires_at(made), 0);
    psync_hold_free(made);
}

static void a_renewal_of_what_is_lost_says_so(void **state)
{
    (void)state;
    psync_hold *made = take_hold(10);
    fake.locked = false;
    assert_int_equal(psync_hold_renew(made, 5, &error), PSYNC_ERROR_LEASE_LOST);
    assert_non_null(strstr(error.message, FAKE_KEY));
    assert_non_null(strstr(error.message, "fake://space"));
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    psync_hold_free(made);
}

static void wrong_leases_and_time_outs_never_reach_the_driver(void **state)
{
    (void)state;
    static const double wrong[] = {-1, -1e-300, __builtin_nan(""), -__builtin_inf()};
    psync_hold *made = take_hold(0), *none = NULL;
    fake_forget();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        psync_wait bad = {.timeout = wrong[i]};
        assert_int_equal(psync_lock_hold(lock, wrong[i], NULL, &none, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_hold_renew(made, wrong[i], &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_acquire(lock, &bad, NULL, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_hold(lock, 1, &bad, &none, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_wait(lock, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_at_least(integer, 0, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_at_most(integer, 0, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_change(integer, &bad, &error), PSYNC_ERROR_ARGUMENT);
    }
    assert_int_equal(psync_lock_hold(lock, __builtin_inf(), NULL, &none, &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(psync_hold_renew(made, __builtin_inf(), &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(psync_hold_renew(made, 0, &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(fake.count, 0);
    assert_null(none);
    psync_hold_free(made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_release_has_its_condition),
        TEST(a_hold_releases_its_own_fence_alone),
        TEST(leases_go_to_the_driver_in_ns_and_never_shorter),
        TEST(a_hold_doubts_itself_when_its_lease_is_over_whatever_the_engine_says),
        TEST(a_lease_s_end_is_told_by_the_wall_clock),
        TEST(a_renewal_of_what_is_lost_says_so),
        TEST(wrong_leases_and_time_outs_never_reach_the_driver),
    };
    return cmocka_run_group_tests_name("driver, Holds", tests, NULL, NULL);
}
