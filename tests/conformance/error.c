/* SPDX-License-Identifier: BSD-3-Clause */
/* error.c - what is wrong is said in one line, and nothing happens. */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wrong_timeouts_are_refused_and_nothing_is_taken(void)
{
    static const double wrong[] = {NAN, -NAN, -1, -1e-9, -INFINITY};
    psync_lock *lock = fresh_lock();
    psync_integer *integer = fresh_integer();
    EXPECT(PSYNC_OK, psync_integer_set(integer, 1, ERR));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const psync_wait *wait = FOR_SECONDS(wrong[i]);
        psync_hold *hold = NULL;
        uint64_t fence = 17;
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_acquire(lock, wait, &fence, ERR));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_hold(lock, 0, wait, &hold, ERR));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_wait(lock, wait, ERR));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_integer_await_at_least(integer, 1, wait, ERR));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_integer_await_at_most(integer, 1, wait, ERR));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_integer_await_change(integer, wait, ERR));
        CHECK_EQUAL(17, fence);
        CHECK(!hold);
        expect_free(lock);
        CHECK_EQUAL(0, psync_lock_last_fence(lock));
    }
}

static void timeouts_at_the_edge_of_numbers_are_times(void)
{
    psync_lock *lock = fresh_lock();
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, FOR_SECONDS(1e300), NULL, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(5e-324), NULL, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(1e-10), NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(1e15), ERR));
}

static bool one_line(const char *message)
{
    size_t length = strlen(message);
    if (length == 0 || length >= PSYNC_MESSAGE_SIZE) return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)message[i] < ' ' || message[i] == 0x7f) return false;
    }
    return true;
}

static void a_failed_operation_names_key_and_space_in_one_line(void)
{
    const char *key = fresh_key();
    psync_integer *integer = integer_of(key);
    psync_error error = {0};
    EXPECT(PSYNC_OK, psync_integer_set(integer, INT64_MAX, ERR));
    EXPECT(PSYNC_ERROR_OVERFLOW, psync_integer_add(integer, 1, NULL, &error));
    CHECK_EQUAL(PSYNC_ERROR_OVERFLOW, error.result);
    CHECK(one_line(error.message));
    CHECK(strstr(error.message, key));
    CHECK(strstr(error.message, psync_space_dsn(space())));
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(lock_of(key), 0, NULL, &hold, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(key), ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(hold, 1, &error));
    CHECK_EQUAL(PSYNC_ERROR_LEASE_LOST, error.result);
    CHECK(one_line(error.message));
    CHECK(strstr(error.message, key));
    CHECK(strstr(error.message, psync_space_dsn(space())));
    psync_hold_free(hold);
}

static void a_message_about_an_awkward_key_is_one_line_all_the_same(void)
{
    char key[PSYNC_KEY_MAX];
    for (size_t i = 0; i < sizeof key; i++) key[i] = (char)random_below(256);
    for (size_t length = 1; length <= sizeof key; length = length * 3 + 1) {
        key[length / 2] = '\n';
        psync_integer *integer = integer_of_bytes(key, length);
        psync_error error = {0};
        if (length < 8) continue; /* may be somebody's */
        EXPECT(PSYNC_OK, psync_integer_set(integer, INT64_MIN, ERR));
        EXPECT(PSYNC_ERROR_OVERFLOW, psync_integer_subtract(integer, 1, NULL, &error));
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        CHECK(one_line(error.message));
        CHECK(strstr(error.message, psync_space_dsn(space())));
    }
}

static void an_error_is_filled_in_on_an_error_only(void)
{
    psync_error error, untouched;
    memset(&untouched, 0x5A, sizeof untouched);
    error = untouched;
    psync_lock *lock = fresh_lock();
    psync_integer *integer = fresh_integer();
    EXPECT(PSYNC_NO, psync_lock_release(lock, &error));
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, FOR_SECONDS(0), NULL, &error));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.01), NULL, &error));
    EXPECT(PSYNC_NO, psync_integer_get(integer, NULL, &error));
    EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, &error));
    EXPECT(PSYNC_NO, psync_integer_await_at_least(integer, 2, FOR_SECONDS(0.01), &error));
    EXPECT(PSYNC_NO, psync_integer_compare_set(integer, 7, 8, &error));
    CHECK(memcmp(&error, &untouched, sizeof error) == 0);
}

static void an_error_object_is_optional(void)
{
    psync_lock *lock = NULL;
    psync_space *none = NULL;
    psync_integer *integer = fresh_integer();
    EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_open(space(), "", 0, &lock, NULL));
    EXPECT(PSYNC_OK, psync_integer_set(integer, INT64_MAX, NULL));
    EXPECT(PSYNC_ERROR_OVERFLOW, psync_integer_add(integer, 1, NULL, NULL));
    EXPECT(PSYNC_ERROR_NO_DRIVER, psync_space_open("nosuch://x", NULL, &none, NULL));
    CHECK(!none);
}

static void an_unknown_option_is_refused_by_name(void)
{
    char dsn[2048];
    psync_space *none = NULL;
    snprintf(dsn, sizeof dsn, "%s%cfrobnicate=7", suite.dsn, strchr(suite.dsn, '?') ? '&' : '?');
    EXPECT(PSYNC_ERROR_ARGUMENT, psync_space_open(dsn, NULL, &none, ERR));
    CHECK(!none);
    CHECK(strstr(last_error.message, "frobnicate"));
    CHECK(strstr(last_error.message, "timeout")); /* what is allowed */
    CHECK(one_line(last_error.message));
}

static void an_unknown_scheme_is_refused_by_name(void)
{
    psync_space *none = NULL;
    EXPECT(PSYNC_ERROR_NO_DRIVER, psync_space_open("frobnicate://x", NULL, &none, ERR));
    CHECK(!none);
    CHECK(strstr(last_error.message, "frobnicate"));
    CHECK(strstr(last_error.message, psync_space_driver(space())));
    CHECK(one_line(last_error.message));
}

static int refuse_path(const char *path, void *argument)
{
    CHECK(path && *path);
    ++*(int *)argument;
    return 1;
}

/* A driver without files never asks; one that asks obeys. */
static void a_refused_path_fails_the_open(void)
{
    int asked = 0;
    psync_space *opened = NULL;
    psync_options options = {.path_check = refuse_path, .argument = &asked};
    psync_result result = psync_space_open(suite.dsn, &options, &opened, ERR);
    if (asked == 0) {
        EXPECT(PSYNC_OK, result);
        psync_space_close(opened);
        return;
    }
    EXPECT(PSYNC_ERROR_PERMISSION, result);
    CHECK(!opened);
    CHECK(one_line(last_error.message));
}

const struct test error_tests[] = {
    THREADS(wrong_timeouts_are_refused_and_nothing_is_taken),
    THREADS(timeouts_at_the_edge_of_numbers_are_times),
    THREADS(a_failed_operation_names_key_and_space_in_one_line),
    THREADS(a_message_about_an_awkward_key_is_one_line_all_the_same),
    THREADS(an_error_is_filled_in_on_an_error_only),
    THREADS(an_error_object_is_optional),
    THREADS(an_unknown_option_is_refused_by_name),
    THREADS(an_unknown_scheme_is_refused_by_name),
    THREADS(a_refused_path_fails_the_open),
    END_OF_TESTS,
};
