/* SPDX-License-Identifier: BSD-3-Clause */
/* lease.c - Holds that end by time: at once, for everybody, and not before. */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How much later than asked a lease may end, in seconds: an engine's clock has its ticks. */
#define TICK 0.002

static psync_hold *hold_for(psync_lock *lock, double lease)
{
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(lock, lease, FOR_SECONDS(0), &hold, ERR));
    return hold;
}

static int count_this_key(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    const char *wanted = ((void **)argument)[0];
    int *count = ((void **)argument)[1];
    (void)owner;
    if (length == strlen(wanted) && memcmp(key, wanted, length) == 0) ++*count;
    return 0;
}

static int times_listed(const char *key)
{
    int count = 0;
    void *argument[] = {(void *)(uintptr_t)key, &count};
    EXPECT(PSYNC_OK, psync_space_each_lock(space(), count_this_key, argument, ERR));
    return count;
}

static void an_expired_lease_counts_as_absent_in_every_call_at_once(void)
{
    for (int first = 0; first < 8; first++) { /* whichever call comes first */
        const char *key = fresh_key();
        psync_lock *lock = lock_of(key);
        psync_owner owner;
        int64_t start = now_ns();
        psync_hold *hold = hold_for(lock, 0.15), *next = NULL;
        uint64_t fence = psync_hold_fence(hold);
        CHECK(times_listed(key) == 1 || since(start) > 0.15); /* a list may be slow */
        sleep_for(0.15 + TICK);
        switch (first) {
        case 0:
            expect_free(lock);
            break;
        case 1:
            EXPECT(PSYNC_NO, psync_lock_inspect(lock, &owner, ERR));
            break;
        case 2:
            take(lock);
            break;
        case 3:
            EXPECT(PSYNC_NO, psync_lock_release(lock, ERR));
            break;
        case 4:
            EXPECT(PSYNC_NO, psync_lock_release_if(lock, fence, ERR));
            break;
        case 5:
            EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(0), ERR));
            break;
        case 6:
            CHECK_EQUAL(0, times_listed(key));
            break;
        default:
            EXPECT(PSYNC_OK, psync_lock_hold(lock, 10, FOR_SECONDS(0), &next, ERR));
            break;
        }
        EXPECT(PSYNC_NO, psync_hold_is_valid(hold, ERR));
        EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(hold, 10, ERR));
        EXPECT(PSYNC_NO, psync_hold_release(hold, ERR));
        psync_hold_free(hold);
        if (first == 2) expect_locked(lock);
        if (next) EXPECT(PSYNC_OK, psync_hold_is_valid(next, ERR));
        psync_hold_free(next);
    }
}

static void a_lost_hold_s_own_calls_find_out_first(void)
{
    for (int first = 0; first < 3; first++) {
        psync_lock *lock = fresh_lock();
        psync_hold *hold = hold_for(lock, 0.1);
        sleep_for(0.1 + TICK);
        if (first == 0) EXPECT(PSYNC_NO, psync_hold_is_valid(hold, ERR));
        if (first == 1) EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(hold, 10, ERR));
        if (first == 2) EXPECT(PSYNC_NO, psync_hold_release(hold, ERR));
        expect_free(lock);
        psync_hold_free(hold);
        take(lock);
    }
}

static void a_lease_lasts_as_long_as_asked(void)
{
    psync_lock *lock = fresh_lock();
    int64_t start = now_ns();
    psync_hold *hold = hold_for(lock, 0.5);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.1), NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    EXPECT_TIME(start, 0.5, 0.5 + LATE);
    psync_hold_free(hold);
}

static void lease_waiter(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    psync_hold *hold = NULL;
    meet(&a->ready);
    if (index == 0) EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    if (index == 2) EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
    atomic_store(&a->numbers[0], now_ns());
    psync_hold_free(hold);
    meet(&a->done);
}

/* One sleeper of each kind behind a lease; when it went on, in seconds after start. */
static double slept_until(struct stage *a, int kind, psync_hold *hold, double renew_to, int64_t *start)
{
    pid_t process = process_start(lease_waiter, kind, a);
    expect_meeting(&a->ready, LOST, "the waiter's start");
    wait_until_asleep(process);
    if (renew_to > 0) {
        *start = now_ns();
        EXPECT(PSYNC_OK, psync_hold_renew(hold, renew_to, ERR));
    }
    expect_meeting(&a->done, 4 + LATE, "the waiter's going on at the end of the lease");
    process_join(process);
    return (double)(a->numbers[0] - *start) / 1e9;
}

