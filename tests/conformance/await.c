/* SPDX-License-Identifier: BSD-3-Clause */
/* await.c - waiting for an Integer's value, woken by whoever changes it. */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum kind { AT_LEAST, AT_MOST, CHANGE, KINDS };

static psync_result await(psync_integer *integer, enum kind kind, int64_t limit, const psync_wait *wait)
{
    if (kind == AT_LEAST) return psync_integer_await_at_least(integer, limit, wait, ERR);
    if (kind == AT_MOST) return psync_integer_await_at_most(integer, limit, wait, ERR);
    return psync_integer_await_change(integer, wait, ERR);
}

static void await_returns_at_once_if_it_is_so_already(void)
{
    const char *key = fresh_key();
    psync_integer *integer = integer_of(key), *fresh = integer_of(key);
    int64_t start = now_ns();
    EXPECT(PSYNC_OK, psync_integer_set(integer, 5, ERR));
    EXPECT(PSYNC_OK, await(integer, AT_LEAST, 5, NULL));
    EXPECT(PSYNC_OK, await(integer, AT_LEAST, INT64_MIN, FOR_SECONDS(0)));
    EXPECT(PSYNC_OK, await(integer, AT_MOST, 5, FOR_SECONDS(INFINITY)));
    EXPECT(PSYNC_OK, await(integer, AT_MOST, INT64_MAX, NULL));
    EXPECT(PSYNC_OK, await(fresh, AT_LEAST, 4, NULL));
    CHECK_EQUAL(5, psync_integer_known(fresh));
    EXPECT_TIME(start, 0, LATE);
}

static void await_times_out_never_early_and_not_late(void)
{
    static const double timeouts[] = {0.0, 0.000001, 0.003, 0.05, 0.3};
    psync_integer *integer = fresh_integer();
    for (int exists = 0; exists < 2; exists++) {
        if (exists) EXPECT(PSYNC_OK, psync_integer_set(integer, 5, ERR));
        for (int i = 0; i < (int)(sizeof timeouts / sizeof *timeouts) * KINDS; i++) {
            double timeout = timeouts[i / KINDS];
            int64_t start = now_ns();
            EXPECT(PSYNC_NO,
                   await(integer, (enum kind)(i % KINDS), i % KINDS == AT_LEAST ? 6 : 4, FOR_SECONDS(timeout)));
            EXPECT_TIME(start, timeout, timeout + LATE);
        }
    }
    CHECK_EQUAL(5, psync_integer_known(integer));
}

static void a_missing_integer_is_not_there_yet(void)
{
    psync_integer *integer = fresh_integer();
    EXPECT(PSYNC_NO, await(integer, AT_LEAST, -10, FOR_SECONDS(0.03)));
    EXPECT(PSYNC_NO, await(integer, AT_LEAST, 0, FOR_SECONDS(0.03)));
    EXPECT(PSYNC_NO, await(integer, AT_MOST, 10, FOR_SECONDS(0.03)));
    EXPECT(PSYNC_NO, await(integer, CHANGE, 0, FOR_SECONDS(0.03)));
    EXPECT(PSYNC_NO, psync_integer_exists(integer, ERR));
    EXPECT(PSYNC_OK, psync_integer_set(integer, 5, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    EXPECT(PSYNC_NO, await(integer, AT_LEAST, 5, FOR_SECONDS(0.03)));
    EXPECT(PSYNC_NO, await(integer, AT_MOST, 5, FOR_SECONDS(0.03)));
}

static void the_known_value_is_refreshed_by_a_wait_that_timed_out(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    EXPECT(PSYNC_OK, psync_integer_set(one, 5, ERR));
    EXPECT(PSYNC_NO, await(other, AT_LEAST, 6, FOR_SECONDS(0.02)));
    CHECK_EQUAL(5, psync_integer_known(other));
    EXPECT(PSYNC_OK, psync_integer_set(one, 6, ERR));
    EXPECT(PSYNC_NO, await(other, AT_MOST, 5, FOR_SECONDS(0)));
    CHECK_EQUAL(6, psync_integer_known(other));
}

/* ---- woken by others ------------------------------------------------------- */

struct await_stage {
    struct stage *stage;
    enum kind kind;
    int64_t limit;
};

static void sleeper(int index, void *argument)
{
    (void)index;
    struct await_stage *s = argument;
    psync_integer *integer = integer_of(s->stage->key);
    (void)psync_integer_get(integer, NULL, ERR);
    EXPECT(PSYNC_NO, await(integer, s->kind, s->limit, FOR_SECONDS(0))); /* what it is now was seen */
    meet(&s->stage->ready);
    EXPECT(PSYNC_OK, await(integer, s->kind, s->limit, NULL));
    atomic_store(&s->stage->numbers[0], psync_integer_known(integer));
    meet(&s->stage->done);
}

static struct await_stage *await_stage(enum kind kind, int64_t limit)
{
    struct await_stage *s = shared(sizeof *s);
    s->stage = stage(1, 0);
    s->kind = kind;
    s->limit = limit;
    return s;
}

static struct crowd *sleeper_start(struct await_stage *s)
{
    struct crowd *crowd = crowd_start(1, sleeper, s);
    expect_meeting(&s->stage->ready, LOST, "the sleeper's start");
    wait_until_asleep(crowd_thread(crowd, 0));
    return crowd;
}

static void sleeper_wakes(struct await_stage *s, struct crowd *crowd, int64_t known)
{
    expect_meeting(&s->stage->done, LOST, "the sleeper's going on");
    crowd_join(crowd);
    CHECK_EQUAL(known, s->stage->numbers[0]);
}

static void await_at_least_is_woken_by_the_step_that_reaches_it(void)
{
    struct await_stage *s = await_stage(AT_LEAST, 3);
    psync_integer *integer = integer_of(s->stage->key);
    struct crowd *crowd = sleeper_start(s);
    for (int i = 0; i < 3; i++) {
        sleep_for(0.02);
        CHECK(sem_trywait(&s->stage->done) != 0);
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
    }
    sleeper_wakes(s, crowd, 3);
}

static void await_at_most_is_woken_by_the_step_that_reaches_it(void)
{
    struct await_stage *s = await_stage(AT_MOST, 0);
    psync_integer *integer = integer_of(s->stage->key);
    EXPECT(PSYNC_OK, psync_integer_set(integer, 3, ERR));
    struct crowd *crowd = sleeper_start(s);
    for (int i = 0; i < 3; i++) {
        sleep_for(0.02);
        CHECK(sem_trywait(&s->stage->done) != 0);
        EXPECT(PSYNC_OK, psync_integer_subtract(integer, 1, NULL, ERR));
    }
    sleeper_wakes(s, crowd, 0);
}

static void await_at_most_is_woken_by_the_creation_of_a_missing_one(void)
{
    struct await_stage *s = await_stage(AT_MOST, 10);
    struct crowd *crowd = sleeper_start(s);
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(s->stage->key), 10, ERR));
    sleeper_wakes(s, crowd, 10);
}

