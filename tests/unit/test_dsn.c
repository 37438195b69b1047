/* SPDX-License-Identifier: BSD-3-Clause */
/* test_dsn.c - a space's address: its parts, its options, its secrets, its mistakes. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "dsn.h"

static psync_error error;

static psync_dsn *parse(const char *text)
{
    memset(&error, 0, sizeof error);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (!dsn) fail_msg("%s: %s", text, error.message);
    return dsn;
}

/* A mistake: an ARGUMENT error of one line that says these words. */
static void refused(const char *text, const char *says)
{
    memset(&error, 0, sizeof error);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (dsn) fail_msg("%s: was taken", text);
    assert_int_equal(error.result, PSYNC_ERROR_ARGUMENT);
    if (!strstr(error.message, says)) fail_msg("%s: \"%s\" does not say \"%s\"", text, error.message, says);
    assert_null(strchr(error.message, '\n'));
}

static void the_parts_are_told_apart(void **state)
{
    (void)state;
    psync_dsn *dsn = parse("redis://joe:s3cret@h1:1,h2:2/5/x?space=a&poll=1.5&flag");
    assert_string_equal(dsn->scheme, "redis");
    assert_string_equal(dsn->user, "joe");
    assert_string_equal(dsn->password, "s3cret");
    assert_string_equal(dsn->authority, "h1:1,h2:2");
    assert_string_equal(dsn->path, "/5/x");
    assert_int_equal(dsn->option_count, 3);
    assert_string_equal(dsn->options[0].name, "space");
    assert_string_equal(dsn->options[1].value, "1.5");
    assert_string_equal(psync_dsn_get(dsn, "flag"), "");
    assert_null(psync_dsn_get(dsn, "Space"));
    psync__dsn_free(dsn);
}

static void absent_parts_are_empty(void **state)
{
    (void)state;
    static const char *const texts[] = {"shm://n", "shm://n?", "shm://n?&", "shm://n?&&"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        psync_dsn *dsn = parse(texts[i]);
        assert_string_equal(dsn->scheme, "shm");
        assert_string_equal(dsn->user, "");
        assert_string_equal(dsn->password, "");
        assert_string_equal(dsn->authority, "n");
        assert_string_equal(dsn->path, "");
        assert_int_equal(dsn->option_count, 0);
        assert_int_equal(dsn->timeout, 5 * S);
        psync__dsn_free(dsn);
    }
    psync_dsn *dsn = parse("file:///srv/data?mode=0600");
    assert_string_equal(dsn->authority, "");
    assert_string_equal(dsn->path, "/srv/data");
    psync__dsn_free(dsn);
    dsn = parse("redis://:pw@h");
    assert_string_equal(dsn->user, "");
    assert_string_equal(dsn->password, "pw");
    assert_string_equal(dsn->authority, "h");
    psync__dsn_free(dsn);
}

static void percent_escapes_are_decoded_in_each_part_but_the_authority(void **state)
{
    (void)state;
    psync_dsn *dsn = parse("x://j%6fe:p%40%3a%2F%25@a%41/d%20e?na%6de=v%26%3D%ff&path=%2Ftmp");
    assert_string_equal(dsn->user, "joe");
    assert_string_equal(dsn->password, "p@:/%");
    assert_string_equal(dsn->authority, "a%41");
    assert_string_equal(dsn->path, "/d e");
    assert_string_equal(psync_dsn_get(dsn, "name"), "v&=\xff");
    assert_string_equal(psync_dsn_get(dsn, "path"), "/tmp");
    psync__dsn_free(dsn);
}

static void broken_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {"%", "%4", "%zz", "%4g", "%00", "a%"};
    char text[100];
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        snprintf(text, sizeof text, "x://n?o=%s", broken[i]);
        refused(text, "%");
        snprintf(text, sizeof text, "x://n?%s=v", broken[i]);
        refused(text, "%");
        snprintf(text, sizeof text, "x://n/%s", broken[i]);
        refused(text, "%");
        snprintf(text, sizeof text, "x://u%s@n", broken[i]);
        refused(text, "%");
        snprintf(text, sizeof text, "x://u:hush%s@n", broken[i]);
        refused(text, "%");
        assert_null(strstr(error.message, "hush"));
    }
}

static void what_is_no_dsn_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "shm", "shm:", "shm:/x", "://x", "/dev/shm/x", "default", "?a://b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (strcmp(wrong[i], "?a://b") != 0) refused(wrong[i], "://");
    }
    static char huge[20000];
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge, "shm://", 6);
    refused(huge, "19999");
}