static void sleepers_behind(double lease, double renew_to)
{
    for (int kind = 0; kind < 3; kind++) {
        struct stage *a = stage(1, 0);
        psync_lock *lock = lock_of(a->key);
        int64_t start = now_ns();
        psync_hold *hold = hold_for(lock, lease);
        double slept = slept_until(a, kind, hold, renew_to, &start);
        double end = renew_to > 0 ? renew_to : lease;
        if (slept < end) check_failed(__FILE__, __LINE__, "kind %d: early, after %f s of %f", kind, slept, end);
        if (slept > end + LATE)
            check_failed(__FILE__, __LINE__, "kind %d: late, after %f s of %f", kind, slept, end);
        psync_hold_free(hold);
    }
}

static void sleepers_go_on_when_the_lease_runs_out(void)
{
    sleepers_behind(0.4, 0);
}

static void sleepers_mind_a_lease_that_was_renewed_for_longer(void)
{
    sleepers_behind(0.6, 1.5);
}

static void sleepers_mind_a_lease_that_was_made_shorter(void)
{
    sleepers_behind(50, 0.4);
}

static void sleepers_mind_a_lease_given_to_a_hold_that_had_none(void)
{
    sleepers_behind(0, 0.4);
}

/* Whether at least half of seven sleepers went on at once when their Hold's lease was cut short. */
static bool most_go_on_at_once(void)
{
    enum { TIMES = 7 };
    int late = 0;
    for (int i = 0; i < TIMES; i++) {
        struct stage *a = stage(1, 0);
        int64_t start = 0;
        psync_hold *hold = hold_for(lock_of(a->key), i % 2 ? 50 : 0);
        double slept = slept_until(a, i % 3, hold, 0.01, &start);
        if (slept < 0.01) check_failed(__FILE__, __LINE__, "early, after %f s", slept);
        late += slept > 0.04 + 50 * (double)suite.operation / 1e9;
        psync_hold_free(hold);
    }
    return late <= TIMES / 2;
}

/*
 * A sleeper must be told of a lease's new end, not come across it when it looks next. A busy machine is late now
 * and then, but not each time; who is not told is late nearly always.
 */
static void a_lease_made_very_short_ends_the_sleep_at_once(void)
{
    for (int i = 0; i < 5; i++) {
        if (most_go_on_at_once()) return;
    }
    check_failed(__FILE__, __LINE__, "sleepers sleep on");
}

/* Keeps a Hold for longer than its lease. False: the machine was too busy for a lease that short. */
static bool renewed_in_time(psync_lock *lock, double lease)
{
    int64_t start = now_ns(), last = start;
    psync_hold *hold = hold_for(lock, lease);
    bool in_time = true;
    while (in_time && since(start) < 2.4 * lease) {
        int64_t begun = now_ns();
        psync_result r = psync_hold_renew(hold, lease, ERR);
        in_time = r == PSYNC_OK || since(last) < lease;
        if (in_time) check_result(__FILE__, __LINE__, "psync_hold_renew", PSYNC_OK, r);
        last = begun;
        sleep_for(lease / 5);
        r = psync_hold_is_valid(hold, ERR);
        psync_result there = psync_lock_exists(lock, ERR);
        in_time = in_time && since(last) < lease;
        if (in_time) CHECK(r == PSYNC_OK && there == PSYNC_OK);
    }
    psync_result r = psync_hold_release(hold, ERR);
    CHECK(r == PSYNC_OK || since(last) >= lease);
    psync_hold_free(hold);
    return in_time;
}

static void renew_extends_a_lease_again_and_again(void)
{
    psync_lock *lock = fresh_lock();
    if (!renewed_in_time(lock, 0.5) && !renewed_in_time(lock, 3)) CHECK(renewed_in_time(lock, 20));
    expect_free(lock);
}

static bool is_near(int64_t wall_us, int64_t expected_us)
{
    int64_t difference = wall_us - expected_us;
    return difference > -1500000 && difference < 1500000;
}

static void expires_at_tells_when_the_lease_ends(void)
{
    psync_lock *lock = fresh_lock();
    psync_owner owner;
    psync_hold *hold = hold_for(lock, 100);
    CHECK(is_near(psync_hold_expires_at(hold), now_us_wall() + 100000000));
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK(is_near(owner.expires_at, now_us_wall() + 100000000));
    EXPECT(PSYNC_OK, psync_hold_renew(hold, 20, ERR));
    CHECK(is_near(psync_hold_expires_at(hold), now_us_wall() + 20000000));
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK(is_near(owner.expires_at, now_us_wall() + 20000000));
    psync_hold_free(hold);
    hold = hold_for(lock, 0);
    CHECK_EQUAL(0, psync_hold_expires_at(hold));
    EXPECT(PSYNC_OK, psync_hold_renew(hold, 50, ERR));
    CHECK(is_near(psync_hold_expires_at(hold), now_us_wall() + 50000000));
    psync_hold_free(hold);
    take(lock);
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK_EQUAL(0, owner.expires_at);
}

