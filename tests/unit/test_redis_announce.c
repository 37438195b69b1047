/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_announce.c - releases that wake first and then do the rest (announce.c), on a real server: which are
 * announced, what waiters are told, and what is left of it. Skipped without a server.
 */
#include "redis_server.h"

#if PSYNC_WITH_REDIS
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static psync_space *space;
static psync_lock *gate;
static psync_error error;

static int interrupts; /* the hook's calls */

static int count_interrupt(void *argument)
{
    (void)argument;
    interrupts++;
    return 0;
}

static void open_gate(const char *user)
{
    char dsn[160];
    snprintf(dsn, sizeof dsn, "redis+unix://%s%s?space=s", user, redis_socket);
    assert_int_equal(psync_space_open(dsn, NULL, &space, &error), PSYNC_OK);
    assert_int_equal(psync_lock_open(space, "k", 1, &gate, &error), PSYNC_OK);
}

static void close_gate(void)
{
    psync_lock_close(gate);
    psync_space_close(space);
}

/* The monotonic clock: stands still, but for a pause; or goes by so much each time it is read. */
static atomic_int_least64_t now = FAKE_MONOTONIC_START;
static int64_t tick;

static int64_t monotonic(void)
{
    return atomic_fetch_add(&now, tick);
}

/* What a release needs to be worth announcing. */
static const int64_t QUIET = MS;

static void pause_for(int64_t length)
{
    atomic_fetch_add(&now, length);
}

static int fresh(void **state)
{
    tick = 0;
    return redis_fresh(state);
}

static int set_up(void **state)
{
    static struct psync_clock clock;
    clock = *psync__clock;
    clock.monotonic = monotonic;
    psync__clock = &clock;
    return redis_set_up(state);
}

static void take_gate(void)
{
    if (psync_lock_acquire(gate, NULL, NULL, &error)) fail_msg("%s", error.message);
}

static void free_gate(void)
{
    if (psync_lock_release(gate, &error)) fail_msg("%s", error.message);
}

static void take_and_free(void)
{
    take_gate();
    pause_for(QUIET);
    free_gate();
}

static long long calls(const char *command)
{
    char line[64];
    redisReply *reply = redisCommand(redis, "INFO commandstats");
    assert_non_null(reply);
    snprintf(line, sizeof line, "cmdstat_%s:calls=", command);
    const char *found = strstr(reply->str, line);
    const long long count = found ? atoll(found + strlen(line)) : 0;
    freeReplyObject(reply);
    return count;
}

static void a_release_after_a_pause_is_announced_and_told_once(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    redisContext *ear = redisConnectUnix(redis_socket);
    redisReply *heard;
    assert_non_null(ear);
    freeReplyObject(redisCommand(ear, "PSUBSCRIBE phpsync:*"));
    open_gate("");
    const long long before = calls("exec"), pings = calls("ping");
    for (int i = 0; i < 3; i++) {
        take_and_free();
        const uint64_t fence = psync_lock_last_fence(gate);
        assert_int_equal(redisGetReply(ear, (void **)&heard), REDIS_OK);
        assert_int_equal(heard->elements, 4);
        char end[32];
        snprintf(end, sizeof end, "0 %" PRIu64 " ", fence);
        assert_string_equal(heard->element[3]->str, end);
        freeReplyObject(heard);
        assert_int_equal(psync_lock_exists(gate, &error), PSYNC_NO);
    }
    assert_int_equal(calls("exec"), before + 3);
    assert_int_equal(calls("ping"), pings);
    freeReplyObject(redisCommand(redis, "PUBLISH phpsync:end end"));
    assert_int_equal(redisGetReply(ear, (void **)&heard), REDIS_OK);
    assert_string_equal(heard->element[3]->str, "end"); /* nothing else was told */
    freeReplyObject(heard);
    redisFree(ear);
    close_gate();
    assert_int_equal(redis_fields(), 4); /* s, o, f and one record */
}

/* Takes a Lock again at once after its first release. Whether that gave way: then it ran the hook before it slept.
 */
static bool gives_way_to_who_was_told(bool announced, int number)
{
    char key[32];
    psync_lock *other;
    snprintf(key, sizeof key, "%d-%d", announced, number);
    assert_int_equal(psync_lock_open(space, key, strlen(key), &other, &error), PSYNC_OK);
    assert_int_equal(psync_lock_acquire(other, NULL, NULL, &error), PSYNC_OK);
    if (announced) pause_for(QUIET);
    assert_int_equal(psync_lock_release(other, &error), PSYNC_OK);
    interrupts = 0;
    assert_int_equal(psync_lock_acquire(other, &(psync_wait){INFINITY, count_interrupt, NULL}, NULL, &error),
                     PSYNC_OK);
    const bool gave_way = interrupts > 0;
    assert_int_equal(psync_lock_release(other, &error), PSYNC_OK);
    assert_int_equal(psync_lock_acquire(other, &(psync_wait){.timeout = 0}, NULL, &error),
                     PSYNC_OK); /* it is free */
    psync_lock_close(other);
    return gave_way;
}