static void an_option_given_twice_is_refused_by_name(void **state)
{
    (void)state;
    refused("x://n?a=1&b=2&a=3", "\"a\"");
    refused("x://n?a=1&%61=3", "\"a\"");
    refused("x://n?timeout=1&timeout=2", "timeout");
}

static void too_many_options_are_refused(void **state)
{
    (void)state;
    char text[2000] = "x://n?";
    for (int i = 0; i < 100; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "o%d=1&", i);
    refused(text, "options");
}

static void the_timeout_is_read_in_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"1", S},           {"0.25", 250 * MS},       {"30", 30 * S},
                {"0.000000001", 1}, {"1000000", 1000000 * S}, {"007", 7 * S}};
    char text[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "x://n?a=1&timeout=%s", good[i].text);
        psync_dsn *dsn = parse(text);
        assert_int_equal(dsn->timeout, good[i].ns);
        assert_int_equal(dsn->option_count, 1);
        assert_null(psync_dsn_get(dsn, "timeout"));
        assert_string_equal(dsn->text, text);
        psync__dsn_free(dsn);
    }
}

static void a_wrong_timeout_is_refused_by_name_and_value(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "0",
                                        "0.0",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1s",
                                        "1,5",
                                        "inf",
                                        "nan",
                                        "0x10",
                                        "1e3",
                                        ".5",
                                        "1.2.3",
                                        "1000001",
                                        "99999999999999999999",
                                        "0.0000000001"};
    char text[200];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "x://n?timeout=%s", wrong[i]);
        refused(text, "timeout");
        assert_non_null(strstr(error.message, wrong[i]));
    }
    refused("x://n?timeout", "timeout");
}

/* ---- secrets -------------------------------------------------------------------- */

static void the_shown_text_has_everything_but_the_password(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } dsns[] = {
        {"shm://n?path=/x%20y&size=1M", "shm://n?path=/x%20y&size=1M"},
        {"redis://joe:s3cret@h:1/0?a=b", "redis://joe@h:1/0?a=b"},
        {"redis://:s3cret@h", "redis://@h"},
        {"redis://joe:s3%63ret@h", "redis://joe@h"},
        {"redis://joe:s3cret:s3cret@h", "redis://joe@h"},
        {"redis://joe:s3@cret@h", "redis://joe@h"},
        {"mysql://h/db?user=joe&password=s3cret&x=1", "mysql://h/db?user=joe&x=1"},
        {"mysql://h/db?password=s3cret", "mysql://h/db"},
        {"mysql://h/db?%70assword=s3cret", "mysql://h/db"},
        {"mysql://h?x=1&PassWord=s3cret&y=2", "mysql://h?x=1&y=2"},
        {"mysql://h?sslpwd=s3cret", "mysql://h"},
        {"mysql://h?token=s3cret", "mysql://h"},
        {"a://u:p%2Fq%40r@h:1,g:2/d", "a://u@h:1,g:2/d"},
        {"a:///dir/sub?x=/y@z", "a:///dir/sub?x=/y@z"},
    };
    for (size_t i = 0; i < sizeof dsns / sizeof *dsns; i++) {
        psync_dsn *dsn = parse(dsns[i].text);
        assert_string_equal(dsn->text, dsns[i].shown);
        psync__dsn_free(dsn);
    }
    psync_dsn *dsn = parse("mysql://h/db?password=s%33cret");
    assert_string_equal(psync_dsn_get(dsn, "password"), "s3cret");
    psync__dsn_free(dsn);
}

/* A password that somebody forgot to escape is one all the same: no message and no shown text may have it. */
static void a_password_is_in_no_message(void **state)
{
    (void)state;
    static const char *const dsns[] = {
        "redis://joe:s3cret@h/x",
        "redis://joe:s3cret@h,i",
        "redis://joe:s3cret@h?x=%zz",
        "redis://joe:s3cret@h?timeout=0",
        "nosuch://joe:s3cret@h",
        "redis://h?password=s3cret&a=1&a=2",
        "redis://joe:s3cret@h?frobnicate=1",
        "redis://h?password=s3cret&timeout=x",
        "shm://joe:s3cret@h",
        "shm://h?password=s3cret",
        "redis://h?password=s3cret%zz",
        "shm://joe:s3cret/x@h",
        "shm://joe:s3cret?x@h",
        "shm://u:x/s3cret@name",
        "shm://u:x?s3cret@name",
        "shm://u:x@s3cret/y@z",
        "u:s3cret@host",
        "u:s3cret@host/?x=a://b",
        "shm://n?Passwd=s3cret%",
        "shm://u:s3cret@n?x=1&x",
    };
    for (size_t i = 0; i < sizeof dsns / sizeof *dsns; i++) {
        psync_space *space = NULL;
        memset(&error, 0, sizeof error);
        assert_true(psync_space_open(dsns[i], NULL, &space, &error) < 0);
        assert_null(space);
        assert_true(error.message[0] != '\0');
        if (strstr(error.message, "s3cret")) fail_msg("%s: %s", dsns[i], error.message);
    }
}

