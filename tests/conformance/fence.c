/* SPDX-License-Identifier: BSD-3-Clause */
/* fence.c - each acquisition of a key has a larger number than all before it. */
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void each_acquisition_has_a_larger_fence(void)
{
    psync_lock *lock = fresh_lock();
    uint64_t last = 0;
    for (int i = rounds(1000, 2); i > 0; i--) {
        uint64_t fence = 0;
        psync_hold *hold = NULL;
        if (i % 2) {
            fence = take(lock);
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        } else {
            EXPECT(PSYNC_OK, psync_lock_hold(lock, i % 4 ? 0 : 60, NULL, &hold, ERR));
            fence = psync_hold_fence(hold);
            psync_hold_free(hold);
        }
        if (fence <= last) check_failed(__FILE__, __LINE__, "fence %" PRIu64 " after %" PRIu64, fence, last);
        last = fence;
    }
}

/* The engine may forget a Lock that nobody has; its fences must not start again. */
static void fences_grow_though_other_keys_came_and_went(void)
{
    const char *key = fresh_key();
    uint64_t last = 0;
    for (int round = 0; round < 5; round++) {
        uint64_t fence = take(lock_of(key));
        CHECK(fence > last);
        last = fence;
        EXPECT(PSYNC_OK, psync_lock_release(lock_of(key), ERR));
        for (int i = rounds(500, 3); i > 0; i--) {
            char other[200];
            psync_lock *lock = NULL;
            int length = snprintf(other, sizeof other, "%s-%d-%d", key, round, i);
            EXPECT(PSYNC_OK, psync_lock_open(space(), other, (size_t)length, &lock, ERR));
            take(lock);
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
            psync_lock_close(lock);
        }
    }
}

static void fences_grow_through_newly_opened_spaces(void)
{
    const char *key = fresh_key();
    uint64_t last = 0;
    for (int round = 0; round < 10; round++) {
        psync_space *opened = space_open();
        psync_lock *lock = NULL;
        EXPECT(PSYNC_OK, psync_lock_open(opened, key, strlen(key), &lock, ERR));
        uint64_t fence = take(lock);
        CHECK(fence > last);
        last = fence;
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        psync_lock_close(lock);
        psync_space_close(opened);
    }
}

static void compare_fences_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    pthread_barrier_wait(&a->barrier);
    for (int i = 0; i < a->rounds; i++) {
        uint64_t fence = 0;
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, &fence, ERR));
        CHECK((int64_t)fence > a->unprotected);
        a->unprotected = (int64_t)fence;
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void fences_grow_in_the_order_of_acquisition_over_all_takers(void)
{
    enum { TAKERS = 6 };
    struct stage *a = stage(TAKERS, rounds(1500, 2 * TAKERS));
    crowd_join(crowd_start(TAKERS, compare_fences_worker, a));
}

static void a_process_that_died_keeps_its_fence_used(void)
{
    const char *key = fresh_key();
    uint64_t last = 0;
    for (int i = 0; i < 3; i++) {
        psync_owner owner;
        helper_run("acquire", key, HELPER_KILL);
        EXPECT(PSYNC_OK, psync_lock_inspect(lock_of(key), &owner, ERR));
        CHECK(owner.fence > last);
        EXPECT(PSYNC_OK, psync_lock_release_if(lock_of(key), owner.fence, ERR));
        last = take(lock_of(key));
        CHECK(last > owner.fence);
        EXPECT(PSYNC_OK, psync_lock_release(lock_of(key), ERR));
    }
}

static void last_fence_is_of_this_handle_s_latest_acquisition(void)
{
    const char *key = fresh_key();
    psync_lock *one = lock_of(key), *other = lock_of(key);
    CHECK_EQUAL(0, psync_lock_last_fence(one));
    uint64_t first = take(one);
    CHECK_EQUAL(first, psync_lock_last_fence(one));
    CHECK_EQUAL(0, psync_lock_last_fence(other));
    EXPECT(PSYNC_NO, psync_lock_acquire(one, FOR_SECONDS(0), NULL, ERR));
    CHECK_EQUAL(first, psync_lock_last_fence(one));
    EXPECT(PSYNC_OK, psync_lock_release(other, ERR));
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(other, 0, NULL, &hold, ERR));
    CHECK_EQUAL(psync_hold_fence(hold), psync_lock_last_fence(other));
    CHECK_EQUAL(first, psync_lock_last_fence(one));
    psync_hold_free(hold);
}

static void release_if_frees_only_the_acquisition_with_that_fence(void)
{
    psync_lock *lock = fresh_lock();
    uint64_t old = take(lock);
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, old + 1, ERR));
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, old - 1, ERR));
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, 0, ERR));
    expect_locked(lock);
    EXPECT(PSYNC_OK, psync_lock_release_if(lock, old, ERR));
    expect_free(lock);
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, old, ERR));
    uint64_t new = take(lock);
    EXPECT(PSYNC_NO, psync_lock_release_if(lock, old, ERR));
    expect_locked(lock);
    EXPECT(PSYNC_OK, psync_lock_release_if(lock, new, ERR));
    expect_free(lock);
}

const struct test fence_tests[] = {
    THREADS(each_acquisition_has_a_larger_fence),
    THREADS(fences_grow_though_other_keys_came_and_went),
    THREADS(fences_grow_through_newly_opened_spaces),
    EITHER(fences_grow_in_the_order_of_acquisition_over_all_takers),
    PROCESSES(a_process_that_died_keeps_its_fence_used),
    THREADS(last_fence_is_of_this_handle_s_latest_acquisition),
    THREADS(release_if_frees_only_the_acquisition_with_that_fence),
    END_OF_TESTS,
};
