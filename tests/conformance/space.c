/* SPDX-License-Identifier: BSD-3-Clause */
/* space.c - opening, naming and asking a space. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

static void two_openings_of_a_dsn_are_one_space(void)
{
    const char *key = fresh_key();
    psync_space *other = space_open();
    psync_lock *lock = NULL;
    psync_integer *integer = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(other, key, strlen(key), &lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_open(other, key, strlen(key), &integer, ERR));
    take(lock_of(key));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(key), 41, ERR));
    EXPECT(PSYNC_OK, psync_lock_exists(lock, ERR));
    int64_t result = 0;
    EXPECT(PSYNC_OK, psync_integer_add(integer, 1, &result, ERR));
    CHECK_EQUAL(42, result);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    psync_lock_close(lock);
    psync_integer_close(integer);
    psync_space_close(other);
    expect_free(lock_of(key));
    expect_value(integer_of(key), 42);
}

static void what_is_there_survives_the_closing_of_every_handle(void)
{
    const char *key = fresh_key();
    psync_space *first = space_open();
    psync_lock *lock = NULL;
    psync_integer *integer = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(first, key, strlen(key), &lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_open(first, key, strlen(key), &integer, ERR));
    take(lock);
    EXPECT(PSYNC_OK, psync_integer_set(integer, -7, ERR));
    psync_lock_close(lock);
    psync_integer_close(integer);
    psync_space_close(first);
    expect_locked(lock_of(key));
    expect_value(integer_of(key), -7);
}

static void a_space_knows_its_dsn_and_driver(void)
{
    const char *dsn = psync_space_dsn(space());
    const char *driver = psync_space_driver(space());
    CHECK(dsn && strstr(dsn, "://"));
    CHECK(driver && *driver);
    bool listed = false;
    const char *scheme;
    for (size_t i = 0; (scheme = psync_scheme(i, NULL)) != NULL; i++) {
        bool built_in = false;
        CHECK(psync_scheme(i, &built_in) == scheme);
        size_t length = strlen(scheme);
        if (strncmp(dsn, scheme, length) == 0 && strncmp(dsn + length, "://", 3) == 0) listed = built_in;
    }
    CHECK(listed);
}

static void the_version_at_run_time_is_the_header_s(void)
{
    CHECK(strcmp(psync_version(), PSYNC_VERSION) == 0);
}

struct facts {
    int told;
    int stop_after;
};

static int hear_fact(void *argument, const char *name, const char *value)
{
    struct facts *facts = argument;
    CHECK(name && *name);
    CHECK(value);
    CHECK(!strchr(name, '\n') && !strchr(value, '\n'));
    facts->told++;
    return facts->told == facts->stop_after;
}

static void info_tells_facts_and_can_be_stopped(void)
{
    struct facts all = {0, 0};
    EXPECT(PSYNC_OK, psync_space_info(space(), hear_fact, &all, ERR));
    CHECK(all.told > 0);
    struct facts one = {0, 1};
    EXPECT(PSYNC_NO, psync_space_info(space(), hear_fact, &one, ERR));
    CHECK_EQUAL(1, one.told);
}

static void a_space_opens_and_closes_any_number_of_times(void)
{
    const char *key = fresh_key();
    int times = rounds(300, 50);
    for (int i = 0; i < times; i++) {
        psync_space *opened = space_open();
        psync_integer *integer = NULL;
        EXPECT(PSYNC_OK, psync_integer_open(opened, key, strlen(key), &integer, ERR));
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        psync_integer_close(integer);
        psync_space_close(opened);
    }
    expect_value(integer_of(key), times);
    psync_space_close(NULL);
}

static void many_openings_at_once_meet_in_one_space_worker(int index, void *argument)
{
    (void)index;
    psync_space *opened = space_open();
    psync_integer *integer = NULL;
    EXPECT(PSYNC_OK, psync_integer_open(opened, argument, strlen(argument), &integer, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
    psync_integer_close(integer);
    psync_space_close(opened);
}

static void many_openings_at_once_meet_in_one_space(void)
{
    const char *key = fresh_key();
    int count = many(32);
    crowd_join(crowd_start(count, many_openings_at_once_meet_in_one_space_worker, (void *)(uintptr_t)key));
    expect_value(integer_of(key), count);
}

static void a_handle_tells_its_key(void)
{
    static const char key[] = "k\0e/y";
    size_t length = 0;
    psync_lock *lock = lock_of_bytes(key, 5);
    CHECK(memcmp(psync_lock_key(lock, &length), key, 5) == 0);
    CHECK_EQUAL(5, length);
    length = 0;
    psync_integer *integer = integer_of_bytes(key, 5);
    CHECK(memcmp(psync_integer_key(integer, &length), key, 5) == 0);
    CHECK_EQUAL(5, length);
}

const struct test space_tests[] = {
    THREADS(two_openings_of_a_dsn_are_one_space),
    THREADS(what_is_there_survives_the_closing_of_every_handle),
    THREADS(a_space_knows_its_dsn_and_driver),
    THREADS(the_version_at_run_time_is_the_header_s),
    THREADS(info_tells_facts_and_can_be_stopped),
    THREADS(a_space_opens_and_closes_any_number_of_times),
    EITHER(many_openings_at_once_meet_in_one_space),
    THREADS(a_handle_tells_its_key),
    END_OF_TESTS,
};
