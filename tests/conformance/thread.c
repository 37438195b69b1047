/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.c - one space and one handle, used by many threads at once. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

struct handles {
    struct stage *stage;
    psync_lock *lock;
    psync_integer *integer;
};

static struct handles handles(int parties, int rounds_)
{
    struct handles made = {.stage = stage(parties, rounds_)};
    made.lock = lock_of(made.stage->key);
    made.integer = integer_of(made.stage->key);
    return made;
}

static void lock_through_one_handle(int index, void *argument)
{
    (void)index;
    struct handles *h = argument;
    pthread_barrier_wait(&h->stage->barrier);
    for (int i = 0; i < h->stage->rounds; i++) {
        uint64_t fence = 0;
        EXPECT(PSYNC_OK, psync_lock_acquire(h->lock, NULL, &fence, ERR));
        CHECK_EQUAL(fence, psync_lock_last_fence(h->lock));
        h->stage->unprotected++;
        EXPECT(PSYNC_OK, psync_lock_release_if(h->lock, fence, ERR));
    }
}

static void threads_exclude_each_other_through_one_handle(void)
{
    enum { COUNT = 6 };
    struct handles h = handles(COUNT, rounds(2000, 2 * COUNT));
    crowd_join(crowd_start(COUNT, lock_through_one_handle, &h));
    CHECK_EQUAL(COUNT * h.stage->rounds, h.stage->unprotected);
}

static void hold_through_one_handle(int index, void *argument)
{
    (void)index;
    struct handles *h = argument;
    for (int i = 0; i < h->stage->rounds; i++) {
        psync_hold *hold = NULL;
        EXPECT(PSYNC_OK, psync_lock_hold(h->lock, i % 2 ? 60 : 0, NULL, &hold, ERR));
        h->stage->unprotected++;
        EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
        if (i % 3 == 0) EXPECT(PSYNC_OK, psync_hold_renew(hold, 30, ERR));
        EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
        psync_hold_free(hold);
    }
}

static void threads_hold_by_turns_through_one_handle(void)
{
    enum { COUNT = 4 };
    struct handles h = handles(COUNT, rounds(1000, 4 * COUNT));
    crowd_join(crowd_start(COUNT, hold_through_one_handle, &h));
    CHECK_EQUAL(COUNT * h.stage->rounds, h.stage->unprotected);
}

static void count_through_one_handle(int index, void *argument)
{
    (void)index;
    struct handles *h = argument;
    int64_t before = 0;
    pthread_barrier_wait(&h->stage->barrier);
    for (int i = 0; i < h->stage->rounds; i++) {
        int64_t result = 0;
        EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, &result, ERR));
        CHECK(result > before);
        before = result;
        CHECK(psync_integer_known(h->integer) > 0);
        atomic_fetch_add(&h->stage->numbers[0], result);
    }
}

static void threads_count_exactly_through_one_handle(void)
{
    enum { COUNT = 6 };
    struct handles h = handles(COUNT, rounds(20000, COUNT));
    crowd_join(crowd_start(COUNT, count_through_one_handle, &h));
    int64_t total = (int64_t)COUNT * h.stage->rounds;
    expect_value(h.integer, total);
    CHECK_EQUAL(total * (total + 1) / 2, h.stage->numbers[0]);
}

static void sleeps_on_one_handle(int index, void *argument)
{
    struct handles *h = argument;
    meet(&h->stage->ready);
    if (index == 0) EXPECT(PSYNC_OK, psync_lock_wait(h->lock, NULL, ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_integer_await_at_least(h->integer, 1, NULL, ERR));
    if (index == 2) EXPECT(PSYNC_OK, psync_integer_await_change(h->integer, NULL, ERR));
    meet(&h->stage->done);
}

static void a_handle_that_others_sleep_on_still_works(void)
{
    enum { COUNT = 3 };
    struct handles h = handles(1, 0);
    take(h.lock);
    struct crowd *crowd = crowd_start(COUNT, sleeps_on_one_handle, &h);
    for (int i = 0; i < COUNT; i++) expect_meeting(&h.stage->ready, LOST, "a sleeper's start");
    for (int i = 0; i < COUNT; i++) wait_until_asleep(crowd_thread(crowd, i));
    expect_locked(h.lock);
    EXPECT(PSYNC_OK, psync_lock_release(h.lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(h.integer, 1, NULL, ERR));
    for (int i = 0; i < COUNT; i++) expect_meeting(&h.stage->done, LOST, "a sleeper going on");
    crowd_join(crowd);
}

static void opens_and_closes(int index, void *argument)
{
    struct handles *h = argument;
    char key[200];
    for (int i = 0; i < h->stage->rounds; i++) {
        psync_space *opened = i % 4 == 0 ? space_open() : NULL;
        psync_space *used = opened ? opened : space();
        psync_lock *lock = NULL;
        psync_integer *integer = NULL;
        int length = snprintf(key, sizeof key, "%s-%d", h->stage->key, (i + index) % 5);
        EXPECT(PSYNC_OK, psync_lock_open(used, key, (size_t)length, &lock, ERR));
        EXPECT(PSYNC_OK, psync_integer_open(used, key, (size_t)length, &integer, ERR));
        psync_hold *hold = NULL;
        EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR)); /* under the Lock: it is there */
        EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
        psync_hold_free(hold);
        psync_lock_close(lock);
        psync_integer_close(integer);
        psync_space_close(opened);
    }
}

