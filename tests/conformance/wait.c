/* SPDX-License-Identifier: BSD-3-Clause */
/* wait.c - waiting for an acquisition to end, without taking anything. */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>

static void wait_returns_at_once_if_there_is_no_lock(void)
{
    psync_lock *lock = fresh_lock();
    int64_t start = now_ns();
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(0), ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(INFINITY), ERR));
    take(lock);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    EXPECT_TIME(start, 0, LATE);
}

static void wait_takes_nothing(void)
{
    psync_lock *lock = fresh_lock();
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    expect_free(lock);
    CHECK_EQUAL(0, psync_lock_last_fence(lock));
}

static void wait_times_out_never_early_and_not_late(void)
{
    static const double timeouts[] = {0.0, 0.000001, 0.003, 0.05, 0.25, 0.6};
    psync_lock *lock = fresh_lock();
    take(lock);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t start = now_ns();
        EXPECT(PSYNC_NO, psync_lock_wait(lock, FOR_SECONDS(timeouts[i]), ERR));
        EXPECT_TIME(start, timeouts[i], timeouts[i] + LATE);
        expect_locked(lock);
    }
}

static void waiter(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    atomic_fetch_add(&a->turns, 1);
    meet(&a->done);
}

static void unlock_by_another_process_wakes_the_waiter(void)
{
    for (int i = 0; i < 20; i++) {
        struct stage *a = stage(1, 0);
        take(lock_of(a->key));
        struct crowd *crowd = crowd_start(1, waiter, a);
        expect_meeting(&a->ready, LOST, "the waiter's start");
        if (i % 2) wait_until_asleep(crowd_thread(crowd, 0));
        CHECK_EQUAL(0, a->turns);
        EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
        expect_meeting(&a->done, LOST, "the waiter's going on");
        crowd_join(crowd);
    }
}

static void one_release_wakes_200_waiters(void)
{
    struct stage *a = stage(1, 0);
    int count = many(workers_are_threads() ? 60 : 200);
    take(lock_of(a->key));
    struct crowd *crowd = crowd_start(count, waiter, a);
    for (int i = 0; i < count; i++) expect_meeting(&a->ready, 20, "a waiter's start");
    for (int i = 0; i < count; i++) wait_until_asleep(crowd_thread(crowd, i));
    CHECK_EQUAL(0, a->turns);
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
    for (int i = 0; i < count; i++) expect_meeting(&a->done, LOST, "a waiter's going on");
    crowd_join(crowd);
    expect_free(lock_of(a->key));
}

static void waiters_in_a_row(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (int i = 0; i < a->rounds; i++) {
        expect_meeting(&a->go, LOST, "the next round");
        meet(&a->ready);
        EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
        meet(&a->done);
    }
}

/* Freed and taken again before the waiter can look. */
static void wait_returns_though_the_lock_is_taken_again_at_once(void)
{
    struct stage *a = stage(1, rounds(60, 50));
    psync_lock *lock = lock_of(a->key);
    take(lock);
    struct crowd *crowd = crowd_start(1, waiters_in_a_row, a);
    for (int i = 0; i < a->rounds; i++) {
        meet(&a->go);
        expect_meeting(&a->ready, LOST, "the waiter's start");
        wait_until_asleep(crowd_thread(crowd, 0));
        replace_acquisition(a, "the return of a wait whose acquisition has ended");
    }
    crowd_join(crowd);
}

static void relocker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    meet(&a->ready);
    while (!a->stop) {
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    }
}

static void a_tight_relocker_starves_no_waiter(void)
{
    struct stage *a = stage(1, 0);
    struct crowd *crowd = crowd_start(1, relocker, a);
    psync_lock *lock = lock_of(a->key);
    expect_meeting(&a->ready, LOST, "the relocker's start");
    for (int i = rounds(300, 100); i > 0; i--) {
        int64_t start = now_ns();
        EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(LOST), ERR));
        EXPECT_TIME(start, 0, LATE);
    }
    a->stop = 1;
    crowd_join(crowd);
}

static void taker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    atomic_fetch_add(&a->winners, 1);
    meet(&a->go);
}

static void waits_or_takes(int index, void *argument)
{
    if (index % 2) {
        waiter(index, argument);
    } else {
        taker(index, argument);
    }
}

static void expect_waiters(struct stage *a, int count)
{
    for (int i = 0; i < count; i++) expect_meeting(&a->done, LOST, "every waiter going on");
    CHECK_EQUAL(count, a->turns);
}

