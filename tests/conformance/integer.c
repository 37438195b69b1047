/* SPDX-License-Identifier: BSD-3-Clause */
/* integer.c - one number that is changed atomically, its known value, its edges. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

static void a_fresh_integer_does_not_exist(void)
{
    psync_integer *integer = fresh_integer();
    int64_t value = 77;
    EXPECT(PSYNC_NO, psync_integer_exists(integer, ERR));
    EXPECT(PSYNC_NO, psync_integer_get(integer, &value, ERR));
    EXPECT(PSYNC_NO, psync_integer_remove(integer, ERR));
    EXPECT(PSYNC_NO, psync_integer_compare_set(integer, 0, 1, ERR));
    EXPECT(PSYNC_NO, psync_integer_exists(integer, ERR));
    CHECK_EQUAL(0, psync_integer_known(integer));
}

static void every_way_to_create_it_counts_from_nothing(void)
{
    psync_integer *set = fresh_integer(), *added = fresh_integer(), *touched = fresh_integer(),
                  *taken = fresh_integer();
    int64_t result = 99;
    EXPECT(PSYNC_OK, psync_integer_set(set, -5, ERR));
    expect_value(set, -5);
    EXPECT(PSYNC_OK, psync_integer_add(added, 3, &result, ERR));
    CHECK_EQUAL(3, result);
    expect_value(added, 3);
    EXPECT(PSYNC_OK, psync_integer_add(touched, 0, &result, ERR));
    CHECK_EQUAL(0, result);
    expect_value(touched, 0);
    EXPECT(PSYNC_OK, psync_integer_subtract(taken, 4, &result, ERR));
    CHECK_EQUAL(-4, result);
    expect_value(taken, -4);
}

static void each_call_tells_its_own_result_and_the_known_value_follows(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    int64_t result = 0;
    CHECK_EQUAL(0, psync_integer_known(one));
    EXPECT(PSYNC_OK, psync_integer_set(one, 10, ERR));
    CHECK_EQUAL(10, psync_integer_known(one));
    CHECK_EQUAL(0, psync_integer_known(other)); /* no I/O: it learned nothing yet */
    EXPECT(PSYNC_OK, psync_integer_add(other, 5, &result, ERR));
    CHECK_EQUAL(15, result);
    CHECK_EQUAL(15, psync_integer_known(other));
    CHECK_EQUAL(10, psync_integer_known(one));
    EXPECT(PSYNC_OK, psync_integer_subtract(one, 1, NULL, ERR));
    CHECK_EQUAL(14, psync_integer_known(one));
    CHECK_EQUAL(15, psync_integer_known(other));
    EXPECT(PSYNC_OK, psync_integer_get(other, NULL, ERR));
    CHECK_EQUAL(14, psync_integer_known(other));
    EXPECT(PSYNC_OK, psync_integer_set(one, 20, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(other, 0, NULL, ERR)); /* 0 refreshes */
    CHECK_EQUAL(20, psync_integer_known(other));
    EXPECT(PSYNC_OK, psync_integer_exists(one, ERR));
    CHECK_EQUAL(20, psync_integer_known(one));
}

