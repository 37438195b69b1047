/* SPDX-License-Identifier: BSD-3-Clause */
/* lock.c - taking, freeing and asking for a Lock; what outlives what. */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_fresh_lock_does_not_exist(void)
{
    psync_lock *lock = fresh_lock();
    psync_owner owner;
    expect_free(lock);
    EXPECT(PSYNC_NO, psync_lock_inspect(lock, &owner, ERR));
    EXPECT(PSYNC_NO, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, 1, ERR));
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
}

static void acquire_makes_it_exist_and_release_ends_it(void)
{
    psync_lock *lock = fresh_lock();
    for (int i = 0; i < 5; i++) {
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        expect_locked(lock);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        expect_free(lock);
        EXPECT(PSYNC_NO, psync_lock_release(lock, ERR));
    }
}

static void an_infinite_timeout_takes_a_free_lock(void)
{
    EXPECT(PSYNC_OK, psync_lock_acquire(fresh_lock(), FOR_SECONDS(INFINITY), NULL, ERR));
}

static void two_handles_of_a_key_are_one_lock(void)
{
    const char *key = fresh_key();
    psync_lock *one = lock_of(key), *other = lock_of(key);
    take(one);
    expect_locked(other);
    EXPECT(PSYNC_NO, psync_lock_acquire(other, FOR_SECONDS(0), NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(other, ERR));
    expect_free(one);
}

static void closing_a_handle_frees_nothing(void)
{
    const char *key = fresh_key();
    psync_lock *lock = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(space(), key, strlen(key), &lock, ERR));
    take(lock);
    psync_lock_close(lock);
    psync_lock_close(NULL);
    expect_locked(lock_of(key));
}

static void acquire_of_an_own_lock_blocks(void)
{
    const char *key = fresh_key();
    psync_lock *lock = lock_of(key);
    uint64_t fence = take(lock);
    int64_t start = now_ns();
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.2), NULL, ERR));
    EXPECT_TIME(start, 0.2, 0.2 + LATE);
    start = now_ns();
    EXPECT(PSYNC_NO, psync_lock_acquire(lock_of(key), FOR_SECONDS(0.2), NULL, ERR));
    EXPECT_TIME(start, 0.2, 0.2 + LATE);
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR));
    psync_owner owner;
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK_EQUAL(fence, owner.fence);
}

static void acquire_times_out_never_early_and_not_late(void)
{
    static const double timeouts[] = {0.0, 0.000001, 0.003, 0.05, 0.25, 0.6};
    psync_lock *lock = fresh_lock();
    take(lock);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t start = now_ns();
        EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(timeouts[i]), NULL, ERR));
        EXPECT_TIME(start, timeouts[i], timeouts[i] + LATE);
    }
}

static void release_frees_whoever_took_it_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    take(lock_of(a->key));
    meet(&a->ready);
    expect_meeting(&a->go, LOST, "the other's release");
    expect_free(lock_of(a->key));
}

static void release_frees_whoever_took_it(void)
{
    struct stage *a = stage(1, 0);
    struct crowd *crowd = crowd_start(1, release_frees_whoever_took_it_worker, a);
    expect_meeting(&a->ready, LOST, "the worker's acquire");
    expect_locked(lock_of(a->key));
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
    meet(&a->go);
    crowd_join(crowd);
}

/* The program that took the Lock has ended, one way or another. */
static void outlives(enum helper_end end)
{
    const char *key = fresh_key();
    psync_lock *lock = lock_of(key);
    pid_t taker = helper_run("acquire", key, end);
    for (int look = 0; look < 2; look++) { /* not only at first sight */
        psync_owner owner;
        expect_locked(lock);
        EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
        CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
        CHECK_EQUAL(taker, owner.pid);
        EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR));
        EXPECT(PSYNC_NO, psync_lock_wait(lock, FOR_SECONDS(0.4), ERR));
        EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.4), NULL, ERR));
    }
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    expect_free(lock);
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    take(lock);
}