static void every_way_to_change_a_value_wakes_a_sleeper(void)
{
    for (int way = 0; way < 6; way++) {
        struct await_stage *s = await_stage(CHANGE, 0);
        psync_integer *integer = integer_of(s->stage->key);
        if (way < 5) EXPECT(PSYNC_OK, psync_integer_set(integer, 1, ERR));
        struct crowd *crowd = NULL;
        if (way < 5) {
            s->kind = way % 2 ? AT_LEAST : AT_MOST;
            s->limit = way % 2 ? 2 : 0;
        }
        crowd = sleeper_start(s);
        int64_t to = way == 5 ? 0 : way % 2 ? 2 : 0;
        if (way < 2) EXPECT(PSYNC_OK, psync_integer_set(integer, to, ERR));
        if (way == 2) EXPECT(PSYNC_OK, psync_integer_subtract(integer, 1, NULL, ERR));
        if (way == 3) EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        if (way == 4) EXPECT(PSYNC_OK, psync_integer_compare_set(integer, 1, 0, ERR));
        if (way == 5) EXPECT(PSYNC_OK, psync_integer_add(integer, 0, NULL, ERR)); /* it exists now: a change */
        sleeper_wakes(s, crowd, to);
    }
}

/* ---- change ---------------------------------------------------------------- */

static void a_change_is_what_differs_from_what_this_handle_last_saw(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0))); /* missing, as a fresh handle thinks */
    EXPECT(PSYNC_OK, psync_integer_set(one, 0, ERR));
    EXPECT(PSYNC_NO, await(one, CHANGE, 0, FOR_SECONDS(0))); /* its own doing */
    EXPECT(PSYNC_OK, await(other, CHANGE, 0, NULL));         /* 0 is not missing */
    CHECK_EQUAL(0, psync_integer_known(other));
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0)));
    EXPECT(PSYNC_OK, psync_integer_add(one, 7, NULL, ERR));
    EXPECT(PSYNC_NO, await(one, CHANGE, 0, FOR_SECONDS(0)));
    EXPECT(PSYNC_OK, await(other, CHANGE, 0, NULL));
    CHECK_EQUAL(7, psync_integer_known(other));
    EXPECT(PSYNC_OK, await(integer_of(key), CHANGE, 0, NULL)); /* a fresh handle has seen a missing one */
    EXPECT(PSYNC_OK, psync_integer_remove(one, ERR));
    EXPECT(PSYNC_OK, await(other, CHANGE, 0, NULL));
    CHECK_EQUAL(0, psync_integer_known(other));
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0.02)));
    EXPECT(PSYNC_NO, await(one, CHANGE, 0, FOR_SECONDS(0.02)));
}

static void reading_a_value_sees_it(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    EXPECT(PSYNC_OK, psync_integer_set(one, 3, ERR));
    EXPECT(PSYNC_OK, psync_integer_get(other, NULL, ERR));
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0)));
    EXPECT(PSYNC_OK, psync_integer_set(one, 4, ERR));
    EXPECT(PSYNC_NO, psync_integer_compare_set(other, 99, 1, ERR)); /* finds 4 */
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0)));
    EXPECT(PSYNC_OK, psync_integer_set(one, 5, ERR));
    EXPECT(PSYNC_OK, await(other, AT_LEAST, 5, NULL));
    EXPECT(PSYNC_NO, await(other, CHANGE, 0, FOR_SECONDS(0)));
}