/* On a busy machine the while may be over by the time it is taken again, but not each time. */
static void who_was_told_goes_first(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    redisContext *ear = redisConnectUnix(redis_socket);
    assert_non_null(ear);
    freeReplyObject(redisCommand(ear, "PSUBSCRIBE phpsync:*"));
    open_gate("");
    tick = MS / 100;
    for (int announced = 0; announced < 2; announced++) {
        int number = 0;
        while (!gives_way_to_who_was_told(announced, number)) assert_in_range(++number, 1, 500);
    }
    redisFree(ear);
    close_gate();
}

/* The server still knows its way; another command wakes then, one that costs less. */
static void a_release_without_a_pause_is_not(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    open_gate("");
    const long long before = calls("exec"), pings = calls("ping");
    for (int i = 0; i < 3; i++) {
        take_gate();
        pause_for(QUIET - 1);
        free_gate();
        pause_for(QUIET);
    }
    close_gate();
    assert_int_equal(calls("exec"), before);
    assert_int_equal(calls("ping"), pings + 3);
}

/* One's own, whose fence is known, and others', that are looked at first. */
static void the_release_of_a_hold_is_not(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    psync_hold *hold;
    open_gate("");
    const long long before = calls("exec");
    assert_int_equal(psync_lock_hold(gate, 0, NULL, &hold, &error), PSYNC_OK);
    pause_for(QUIET);
    assert_int_equal(psync_hold_release(hold, &error), PSYNC_OK);
    psync_hold_free(hold);
    psync_lock *other;
    assert_int_equal(psync_lock_open(space, "k", 1, &other, &error), PSYNC_OK);
    tick = QUIET;
    assert_int_equal(psync_lock_hold(other, 3600 * S, NULL, &hold, &error), PSYNC_OK);
    free_gate();
    psync_hold_free(hold);
    assert_int_equal(calls("exec"), before);
    assert_int_equal(psync_lock_acquire(other, NULL, NULL, &error), PSYNC_OK);
    free_gate();
    assert_int_equal(calls("exec"), before + 1);
    psync_lock_close(other);
    close_gate();
}

static void who_announces_what_has_ended_leaves_nothing_behind(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    open_gate("");
    take_gate();
    redis_free(ONE, 1);
    redis_taken(ONE, 2);
    const long long before = calls("exec");
    pause_for(QUIET);
    free_gate(); /* first its own, then what there is */
    assert_int_equal(calls("exec"), before + 1);
    close_gate();
    assert_false(redis_is_locked());
    assert_int_equal(redis_fields(), 5); /* s, o, f and two records */
}

static void a_full_server_frees_it_all_the_same(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    open_gate("");
    take_gate();
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 1"));
    pause_for(QUIET);
    psync_result r = psync_lock_release(gate, &error);
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 0"));
    if (r) fail_msg("%s", error.message);
    assert_int_equal(psync_lock_exists(gate, &error), PSYNC_NO);
    close_gate();
}

/* What an announcement consists of is refused once, and then not tried any more. */
static void who_may_not_announce_frees_it_all_the_same(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    static const char *const lacking[][2] = {
        {"-multi", "-multi"}, {"-hsetnx", "-hsetnx"}, {"-exec", "-exec"}, {"-multi", "-hsetnx"}};
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        freeReplyObject(redisCommand(redis, "ACL SETUSER w on >w ~* &* +@all %s %s", lacking[i][0], lacking[i][1]));
        freeReplyObject(redisCommand(redis, "ACL LOG RESET"));
        open_gate("w:w@");
        const long long before = calls("publish");
        for (int round = 0; round < 3; round++) {
            take_and_free();
            assert_int_equal(psync_lock_exists(gate, &error), PSYNC_NO);
            assert_false(redis_is_locked());
        }
        close_gate();
        assert_int_equal(calls("publish"), before + 3);
        redisReply *log = redisCommand(redis, "ACL LOG");
        assert_int_equal(log->elements, 1);
        assert_int_equal(log->element[0]->element[1]->integer, 1);
        freeReplyObject(log);
        freeReplyObject(redisCommand(redis, "ACL DELUSER w"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_release_after_a_pause_is_announced_and_told_once, fresh),
        cmocka_unit_test_setup(who_was_told_goes_first, fresh),
        cmocka_unit_test_setup(a_release_without_a_pause_is_not, fresh),
        cmocka_unit_test_setup(the_release_of_a_hold_is_not, fresh),
        cmocka_unit_test_setup(who_announces_what_has_ended_leaves_nothing_behind, fresh),
        cmocka_unit_test_setup(a_full_server_frees_it_all_the_same, fresh),
        cmocka_unit_test_setup(who_may_not_announce_frees_it_all_the_same, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, redis_tear_down);
}

#else
#include "left_out.h"
#endif