static void a_lost_hold_never_frees_the_next_owner_s(void)
{
    psync_lock *lock = fresh_lock();
    psync_hold *lost = hold_for(lock, 0.05);
    sleep_for(0.05 + TICK);
    uint64_t fence = take(lock);
    CHECK(fence > psync_hold_fence(lost));
    EXPECT(PSYNC_NO, psync_hold_is_valid(lost, ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(lost, 10, ERR));
    EXPECT(PSYNC_NO, psync_hold_release(lost, ERR));
    psync_hold_free(lost);
    psync_owner owner;
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK_EQUAL(fence, owner.fence);
    CHECK_EQUAL(0, owner.expires_at);
}

static void leased_holder(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    hold_for(lock_of(a->key), 1000);
    meet(&a->ready);
    sleep_for(1000);
}

static void a_leased_hold_ends_with_its_process_all_the_same(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = process_start(leased_holder, 0, a);
    expect_meeting(&a->ready, LOST, "the holder's start");
    expect_locked(lock_of(a->key));
    process_kill(process);
    int64_t died = now_ns();
    EXPECT(PSYNC_OK, psync_lock_wait(lock_of(a->key), FOR_SECONDS(suite.liveness + LATE), ERR));
    EXPECT_TIME(died, 0, suite.liveness + 0.3);
    take(lock_of(a->key));
}

static void leases_end_exclusion_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (int i = 0; i < a->rounds; i++) {
        psync_hold *hold = NULL;
        EXPECT(PSYNC_OK, psync_lock_hold(lock, 0.02, NULL, &hold, ERR));
        uint64_t fence = psync_hold_fence(hold);
        long long before = atomic_exchange(&a->numbers[0], (long long)fence);
        /* Who was kept from running for longer than its lease comes after the next owner: it proves nothing. */
        if (psync_hold_is_valid(hold, NULL) == PSYNC_OK) CHECK((long long)fence > before);
        if (random_below(4) == 0) sleep_for(0.02 + TICK); /* lose it */
        (void)psync_hold_release(hold, NULL);
        psync_hold_free(hold);
    }
}

static void each_lost_lease_is_followed_by_a_larger_fence(void)
{
    enum { HOLDERS = 4 };
    struct stage *a = stage(1, rounds(60, 10));
    crowd_join(crowd_start(HOLDERS, leases_end_exclusion_worker, a));
}

static void wrong_leases_are_refused(void)
{
    static const double wrong[] = {NAN, -1, -1e-9, INFINITY, -INFINITY};
    psync_lock *lock = fresh_lock();
    psync_hold *hold = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_hold(lock, wrong[i], NULL, &hold, ERR));
        CHECK(!hold);
        expect_free(lock);
    }
    hold = hold_for(lock, 30);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_hold_renew(hold, wrong[i], ERR));
    }
    EXPECT(PSYNC_ERROR_ARGUMENT, psync_hold_renew(hold, 0, ERR));
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    CHECK(is_near(psync_hold_expires_at(hold), now_us_wall() + 30000000));
    psync_hold_free(hold);
}

static void a_lease_of_centuries_is_a_lease(void)
{
    psync_lock *lock = fresh_lock();
    psync_hold *hold = hold_for(lock, 1e10);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    expect_locked(lock);
    EXPECT(PSYNC_NO, psync_lock_wait(lock, FOR_SECONDS(0.05), ERR));
    EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
    psync_hold_free(hold);
    expect_free(lock);
}

const struct test lease_tests[] = {
    THREADS(an_expired_lease_counts_as_absent_in_every_call_at_once),
    THREADS(a_lost_hold_s_own_calls_find_out_first),
    THREADS(a_lease_lasts_as_long_as_asked),
    PROCESSES(sleepers_go_on_when_the_lease_runs_out),
    PROCESSES(sleepers_mind_a_lease_that_was_renewed_for_longer),
    PROCESSES(sleepers_mind_a_lease_that_was_made_shorter),
    PROCESSES(sleepers_mind_a_lease_given_to_a_hold_that_had_none),
    PROCESSES(a_lease_made_very_short_ends_the_sleep_at_once),
    THREADS(renew_extends_a_lease_again_and_again),
    THREADS(expires_at_tells_when_the_lease_ends),
    THREADS(a_lost_hold_never_frees_the_next_owner_s),
    PROCESSES(a_leased_hold_ends_with_its_process_all_the_same),
    EITHER(each_lost_lease_is_followed_by_a_larger_fence),
    THREADS(wrong_leases_are_refused),
    THREADS(a_lease_of_centuries_is_a_lease),
    END_OF_TESTS,
};
