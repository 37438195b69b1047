/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kill.c - SIGKILL and SIGSTOP at moments that nobody chose.
 *
 * After each kill everything is either done or not done, whoever slept because
 * of the killed one is awake or has a reason to sleep, and all keys work.
 */
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long after a worker's start to kill it: from its very first steps to its full run. */
static void sleep_at_random(void)
{
    uint64_t longest = (uint64_t)suite.operation * 300;
    if (longest > 3000000) longest = 3000000;
    if (longest < 300000) longest = 300000;
    spin_for((int64_t)random_below(longest));
}

/*
 * What a process has asked a far engine for may be done after its death, whenever the engine comes to it: then
 * there is a ghost that was none before, and whoever waits for others to go on frees it.
 */
static void free_late_ghosts(psync_lock *lock)
{
    if (!engine_is_far()) return;
    psync_result r = psync_lock_release_ghost(lock, ERR);
    CHECK(r == PSYNC_OK || r == PSYNC_NO);
}

/* Fails unless the count moves on by two whole steps. */
static void expect_progress(atomic_llong *count, const char *who, psync_lock *lock)
{
    long long before = *count;
    int64_t start = now_ns();
    while (*count < before + 2) {
        if (since(start) > LOST) check_failed(__FILE__, __LINE__, "%s sleeps though nothing is in the way", who);
        free_late_ghosts(lock);
        sleep_for(0.0002);
    }
}

/* Fails unless so many meet. */
static void expect_meetings(int count, sem_t *semaphore, const char *what, psync_lock *lock)
{
    int64_t start = now_ns();
    while (count) {
        if (meeting_within(semaphore, 0.01)) count--;
        if (since(start) > LOST) check_failed(__FILE__, __LINE__, "%s: did not happen", what);
        free_late_ghosts(lock);
    }
}

/* ---- a taker dies with the wake-up ------------------------------------------------ */

static void one_turn(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    atomic_fetch_add(&a->turns, index);
    meet(&a->done);
}

/*
 * A dead taker may have taken the Lock before it died; then it is a ghost, and we free it, unless what the dead
 * itself asked for as its last does so late.
 */
static void free_what_the_dead_took(psync_lock *lock, pid_t dead)
{
    psync_owner owner;
    if (psync_lock_inspect(lock, &owner, ERR) == PSYNC_OK && owner.pid == dead) {
        CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
        psync_result r = psync_lock_release_if(lock, owner.fence, ERR);
        CHECK(r == PSYNC_OK || (r == PSYNC_NO && engine_is_far()));
    }
}

static void a_taker_killed_at_its_wake_up_leaves_it_to_the_next(void)
{
    enum { TAKERS = 3 };
    int64_t begin = now_ns();
    for (int round = rounds(60, 100); round > 0 && since(begin) < ENOUGH; round--) {
        struct stage *a = stage(1, 0);
        psync_lock *lock = lock_of(a->key);
        pid_t takers[TAKERS];
        take(lock);
        for (int i = 0; i < TAKERS; i++) {
            takers[i] = process_start(one_turn, 1, a);
            expect_meeting(&a->ready, LOST, "a taker's start");
            wait_until_asleep(takers[i]);
        }
        int victim = (int)random_below(TAKERS);
        if (round % 2) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        spin_for((int64_t)random_below(round % 4 < 2 ? 1000 : 60000));
        CHECK(kill(takers[victim], SIGKILL) == 0);
        if (round % 2 == 0) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        process_reap(takers[victim]);
        sleep_for(0.005);
        free_what_the_dead_took(lock, takers[victim]);
        expect_meetings(TAKERS - 1, &a->done, "each taker that lives going on", lock);
        for (int i = 0; i < TAKERS; i++) {
            if (i != victim) process_join(takers[i]);
        }
    }
}

/* ---- the releaser dies ---------------------------------------------------------------- */

static void endless_relocker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    for (;;) {
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void endless_waiter(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (;;) {
        EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
        atomic_fetch_add(&a->turns, 1);
    }
}

static void endless_taker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (;;) {
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        atomic_fetch_add(&a->turns, 1);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    }
}

static void releasers_die_beside(worker sleeper, int count, const char *who)
{
    struct stage *a = stage(1, 0);
    pid_t sleepers[4];
    for (int i = 0; i < count; i++) sleepers[i] = process_start(sleeper, i, a);
    int64_t begin = now_ns();
    for (int round = rounds(400, 200); round > 0 && since(begin) < ENOUGH; round--) {
        pid_t releaser = process_start(endless_relocker, 0, a);
        expect_meeting(&a->ready, LOST, "the releaser's start");
        sleep_at_random();
        process_kill(releaser);
        free_what_the_dead_took(lock_of(a->key), releaser);
        expect_progress(&a->turns, who, lock_of(a->key));
    }
    for (int i = 0; i < count; i++) process_kill(sleepers[i]);
}