static void removal_ends_it_and_the_known_value_stays(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    int64_t value = 5;
    EXPECT(PSYNC_OK, psync_integer_set(one, 8, ERR));
    EXPECT(PSYNC_OK, psync_integer_get(other, NULL, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(one, ERR));
    CHECK_EQUAL(8, psync_integer_known(one));
    EXPECT(PSYNC_NO, psync_integer_exists(one, ERR));
    EXPECT(PSYNC_NO, psync_integer_exists(other, ERR));
    EXPECT(PSYNC_NO, psync_integer_get(other, &value, ERR));
    CHECK_EQUAL(8, psync_integer_known(other));
    EXPECT(PSYNC_NO, psync_integer_remove(other, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(other, 2, &value, ERR));
    CHECK_EQUAL(2, value);
    expect_value(one, 2);
}

static void compare_set_changes_only_the_expected_value(void)
{
    const char *key = fresh_key();
    psync_integer *one = integer_of(key), *other = integer_of(key);
    EXPECT(PSYNC_NO, psync_integer_compare_set(one, 0, 5, ERR));
    EXPECT(PSYNC_NO, psync_integer_exists(one, ERR));
    EXPECT(PSYNC_OK, psync_integer_set(one, 7, ERR));
    EXPECT(PSYNC_NO, psync_integer_compare_set(other, 6, 9, ERR));
    CHECK_EQUAL(7, psync_integer_known(other)); /* what it found */
    expect_value(one, 7);
    EXPECT(PSYNC_OK, psync_integer_compare_set(other, 7, 9, ERR));
    CHECK_EQUAL(9, psync_integer_known(other));
    expect_value(one, 9);
    EXPECT(PSYNC_OK, psync_integer_compare_set(one, 9, 9, ERR));
    EXPECT(PSYNC_OK, psync_integer_compare_set(one, 9, INT64_MIN, ERR));
    EXPECT(PSYNC_OK, psync_integer_compare_set(one, INT64_MIN, INT64_MAX, ERR));
    expect_value(other, INT64_MAX);
    EXPECT(PSYNC_OK, psync_integer_remove(one, ERR));
    EXPECT(PSYNC_NO, psync_integer_compare_set(one, INT64_MAX, 1, ERR));
    CHECK_EQUAL(INT64_MAX, psync_integer_known(one)); /* nothing was found: it stays */
}

static void sums_are_exact_or_an_overflow_that_changes_nothing(void)
{
    static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -2, -1, 0, 1, 2, INT64_MAX - 1, INT64_MAX};
    enum { EDGES = sizeof edges / sizeof *edges };
    psync_integer *integer = fresh_integer();
    for (int i = 0; i < EDGES * EDGES * 2; i++) {
        int64_t start = edges[i / 2 / EDGES], by = edges[i / 2 % EDGES], result = 12345;
        bool subtract = i % 2;
        __int128 sum = subtract ? (__int128)start - by : (__int128)start + by;
        EXPECT(PSYNC_OK, psync_integer_set(integer, start, ERR));
        bool fits = sum >= INT64_MIN && sum <= INT64_MAX;
        psync_result expected = fits ? PSYNC_OK : PSYNC_ERROR_OVERFLOW;
        if (subtract) {
            EXPECT(expected, psync_integer_subtract(integer, by, &result, ERR));
        } else {
            EXPECT(expected, psync_integer_add(integer, by, &result, ERR));
        }
        CHECK_EQUAL(fits ? (int64_t)sum : 12345, result);
        CHECK_EQUAL(fits ? (int64_t)sum : start, psync_integer_known(integer));
        expect_value(integer, fits ? (int64_t)sum : start);
    }
}

static void an_overflow_creates_nothing(void)
{
    psync_integer *integer = fresh_integer();
    EXPECT(PSYNC_ERROR_OVERFLOW, psync_integer_subtract(integer, INT64_MIN, NULL, ERR));
    EXPECT(PSYNC_NO, psync_integer_exists(integer, ERR));
    EXPECT(PSYNC_OK, psync_integer_subtract(integer, INT64_MAX, NULL, ERR));
    expect_value(integer, -INT64_MAX);
    EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(integer, INT64_MIN, NULL, ERR));
    expect_value(integer, INT64_MIN);
}

/* ---- at once --------------------------------------------------------------- */

struct count_up {
    struct stage *stage;
    int each, parties;
    atomic_uchar seen[]; /* rounds * parties * each + 1: how often a result was returned */
};

static void counts_up_worker(int index, void *argument)
{
    (void)index;
    struct count_up *c = argument;
    int most = c->each * c->parties;
    char key[200];
    for (int round = 0; round < c->stage->rounds; round++) {
        psync_integer *integer = NULL;
        int length = snprintf(key, sizeof key, "%s-%d", c->stage->key, round);
        EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
        pthread_barrier_wait(&c->stage->barrier);
        int64_t before = 0;
        for (int i = 0; i < c->each; i++) {
            int64_t result = 0;
            EXPECT(PSYNC_OK, psync_integer_add(integer, 1, &result, ERR));
            CHECK(result > before && result <= most);
            before = result;
            CHECK_EQUAL(0, atomic_fetch_add(&c->seen[round * most + (int)result - 1], 1));
        }
        psync_integer_close(integer);
    }
}

static void count_up_from_nothing(int parties, int rounds_, int each)
{
    size_t results = (size_t)rounds_ * (size_t)parties * (size_t)each;
    struct count_up *c = shared(sizeof *c + results);
    c->stage = stage(parties, rounds_);
    c->each = each;
    c->parties = parties;
    crowd_join(crowd_start(parties, counts_up_worker, c));
    for (size_t i = 0; i < results; i++) CHECK_EQUAL(1, c->seen[i]);
    char key[200];
    for (int round = 0; round < rounds_; round++) {
        int length = snprintf(key, sizeof key, "%s-%d", c->stage->key, round);
        psync_integer *integer = integer_of_bytes(key, (size_t)length);
        expect_value(integer, parties * each);
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    }
}

static void increments_from_nothing_return_each_number_exactly_once(void)
{
    count_up_from_nothing(8, rounds(300, 8 * 6), 5);
}

