/* SPDX-License-Identifier: BSD-3-Clause */
/* test_redis_options.c - what the forms of a redis DSN mean, and what is refused in them. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "dsn.h"
#if PSYNC_WITH_REDIS
#include "drivers/redis/options.h"

static psync_error error;
static const psync_options plain;

/* Reads a DSN; the caller frees it. */
static psync_dsn *read_dsn(const char *text, struct redis_options *options)
{
    memset(&error, 0, sizeof error);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (!dsn || redis_options_read(dsn, &plain, options, &error)) fail_msg("%s: %s", text, error.message);
    return dsn;
}

static void refused(const char *text, const char *says)
{
    struct redis_options options;
    memset(&error, 0, sizeof error);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (!dsn) fail_msg("%s: %s", text, error.message);
    psync_result r = redis_options_read(dsn, &plain, &options, &error);
    psync__dsn_free(dsn);
    if (r != PSYNC_ERROR_ARGUMENT) fail_msg("%s: result %d", text, (int)r);
    if (!strstr(error.message, says)) fail_msg("%s: \"%s\" does not say \"%s\"", text, error.message, says);
}

static void a_host_may_come_with_port_database_user_and_password(void **state)
{
    (void)state;
    struct redis_options o;
    psync_dsn *dsn = read_dsn("redis://joe:s3c%40ret@db.example:7000/5?space=a&timeout=2", &o);
    assert_int_equal(o.host_count, 1);
    assert_string_equal(o.hosts[0].name, "db.example");
    assert_string_equal(o.hosts[0].port, "7000");
    assert_int_equal(o.database, 5);
    assert_string_equal(o.user, "joe");
    assert_string_equal(o.password, "s3c@ret");
    assert_false(o.tls);
    psync__dsn_free(dsn);
    dsn = read_dsn("redis://:secret@[::1]", &o);
    assert_string_equal(o.hosts[0].name, "::1");
    assert_string_equal(o.hosts[0].port, "6379");
    assert_null(o.user);
    assert_string_equal(o.password, "secret");
    psync__dsn_free(dsn);
    dsn = read_dsn("redis://[fe80::1%25eth0]:1/?wait_replicas=2", &o);
    assert_string_equal(o.hosts[0].port, "1");
    assert_int_equal(o.wait_replicas, 2);
    assert_int_equal(o.database, 0);
    psync__dsn_free(dsn);
}

static void tls_verifies_unless_told_otherwise(void **state)
{
    (void)state;
    struct redis_options o;
    psync_dsn *dsn = read_dsn("rediss://h", &o);
    assert_true(o.tls);
    assert_true(o.verify);
    psync__dsn_free(dsn);
    dsn = read_dsn("rediss://h?verify=no&cafile=/a&cert=/b&key=/c&servername=s", &o);
    assert_false(o.verify);
    assert_string_equal(o.cafile, "/a");
    assert_string_equal(o.cert, "/b");
    assert_string_equal(o.key, "/c");
    assert_string_equal(o.servername, "s");
    psync__dsn_free(dsn);
}

static void a_socket_is_named_by_its_path(void **state)
{
    (void)state;
    struct redis_options o;
    psync_dsn *dsn = read_dsn("redis+unix:///run/redis/s%20.sock?db=3", &o);
    assert_string_equal(o.hosts[0].name, "/run/redis/s .sock");
    assert_string_equal(o.hosts[0].port, "");
    assert_int_equal(o.database, 3);
    psync__dsn_free(dsn);
    dsn = read_dsn("redis+unix://:secret@/s", &o);
    assert_string_equal(o.password, "secret");
    psync__dsn_free(dsn);
}

static void sentinels_are_many_and_know_the_server_by_a_name(void **state)
{
    (void)state;
    struct redis_options o;
    psync_dsn *dsn = read_dsn("redis+sentinel://:pw@a,b:1,[::2]:3/mymaster/7?sentinel_password=x&tls=yes", &o);
    assert_int_equal(o.host_count, 3);
    assert_string_equal(o.hosts[0].port, "26379");
    assert_string_equal(o.hosts[1].port, "1");
    assert_string_equal(o.hosts[2].name, "::2");
    assert_string_equal(o.master, "mymaster");
    assert_int_equal(o.database, 7);
    assert_string_equal(o.sentinel_password, "x");
    assert_true(o.tls);
    assert_null(strstr(dsn->text, "=x"));
    psync__dsn_free(dsn);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    refused("redis://", "HOST:PORT/DATABASE");
    refused("redis://h:", "HOST:PORT/DATABASE");
    refused("redis://h:0", "HOST:PORT/DATABASE");
    refused("redis://h:65536", "HOST:PORT/DATABASE");
    refused("redis://h:6379x", "HOST:PORT/DATABASE");
    refused("redis://[::1", "HOST:PORT/DATABASE");
    refused("redis://[::1]x", "HOST:PORT/DATABASE");
    refused("redis://a,b", "HOST:PORT/DATABASE");
    refused("redis://h/x", "database");
    refused("redis://h/1?db=2", "twice");
    refused("redis://h?db=-1", "db");
    refused("redis://h?wait_replicas=x", "wait_replicas");
    refused("redis://h?cafile=/a", "no option \"cafile\"");
    refused("redis://joe@h", "without a password");
    refused("rediss://h?verify=maybe", "yes or no");
    refused("rediss://h?cert=/a", "cert and key");
    refused("rediss://h?cafile=a", "absolute path");
    refused("redis+unix://h/s", "/PATH/OF/SOCKET");
    refused("redis+unix:///", "/PATH/OF/SOCKET");
    refused(
        "redis+unix:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "the system allows 107");
    refused("redis+sentinel://h", "MASTER");
    refused("redis+sentinel://h,/m", "MASTER");
    refused("redis+sentinel://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a/m", "more than 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_may_come_with_port_database_user_and_password),
        cmocka_unit_test(tls_verifies_unless_told_otherwise),
        cmocka_unit_test(a_socket_is_named_by_its_path),
        cmocka_unit_test(sentinels_are_many_and_know_the_server_by_a_name),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
#include "left_out.h"
#endif