static void a_releaser_killed_at_any_moment_leaves_no_waiter_asleep(void)
{
    releasers_die_beside(endless_waiter, 1, "a waiter");
}

static void a_releaser_killed_at_any_moment_leaves_no_taker_asleep(void)
{
    releasers_die_beside(endless_taker, 2, "each taker");
}

static void releases_and_dies(int index, void *argument)
{
    struct stage *a = argument;
    if (index == 0) EXPECT(PSYNC_OK, psync_lock_release(lock_of(a->key), ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_integer_add(integer_of(a->key), 1, NULL, ERR));
    raise(SIGKILL);
}

/* By turns they wait for the Lock's end, and take it: who only waits may look first when another has it already. */
static void awaits_both(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    const bool takes = a->rounds % 2;
    meet(&a->ready);
    if (index < 2 && !takes) EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    if (index < 2 && takes) EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    if (index < 2 && takes) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    if (index == 2) EXPECT(PSYNC_OK, psync_integer_await_at_least(integer_of(a->key), 1, NULL, ERR));
    if (index == 3) EXPECT(PSYNC_OK, psync_integer_await_change(integer_of(a->key), NULL, ERR));
    meet(&a->done);
}

static void who_changes_something_and_dies_has_woken_the_sleepers(void)
{
    for (int round = 0; round < 10; round++) {
        struct stage *a = stage(1, round);
        take(lock_of(a->key));
        pid_t sleepers[4];
        for (int i = 0; i < 4; i++) sleepers[i] = process_start(awaits_both, i, a);
        for (int i = 0; i < 4; i++) expect_meeting(&a->ready, LOST, "a sleeper's start");
        for (int i = 0; i < 4; i++) wait_until_asleep(sleepers[i]);
        process_reap(process_start(releases_and_dies, 0, a));
        process_reap(process_start(releases_and_dies, 1, a));
        for (int i = 0; i < 4; i++) expect_meeting(&a->done, LOST, "each sleeper going on");
        for (int i = 0; i < 4; i++) process_join(sleepers[i]);
    }
}

/* ---- the changer dies ------------------------------------------------------------------- */

static void endless_counter(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    meet(&a->ready);
    for (;;) EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
}

static void endless_follower(int index, void *argument)
{
    struct stage *a = argument;
    psync_integer *integer = integer_of(a->key);
    for (;;) {
        EXPECT(PSYNC_OK, psync_integer_await_change(integer, NULL, ERR));
        atomic_store(&a->numbers[index], psync_integer_known(integer));
    }
}

static void a_changer_killed_at_any_moment_leaves_no_follower_behind(void)
{
    enum { FOLLOWERS = 2 };
    struct stage *a = stage(1, 0);
    psync_integer *integer = integer_of(a->key);
    EXPECT(PSYNC_OK, psync_integer_set(integer, 0, ERR));
    pid_t followers[FOLLOWERS];
    for (int i = 0; i < FOLLOWERS; i++) followers[i] = process_start(endless_follower, i, a);
    int64_t begin = now_ns();
    for (int round = rounds(300, 200); round > 0 && since(begin) < ENOUGH; round--) {
        pid_t changer = process_start(endless_counter, 0, a);
        expect_meeting(&a->ready, LOST, "the changer's start");
        sleep_at_random();
        process_kill(changer);
        int64_t actual = -1, start = now_ns();
        EXPECT(PSYNC_OK, psync_integer_get(integer, &actual, ERR));
        for (int i = 0; i < FOLLOWERS; i++) {
            while (a->numbers[i] != actual) {
                if (since(start) > LOST) check_failed(__FILE__, __LINE__, "a follower sleeps through a change");
                sleep_for(0.0002);
                EXPECT(PSYNC_OK, psync_integer_get(integer, &actual, ERR)); /* the dead one's last may come late */
            }
        }
    }
    for (int i = 0; i < FOLLOWERS; i++) process_kill(followers[i]);
}

/* ---- sleepers die ------------------------------------------------------------------------ */

static void working(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    psync_integer *integer = integer_of(a->key);
    while (!a->stop) {
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        a->unprotected++;
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        atomic_fetch_add(&a->turns, 1);
    }
    meet(&a->done);
}

static void doomed(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    psync_integer *integer = integer_of(a->key);
    for (;;) {
        psync_hold *hold = NULL;
        if (index % 4 == 0) EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
        if (index % 4 == 1) EXPECT(PSYNC_OK, psync_integer_await_change(integer, NULL, ERR));
        if (index % 4 == 2) EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
        if (index % 4 == 2) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        if (index % 4 == 3) EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
        psync_hold_free(hold);
    }
}

static void sleepers_killed_at_any_moment_disturb_nobody(void)
{
    enum { DOOMED = 4, WORKERS = 2 };
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    pid_t workers[WORKERS], victims[DOOMED];
    for (int i = 0; i < WORKERS; i++) workers[i] = process_start(working, i, a);
    for (int i = 0; i < DOOMED; i++) victims[i] = process_start(doomed, i, a);
    int64_t begin = now_ns();
    for (int round = 0; round < rounds(150, 300) && since(begin) < ENOUGH; round++) {
        int victim = round % DOOMED;
        sleep_at_random();
        process_kill(victims[victim]);
        free_what_the_dead_took(lock, victims[victim]);
        expect_progress(&a->turns, "a worker", lock);
        victims[victim] = process_start(doomed, round % 4, a);
    }
    for (int i = 0; i < DOOMED; i++) {
        process_kill(victims[i]);
        free_what_the_dead_took(lock, victims[i]);
    }
    a->stop = 1;
    expect_meetings(WORKERS, &a->done, "each worker's end", lock);
    for (int i = 0; i < WORKERS; i++) process_join(workers[i]);
    CHECK_EQUAL(a->turns, a->unprotected);
    expect_value(integer_of(a->key), a->turns);
}

/* ---- holders die --------------------------------------------------------------------------- */

/* It runs no more: a zombie, or on its way there, having given back what it held (PF_EXITING in the ninth field).
 */
static bool has_ended(pid_t process)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;
    ssize_t length = read(file, line, sizeof line - 1);
    close(file);
    if (length <= 0) return true;
    line[length] = '\0';
    const char *end = strrchr(line, ')');
    char state = 0;
    unsigned flags = 0;
    return end && sscanf(end + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags) == 2 &&
           (state == 'Z' || state == 'X' || (flags & 4));
}