static void a_lock_outlives_the_normal_end_of_its_process(void)
{
    outlives(HELPER_EXIT);
}

static void a_lock_outlives_the_abrupt_end_of_its_process(void)
{
    outlives(HELPER_UNDERSCORE_EXIT);
}

static void a_lock_outlives_the_sigkill_of_its_process(void)
{
    outlives(HELPER_KILL);
}

static void pause_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    atomic_fetch_add(&a->turns, 1);
    meet(&a->done);
}

/* The pause job: one process locks and ends, workers stop at their next wait, another process unlocks. */
static void workers_stop_at_a_lock_whose_process_ended_until_another_unlocks(void)
{
    enum { WORKERS = 5 };
    struct stage *a = stage(1, 0);
    helper_run("acquire", a->key, HELPER_EXIT);
    struct crowd *crowd = crowd_start(WORKERS, pause_worker, a);
    for (int i = 0; i < WORKERS; i++) expect_meeting(&a->ready, LOST, "a worker's start");
    for (int i = 0; i < WORKERS; i++) wait_until_asleep(crowd_thread(crowd, i));
    sleep_for(1.2); /* longer than any look at whether the owner lives */
    CHECK_EQUAL(0, a->turns);
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
    for (int i = 0; i < WORKERS; i++) expect_meeting(&a->done, LOST, "a worker's going on");
    crowd_join(crowd);
}

static void releases_worker(int index, void *argument)
{
    struct stage *c = argument;
    psync_lock *lock = lock_of(c->key);
    for (int round = 0; round < c->rounds; round++) {
        if (index == 0) take(lock);
        pthread_barrier_wait(&c->barrier);
        psync_result result = psync_lock_release(lock, ERR);
        CHECK(result == PSYNC_OK || result == PSYNC_NO);
        if (result == PSYNC_OK) atomic_fetch_add(&c->winners, 1);
        pthread_barrier_wait(&c->barrier);
        if (index == 0) {
            CHECK_EQUAL(round + 1, c->winners);
            expect_free(lock);
        }
    }
}

static void of_concurrent_releases_exactly_one_wins(void)
{
    enum { RELEASERS = 4 };
    crowd_join(crowd_start(RELEASERS, releases_worker, stage(RELEASERS, rounds(400, 20))));
}

static void tries_worker(int index, void *argument)
{
    struct stage *c = argument;
    psync_lock *lock = lock_of(c->key);
    for (int round = 0; round < c->rounds; round++) {
        pthread_barrier_wait(&c->barrier);
        psync_result result = psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR);
        CHECK(result == PSYNC_OK || result == PSYNC_NO);
        if (result == PSYNC_OK) atomic_fetch_add(&c->winners, 1);
        pthread_barrier_wait(&c->barrier);
        if (index == 0) {
            CHECK_EQUAL(round + 1, c->winners);
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        }
    }
}

static void of_concurrent_tries_exactly_one_takes_it(void)
{
    enum { TAKERS = 4 };
    crowd_join(crowd_start(TAKERS, tries_worker, stage(TAKERS, rounds(400, 20))));
}

static void creation_worker(int index, void *argument)
{
    struct stage *c = argument;
    char key[200];
    for (int round = 0; round < c->rounds; round++) {
        int length = snprintf(key, sizeof key, "%s-%d", c->key, round);
        psync_lock *lock = NULL;
        EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
        pthread_barrier_wait(&c->barrier);
        psync_result result = psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR);
        CHECK(result == PSYNC_OK || result == PSYNC_NO);
        if (result == PSYNC_OK) atomic_fetch_add(&c->winners, 1);
        pthread_barrier_wait(&c->barrier);
        if (index == 0) {
            CHECK_EQUAL(round + 1, c->winners);
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
            expect_free(lock);
        }
        psync_lock_close(lock);
    }
}

static void of_concurrent_tries_of_a_name_never_used_exactly_one_takes_it(void)
{
    enum { TAKERS = 4 };
    crowd_join(crowd_start(TAKERS, creation_worker, stage(TAKERS, rounds(400, 20))));
}