static void threads_open_and_close_spaces_and_handles_at_once(void)
{
    enum { COUNT = 4 };
    struct handles h = handles(COUNT, rounds(300, 20 * COUNT));
    crowd_join(crowd_start(COUNT, opens_and_closes, &h));
}

static void changes_label_or_looks(int index, void *argument)
{
    struct handles *h = argument;
    for (int i = 0; i < h->stage->rounds; i++) {
        if (index == 0) {
            EXPECT(PSYNC_OK, psync_space_set_label(space(), i % 2 ? "aaaaaaaaaaaaaaaaaaaa" : "bbbbbbbbbb", ERR));
            continue;
        }
        uint64_t fence = 0;
        psync_owner owner;
        EXPECT(PSYNC_OK, psync_lock_acquire(h->lock, NULL, &fence, ERR));
        EXPECT(PSYNC_OK, psync_lock_inspect(h->lock, &owner, ERR));
        CHECK_EQUAL(fence, owner.fence);
        CHECK(strcmp(owner.label, "aaaaaaaaaaaaaaaaaaaa") == 0 || strcmp(owner.label, "bbbbbbbbbb") == 0);
        EXPECT(PSYNC_OK, psync_lock_release(h->lock, ERR));
    }
}

static void a_label_changed_meanwhile_is_never_a_mixture(void)
{
    struct handles h = handles(1, rounds(1000, 12));
    EXPECT(PSYNC_OK, psync_space_set_label(space(), "bbbbbbbbbb", ERR));
    crowd_join(crowd_start(3, changes_label_or_looks, &h));
}

/* Who inspects sees one acquisition, never parts of two. */
static void acquires_or_inspects(int index, void *argument)
{
    struct handles *h = argument;
    while (index == 0 && !h->stage->stop) {
        EXPECT(PSYNC_OK, psync_space_set_label(space(), "odd", ERR));
        take(h->lock);
        EXPECT(PSYNC_OK, psync_lock_release(h->lock, ERR));
        EXPECT(PSYNC_OK, psync_space_set_label(space(), "even label", ERR));
        psync_hold *hold = NULL;
        EXPECT(PSYNC_OK, psync_lock_hold(h->lock, 100, NULL, &hold, ERR));
        psync_hold_free(hold);
    }
    for (int i = 0; index != 0 && i < h->stage->rounds; i++) {
        psync_owner owner;
        psync_result result = psync_lock_inspect(h->lock, &owner, ERR);
        if (result == PSYNC_NO) continue;
        EXPECT(PSYNC_OK, result);
        CHECK_EQUAL(owner.is_hold, strcmp(owner.label, "even label") == 0);
        CHECK_EQUAL(!owner.is_hold, strcmp(owner.label, "odd") == 0);
        CHECK_EQUAL(owner.is_hold, owner.expires_at != 0);
    }
    if (index != 0) h->stage->stop = 1;
}

static void an_owner_is_never_a_mixture_of_two(void)
{
    struct handles h = handles(1, rounds(20000, 3));
    crowd_join(crowd_start(2, acquires_or_inspects, &h));
}

const struct test thread_tests[] = {
    THREADS(threads_exclude_each_other_through_one_handle),
    THREADS(threads_hold_by_turns_through_one_handle),
    THREADS(threads_count_exactly_through_one_handle),
    THREADS(a_handle_that_others_sleep_on_still_works),
    THREADS(threads_open_and_close_spaces_and_handles_at_once),
    THREADS(a_label_changed_meanwhile_is_never_a_mixture),
    THREADS(an_owner_is_never_a_mixture_of_two),
    END_OF_TESTS,
};
