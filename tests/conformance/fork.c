/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork.c - after fork both sides go on with what was open before it.
 *
 * Workers elsewhere open the space afresh; here the child uses the handles it
 * inherited, so it is forked by hand.
 */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A child that goes on with everything it inherited. */
static pid_t child_start(worker body, int index, void *argument)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child > 0) return child;
    body(index, argument);
    _exit(EXIT_SUCCESS);
}

struct heirloom {
    struct stage *stage;
    psync_space *space; /* asked for beforehand: the suite's own mutex is not made for forks beside threads */
    psync_lock *lock;
    psync_integer *integer;
};

static struct heirloom heirloom(void)
{
    struct heirloom made = {.stage = stage(1, 0), .space = space()};
    made.lock = lock_of(made.stage->key);
    made.integer = integer_of(made.stage->key);
    EXPECT(PSYNC_OK, psync_integer_set(made.integer, 100, ERR));
    return made;
}

static void child_counts(int index, void *argument)
{
    (void)index;
    struct heirloom *h = argument;
    CHECK_EQUAL(100, psync_integer_known(h->integer));
    int64_t result = 0;
    EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, &result, ERR));
    CHECK_EQUAL(101, result);
    take(h->lock);
    psync_space_close(space_open());
    EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, &result, ERR));
    CHECK_EQUAL(102, result);
}

static void both_sides_go_on_with_inherited_handles(void)
{
    struct heirloom h = heirloom();
    process_join(child_start(child_counts, 0, &h));
    CHECK_EQUAL(100, psync_integer_known(h.integer)); /* the child's is its own */
    CHECK_EQUAL(0, psync_lock_last_fence(h.lock));
    expect_value(h.integer, 102);
    expect_locked(h.lock);
    EXPECT(PSYNC_OK, psync_lock_release_ghost(h.lock, ERR));
    take(h.lock);
}

static void child_closes(int index, void *argument)
{
    (void)index;
    struct heirloom *h = argument;
    psync_lock_close(h->lock);
    psync_integer_close(h->integer);
}

static void what_a_child_closes_stays_open_in_its_parent(void)
{
    const char *key = fresh_key();
    psync_space *opened = space_open();
    struct heirloom h = {0};
    EXPECT(PSYNC_OK, psync_lock_open(opened, key, strlen(key), &h.lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_open(opened, key, strlen(key), &h.integer, ERR));
    take(h.lock);
    pid_t child = fork();
    if (child == 0) {
        child_closes(0, &h);
        psync_space_close(opened);
        _exit(EXIT_SUCCESS);
    }
    process_join(child);
    EXPECT(PSYNC_OK, psync_lock_exists(h.lock, ERR));
    psync_owner owner;
    EXPECT(PSYNC_OK, psync_lock_inspect(h.lock, &owner, ERR));
    CHECK_EQUAL(PSYNC_ALIVE_YES, owner.alive);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(h.lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(h.integer, 1, NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(h.lock, ERR));
    psync_lock_close(h.lock);
    psync_integer_close(h.integer);
    psync_space_close(opened);
}

static void contending_side(int index, void *argument)
{
    (void)index;
    struct heirloom *h = argument;
    for (int i = 0; i < h->stage->rounds; i++) {
        EXPECT(PSYNC_OK, psync_lock_acquire(h->lock, NULL, NULL, ERR));
        h->stage->unprotected++;
        EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, NULL, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(h->lock, ERR));
    }
}

static void parent_and_children_contend_through_one_handle(void)
{
    enum { CHILDREN = 3 };
    struct heirloom h = heirloom();
    h.stage->rounds = rounds(1000, 4 * (CHILDREN + 1));
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) children[i] = child_start(contending_side, i, &h);
    contending_side(0, &h);
    for (int i = 0; i < CHILDREN; i++) process_join(children[i]);
    CHECK_EQUAL((CHILDREN + 1) * h.stage->rounds, h.stage->unprotected);
    expect_value(h.integer, 100 + (CHILDREN + 1) * h.stage->rounds);
}

static void child_waits(int index, void *argument)
{
    struct heirloom *h = argument;
    meet(&h->stage->ready);
    if (index == 0) EXPECT(PSYNC_OK, psync_lock_wait(h->lock, NULL, ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_integer_await_at_least(h->integer, 1000, NULL, ERR));
    if (index < 2) return;
    /* Who is slow, and seems to sleep while it connects, may begin to wait for this one. */
    EXPECT(PSYNC_OK, psync_lock_acquire(h->lock, NULL, NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(h->lock, ERR));
}

static void a_child_sleeps_and_is_woken_through_inherited_handles(void)
{
    struct heirloom h = heirloom();
    take(h.lock);
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = child_start(child_waits, i, &h);
        expect_meeting(&h.stage->ready, LOST, "the child's start");
        wait_until_asleep(children[i]);
    }
    EXPECT(PSYNC_OK, psync_lock_release(h.lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_set(h.integer, 1000, ERR));
    for (int i = 0; i < 3; i++) process_join(children[i]);
}

static void grandchild_counts(int index, void *argument)
{
    struct heirloom *h = argument;
    EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, NULL, ERR));
    if (index > 0) process_join(child_start(grandchild_counts, index - 1, h));
    EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, NULL, ERR));
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(h->lock, 0, FOR_SECONDS(suite.liveness + LATE), &hold, ERR));
    CHECK_EQUAL(PSYNC_OK, psync_hold_is_valid(hold, ERR)); /* and dies with it */
}