static void exclusion_worker(int index, void *argument)
{
    struct stage *c = argument;
    psync_lock *lock = lock_of(c->key);
    pthread_barrier_wait(&c->barrier);
    for (int round = 0; round < c->rounds; round++) {
        psync_hold *hold = NULL;
        if ((round + index) % 3 == 0) {
            EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
        } else {
            EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        }
        int64_t value = *(volatile int64_t *)&c->unprotected;
        if (round % 16 == 0) spin_for(2000);
        *(volatile int64_t *)&c->unprotected = value + 1;
        if (hold) {
            EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
            psync_hold_free(hold);
        } else {
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        }
    }
}

static void the_lock_excludes_others(void)
{
    enum { WORKERS = 8 };
    struct stage *c = stage(WORKERS, rounds(3000, 2 * WORKERS));
    crowd_join(crowd_start(WORKERS, exclusion_worker, c));
    CHECK_EQUAL((int64_t)c->rounds * WORKERS, c->unprotected);
}

static void sleeping_taker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    a->unprotected++;
    atomic_fetch_add(&a->turns, 1);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    meet(&a->done);
}

static void a_release_hands_the_lock_to_a_sleeping_taker(void)
{
    for (int i = 0; i < 20; i++) {
        struct stage *a = stage(1, 0);
        take(lock_of(a->key));
        struct crowd *crowd = crowd_start(1, sleeping_taker, a);
        expect_meeting(&a->ready, LOST, "the taker's start");
        if (i % 2) wait_until_asleep(crowd_thread(crowd, 0));
        CHECK_EQUAL(0, a->turns);
        EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
        expect_meeting(&a->done, LOST, "the taker's turn");
        crowd_join(crowd);
    }
}

static void each_of_200_sleeping_takers_gets_its_turn(void)
{
    struct stage *a = stage(1, 0);
    int count = many(workers_are_threads() ? 60 : 200);
    take(lock_of(a->key));
    struct crowd *crowd = crowd_start(count, sleeping_taker, a);
    for (int i = 0; i < count; i++) expect_meeting(&a->ready, 20, "a taker's start");
    for (int i = 0; i < count; i += 10) wait_until_asleep(crowd_thread(crowd, i));
    CHECK_EQUAL(0, a->turns);
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
    for (int i = 0; i < count; i++) expect_meeting(&a->done, 20, "a taker's turn");
    crowd_join(crowd);
    CHECK_EQUAL(count, a->unprotected);
    expect_free(lock_of(a->key));
}

static void relocking_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    meet(&a->ready);
    while (!atomic_load(&a->stop)) {
        spin_for(2000000);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    }
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * Each turn comes, and as a rule soon: the median is what a relocker's turns cost, not what luck brings. Most of
 * the relockers' time goes by under the Lock, so whoever only ever tries when it happens to run finds it taken.
 */
static void turns_beside(int relockers)
{
    enum { TURNS = 21 };
    struct stage *a = stage(1, 0);
    struct crowd *crowd = crowd_start(relockers, relocking_worker, a);
    psync_lock *lock = lock_of(a->key);
    double took[TURNS];
    for (int i = 0; i < relockers; i++) expect_meeting(&a->ready, LOST, "a relocker's start");
    for (int i = 0; i < TURNS; i++) {
        int64_t start = now_ns();
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, FOR_SECONDS(LOST), NULL, ERR));
        took[i] = since(start);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
    atomic_store(&a->stop, 1);
    crowd_join(crowd);
    qsort(took, TURNS, sizeof *took, by_size);
    double usual = 0.25 + 300 * (double)suite.operation / 1e9;
    if (took[TURNS / 2] > usual || took[TURNS - 1] > 2) {
        check_failed(__FILE__, __LINE__, "half of the turns took over %.3f s, the longest %.3f s", took[TURNS / 2],
                     took[TURNS - 1]);
    }
}