static void a_release_wakes_all_waiters_and_lets_one_taker_in(void)
{
    enum { EACH = 6 };
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    take(lock);
    struct crowd *crowd = crowd_start(2 * EACH, waits_or_takes, a);
    for (int i = 0; i < 2 * EACH; i++) expect_meeting(&a->ready, LOST, "a start");
    for (int i = 0; i < 2 * EACH; i++) wait_until_asleep(crowd_thread(crowd, i));
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    expect_meeting(&a->go, LOST, "one taker going on");
    if (!engine_is_far()) expect_waiters(a, EACH);
    CHECK(!meeting_within(&a->go, 0.2));
    CHECK_EQUAL(1, a->winners);
    for (int i = 1; i < EACH; i++) {
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        expect_meeting(&a->go, LOST, "the next taker's turn");
        CHECK_EQUAL(i + 1, a->winners);
    }
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    if (engine_is_far()) expect_waiters(a, EACH);
    crowd_join(crowd);
}

static void taken_and_freed(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    while (!a->stop) {
        EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
        atomic_fetch_add(&a->turns, 1);
    }
}

/* No wake-up is lost however the release falls between a waiter's look and its sleep. */
static void no_release_is_slept_through(void)
{
    enum { WAITERS = 3 };
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    take(lock);
    struct crowd *crowd = crowd_start(WAITERS, taken_and_freed, a);
    for (int i = rounds(3000, 10); i > 0; i--) {
        spin_for((int64_t)random_below(20000));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        spin_for((int64_t)random_below(2000));
        take(lock);
    }
    a->stop = 1;
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    crowd_join(crowd);
    CHECK(a->turns > 0);
}

/* What this thread used so far: sleeps, and microseconds of the processor. */
static void used_so_far(long *sleeps, long long *processor)
{
    struct rusage used;
    CHECK(getrusage(RUSAGE_THREAD, &used) == 0);
    *sleeps = used.ru_nvcsw;
    *processor =
        (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

/* A wait and an acquire, of so many seconds each; what both cost. */
static void sleep_both(psync_lock *lock, double seconds, long *sleeps, long long *processor)
{
    long sleeps_before;
    long long processor_before;
    used_so_far(&sleeps_before, &processor_before);
    EXPECT(PSYNC_NO, psync_lock_wait(lock, FOR_SECONDS(seconds), ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(seconds), NULL, ERR));
    used_so_far(sleeps, processor);
    *sleeps -= sleeps_before;
    *processor -= processor_before;
}

/*
 * Long sleeps cost what short ones do: the exchanges with the engine around them, and nothing while asleep. The
 * short ones are long enough for all of these; a look a second would cost ten sleeps more. On a busy machine an
 * answer may be there before its reader is, which then does not sleep for it: so the dearer of two counts.
 */
static void measured_sleeper(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    long first_sleeps, short_sleeps, long_sleeps;
    long long first_time, short_time, long_time;
    sleep_both(lock, 0.05, &first_sleeps, &first_time); /* what is set up once */
    sleep_both(lock, 1, &short_sleeps, &short_time);
    sleep_both(lock, 6, &long_sleeps, &long_time);
    if (short_sleeps < first_sleeps) short_sleeps = first_sleeps;
    CHECK(long_sleeps <= short_sleeps + 4);
    CHECK(long_time <= short_time + 10000);
}

static void a_waiter_without_a_hook_takes_no_look_while_asleep(void)
{
    struct stage *a = stage(1, 0);
    take(lock_of(a->key));
    crowd_join(crowd_start(1, measured_sleeper, a));
}

const struct test wait_tests[] = {
    THREADS(wait_returns_at_once_if_there_is_no_lock),
    THREADS(wait_takes_nothing),
    THREADS(wait_times_out_never_early_and_not_late),
    EITHER(unlock_by_another_process_wakes_the_waiter),
    EITHER(one_release_wakes_200_waiters),
    EITHER(wait_returns_though_the_lock_is_taken_again_at_once),
    EITHER(a_tight_relocker_starves_no_waiter),
    EITHER(a_release_wakes_all_waiters_and_lets_one_taker_in),
    EITHER(no_release_is_slept_through),
    PROCESSES(a_waiter_without_a_hook_takes_no_look_while_asleep),
    END_OF_TESTS,
};
