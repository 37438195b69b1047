/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_announce.c - releases that wake first and then do the rest (announce.c), on a real server: what is
 * announced has ended, for everybody and once; whoever comes in between takes nothing from the release; what comes
 * late, or is refused, does no harm. Skipped without a server.
 */
#include "redis_server.h"

#if PSYNC_WITH_REDIS
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the scripts ---------------------------------------------------------------- */

/* The fence that somebody got. */
static const char *taken(const char *client, int number)
{
    static char fence[32];
    const char *answer = redis_take(client, number, "0");
    assert_memory_equal(answer, "ok ", 3);
    snprintf(fence, sizeof fence, "%s", answer + 3);
    return fence;
}

/* Whether it is the first. */
static bool announce(const char *client, int number, const char *fence)
{
    char request[64];
    snprintf(request, sizeof request, "%s %016d", client, number);
    redisReply *reply = redisCommand(redis, "HSETNX " KEY_L " e%s %s", fence, request);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    const bool first = reply->integer;
    freeReplyObject(reply);
    return first;
}

static const char *finish(const char *client, int number, const char *fence)
{
    return lock_request(REDIS_RELEASE, client, number, fence, "1", NULL);
}

static bool is_there(void)
{
    return strcmp(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "(nil)") != 0;
}

static long long fields(void)
{
    return redis_ask("HLEN " KEY_L);
}

static void what_was_announced_has_ended(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = taken(ONE, 1);
    assert_true(is_there());
    assert_true(announce(TWO, 7, fence));
    assert_false(is_there());
    assert_string_equal(finish(TWO, 7, fence), "ok");
    assert_string_equal(finish(TWO, 7, fence), "ok");
    assert_string_equal(finish(THREE, 1, fence), "none");
    assert_false(is_there());
    assert_true(redis_ask("PTTL " KEY_L) > 0);
    taken(THREE, 2);
    assert_true(is_there());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

static void who_takes_it_in_between_leaves_the_release_its_answer(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char first[32];
    snprintf(first, sizeof first, "%s", taken(ONE, 1));
    announce(TWO, 7, first);
    const char *second = taken(THREE, 1);
    assert_true(atoll(second) > atoll(first));
    assert_string_equal(finish(TWO, 7, first), "ok");
    assert_true(is_there());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
    assert_string_equal(finish(ONE, 2, first), "none");
    assert_true(is_there());
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, second, "0", NULL), "ok 0");
}

static void who_renews_or_frees_it_in_between_comes_too_late(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = taken(ONE, 1);
    announce(TWO, 7, fence);
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 2, fence, "2", "1000000"), "none");
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, fence, "0", NULL), "none");
    assert_string_equal(finish(TWO, 7, fence), "ok");
}

static void only_the_first_to_announce_has_freed_it(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = taken(ONE, 1);
    assert_true(announce(TWO, 7, fence));
    assert_false(announce(THREE, 1, fence));
    assert_string_equal(finish(THREE, 1, fence), "none");
    assert_string_equal(finish(TWO, 7, fence), "ok");
}

static void an_announcement_that_comes_late_means_nothing(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char first[32];
    snprintf(first, sizeof first, "%s", taken(ONE, 1));
    redis_free(ONE, 2);
    taken(ONE, 3);
    const long long before = fields();
    announce(TWO, 7, first);
    assert_true(is_there());
    assert_memory_equal(redis_take(THREE, 1, "0"), "busy ", 5);
    assert_string_equal(finish(TWO, 7, first), "none");
    assert_true(is_there());
    assert_int_equal(fields(), before + 1); /* the record of the third; nothing stays of the announcement */
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

static void a_hold_does_not_end_by_an_announcement(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    snprintf(fence, sizeof fence, "%s", lock_request(REDIS_ACQUIRE, ONE, 1, "1", "3600000000", "") + 3);
    announce(TWO, 7, fence);
    assert_true(is_there());
    assert_memory_equal(redis_take(THREE, 1, "0"), "busy ", 5);
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 2, fence, "1", "3600000000"), "ok");
}

static void a_release_that_was_given_up_has_ended_it_from_then_on(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    for (int late = 0; late < 2; late++) {
        snprintf(fence, sizeof fence, "%s", taken(ONE, 10 * late + 1));
        if (!late) announce(TWO, 10 * late + 7, fence);
        assert_string_equal(lock_request(REDIS_SETTLE, TWO, 10 * late + 7, fence, NULL, NULL), "ok");
        assert_false(is_there());
        assert_true(redis_ask("PTTL " KEY_L) > 0);
        taken(THREE, 2 * late + 1);
        announce(TWO, 10 * late + 7, fence);
        assert_true(is_there());
        redis_free(THREE, 2 * late + 2);
    }
}

/* Its client has gone on, so that record is no more its last one's; else what it asked later could happen again. */
static void one_that_comes_after_a_later_request_ends_it_and_leaves_that_its_record(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    for (int who = 0; who < 2; who++) { /* what finishes it is that client's or another's */
        const char *fence = taken(ONE, 10 * who + 1);
        assert_memory_equal(redis_take(TWO, 10 * who + 8, "0"), "busy ", 5);
        assert_true(announce(TWO, 10 * who + 7, fence));
        const char *finisher = who ? ONE : TWO;
        assert_string_equal(lock_request(REDIS_RELEASE, finisher, 10 * who + 9, fence, "0", NULL), "none");
        assert_string_equal(redis_take(TWO, 10 * who + 8, "0"), "busy"); /* what it was told then */
        assert_false(is_there());
    }
}