static void a_tight_relocker_starves_no_taker(void)
{
    turns_beside(1);
}

static void two_tight_relockers_starve_no_taker(void)
{
    turns_beside(2);
}

/* Free means free: not reserved for anybody, asleep, gone or dead. */
static void a_try_of_a_free_lock_never_fails(void)
{
    psync_lock *lock = fresh_lock();
    for (int i = rounds(2000, 2); i > 0; i--) {
        take(lock);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void forever_taker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock_of(a->key), NULL, NULL, ERR));
    check_failed(__FILE__, __LINE__, "the Lock should never have been free");
}

static void a_try_never_fails_after_sleeping_takers_died(void)
{
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    for (int i = 0; i < 5; i++) {
        take(lock);
        pid_t takers[3];
        for (int t = 0; t < 3; t++) takers[t] = process_start(forever_taker, t, a);
        for (int t = 0; t < 3; t++) expect_meeting(&a->ready, LOST, "a taker's start");
        for (int t = 0; t < 3; t++) wait_until_asleep(takers[t]);
        for (int t = 0; t < 3; t++) process_kill(takers[t]);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        take(lock);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void a_try_never_fails_after_takers_gave_up(void)
{
    psync_lock *lock = fresh_lock();
    for (int i = 0; i < 5; i++) {
        take(lock);
        EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.02), NULL, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        take(lock);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void release_ghost_frees_only_what_a_dead_process_left(void)
{
    const char *key = fresh_key();
    psync_lock *lock = lock_of(key);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
    take(lock);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
    expect_locked(lock);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    pid_t alive = helper_run("acquire", key, HELPER_STAY);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
    expect_locked(lock);
    process_kill(alive);
    EXPECT(PSYNC_OK, psync_lock_release_ghost(lock, ERR));
    expect_free(lock);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
}

static void release_ghost_never_frees_the_next_owner_s(void)
{
    const char *key = fresh_key();
    psync_lock *lock = lock_of(key);
    for (int i = 0; i < 3; i++) {
        helper_run("acquire", key, HELPER_KILL);
        psync_owner owner;
        EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
        CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        take(lock);
        EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

const struct test lock_tests[] = {
    THREADS(a_fresh_lock_does_not_exist),
    THREADS(acquire_makes_it_exist_and_release_ends_it),
    THREADS(an_infinite_timeout_takes_a_free_lock),
    THREADS(two_handles_of_a_key_are_one_lock),
    THREADS(closing_a_handle_frees_nothing),
    THREADS(acquire_of_an_own_lock_blocks),
    THREADS(acquire_times_out_never_early_and_not_late),
    EITHER(release_frees_whoever_took_it),
    PROCESSES(a_lock_outlives_the_normal_end_of_its_process),
    PROCESSES(a_lock_outlives_the_abrupt_end_of_its_process),
    PROCESSES(a_lock_outlives_the_sigkill_of_its_process),
    PROCESSES(workers_stop_at_a_lock_whose_process_ended_until_another_unlocks),
    EITHER(of_concurrent_releases_exactly_one_wins),
    EITHER(of_concurrent_tries_exactly_one_takes_it),
    EITHER(of_concurrent_tries_of_a_name_never_used_exactly_one_takes_it),
    EITHER(the_lock_excludes_others),
    EITHER(a_release_hands_the_lock_to_a_sleeping_taker),
    EITHER(each_of_200_sleeping_takers_gets_its_turn),
    EITHER(a_tight_relocker_starves_no_taker),
    EITHER(two_tight_relockers_starve_no_taker),
    THREADS(a_try_of_a_free_lock_never_fails),
    PROCESSES(a_try_never_fails_after_sleeping_takers_died),
    THREADS(a_try_never_fails_after_takers_gave_up),
    PROCESSES(release_ghost_frees_only_what_a_dead_process_left),
    PROCESSES(release_ghost_never_frees_the_next_owner_s),
    END_OF_TESTS,
};