static void marks_itself(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    for (;;) {
        psync_hold *hold = NULL;
        EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, ERR));
        int64_t before = a->unprotected;
        if (before != 0 && !has_ended((pid_t)before)) check_failed(__FILE__, __LINE__, "two hold it at once");
        a->unprotected = getpid();
        spin_for((int64_t)random_below(20000));
        if (a->unprotected != getpid()) check_failed(__FILE__, __LINE__, "another got a Hold that was not free");
        a->unprotected = 0;
        psync_hold_free(hold);
        atomic_fetch_add(&a->turns, 1);
    }
}

static void the_hold_of_a_killed_holder_goes_to_one_other_and_not_before_its_end(void)
{
    enum { HOLDERS = 4 };
    struct stage *a = stage(1, 0);
    pid_t holders[HOLDERS];
    for (int i = 0; i < HOLDERS; i++) holders[i] = process_start(marks_itself, i, a);
    int64_t start = now_ns();
    for (int round = 0; since(start) < 4 * suite.scale || round < 5; round++) {
        spin_for((int64_t)random_below(3000000));
        process_kill(holders[round % HOLDERS]);
        int64_t died = now_ns();
        expect_progress(&a->turns, "another holder", lock_of(a->key));
        CHECK(since(died) <= suite.liveness + 1);
        holders[round % HOLDERS] = process_start(marks_itself, round, a);
    }
    for (int i = 0; i < HOLDERS; i++) process_kill(holders[i]);
}

/* ---- creators die ---------------------------------------------------------------------------- */

static void creates(int index, void *argument)
{
    struct stage *a = argument;
    char key[200];
    meet(&a->ready);
    for (int i = 0;; i = (i + 1) % 100) {
        psync_lock *lock = NULL;
        psync_integer *integer = NULL;
        int length = snprintf(key, sizeof key, "%s-%d-%d", a->key, index, i);
        EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
        EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
        EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        (void)psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR);
        (void)psync_lock_release(lock, ERR);
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        psync_lock_close(lock);
        psync_integer_close(integer);
    }
}

