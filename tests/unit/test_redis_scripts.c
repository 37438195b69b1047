/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_scripts.c - what the scripts do on a real server: a repeat gets
 * the result it had, a late request is refused, numbers stay exact, an attempt
 * that was given up leaves nothing, old records go, what somebody else wrote
 * hides nothing. Skipped without a server.
 */
#include "redis_server.h"

#if PSYNC_WITH_REDIS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A request about the Integer KEY_I. */
static const char *integer(enum redis_script script, const char *client, int number, const char *one,
                           const char *two)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%016d", number);
    const char *const arguments[] = {client, digits, "0", one, two};
    return redis_script(script, KEY_I, two ? 5 : one ? 4 : 3, arguments);
}

static void a_repeat_gets_the_stored_result_and_a_late_request_is_refused(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(integer(REDIS_ADD, ONE, 2, "5", NULL), "5");
    assert_string_equal(integer(REDIS_ADD, TWO, 1, "1", NULL), "6");
    assert_string_equal(integer(REDIS_ADD, ONE, 2, "5", NULL), "5");
    assert_non_null(strstr(integer(REDIS_ADD, ONE, 1, "5", NULL), "STALE"));
    assert_string_equal(integer(REDIS_COMPARE_SET, ONE, 3, "5", "0"), "6");
    assert_string_equal(integer(REDIS_SET, TWO, 2, "5", NULL), "ok");
    assert_string_equal(integer(REDIS_COMPARE_SET, ONE, 3, "5", "0"), "6");
    assert_int_equal(redis_ask("HGET " KEY_I " v"), 5);
    assert_string_equal(integer(REDIS_REMOVE, ONE, 4, NULL, NULL), "ok");
    assert_string_equal(integer(REDIS_ADD, TWO, 3, "1", NULL), "1");
    assert_string_equal(integer(REDIS_REMOVE, ONE, 4, NULL, NULL), "ok");
    assert_int_equal(redis_ask("HGET " KEY_I " v"), 1);
}

static void numbers_are_exact_to_the_ends_of_64_bits(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    static const struct {
        const char *from, *by, *becomes;
    } cases[] = {
        {"9223372036854775806", "1", "9223372036854775807"},
        {"9223372036854775807", "1", "over"},
        {"-9223372036854775808", "-1", "over"},
        {"-9223372036854775808", "9223372036854775808", "0"},
        {"-1", "9223372036854775808", "9223372036854775807"},
        {"0", "9223372036854775808", "over"},
        {"9007199254740992", "1", "9007199254740993"},
        {"9007199254740993", "-1", "9007199254740992"},
        {"4503599627370495", "4503599627370495", "9007199254740990"},
        {"-4503599627370496", "-9223372036854775807", "over"},
        {"1", "-9223372036854775808", "-9223372036854775807"},
        {"-1", "1", "0"},
    };
    int number = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(integer(REDIS_SET, ONE, ++number, cases[i].from, NULL), "ok");
        assert_string_equal(integer(REDIS_ADD, ONE, ++number, cases[i].by, NULL), cases[i].becomes);
        assert_string_equal(integer(REDIS_ADD, ONE, number, cases[i].by, NULL), cases[i].becomes);
        bool over = strcmp(cases[i].becomes, "over") == 0;
        const char *now = integer(REDIS_COMPARE_SET, TWO, number, over ? cases[i].from : cases[i].becomes, "0");
        assert_string_equal(now, "ok");
    }
}

static void an_overflow_creates_nothing(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "9223372036854775808", NULL), "over");
    assert_int_equal(redis_ask("HEXISTS " KEY_I " v"), 0);
    assert_true(redis_ask("PTTL " KEY_I) > 0);
    assert_string_equal(integer(REDIS_ADD, ONE, 2, "0", NULL), "0");
    assert_int_equal(redis_ask("PTTL " KEY_I), -1);
}

static void a_value_that_is_no_number_is_an_error_and_stays(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    static const char *const values[] = {"",   "x",  "1.5", "1e400", "nan", "0x10", "05",
                                         " 5", "5 ", "1e3", "5.0",   "+5",  "-0"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        freeReplyObject(redisCommand(redis, "HSET " KEY_I " v %b", values[i], strlen(values[i])));
        assert_non_null(strstr(integer(REDIS_ADD, ONE, (int)i + 1, "1", NULL), "not an integer"));
        redisReply *reply = redisCommand(redis, "HGET " KEY_I " v");
        assert_string_equal(reply->str, values[i]);
        freeReplyObject(reply);
    }
}

