/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * turns - that whoever frees a Lock gives way exactly where the server says that somebody waits, at the driver's
 * slots: the clock stands still but where somebody sleeps, so that no step comes too late.
 *
 *   turns DSN
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "drivers/postgresql/postgresql.h"
#include "dsn.h"
#include "fork.h"

static const psync_driver *const driver = &psync__postgresql_driver;
static psync_dsn *dsn;
static void *one, *other; /* two who do not know of each other */
static psync_error error;
static psync_lock_state now;
static psync_key key = {.bytes = "turns", .length = 5};

static const psync_take first_try = {.may_wait = true};
static const psync_take no_wait = {.may_wait = false};
static const psync_take later_try = {.may_wait = true, .waiting_since = 1};

/* ---- the clock ------------------------------------------------------------- */

static const struct psync_clock *system_clock;
static struct psync_clock standing;
static int64_t stands_at;

static int64_t monotonic(void)
{
    return stands_at;
}

static int sleep_on_it(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    int ready = system_clock->poll(descriptors, count, ns);
    if (ready == 0) stands_at += ns;
    return ready;
}

static void stop_the_clock(void)
{
    system_clock = psync__clock;
    stands_at = system_clock->monotonic();
    standing = *system_clock;
    standing.monotonic = monotonic;
    standing.poll = sleep_on_it;
    psync__clock = &standing;
}

/* ---- steps ----------------------------------------------------------------- */

static void expect(psync_result expected, psync_result result)
{
    if (result != expected) fail_msg("%d, expected %d: %s", result, expected, result < 0 ? error.message : "");
}

static void take(void *who, const psync_take *how)
{
    expect(PSYNC_OK, driver->lock_acquire(who, &key, how, &now, &error));
}

static void release(void *who)
{
    expect(PSYNC_OK, driver->lock_release(who, &key, PSYNC_IF_ANY, 0, &error));
}

static void expect_to_give_way(void *who)
{
    now.exists = true;
    expect(PSYNC_NO, driver->lock_acquire(who, &key, &first_try, &now, &error));
    assert_false(now.exists);
    const int64_t began = stands_at;
    expect(PSYNC_OK, driver->lock_await(who, &key, &now, PSYNC_ROLE_TAKER, PSYNC_NEVER, &error));
    assert_true(stands_at > began); /* it has slept */
}

/* Looks once, and does not sleep. */
static psync_result look(void *who, const psync_lock_state *seen, psync_role role)
{
    psync_lock_state copy = *seen;
    psync_result r = driver->lock_await(who, &key, &copy, role, stands_at + 1, &error);
    if (r < 0) fail_msg("%s", error.message);
    return r;
}

/* ---- promises -------------------------------------------------------------- */

static void nobody_gives_way_where_nobody_waits(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        take(one, &first_try);
        release(one);
    }
}

static void who_frees_a_lock_that_another_waits_for_gives_way(void **state)
{
    (void)state;
    static const psync_role roles[] = {PSYNC_ROLE_TAKER, PSYNC_ROLE_WAITER};
    for (int i = 0; i < 2; i++) {
        take(one, &later_try);
        look(other, &now, roles[i]);
        release(one);
        expect_to_give_way(one);
        take(other, &first_try); /* it has given nothing */
        release(other);
        take(one, &later_try);
        release(one);
        take(one, &first_try); /* nobody has waited this time */
        release(one);
    }
}

static void a_try_that_may_not_wait_takes_what_is_free(void **state)
{
    (void)state;
    take(one, &first_try);
    look(other, &now, PSYNC_ROLE_TAKER);
    release(one);
    take(one, &no_wait);
    release(one);
}

/* A re-locker is never seen but between its takes; the next release tells whoever came too late each time. */
static void who_tried_in_vain_and_looks_too_late_is_known_to_wait(void **state)
{
    (void)state;
    take(one, &first_try);
    const psync_lock_state seen = now;
    release(one);
    expect(PSYNC_OK, look(other, &seen, PSYNC_ROLE_WAITER));
    take(one, &first_try);
    release(one);
    take(one, &first_try); /* who only waits has all it waits for */
    release(one);
    expect(PSYNC_OK, look(other, &seen, PSYNC_ROLE_TAKER));
    take(one, &first_try);
    expect(PSYNC_OK, look(other, &seen, PSYNC_ROLE_TAKER));
    release(one);
    expect_to_give_way(one);
    take(other, &later_try);
    release(other);
}

static int set_up(void **state)
{
    (void)state;
    const psync_options options = {.interrupt = NULL};
    assert_int_equal(psync__fork_watch(), 0);
    expect(PSYNC_OK, driver->open(dsn, &options, &one, &error));
    expect(PSYNC_OK, driver->open(dsn, &options, &other, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)driver->lock_release(one, &key, PSYNC_IF_ANY, 0, NULL);
    driver->close(one);
    driver->close(other);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_gives_way_where_nobody_waits),
        TEST(who_frees_a_lock_that_another_waits_for_gives_way),
        TEST(a_try_that_may_not_wait_takes_what_is_free),
        TEST(who_tried_in_vain_and_looks_too_late_is_known_to_wait),
    };
    if (argc != 2) return 64;
    dsn = psync__dsn_parse(argv[1], &error);
    if (!dsn) return 64;
    stop_the_clock();
    const int failed = cmocka_run_group_tests_name("turns on PostgreSQL", tests, NULL, NULL);
    psync__dsn_free(dsn);
    return failed;
}