static void generations_each_go_on(void)
{
    struct heirloom h = heirloom();
    process_join(child_start(grandchild_counts, 3, &h));
    expect_value(h.integer, 108);
    EXPECT(PSYNC_OK, psync_lock_wait(h.lock, FOR_SECONDS(suite.liveness + LATE), ERR));
}

/* A child that never touches the library before it forks itself. */
static void untouched_generation(int index, void *argument)
{
    (void)index;
    process_join(child_start(child_counts, 0, argument));
}

static void a_grandchild_goes_on_though_its_parent_touched_nothing(void)
{
    struct heirloom h = heirloom();
    process_join(child_start(untouched_generation, 0, &h));
    expect_value(h.integer, 102);
    psync_owner owner;
    EXPECT(PSYNC_OK, psync_lock_inspect(h.lock, &owner, ERR));
    CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
}

/* ---- fork from a program with threads ---------------------------------------- */

static int ignore_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument, (void)key, (void)length, (void)value;
    return 0;
}

/* Everything that may take internal guards: fresh keys, removals, opens, lists, Holds. */
static void *busy_thread(void *argument)
{
    struct heirloom *h = argument;
    for (int i = 0; !h->stage->stop; i++) {
        char key[200];
        psync_lock *lock = NULL;
        psync_integer *integer = NULL;
        psync_hold *hold = NULL;
        int length = snprintf(key, sizeof key, "%s-%d-%d", h->stage->key, (int)thread_id(), i % 20);
        EXPECT(PSYNC_OK, psync_lock_open(h->space, key, (size_t)length, &lock, ERR));
        EXPECT(PSYNC_OK, psync_integer_open(h->space, key, (size_t)length, &integer, ERR));
        EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        psync_hold_free(hold);
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        if (i % 8 == 0) EXPECT(PSYNC_OK, psync_space_each_integer(h->space, ignore_integer, NULL, ERR));
        if (i % 16 == 0) psync_space_close(space_open());
        psync_lock_close(lock);
        psync_integer_close(integer);
    }
    return NULL;
}

static void child_of_threads(int index, void *argument)
{
    struct heirloom *h = argument;
    char key[200];
    snprintf(key, sizeof key, "%s-child-%d", h->stage->key, index);
    EXPECT(PSYNC_OK, psync_integer_add(h->integer, 1, NULL, ERR));
    psync_lock *lock = NULL;
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(h->space, key, strlen(key), &lock, ERR));
    EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, FOR_SECONDS(0), &hold, ERR));
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    psync_hold_free(hold);
    psync_lock_close(lock);
    psync_space_close(space_open());
    EXPECT(PSYNC_OK, psync_space_each_integer(h->space, ignore_integer, NULL, ERR));
}

static void a_child_forked_beside_busy_threads_is_not_stuck(void)
{
    enum { THREADS_ = 3 };
    struct heirloom h = heirloom();
    pthread_t threads[THREADS_];
    int forks = rounds(60, 500);
    for (int i = 0; i < THREADS_; i++) CHECK_EQUAL(0, pthread_create(&threads[i], NULL, busy_thread, &h));
    for (int i = 0; i < forks; i++) {
        spin_for((int64_t)random_below(200000));
        process_join(child_start(child_of_threads, i, &h));
    }
    h.stage->stop = 1;
    for (int i = 0; i < THREADS_; i++) CHECK_EQUAL(0, pthread_join(threads[i], NULL));
    expect_value(h.integer, 100 + forks);
}

static void *sleeping_thread(void *argument)
{
    struct heirloom *h = argument;
    meet(&h->stage->ready);
    EXPECT(PSYNC_OK, psync_lock_acquire(h->lock, NULL, NULL, ERR));
    meet(&h->stage->done);
    return NULL;
}

static void child_uses_lock(int index, void *argument)
{
    (void)index;
    struct heirloom *h = argument;
    expect_locked(h->lock);
    EXPECT(PSYNC_NO, psync_lock_acquire(h->lock, FOR_SECONDS(0.05), NULL, ERR));
}

static void a_fork_disturbs_no_sleeping_thread_of_the_parent(void)
{
    struct heirloom h = heirloom();
    take(h.lock);
    pthread_t thread;
    CHECK_EQUAL(0, pthread_create(&thread, NULL, sleeping_thread, &h));
    expect_meeting(&h.stage->ready, LOST, "the thread's start");
    sleep_for(0.05);
    process_join(child_start(child_uses_lock, 0, &h));
    process_join(child_start(child_uses_lock, 1, &h));
    EXPECT(PSYNC_OK, psync_lock_release(h.lock, ERR));
    expect_meeting(&h.stage->done, LOST, "the thread's turn");
    CHECK_EQUAL(0, pthread_join(thread, NULL));
    EXPECT(PSYNC_OK, psync_lock_release(h.lock, ERR));
}

const struct test fork_tests[] = {
    PROCESSES(both_sides_go_on_with_inherited_handles),
    PROCESSES(what_a_child_closes_stays_open_in_its_parent),
    PROCESSES(parent_and_children_contend_through_one_handle),
    PROCESSES(a_child_sleeps_and_is_woken_through_inherited_handles),
    PROCESSES(generations_each_go_on),
    PROCESSES(a_grandchild_goes_on_though_its_parent_touched_nothing),
    PROCESSES(a_child_forked_beside_busy_threads_is_not_stuck),
    PROCESSES(a_fork_disturbs_no_sleeping_thread_of_the_parent),
    END_OF_TESTS,
};