static void many_increments_of_one_key_lose_none(void)
{
    count_up_from_nothing(8, 1, rounds(20000, 8));
}

static void mixed_steps_worker(int index, void *argument)
{
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    pthread_barrier_wait(&a->barrier);
    for (int i = 0; i < a->rounds; i++) {
        int64_t by = (int64_t)random_below(2000001) - 1000000;
        atomic_fetch_add(&a->numbers[0], by);
        if (index % 2) {
            EXPECT(PSYNC_OK, psync_integer_add(integer, by, NULL, ERR));
        } else {
            EXPECT(PSYNC_OK, psync_integer_subtract(integer, -by, NULL, ERR));
        }
    }
}

static void steps_of_any_size_and_sign_add_up(void)
{
    enum { WORKERS = 4 };
    struct stage *a = stage(WORKERS, rounds(5000, WORKERS));
    crowd_join(crowd_start(WORKERS, mixed_steps_worker, a));
    expect_value(integer_of(a->key), a->numbers[0]);
}

static void compare_set_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    pthread_barrier_wait(&a->barrier);
    for (int i = 0; i < a->rounds; i++) {
        int64_t expected = psync_integer_known(integer);
        psync_result result = PSYNC_NO;
        while ((result = psync_integer_compare_set(integer, expected, expected + 1, ERR)) == PSYNC_NO) {
            CHECK(psync_integer_known(integer) != expected);
            expected = psync_integer_known(integer);
        }
        EXPECT(PSYNC_OK, result);
        CHECK_EQUAL(expected + 1, psync_integer_known(integer));
    }
}

static void compare_set_loops_lose_no_step(void)
{
    enum { WORKERS = 4 };
    struct stage *a = stage(WORKERS, rounds(3000, WORKERS * 3));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(a->key), 0, ERR));
    crowd_join(crowd_start(WORKERS, compare_set_worker, a));
    expect_value(integer_of(a->key), (int64_t)WORKERS * a->rounds);
}

static void removes_worker(int index, void *argument)
{
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    for (int i = 0; i < a->rounds; i++) {
        if (index == 0) EXPECT(PSYNC_OK, psync_integer_set(integer, i, ERR));
        pthread_barrier_wait(&a->barrier);
        psync_result result = psync_integer_remove(integer, ERR);
        CHECK(result == PSYNC_OK || result == PSYNC_NO);
        if (result == PSYNC_OK) atomic_fetch_add(&a->winners, 1);
        pthread_barrier_wait(&a->barrier);
        if (index == 0) CHECK_EQUAL(i + 1, a->winners);
    }
}

static void of_concurrent_removals_exactly_one_finds_it(void)
{
    enum { WORKERS = 4 };
    crowd_join(crowd_start(WORKERS, removes_worker, stage(WORKERS, rounds(400, 20))));
}

/* ---- removal beside increments --------------------------------------------- */

enum { LONGEST_LIFE = 1 << 20 };

struct lives {
    struct stage *stage;
    atomic_int returned[LONGEST_LIFE]; /* how often each result was returned */
};

static void lives_worker(int index, void *argument)
{
    struct lives *l = argument;
    psync_integer *integer = integer_of(l->stage->key);
    pthread_barrier_wait(&l->stage->barrier);
    if (index == 0) {
        while (atomic_load(&l->stage->stop) < 3) {
            psync_result result = psync_integer_remove(integer, ERR);
            CHECK(result == PSYNC_OK || result == PSYNC_NO);
            if (result == PSYNC_OK) atomic_fetch_add(&l->stage->turns, 1);
            spin_for((int64_t)random_below((uint64_t)suite.operation * 20));
        }
        return;
    }
    for (int i = 0; i < l->stage->rounds; i++) {
        int64_t result = 0;
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, &result, ERR));
        CHECK(result >= 1 && result < LONGEST_LIFE);
        atomic_fetch_add(&l->returned[result], 1);
    }
    atomic_fetch_add(&l->stage->stop, 1);
}

/*
 * Between two removals lies a life, in which the results are 1, 2, ... k, each once. So 1 was returned once a life,
 * and no number more often than the one below it; the removals that found something ended all lives but the last.
 */
static void a_removal_beside_increments_falls_between_two_of_them(void)
{
    struct lives *l = shared(sizeof *l);
    l->stage = stage(4, rounds(60000, 4));
    crowd_join(crowd_start(4, lives_worker, l));
    int64_t last = 0;
    bool exists = psync_integer_get(integer_of(l->stage->key), &last, ERR) == PSYNC_OK;
    CHECK_EQUAL(l->stage->turns + exists, l->returned[1]);
    if (exists) CHECK(l->returned[last] >= 1);
    int64_t total = 0;
    for (int i = 1; i < LONGEST_LIFE; i++) {
        if (i > 1) CHECK(l->returned[i] <= l->returned[i - 1]);
        total += l->returned[i];
    }
    CHECK_EQUAL(3 * (int64_t)l->stage->rounds, total);
}