static void keys_whose_creator_was_killed_work(void)
{
    struct stage *a = stage(1, 0);
    char key[200];
    int64_t begin = now_ns();
    for (int round = rounds(150, 600); round > 0 && since(begin) < ENOUGH; round--) {
        pid_t creator = process_start(creates, round % 3, a);
        expect_meeting(&a->ready, LOST, "the creator's start");
        sleep_at_random();
        process_kill(creator);
        for (int i = 99; i >= 0;
             i--) { /* the first come last: what was asked for last may be done late, by a far engine */
            psync_lock *lock = NULL;
            psync_integer *integer = NULL;
            int length = snprintf(key, sizeof key, "%s-%d-%d", a->key, round % 3, i);
            EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
            EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
            free_what_the_dead_took(lock, creator);
            int64_t result = 0;
            EXPECT(PSYNC_OK, psync_integer_add(integer, 1, &result, ERR));
            CHECK(result == 1 || result == 2);
            EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
            EXPECT(PSYNC_NO, psync_integer_exists(integer, ERR));
            take(lock);
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
            psync_lock_close(lock);
            psync_integer_close(integer);
        }
    }
}

static void opens_and_closes(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    meet(&a->ready);
    for (;;) psync_space_close(space_open());
}

static void a_space_whose_opener_was_killed_opens(void)
{
    struct stage *a = stage(1, 0);
    int64_t begin = now_ns();
    for (int round = rounds(100, 200); round > 0 && since(begin) < ENOUGH; round--) {
        pid_t opener = process_start(opens_and_closes, 0, a);
        expect_meeting(&a->ready, LOST, "the opener's start");
        sleep_at_random();
        process_kill(opener);
        psync_space_close(space_open());
    }
}

/* ---- stopped, not killed ------------------------------------------------------------------------ */

static void a_stopped_taker_keeps_nobody_from_the_free_lock(void)
{
    for (int round = 0; round < 4; round++) {
        struct stage *a = stage(1, 0);
        psync_lock *lock = lock_of(a->key);
        take(lock);
        pid_t stopped = process_start(one_turn, 10, a); /* first in line */
        expect_meeting(&a->ready, LOST, "the first taker's start");
        wait_until_asleep(stopped);
        pid_t next = process_start(one_turn, 1, a);
        expect_meeting(&a->ready, LOST, "the next taker's start");
        wait_until_asleep(next);
        process_stop(stopped);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        expect_meeting(&a->done, LOST, "the taker that runs getting the Lock");
        CHECK_EQUAL(1, a->turns);
        expect_free(lock);
        take(lock);
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        CHECK(kill(stopped, SIGCONT) == 0);
        expect_meeting(&a->done, LOST, "the taker that was stopped");
        process_join(stopped);
        process_join(next);
    }
}

static void one_wait(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    EXPECT(PSYNC_OK, psync_lock_exists(lock, ERR)); /* so that its connection, if it needs one, is there */
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    meet(&a->done);
}

/* Also when the Lock is taken again before the stopped one runs. */
static void a_stopped_waiter_goes_on_when_it_runs_again(void)
{
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    take(lock);
    pid_t stopped = process_start(one_wait, 0, a), other = process_start(one_wait, 1, a);
    for (int i = 0; i < 2; i++) expect_meeting(&a->ready, LOST, "a waiter's start");
    wait_until_asleep(stopped);
    wait_until_asleep(other);
    process_stop(stopped);
    replace_acquisition(a, "the waiter that runs going on");
    CHECK(!meeting_within(&a->done, 0.1));
    CHECK(kill(stopped, SIGCONT) == 0);
    expect_meeting(&a->done, LOST, "the waiter that was stopped going on");
    process_join(stopped);
    process_join(other);
}

const struct test kill_tests[] = {
    PROCESSES(a_taker_killed_at_its_wake_up_leaves_it_to_the_next),
    PROCESSES(a_releaser_killed_at_any_moment_leaves_no_waiter_asleep),
    PROCESSES(a_releaser_killed_at_any_moment_leaves_no_taker_asleep),
    PROCESSES(who_changes_something_and_dies_has_woken_the_sleepers),
    PROCESSES(a_changer_killed_at_any_moment_leaves_no_follower_behind),
    PROCESSES(sleepers_killed_at_any_moment_disturb_nobody),
    PROCESSES(the_hold_of_a_killed_holder_goes_to_one_other_and_not_before_its_end),
    PROCESSES(keys_whose_creator_was_killed_work),
    PROCESSES(a_space_whose_opener_was_killed_opens),
    PROCESSES(a_stopped_taker_keeps_nobody_from_the_free_lock),
    PROCESSES(a_stopped_waiter_goes_on_when_it_runs_again),
    END_OF_TESTS,
};