static void announcements_in_vain_are_swept(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    enum { CROWD = 200 };
    char fence[32], client[40];
    snprintf(fence, sizeof fence, "%s", taken(ONE, 1));
    for (int i = 0; i < CROWD; i++) {
        snprintf(client, sizeof client, "%d", i + 1);
        announce(TWO, 7, client);
    }
    for (int i = 0; i < CROWD; i++) {
        snprintf(client, sizeof client, "new%029d", i);
        assert_memory_equal(redis_take(client, 1, "0"), "busy ", 5);
    }
    assert_in_range(fields(), CROWD, CROWD + 8);
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 2, fence, "0", NULL), "ok 0");
}

static void one_that_was_given_up_frees_no_later_acquisition(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    snprintf(fence, sizeof fence, "%s", taken(ONE, 1));
    redis_free(ONE, 2);
    taken(ONE, 3);
    assert_string_equal(lock_request(REDIS_SETTLE, TWO, 7, fence, NULL, NULL), "ok");
    assert_true(is_there());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

/* ---- the driver ----------------------------------------------------------------- */

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

/* Longer than a release needs to be worth announcing. */
static void pause_a_little(void)
{
    const struct timespec length = {.tv_nsec = 5000000};
    nanosleep(&length, NULL);
}

static void take_and_free(void)
{
    if (psync_lock_acquire(gate, NULL, NULL, &error)) fail_msg("%s", error.message);
    pause_a_little();
    if (psync_lock_release(gate, &error)) fail_msg("%s", error.message);
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
    const long long before = calls("exec");
    for (int i = 0; i < 3; i++) {
        take_and_free();
        const uint64_t fence = psync_lock_last_fence(gate);
        assert_int_equal(redisGetReply(ear, (void **)&heard), REDIS_OK);
        assert_int_equal(heard->elements, 4);
        assert_int_equal(strtoull(heard->element[3]->str + 2, NULL, 10), fence);
        freeReplyObject(heard);
        assert_int_equal(psync_lock_exists(gate, &error), PSYNC_NO);
    }
    assert_int_equal(calls("exec"), before + 3);
    freeReplyObject(redisCommand(redis, "PUBLISH phpsync:end end"));
    assert_int_equal(redisGetReply(ear, (void **)&heard), REDIS_OK);
    assert_string_equal(heard->element[3]->str, "end"); /* nothing else was told */
    freeReplyObject(heard);
    redisFree(ear);
    close_gate();
    assert_int_equal(fields(), 4); /* s, o, f and one record */
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
    if (announced) pause_a_little();
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
    for (int announced = 0; announced < 2; announced++) {
        int number = 0;
        while (!gives_way_to_who_was_told(announced, number)) assert_in_range(++number, 1, 500);
    }
    redisFree(ear);
    close_gate();
}

static void the_release_of_a_hold_is_not(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    psync_hold *hold;
    open_gate("");
    const long long before = calls("exec");
    assert_int_equal(psync_lock_hold(gate, 0, NULL, &hold, &error), PSYNC_OK);
    pause_a_little();
    assert_int_equal(psync_hold_release(hold, &error), PSYNC_OK);
    psync_hold_free(hold);
    close_gate();
    assert_int_equal(calls("exec"), before);
}

static void a_full_server_frees_it_all_the_same(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    open_gate("");
    assert_int_equal(psync_lock_acquire(gate, NULL, NULL, &error), PSYNC_OK);
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 1"));
    pause_a_little();
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
            assert_false(is_there());
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
        cmocka_unit_test_setup(what_was_announced_has_ended, redis_fresh),
        cmocka_unit_test_setup(who_takes_it_in_between_leaves_the_release_its_answer, redis_fresh),
        cmocka_unit_test_setup(who_renews_or_frees_it_in_between_comes_too_late, redis_fresh),
        cmocka_unit_test_setup(only_the_first_to_announce_has_freed_it, redis_fresh),
        cmocka_unit_test_setup(an_announcement_that_comes_late_means_nothing, redis_fresh),
        cmocka_unit_test_setup(a_hold_does_not_end_by_an_announcement, redis_fresh),
        cmocka_unit_test_setup(a_release_that_was_given_up_has_ended_it_from_then_on, redis_fresh),
        cmocka_unit_test_setup(one_that_comes_after_a_later_request_ends_it_and_leaves_that_its_record,
                               redis_fresh),
        cmocka_unit_test_setup(announcements_in_vain_are_swept, redis_fresh),
        cmocka_unit_test_setup(one_that_was_given_up_frees_no_later_acquisition, redis_fresh),
        cmocka_unit_test_setup(a_release_after_a_pause_is_announced_and_told_once, redis_fresh),
        cmocka_unit_test_setup(who_was_told_goes_first, redis_fresh),
        cmocka_unit_test_setup(the_release_of_a_hold_is_not, redis_fresh),
        cmocka_unit_test_setup(a_full_server_frees_it_all_the_same, redis_fresh),
        cmocka_unit_test_setup(who_may_not_announce_frees_it_all_the_same, redis_fresh),
    };
    return cmocka_run_group_tests(tests, redis_set_up, redis_tear_down);
}

#else
#include "left_out.h"
#endif