static void a_repeated_release_frees_no_later_acquisition(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char first[32];
    strcpy(first, redis_take(ONE, 1, "0"));
    assert_memory_equal(first, "ok ", 3);
    assert_string_equal(redis_take(ONE, 1, "0"), first);
    assert_memory_equal(redis_take(TWO, 1, "0"), "busy ", 5);
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 2, first + 3, NULL, NULL), "ok 0");
    assert_string_equal(redis_take(TWO, 1, "0"), "busy");
    assert_memory_equal(redis_take(TWO, 2, "0"), "ok ", 3);
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 2, first + 3, NULL, NULL), "ok");
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, first + 3, NULL, NULL), "none");
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 4, "", NULL, NULL), "none");
    assert_string_not_equal(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "(nil)");
}

/* What the server has counted as changes. */
static long long changes(void)
{
    redisReply *reply = redisCommand(redis, "INFO persistence");
    assert_non_null(reply);
    const char *line = strstr(reply->str, "rdb_changes_since_last_save:");
    assert_non_null(line);
    long long count = atoll(strchr(line, ':') + 1);
    freeReplyObject(reply);
    return count;
}

static void a_repeat_writes_so_that_replicas_can_be_waited_for(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "5", NULL), "5");
    assert_memory_equal(redis_take(ONE, 1, "0"), "ok ", 3);
    long long before = changes();
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "5", NULL), "5");
    assert_true(changes() > before);
    before = changes();
    assert_memory_equal(redis_take(ONE, 1, "0"), "ok ", 3);
    assert_true(changes() > before);
}

static void a_repeat_on_a_full_server_gets_its_result(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "5", NULL), "5");
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 1"));
    const char *full = integer(REDIS_ADD, ONE, 2, "5", NULL);
    assert_non_null(strstr(full, "OOM"));
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "5", NULL), "5");
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 0"));
}

/* As many records that are not old as make a client that comes for the first time look over them. */
static void crowd(const char *key)
{
    for (int i = 0; i < 40; i++)
        freeReplyObject(redisCommand(redis, "HSET %s new%029d %s", key, i, "0000000000000001 9999999999 1"));
}

static void a_full_server_lets_go_and_keeps_alive(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    snprintf(fence, sizeof fence, "%s", redis_take(ONE, 1, "3600000000") + 3);
    integer(REDIS_SET, ONE, 1, "5", NULL);
    crowd(KEY_L);
    crowd(KEY_I);
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 1"));
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 2, fence, "2", "7200000000"), "ok");
    assert_true(redis_ask("PTTL " KEY_L) > 7200000);
    assert_string_equal(lock_request(REDIS_RELEASE, TWO, 1, fence, NULL, NULL), "ok 0");
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, fence, NULL, NULL), "none");
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 4, fence, "2", "7200000000"), "none");
    assert_string_equal(integer(REDIS_REMOVE, TWO, 1, NULL, NULL), "ok");
    assert_string_equal(integer(REDIS_REMOVE, ONE, 2, NULL, NULL), "none");
    assert_string_equal(integer(REDIS_REMOVE, TWO, 1, NULL, NULL), "ok");
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 0"));
}

static void an_attempt_that_was_given_up_leaves_nothing_and_cannot_come_late(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_memory_equal(redis_take(ONE, 1, "0"), "ok ", 3);
    assert_string_equal(lock_request(REDIS_SETTLE, ONE, 1, NULL, NULL, NULL), "ok");
    assert_string_equal(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "(nil)");
    assert_string_equal(lock_request(REDIS_SETTLE, ONE, 2, NULL, NULL, NULL), "ok");
    assert_string_equal(redis_take(ONE, 2, "0"), "busy");
    assert_memory_equal(redis_take(TWO, 1, "0"), "ok ", 3);
    assert_string_equal(lock_request(REDIS_SETTLE, ONE, 2, NULL, NULL, NULL), "ok");
    assert_string_equal(lock_request(REDIS_SETTLE, ONE, 3, NULL, NULL, NULL), "ok");
    assert_string_not_equal(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "(nil)");
}

static void a_change_that_was_given_up_cannot_come_late(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(integer(REDIS_ADD, TWO, 1, "5", NULL), "5");
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "1", NULL), "6");
    assert_string_equal(integer(REDIS_SETTLE, ONE, 1, NULL, NULL), "ok");
    assert_string_equal(integer(REDIS_ADD, ONE, 1, "1", NULL), "6"); /* it was done in time */
    assert_string_equal(integer(REDIS_SETTLE, ONE, 2, NULL, NULL), "ok");
    integer(REDIS_ADD, ONE, 2, "1", NULL);
    assert_int_equal(redis_ask("HGET " KEY_I " v"), 6);
    assert_int_equal(redis_ask("PTTL " KEY_I), -1);
    assert_string_equal(integer(REDIS_ADD, ONE, 3, "1", NULL), "7");
    assert_string_equal(integer(REDIS_REMOVE, ONE, 4, NULL, NULL), "ok");
    assert_string_equal(integer(REDIS_SETTLE, TWO, 2, NULL, NULL), "ok");
    assert_true(redis_ask("PTTL " KEY_I) > 0);
}