static void halves_worker(int index, void *argument)
{
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    static const int64_t values[] = {0x0101010101010101, -0x0101010101010101, INT64_MIN, INT64_MAX};
    while (index == 0 && !a->stop) {
        EXPECT(PSYNC_OK, psync_integer_set(integer, values[random_below(4)], ERR));
    }
    for (int i = 0; index != 0 && i < a->rounds; i++) {
        int64_t value = 0;
        EXPECT(PSYNC_OK, psync_integer_get(integer, &value, ERR));
        CHECK(value == values[0] || value == values[1] || value == values[2] || value == values[3]);
    }
    if (index != 0) a->stop = 1;
}

static void a_reader_never_sees_half_a_value(void)
{
    struct stage *a = stage(1, rounds(20000, 2));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(a->key), INT64_MIN, ERR));
    crowd_join(crowd_start(2, halves_worker, a));
}

static void makes_anew_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    for (int i = 0; i < a->rounds; i++) {
        expect_meeting(&a->go, LOST, "the next round");
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        EXPECT(PSYNC_OK, psync_integer_set(integer, i, ERR));
        meet(&a->done);
    }
}

/* Whatever a reader keeps of the one that was removed. */
static void one_that_was_removed_and_made_anew_is_not_missing(void)
{
    struct stage *a = stage(1, rounds(500, 4));
    psync_integer *integer = integer_of(a->key);
    EXPECT(PSYNC_OK, psync_integer_set(integer, -1, ERR));
    struct crowd *maker = crowd_start(1, makes_anew_worker, a);
    for (int i = 0; i < a->rounds; i++) {
        expect_value(integer, i - 1);
        meet(&a->go);
        expect_meeting(&a->done, LOST, "the Integer made anew");
        switch (i % 3) {
        case 0:
            EXPECT(PSYNC_OK, psync_integer_exists(integer, ERR));
            break;
        case 1:
            EXPECT(PSYNC_OK, psync_integer_compare_set(integer, i, i, ERR));
            break;
        default:
            expect_value(integer, i);
        }
    }
    crowd_join(maker);
}

static void what_a_process_wrote_is_there_after_its_death(void)
{
    const char *key = fresh_key();
    helper_run("add", key, HELPER_EXIT);
    helper_run("add", key, HELPER_UNDERSCORE_EXIT);
    helper_run("add", key, HELPER_KILL);
    expect_value(integer_of(key), 3);
}

/* The progress job: each of N tasks is counted down once, and exactly one worker sees 0. */
static void left_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_integer *left = integer_of(a->key);
    for (int i = 0; i < a->rounds; i++) {
        int64_t result = -1;
        EXPECT(PSYNC_OK, psync_integer_subtract(left, 1, &result, ERR));
        CHECK(result >= 0);
        if (result == 0) atomic_fetch_add(&a->winners, 1);
    }
}

static void exactly_one_worker_sees_the_last_task_done(void)
{
    enum { WORKERS = 5 };
    struct stage *a = stage(1, rounds(2000, WORKERS));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(a->key), (int64_t)WORKERS * a->rounds, ERR));
    crowd_join(crowd_start(WORKERS, left_worker, a));
    CHECK_EQUAL(1, a->winners);
    expect_value(integer_of(a->key), 0);
}

const struct test integer_tests[] = {
    THREADS(a_fresh_integer_does_not_exist),
    THREADS(every_way_to_create_it_counts_from_nothing),
    THREADS(each_call_tells_its_own_result_and_the_known_value_follows),
    THREADS(removal_ends_it_and_the_known_value_stays),
    THREADS(compare_set_changes_only_the_expected_value),
    THREADS(sums_are_exact_or_an_overflow_that_changes_nothing),
    THREADS(an_overflow_creates_nothing),
    EITHER(increments_from_nothing_return_each_number_exactly_once),
    EITHER(many_increments_of_one_key_lose_none),
    EITHER(steps_of_any_size_and_sign_add_up),
    EITHER(compare_set_loops_lose_no_step),
    EITHER(of_concurrent_removals_exactly_one_finds_it),
    EITHER(a_removal_beside_increments_falls_between_two_of_them),
    EITHER(a_reader_never_sees_half_a_value),
    EITHER(one_that_was_removed_and_made_anew_is_not_missing),
    PROCESSES(what_a_process_wrote_is_there_after_its_death),
    EITHER(exactly_one_worker_sees_the_last_task_done),
    END_OF_TESTS,
};