/* ---- what drivers ask ------------------------------------------------------------- */

static void an_option_that_is_not_allowed_is_named_and_those_that_are_too(void **state)
{
    (void)state;
    static const char *const allowed[] = {"path", "mode", NULL};
    psync_dsn *dsn = parse("x://n?mode=1&path=2&timeout=3");
    assert_int_equal(psync_dsn_allow(dsn, allowed, &error), PSYNC_OK);
    psync__dsn_free(dsn);
    dsn = parse("x://n?mode=1&moed=2&wrong=3");
    assert_int_equal(psync_dsn_allow(dsn, allowed, &error), PSYNC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "moed"));
    assert_null(strstr(error.message, "wrong"));
    assert_non_null(strstr(error.message, "path"));
    assert_non_null(strstr(error.message, "mode"));
    assert_non_null(strstr(error.message, "timeout"));
    psync__dsn_free(dsn);
}

static void an_unknown_scheme_is_named_and_those_that_are_built_in_too(void **state)
{
    (void)state;
    psync_space *space = NULL;
    assert_int_equal(psync_space_open("frob://x", NULL, &space, &error), PSYNC_ERROR_NO_DRIVER);
    assert_non_null(strstr(error.message, "frob"));
    assert_non_null(strstr(error.message, "shm"));
    assert_null(space);
}

static void a_driver_that_was_not_built_in_says_so_and_how_to_get_it(void **state)
{
    (void)state;
    bool built_in;
    const char *scheme;
    for (size_t i = 0; (scheme = psync_scheme(i, &built_in)) != NULL; i++) {
        if (built_in) continue;
        char dsn[64];
        psync_space *space = NULL;
        snprintf(dsn, sizeof dsn, "%s://x", scheme);
        assert_int_equal(psync_space_open(dsn, NULL, &space, &error), PSYNC_ERROR_NO_DRIVER);
        assert_non_null(strstr(error.message, scheme));
        assert_non_null(strstr(error.message, "not built in"));
        assert_non_null(strstr(error.message, "Debian: lib"));
    }
}

static void the_schemes_are_listed(void **state)
{
    (void)state;
    bool shm = false;
    size_t count = 0;
    for (const char *scheme; (scheme = psync_scheme(count, NULL)) != NULL; count++) {
        bool built_in = false;
        assert_string_equal(psync_scheme(count, &built_in), scheme);
        if (strcmp(scheme, "shm") == 0) shm = built_in;
    }
    assert_true(shm);
    assert_true(count >= 6); /* those that were not built in as well */
    assert_null(psync_scheme(count + 1, NULL));
    assert_null(psync_scheme(SIZE_MAX, NULL));
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", PSYNC_VERSION_MAJOR, PSYNC_VERSION_MINOR, PSYNC_VERSION_PATCH);
    assert_string_equal(psync_version(), version);
    assert_string_equal(PSYNC_VERSION, version);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_parts_are_told_apart),
        TEST(absent_parts_are_empty),
        TEST(percent_escapes_are_decoded_in_each_part_but_the_authority),
        TEST(broken_escapes_are_refused),
        TEST(what_is_no_dsn_is_refused),
        TEST(an_option_given_twice_is_refused_by_name),
        TEST(too_many_options_are_refused),
        TEST(the_timeout_is_read_in_seconds),
        TEST(a_wrong_timeout_is_refused_by_name_and_value),
        TEST(the_shown_text_has_everything_but_the_password),
        TEST(a_password_is_in_no_message),
        TEST(an_option_that_is_not_allowed_is_named_and_those_that_are_too),
        TEST(an_unknown_scheme_is_named_and_those_that_are_built_in_too),
        TEST(a_driver_that_was_not_built_in_says_so_and_how_to_get_it),
        TEST(the_schemes_are_listed),
    };
    return cmocka_run_group_tests_name("dsn", tests, NULL, NULL);
}
