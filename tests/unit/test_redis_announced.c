/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_redis_announced.c - what the scripts make of an announcement (announce.c), on a real server: what is
 * announced has ended, for everybody and once; whoever comes in between takes nothing from the release; what comes
 * late does no harm. Skipped without a server.
 */
#include "redis_server.h"

#if PSYNC_WITH_REDIS
#include <stdio.h>
#include <stdlib.h>

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

static void what_was_announced_has_ended(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = redis_taken(ONE, 1);
    assert_true(redis_is_locked());
    assert_true(announce(TWO, 7, fence));
    assert_false(redis_is_locked());
    assert_string_equal(finish(TWO, 7, fence), "ok");
    assert_string_equal(finish(TWO, 7, fence), "ok");
    assert_string_equal(finish(THREE, 1, fence), "none");
    assert_false(redis_is_locked());
    assert_true(redis_ask("PTTL " KEY_L) > 0);
    redis_taken(THREE, 2);
    assert_true(redis_is_locked());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

static void who_takes_it_in_between_leaves_the_release_its_answer(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char first[32];
    snprintf(first, sizeof first, "%s", redis_taken(ONE, 1));
    announce(TWO, 7, first);
    const char *second = redis_taken(THREE, 1);
    assert_true(atoll(second) > atoll(first));
    assert_string_equal(finish(TWO, 7, first), "ok");
    assert_true(redis_is_locked());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
    assert_string_equal(finish(ONE, 2, first), "none");
    assert_true(redis_is_locked());
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, second, "0", NULL), "ok 0");
}

static void who_renews_or_frees_it_in_between_comes_too_late(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = redis_taken(ONE, 1);
    announce(TWO, 7, fence);
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 2, fence, "2", "1000000"), "none");
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 3, fence, "0", NULL), "none");
    assert_string_equal(finish(TWO, 7, fence), "ok");
}

static void only_the_first_to_announce_has_freed_it(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    const char *fence = redis_taken(ONE, 1);
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
    snprintf(first, sizeof first, "%s", redis_taken(ONE, 1));
    redis_free(ONE, 2);
    redis_taken(ONE, 3);
    const long long before = redis_fields();
    announce(TWO, 7, first);
    assert_true(redis_is_locked());
    assert_memory_equal(redis_take(THREE, 1, "0"), "busy ", 5);
    assert_string_equal(finish(TWO, 7, first), "none");
    assert_true(redis_is_locked());
    assert_int_equal(redis_fields(), before + 1); /* the record of the third; nothing stays of the announcement */
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

static void a_hold_does_not_end_by_an_announcement(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    snprintf(fence, sizeof fence, "%s", lock_request(REDIS_ACQUIRE, ONE, 1, "1", "3600000000", "") + 3);
    announce(TWO, 7, fence);
    assert_true(redis_is_locked());
    assert_memory_equal(redis_take(THREE, 1, "0"), "busy ", 5);
    assert_string_equal(lock_request(REDIS_SETTLE, TWO, 7, fence, NULL, NULL), "ok");
    assert_string_equal(lock_request(REDIS_RENEW, ONE, 2, fence, "1", "3600000000"), "ok");
}

static void a_release_that_was_given_up_has_ended_it_from_then_on(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    for (int late = 0; late < 2; late++) {
        snprintf(fence, sizeof fence, "%s", redis_taken(ONE, 10 * late + 1));
        if (!late) announce(TWO, 10 * late + 7, fence);
        assert_string_equal(lock_request(REDIS_SETTLE, TWO, 10 * late + 7, fence, NULL, NULL), "ok");
        assert_false(redis_is_locked());
        assert_true(redis_ask("PTTL " KEY_L) > 0);
        redis_taken(THREE, 2 * late + 1);
        announce(TWO, 10 * late + 7, fence);
        assert_true(redis_is_locked());
        redis_free(THREE, 2 * late + 2);
    }
}

/* Its client has gone on, so that record is no more its last one's; else what it asked later could happen again. */
static void one_that_comes_after_a_later_request_ends_it_and_leaves_that_its_record(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    for (int who = 0; who < 2; who++) { /* what finishes it is that client's or another's */
        const char *fence = redis_taken(ONE, 10 * who + 1);
        assert_memory_equal(redis_take(TWO, 10 * who + 8, "0"), "busy ", 5);
        assert_true(announce(TWO, 10 * who + 7, fence));
        const char *finisher = who ? ONE : TWO;
        assert_string_equal(lock_request(REDIS_RELEASE, finisher, 10 * who + 9, fence, "0", NULL), "none");
        assert_string_equal(redis_take(TWO, 10 * who + 8, "0"), "busy"); /* what it was told then */
        assert_false(redis_is_locked());
    }
}

static void announcements_in_vain_are_swept(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    enum { CROWD = 200 };
    char fence[32], client[40];
    snprintf(fence, sizeof fence, "%s", redis_taken(ONE, 1));
    for (int i = 0; i < CROWD; i++) {
        snprintf(client, sizeof client, "%d", i + 1);
        announce(TWO, 7, client);
    }
    for (int i = 0; i < CROWD; i++) {
        snprintf(client, sizeof client, "new%029d", i);
        assert_memory_equal(redis_take(client, 1, "0"), "busy ", 5);
    }
    assert_in_range(redis_fields(), CROWD, CROWD + 8);
    assert_string_equal(lock_request(REDIS_RELEASE, ONE, 2, fence, "0", NULL), "ok 0");
}

static void one_that_was_given_up_frees_no_later_acquisition(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    char fence[32];
    snprintf(fence, sizeof fence, "%s", redis_taken(ONE, 1));
    redis_free(ONE, 2);
    redis_taken(ONE, 3);
    assert_string_equal(lock_request(REDIS_SETTLE, TWO, 7, fence, NULL, NULL), "ok");
    assert_true(redis_is_locked());
    assert_int_equal(redis_ask("PTTL " KEY_L), -1);
}

/* Whether there was a Lock or not. */
static void what_is_settled_leaves_nothing_for_ever(void **state)
{
    (void)state;
    if (redis_is_missing()) return;
    assert_string_equal(lock_request(REDIS_SETTLE, TWO, 7, "5", NULL, NULL), "ok");
    assert_true(redis_ask("PTTL " KEY_L) > 0);
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
        cmocka_unit_test_setup(what_is_settled_leaves_nothing_for_ever, redis_fresh),
    };
    return cmocka_run_group_tests(tests, redis_set_up, redis_tear_down);
}

#else
#include "left_out.h"
#endif