static void fences_grow_though_the_server_forgets_or_was_ahead(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    long long first = atoll(redis_take(ONE, 1, "0") + 3);
    assert_true(first > 1600000000000000LL);
    redis_fresh(NULL);
    long long second = atoll(redis_take(ONE, 2, "0") + 3);
    assert_true(second > first);
    redis_free(ONE, 3);
    freeReplyObject(redisCommand(redis, "HSET " KEY_L " f 4000000000000000"));
    assert_string_equal(redis_take(ONE, 4, "0"), "ok 4000000000000001");
}

static void a_hash_expires_only_while_it_holds_nothing(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    redis_take(ONE, 1, "0");
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
    redis_free(ONE, 2);
    assert_in_range(redis_ask("PTTL " KEY_L), 1000 * REDIS_RECORD_LIFE_S / 2, 1000 * REDIS_RECORD_LIFE_S);
    redis_take(ONE, 3, "3600000000");
    assert_true(redis_ask("PTTL " KEY_L) > 3600000);
    integer(REDIS_SET, ONE, 1, "1", NULL);
    assert_int_equal(redis_ask("PTTL " KEY_I), -1);
    integer(REDIS_REMOVE, ONE, 2, NULL, NULL);
    assert_true(redis_ask("PTTL " KEY_I) > 0);
    redis_script(REDIS_WATCH, KEY_I, 1, (const char *const[]){"channel"});
    integer(REDIS_SET, ONE, 3, "1", NULL);
    assert_int_equal(redis_ask("PTTL " KEY_I), -1);
    assert_int_equal(redis_ask("HEXISTS " KEY_I " w"), 0);
}

static void what_is_no_acquisition_can_be_freed_all_the_same(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    freeReplyObject(redisCommand(redis, "HSET " KEY_L " s garbage f 12x"));
    assert_memory_equal(redis_take(ONE, 1, "0"), "busy 0 0 -1", 11);
    assert_memory_equal(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "0 0 -1", 6);
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 2, "0", NULL, NULL), "ok 0");
    assert_memory_equal(redis_take(ONE, 3, "0"), "ok ", 3);
}

static void old_records_are_swept_and_young_ones_stay(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    enum { OLD = 700, YOUNG = 300 };
    char client[40];
    integer(REDIS_ADD, ONE, 1, "0", NULL);
    for (int i = 0; i < OLD; i++) {
        freeReplyObject(redisCommand(redis, "HSET " KEY_I " old%029d %s", i, "0000000000000001 1000000000 1"));
    }
    for (int i = 0; i < YOUNG; i++) {
        snprintf(client, sizeof client, "new%029d", i);
        integer(REDIS_ADD, client, 1, "1", NULL);
    }
    assert_in_range(redis_ask("HLEN " KEY_I), YOUNG + 1, YOUNG + 3);
    for (int i = 0; i < YOUNG; i++) {
        snprintf(client, sizeof client, "new%029d", i);
        assert_int_equal(atoi(integer(REDIS_ADD, client, 1, "1", NULL)), i + 1);
    }
}

/* A client's request that added 5 and whose record is so old, and many others who come after it. */
static void others_come(const char *client, int64_t age)
{
    char newcomer[40], record[48];
    snprintf(record, sizeof record, "0000000000000007 %010lld 15", (long long)(time(NULL) - (time_t)age));
    integer(REDIS_SET, TWO, 1, "10", NULL);
    assert_string_equal(integer(REDIS_ADD, client, 7, "5", NULL), "15");
    freeReplyObject(redisCommand(redis, "HSET " KEY_I " %s %s", client, record));
    crowd(KEY_I);
    for (int i = 0; i < 100; i++) {
        snprintf(newcomer, sizeof newcomer, "late%028d", i);
        integer(REDIS_ADD, newcomer, 1, "0", NULL);
    }
}

/* A record's time may be a quarter of its life old already when a request is made, which is repeated for half of
 * it. */
static void a_record_outlives_all_repeats_of_its_request(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    others_come(ONE, REDIS_RECORD_LIFE_S * 3 / 4);
    assert_string_equal(integer(REDIS_ADD, ONE, 7, "5", NULL), "15");
    assert_int_equal(redis_ask("HGET " KEY_I " v"), 15);
}