static void a_deletion_wakes_who_awaits_a_change(void)
{
    struct await_stage *s = await_stage(CHANGE, 0);
    psync_integer *integer = integer_of(s->stage->key);
    EXPECT(PSYNC_OK, psync_integer_set(integer, 12, ERR));
    struct crowd *crowd = sleeper_start(s);
    EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    sleeper_wakes(s, crowd, 0);
}

static void a_creation_wakes_who_awaits_a_change(void)
{
    struct await_stage *s = await_stage(CHANGE, 0);
    struct crowd *crowd = sleeper_start(s);
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(s->stage->key), 0, ERR));
    sleeper_wakes(s, crowd, 0);
}

static void a_sleeper_sleeps_on_through_deletion_and_new_creation(void)
{
    struct await_stage *s = await_stage(AT_LEAST, 5);
    psync_integer *integer = integer_of(s->stage->key);
    EXPECT(PSYNC_OK, psync_integer_set(integer, 1, ERR));
    struct crowd *crowd = sleeper_start(s);
    for (int i = 0; i < 3; i++) {
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        sleep_for(0.02);
        EXPECT(PSYNC_OK, psync_integer_set(integer, i, ERR));
        sleep_for(0.02);
        CHECK(sem_trywait(&s->stage->done) != 0);
    }
    EXPECT(PSYNC_OK, psync_integer_set(integer, 5, ERR));
    sleeper_wakes(s, crowd, 5);
}

/* ---- many ------------------------------------------------------------------ */

static void step_sleeper(int index, void *argument)
{
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_integer_await_at_least(integer, index + 1, NULL, ERR));
    CHECK(psync_integer_known(integer) >= index + 1);
    meet(&a->done);
}

static void sleepers_with_limits_of_their_own_all_wake(void)
{
    struct stage *a = stage(1, 0);
    int count = many(40);
    struct crowd *crowd = crowd_start(count, step_sleeper, a);
    for (int i = 0; i < count; i++) expect_meeting(&a->ready, 20, "a sleeper's start");
    for (int i = 0; i < count; i++) wait_until_asleep(crowd_thread(crowd, i));
    for (int i = 0; i < count / 2; i++) {
        EXPECT(PSYNC_OK, psync_integer_add(integer_of(a->key), 1, NULL, ERR));
        expect_meeting(&a->done, LOST, "the sleeper whose number it is");
    }
    CHECK(sem_trywait(&a->done) != 0);
    EXPECT(PSYNC_OK, psync_integer_add(integer_of(a->key), count, NULL, ERR));
    for (int i = count / 2; i < count; i++) expect_meeting(&a->done, LOST, "all the others");
    crowd_join(crowd);
}

static void follower(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    int64_t before = 0;
    while (before < a->rounds) {
        EXPECT(PSYNC_OK, psync_integer_await_change(integer, NULL, ERR));
        CHECK(psync_integer_known(integer) > before);
        before = psync_integer_known(integer);
    }
    CHECK_EQUAL(a->rounds, before);
}

/* However a change falls between a look and a sleep, the last one is seen. */
static void no_change_is_slept_through(void)
{
    enum { FOLLOWERS = 3 };
    for (int i = 0; i < 3; i++) {
        struct stage *a = stage(1, rounds(3000, 10));
        struct crowd *crowd = crowd_start(FOLLOWERS, follower, a);
        for (int step = 0; step < a->rounds; step++) {
            spin_for((int64_t)random_below(20000));
            EXPECT(PSYNC_OK, psync_integer_add(integer_of(a->key), 1, NULL, ERR));
        }
        crowd_join(crowd);
    }
}

const struct test await_tests[] = {
    THREADS(await_returns_at_once_if_it_is_so_already),
    THREADS(await_times_out_never_early_and_not_late),
    THREADS(a_missing_integer_is_not_there_yet),
    THREADS(the_known_value_is_refreshed_by_a_wait_that_timed_out),
    EITHER(await_at_least_is_woken_by_the_step_that_reaches_it),
    EITHER(await_at_most_is_woken_by_the_step_that_reaches_it),
    EITHER(await_at_most_is_woken_by_the_creation_of_a_missing_one),
    EITHER(every_way_to_change_a_value_wakes_a_sleeper),
    THREADS(a_change_is_what_differs_from_what_this_handle_last_saw),
    THREADS(reading_a_value_sees_it),
    EITHER(a_deletion_wakes_who_awaits_a_change),
    EITHER(a_creation_wakes_who_awaits_a_change),
    EITHER(a_sleeper_sleeps_on_through_deletion_and_new_creation),
    EITHER(sleepers_with_limits_of_their_own_all_wake),
    EITHER(no_change_is_slept_through),
    END_OF_TESTS,
};
