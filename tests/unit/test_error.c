/* SPDX-License-Identifier: BSD-3-Clause */
/* test_error.c - messages: one line, within their buffer, whatever keys and engines put into them. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "error.h"

static void a_message_is_formatted_and_its_class_returned(void **state)
{
    (void)state;
    assert_int_equal(psync_error_set(&error, PSYNC_ERROR_FULL, 28, "%s is %d%% full", "the disk", 100),
                     PSYNC_ERROR_FULL);
    assert_int_equal(error.result, PSYNC_ERROR_FULL);
    assert_int_equal(error.system_code, 28);
    assert_string_equal(error.message, "the disk is 100% full");
    assert_int_equal(psync_error_set(NULL, PSYNC_ERROR_SYSTEM, 1, "unheard"), PSYNC_ERROR_SYSTEM);
}

static void a_message_that_is_too_long_is_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    psync_error_set(&error, PSYNC_ERROR_SYSTEM, 0, "%s", text);
    assert_int_equal(strlen(error.message), PSYNC_MESSAGE_SIZE - 1);
    psync__error_locate(&error, PSYNC_ERROR_SYSTEM, "Lock", text, PSYNC_KEY_MAX, text);
    assert_true(one_line());
}

static void control_bytes_never_come_through(void **state)
{
    (void)state;
    psync_error_set(&error, PSYNC_ERROR_SYSTEM, 0, "%s", "an engine's\r\nanswer\twith \x1b[31m and \x7f");
    assert_true(one_line());
    assert_non_null(strstr(error.message, "answer"));
}

static void a_key_is_shown_with_its_odd_bytes_escaped(void **state)
{
    (void)state;
    psync_error_set(&error, PSYNC_ERROR_SYSTEM, 5, "it failed");
    psync__error_locate(&error, PSYNC_ERROR_SYSTEM, "Integer", "a\n\0\"b\\", 6, "shm://x");
    assert_true(one_line());
    assert_non_null(strstr(error.message, "Integer"));
    assert_non_null(strstr(error.message, "a\\x0a\\x00\\x22b\\x5c"));
    assert_non_null(strstr(error.message, "shm://x"));
    assert_non_null(strstr(error.message, "it failed"));
    assert_int_equal(error.system_code, 5);
}

static void a_long_key_is_shortened_and_the_message_kept(void **state)
{
    (void)state;
    char key[PSYNC_KEY_MAX];
    for (int byte = 0; byte < 256; byte++) {
        memset(key, byte, sizeof key);
        psync_error_set(&error, PSYNC_ERROR_SYSTEM, 0, "it failed; do something");
        psync__error_locate(&error, PSYNC_ERROR_SYSTEM, "Lock", key, sizeof key, "shm://x");
        assert_true(one_line());
        assert_non_null(strstr(error.message, "..."));
        assert_non_null(strstr(error.message, "it failed; do something"));
    }
}

static void keys_of_any_length_are_located(void **state)
{
    (void)state;
    for (size_t length = 1; length <= PSYNC_KEY_MAX; length++) {
        char *key = malloc(length); /* of just that size: a read beyond it would be noticed */
        assert_non_null(key);
        memset(key, length % 3 ? 'k' : 1, length);
        psync_error_set(&error, PSYNC_ERROR_SYSTEM, 0, "why");
        psync__error_locate(&error, PSYNC_ERROR_SYSTEM, "Lock", key, length, "shm://x");
        assert_true(one_line());
        assert_non_null(strstr(error.message, "why"));
        free(key);
    }
    psync__error_locate(NULL, PSYNC_ERROR_SYSTEM, "Lock", "k", 1, "shm://x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_formatted_and_its_class_returned),
        cmocka_unit_test(a_message_that_is_too_long_is_cut),
        cmocka_unit_test(control_bytes_never_come_through),
        cmocka_unit_test(a_key_is_shown_with_its_odd_bytes_escaped),
        cmocka_unit_test(a_long_key_is_shortened_and_the_message_kept),
        cmocka_unit_test(keys_of_any_length_are_located),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