/* That is why net sends none so late. */
static void a_repeat_without_its_record_is_taken_for_a_new_request(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    others_come(ONE, REDIS_RECORD_LIFE_S + 10);
    assert_int_equal(redis_ask("HEXISTS " KEY_I " " ONE), 0);
    assert_string_equal(integer(REDIS_ADD, ONE, 7, "5", NULL), "20");
}

/* What a list or a check of the space told. */
static struct {
    int locks, integers, findings;
    char found[2][PSYNC_MESSAGE_SIZE];
} told;

static int tell_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument, (void)owner;
    assert_memory_equal(key, "good", length);
    told.locks++;
    return 0;
}

static int tell_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument;
    assert_memory_equal(key, "good", length);
    assert_int_equal(value, 5);
    told.integers++;
    return 0;
}

static int tell_finding(void *argument, const psync_finding *finding)
{
    (void)argument;
    if (finding->severity != PSYNC_WRONG) return 0;
    assert_in_range(told.findings, 0, 3);
    if (told.findings < 2) strcpy(told.found[told.findings], finding->what);
    told.findings++;
    return 0;
}

static void one_damaged_key_hides_no_other(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    static const char *const words[] = {"HSET {s:bad}:l s x o y",      "SET {s:text}:l x",
                                        "HSET {s:bad}:i v 05",         "SET {s:text}:i 5",
                                        "HSET {s:good}:i v 5 other x", "SET {other:x}:l x"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) freeReplyObject(redisCommand(redis, words[i]));
    char dsn[100];
    psync_error error;
    psync_space *space;
    psync_lock *lock;
    memset(&told, 0, sizeof told);
    snprintf(dsn, sizeof dsn, "redis+unix://%s?space=s", redis_socket);
    assert_int_equal(psync_space_open(dsn, NULL, &space, &error), PSYNC_OK);
    assert_int_equal(psync_lock_open(space, "good", 4, &lock, &error), PSYNC_OK);
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, &error), PSYNC_OK);
    assert_int_equal(psync_space_each_lock(space, tell_lock, NULL, &error), PSYNC_OK);
    assert_int_equal(psync_space_each_integer(space, tell_integer, NULL, &error), PSYNC_OK);
    assert_int_equal(psync_space_check(space, false, tell_finding, NULL, &error), PSYNC_OK);
    psync_lock_close(lock);
    psync_space_close(space);
    assert_int_equal(told.locks, 1);
    assert_int_equal(told.integers, 1);
    assert_int_equal(told.findings, 4);
    assert_non_null(strstr(told.found[0], "Lock \"bad\""));
    assert_non_null(strstr(told.found[1], "Lock \"text\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_repeat_gets_the_stored_result_and_a_late_request_is_refused, redis_fresh),
        cmocka_unit_test_setup(numbers_are_exact_to_the_ends_of_64_bits, redis_fresh),
        cmocka_unit_test_setup(an_overflow_creates_nothing, redis_fresh),
        cmocka_unit_test_setup(a_value_that_is_no_number_is_an_error_and_stays, redis_fresh),
        cmocka_unit_test_setup(a_repeated_release_frees_no_later_acquisition, redis_fresh),
        cmocka_unit_test_setup(a_repeat_writes_so_that_replicas_can_be_waited_for, redis_fresh),
        cmocka_unit_test_setup(a_repeat_on_a_full_server_gets_its_result, redis_fresh),
        cmocka_unit_test_setup(a_full_server_lets_go_and_keeps_alive, redis_fresh),
        cmocka_unit_test_setup(an_attempt_that_was_given_up_leaves_nothing_and_cannot_come_late, redis_fresh),
        cmocka_unit_test_setup(a_change_that_was_given_up_cannot_come_late, redis_fresh),
        cmocka_unit_test_setup(fences_grow_though_the_server_forgets_or_was_ahead, redis_fresh),
        cmocka_unit_test_setup(a_hash_expires_only_while_it_holds_nothing, redis_fresh),
        cmocka_unit_test_setup(what_is_no_acquisition_can_be_freed_all_the_same, redis_fresh),
        cmocka_unit_test_setup(old_records_are_swept_and_young_ones_stay, redis_fresh),
        cmocka_unit_test_setup(a_record_outlives_all_repeats_of_its_request, redis_fresh),
        cmocka_unit_test_setup(a_repeat_without_its_record_is_taken_for_a_new_request, redis_fresh),
        cmocka_unit_test_setup(one_damaged_key_hides_no_other, redis_fresh),
    };
    return cmocka_run_group_tests(tests, redis_set_up, redis_tear_down);
}

#else
#include "left_out.h"
#endif
