/* SPDX-License-Identifier: BSD-3-Clause */
/* test_postgresql_options.c - what becomes of a postgresql DSN, and what is refused in it. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "dsn.h"
#if PSYNC_WITH_POSTGRESQL
#include "drivers/postgresql/options.h"

static psync_error error;

static psync_result read_options(const char *text, pg_options *options)
{
    memset(&error, 0, sizeof error);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (!dsn) fail_msg("%s: %s", text, error.message);
    psync_result r = pg_options_read(dsn, options, &error);
    psync__dsn_free(dsn);
    return r;
}

/* The last one of a name counts, as with libpq. */
static const char *parameter(const pg_options *options, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; options->parameters.names[i]; i++) {
        if (strcmp(options->parameters.names[i], name) == 0) value = options->parameters.values[i];
    }
    return value ? value : "";
}

static void passwords_reach_libpq_wherever_they_stand(void **state)
{
    (void)state;
    pg_options o;
    assert_int_equal(read_options("postgresql://joe:s3c%40ret@db/work?sslpassword=a%26b", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "user"), "joe");
    assert_string_equal(parameter(&o, "password"), "s3c@ret");
    assert_string_equal(parameter(&o, "sslpassword"), "a&b");
    assert_string_equal(parameter(&o, "host"), "db");
    assert_string_equal(parameter(&o, "dbname"), "work");
    pg_options_free(&o);
    assert_int_equal(read_options("postgresql://db?password=a%3Fb&passfile=/nowhere&port=7", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "password"), "a?b");
    assert_string_equal(parameter(&o, "passfile"), "/nowhere");
    assert_string_equal(parameter(&o, "port"), "7");
    pg_options_free(&o);
}

static void no_error_shows_a_password(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "postgresql://[::1/db?password=SECRET",   "postgresql://joe:SECRET@[::1/db",
        "postgresql://[]/db?sslpassword=SECRET",  "postgresql://h/db?password=SECRET&foo=1",
        "postgresql://%zz/db?password=SECRET",    "postgresql://h/db?schema=%22&password=SECRET",
        "postgresql://[::1]x/db?password=SECRET",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pg_options o;
        if (read_options(texts[i], &o) != PSYNC_ERROR_ARGUMENT) fail_msg("%s was taken", texts[i]);
        if (!*error.message || strstr(error.message, "SECRET")) fail_msg("%s: %s", texts[i], error.message);
    }
}

/* Two hours, as libpq has it, are too long for who only listens. */
static void a_peer_that_vanished_is_noticed_unless_the_user_says_otherwise(void **state)
{
    (void)state;
    pg_options o;
    assert_int_equal(unsetenv("PGSERVICE"), 0);
    assert_int_equal(read_options("postgresql://db?keepalives_idle=77&keepalives=0", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "keepalives"), "0");
    assert_string_equal(parameter(&o, "keepalives_idle"), "77");
    assert_string_equal(parameter(&o, "keepalives_interval"), "5");
    assert_string_equal(parameter(&o, "keepalives_count"), "4");
    assert_string_equal(parameter(&o, "tcp_user_timeout"), "30000");
    assert_string_equal(parameter(&o, "target_session_attrs"), "read-write");
    assert_string_equal(parameter(&o, "fallback_application_name"), "phpsync");
    pg_options_free(&o);
    assert_int_equal(read_options("postgresql://db?tcp_user_timeout=0&target_session_attrs=any", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "tcp_user_timeout"), "0");
    assert_string_equal(parameter(&o, "keepalives_idle"), "10");
    assert_string_equal(parameter(&o, "target_session_attrs"), "any");
    pg_options_free(&o);
}

/* What a service file says is not known here. */
static void a_service_may_say_otherwise(void **state)
{
    (void)state;
    pg_options o;
    assert_int_equal(unsetenv("PGSERVICE"), 0);
    assert_int_equal(read_options("postgresql://db?service=work&keepalives_count=2", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "keepalives_idle"), "");
    assert_string_equal(parameter(&o, "keepalives_count"), "2");
    assert_string_equal(parameter(&o, "target_session_attrs"), "read-write");
    pg_options_free(&o);
    assert_int_equal(setenv("PGSERVICE", "work", 1), 0);
    assert_int_equal(read_options("postgresql://db", &o), PSYNC_OK);
    assert_string_equal(parameter(&o, "tcp_user_timeout"), "");
    pg_options_free(&o);
    assert_int_equal(unsetenv("PGSERVICE"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_reach_libpq_wherever_they_stand),
        cmocka_unit_test(no_error_shows_a_password),
        cmocka_unit_test(a_peer_that_vanished_is_noticed_unless_the_user_says_otherwise),
        cmocka_unit_test(a_service_may_say_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
#include "left_out.h"
#endif
