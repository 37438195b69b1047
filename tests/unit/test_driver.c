/* SPDX-License-Identifier: BSD-3-Clause */
/* test_driver.c - drivers that the core opens, and what it makes of their errors. */
#include "fake.h"

#include <string.h>
#include <unistd.h>

#include "child.h"
#include "every_call.h"
#include "handles.h"

/* ---- errors ------------------------------------------------------------------ */

static void every_error_of_a_driver_comes_through_with_key_and_space_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < every_call_count; i++) {
        for (psync_result r = PSYNC_ERROR_ARGUMENT; r >= PSYNC_ERROR_SYSTEM; r = (psync_result)(r - 1)) {
            if (r == PSYNC_ERROR_OVERFLOW && every_call[i].slot == INTEGER_ADD)
                continue; /* has no message of its own */
            fake_forget();
            fake.failing = SLOTS;
            fake.locked = false;
            assert_int_equal(psync_lock_hold(lock, 0, NULL, &held, NULL), PSYNC_OK);
            fake.locked = every_call[i].busy;
            fake.failing = every_call[i].slot;
            fake.failure = r;
            fake.failing_after = 0;
            memset(&error, 0x55, sizeof error);
            fake_forget();
            psync_result got = every_call[i].call();
            if (got != r) fail_msg("call %zu gives %d, its slot gave %d", i, got, r);
            /* Never asked again: it may have happened (UNKNOWN), or have cost a whole time-out (UNAVAILABLE). */
            if (fake_count(every_call[i].slot) != 1) fail_msg("call %zu repeats what failed with %d", i, r);
            fake.failing = SLOTS;
            assert_int_equal(error.result, r);
            assert_int_equal(error.system_code, 42);
            assert_non_null(strstr(error.message, "the fake failed"));
            assert_non_null(strstr(error.message, "fake://space"));
            if (every_call[i].keyed) assert_non_null(strstr(error.message, FAKE_KEY));
            assert_true(one_line());
            psync_hold_free(held);
        }
    }
}

static void a_failed_call_leaves_what_it_would_have_filled_in(void **state)
{
    (void)state;
    int64_t value = 77, result = 78;
    uint64_t fence = 79;
    assert_int_equal(psync_integer_set(integer, 5, NULL), PSYNC_OK);
    fake.failure = PSYNC_ERROR_UNAVAILABLE;
    fake.failing = INTEGER_GET;
    assert_int_equal(psync_integer_get(integer, &value, NULL), PSYNC_ERROR_UNAVAILABLE);
    fake.failing = INTEGER_ADD;
    fake.failing_after = 0;
    assert_int_equal(psync_integer_add(integer, 1, &result, NULL), PSYNC_ERROR_UNAVAILABLE);
    fake.failing = LOCK_ACQUIRE;
    fake.failing_after = 0;
    assert_int_equal(psync_lock_acquire(lock, NULL, &fence, NULL), PSYNC_ERROR_UNAVAILABLE);
    assert_int_equal(value, 77);
    assert_int_equal(result, 78);
    assert_int_equal(fence, 79);
    assert_int_equal(psync_integer_known(integer), 5);
    assert_int_equal(psync_lock_last_fence(lock), 0);
}

static void an_overflow_gets_its_message_from_the_core(void **state)
{
    (void)state;
    assert_int_equal(psync_integer_set(integer, INT64_MAX, &error), PSYNC_OK);
    assert_int_equal(psync_integer_add(integer, 7, NULL, &error), PSYNC_ERROR_OVERFLOW);
    assert_non_null(strstr(error.message, "7"));
    assert_non_null(strstr(error.message, FAKE_KEY));
    assert_non_null(strstr(error.message, "fake://space"));
    assert_true(one_line());
}

/* ---- opening ----------------------------------------------------------------------- */

static psync_space *made;

static psync_result open_with(const psync_driver *driver, const char *dsn, const char *label)
{
    psync_options options = {.label = label};
    made = NULL;
    return psync_space_open_driver(driver, dsn, &options, &made, &error);
}

