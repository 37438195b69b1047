/* SPDX-License-Identifier: BSD-3-Clause */
/* test_dsn.c - a DSN falls into its parts, and no part of a password is ever shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dsn.h"

static psync_dsn *parse(const char *text)
{
    psync_error error;
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (!dsn) fail_msg("%s: %s", text, error.message);
    return dsn;
}

static void each_part_is_told_apart(void **state)
{
    (void)state;
    static const char *const cases[][6] = {
        {"a://u:p@host/0?x=1", "u", "p", "host", "/0", "a://u@host/0?x=1"},
        {"a://u@host/0", "u", "", "host", "/0", "a://u@host/0"},
        {"a://u:p@host?x=1", "u", "p", "host", "", "a://u@host?x=1"},
        {"a://:p@host", "", "p", "host", "", "a://@host"},
        {"a://u:p%2Fq%40r@h:1,g:2/d", "u", "p/q@r", "h:1,g:2", "/d", "a://u@h:1,g:2/d"},
        {"a:///dir/sub?x=/y@z", "", "", "", "/dir/sub", "a:///dir/sub?x=/y@z"},
        {"a://name", "", "", "name", "", "a://name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        psync_dsn *dsn = parse(cases[i][0]);
        assert_string_equal("a", dsn->scheme);
        assert_string_equal(cases[i][1], dsn->user);
        assert_string_equal(cases[i][2], dsn->password);
        assert_string_equal(cases[i][3], dsn->authority);
        assert_string_equal(cases[i][4], dsn->path);
        assert_string_equal(cases[i][5], dsn->text);
        psync__dsn_free(dsn);
    }
}

static void a_password_is_never_shown(void **state)
{
    (void)state;
    static const char *const whole[] = {
        "a://u:hunter2@h",        "a://u:hunter2@h/p?x=1",    "a://u:x@hunter2@h",
        "a://h?password=hunter2", "a://h?%70assword=hunter2", "a://h?x=1&PassWord=hunter2&y=2",
        "a://h?sslpwd=hunter2",   "a://h?token=hunter2",
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        psync_dsn *dsn = parse(whole[i]);
        if (strstr(dsn->text, "hunter2")) fail_msg("%s is shown as %s", whole[i], dsn->text);
        psync__dsn_free(dsn);
    }
}

static void a_broken_dsn_does_not_show_its_password(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "shm://u:hunter2/x@name",  "shm://u:x/hunter2@name", "shm://u:hunter2?x@name",   "shm://u:x?hunter2@name",
        "shm://u:x@hunter2/y@z",   "u:hunter2@host",         "u:hunter2@host/?x=a://b",  "shm://u:hunter2%zz@name",
        "shm://u:hunter2@name",    "no://u:hunter2@name/x",  "shm://n?password=hunter2", "shm://n?Passwd=hunter2%",
        "shm://u:hunter2@n?x=1&x",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        psync_error error;
        psync_space *space;
        assert_true(psync_space_open(broken[i], NULL, &space, &error) < 0);
        if (strstr(error.message, "hunter2")) fail_msg("%s: %s", broken[i], error.message);
    }
}

static void an_error_names_the_option_and_what_is_allowed(void **state)
{
    (void)state;
    char dsn[2048];
    psync_error error;
    psync_space *space;
    memset(dsn, 'x', sizeof dsn);
    memcpy(dsn, "shm://n?", 8);
    dsn[sizeof dsn - 1] = '\0';
    assert_int_equal(PSYNC_ERROR_ARGUMENT, psync_space_open(dsn, NULL, &space, &error));
    assert_non_null(strstr(error.message, "xxxx\"; its options are timeout, path, mode, group, user, size"));
    assert_int_equal(PSYNC_ERROR_ARGUMENT, psync_space_open("shm://n?=1", NULL, &space, &error));
    assert_non_null(strstr(error.message, "without a name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_is_told_apart),
        cmocka_unit_test(a_password_is_never_shown),
        cmocka_unit_test(a_broken_dsn_does_not_show_its_password),
        cmocka_unit_test(an_error_names_the_option_and_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