static void a_driver_must_be_whole_and_of_this_version(void **state)
{
    (void)state;
    psync_driver other = fake_driver;
    fake_forget();
    other.version = PSYNC_DRIVER_VERSION + 1;
    assert_int_equal(open_with(&other, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);
    other.version = 0;
    assert_int_equal(open_with(&other, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);
#define WITHOUT(slot)                                                                                              \
    do {                                                                                                           \
        psync_driver lacking = fake_driver;                                                                        \
        lacking.slot = NULL;                                                                                       \
        assert_int_equal(open_with(&lacking, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);                            \
    } while (0)
    WITHOUT(schemes);
    WITHOUT(open);
    WITHOUT(close);
    WITHOUT(set_label);
    WITHOUT(lock_acquire);
    WITHOUT(lock_release);
    WITHOUT(lock_renew);
    WITHOUT(lock_inspect);
    WITHOUT(lock_await);
    WITHOUT(integer_get);
    WITHOUT(integer_set);
    WITHOUT(integer_add);
    WITHOUT(integer_compare_set);
    WITHOUT(integer_remove);
    WITHOUT(integer_await);
    WITHOUT(each_lock);
    WITHOUT(each_integer);
    WITHOUT(info);
    assert_int_equal(fake.count, 0);
    assert_null(made);
}

static void optional_slots_may_be_missing(void **state)
{
    (void)state;
    psync_driver modest = fake_driver;
    modest.after_fork = NULL;
    assert_int_equal(open_with(&modest, "fake://x", NULL), PSYNC_OK);
    psync_space_close(made);
}

static void a_driver_serves_its_own_schemes_only(void **state)
{
    (void)state;
    assert_int_equal(open_with(&fake_driver, "other://x", NULL), PSYNC_ERROR_NO_DRIVER);
    assert_non_null(strstr(error.message, "other"));
    assert_int_equal(open_with(&fake_driver, "fakes://x", NULL), PSYNC_OK);
    assert_string_equal(psync_space_driver(made), "fake");
    assert_string_equal(psync_space_dsn(made), "fakes://x");
    psync_space_close(made);
}

static void what_failed_at_open_is_closed_again(void **state)
{
    (void)state;
    fake_forget();
    fake.failing = OPEN;
    fake.failure = PSYNC_ERROR_PERMISSION;
    assert_int_equal(open_with(&fake_driver, "fake://x", NULL), PSYNC_ERROR_PERMISSION);
    assert_null(made);
    assert_non_null(strstr(error.message, "the fake failed"));
    assert_non_null(strstr(error.message, "fake://x"));
    assert_int_equal(error.system_code, 42);
    assert_int_equal(fake_count(CLOSE), 0); /* it was never open */
    fake.failing = SET_LABEL;
    fake.failing_after = 0;
    assert_int_equal(open_with(&fake_driver, "fake://x", NULL), PSYNC_ERROR_PERMISSION);
    assert_null(made);
    assert_int_equal(fake_count(CLOSE), 1);
}

static void a_driver_gets_a_label_that_fits(void **state)
{
    (void)state;
    char label[1000], path[4096];
    memset(label, 'a', sizeof label - 1);
    memcpy(label + sizeof label - 4, "end", 4);
    assert_int_equal(open_with(&fake_driver, "fake://x", label), PSYNC_OK);
    assert_int_equal(strlen(fake.label), PSYNC_LABEL_MAX);
    assert_string_equal(fake.label, label + sizeof label - 1 - PSYNC_LABEL_MAX);
    assert_int_equal(psync_space_set_label(made, "short", &error), PSYNC_OK);
    assert_string_equal(fake.label, "short");
    assert_int_equal(psync_space_set_label(made, "", &error), PSYNC_OK);
    assert_string_equal(fake.label, "");
    assert_int_equal(psync_space_set_label(made, NULL, &error), PSYNC_OK);
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    assert_string_equal(fake.label, length > PSYNC_LABEL_MAX ? path + length - PSYNC_LABEL_MAX : path);
    psync_space_close(made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_error_of_a_driver_comes_through_with_key_and_space_named),
        TEST(a_failed_call_leaves_what_it_would_have_filled_in),
        TEST(an_overflow_gets_its_message_from_the_core),
        TEST(a_driver_must_be_whole_and_of_this_version),
        TEST(optional_slots_may_be_missing),
        TEST(a_driver_serves_its_own_schemes_only),
        TEST(what_failed_at_open_is_closed_again),
        TEST(a_driver_gets_a_label_that_fits),
    };
    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
