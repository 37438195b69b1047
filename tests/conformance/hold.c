/* SPDX-License-Identifier: BSD-3-Clause */
/* hold.c - acquisitions that end with their holder, and only with their holder. */
#include "suite.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* How long after its holder's death a Hold may still be seen: the promise, and a little for this machine. */
#define DEATH_SEEN (suite.liveness + 0.3)

static psync_hold *hold_now(psync_lock *lock)
{
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, FOR_SECONDS(0), &hold, ERR));
    CHECK(hold);
    return hold;
}

static void a_hold_excludes_and_its_release_frees(void)
{
    const char *key = fresh_key();
    psync_lock *lock = lock_of(key);
    psync_hold *hold = hold_now(lock), *other = (psync_hold *)(uintptr_t)16;
    size_t length = 0;
    CHECK(memcmp(psync_hold_key(hold, &length), key, strlen(key)) == 0);
    CHECK_EQUAL(strlen(key), length);
    CHECK_EQUAL(0, psync_hold_expires_at(hold));
    expect_locked(lock);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR));
    EXPECT(PSYNC_NO, psync_lock_hold(lock, 0, FOR_SECONDS(0), &other, ERR));
    EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
    expect_free(lock);
    EXPECT(PSYNC_NO, psync_hold_is_valid(hold, ERR));
    EXPECT(PSYNC_NO, psync_hold_release(hold, ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(hold, 10, ERR));
    psync_hold_free(hold);
}

static void freeing_a_hold_releases_it(void)
{
    psync_lock *lock = fresh_lock();
    psync_hold_free(hold_now(lock));
    expect_free(lock);
    psync_hold_free(NULL);
}

static void hold_times_out_never_early_and_not_late(void)
{
    static const double timeouts[] = {0.0, 0.003, 0.25, 0.6};
    psync_lock *lock = fresh_lock();
    psync_hold *hold = hold_now(lock), *other = NULL;
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t start = now_ns();
        EXPECT(PSYNC_NO, psync_lock_hold(lock, 0, FOR_SECONDS(timeouts[i]), &other, ERR));
        EXPECT_TIME(start, timeouts[i], timeouts[i] + LATE);
        CHECK(!other);
    }
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    psync_hold_free(hold);
}

static void a_hold_needs_no_lock_handle(void)
{
    const char *key = fresh_key();
    psync_lock *lock = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(space(), key, strlen(key), &lock, ERR));
    psync_hold *hold = hold_now(lock);
    psync_lock_close(lock);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    EXPECT(PSYNC_OK, psync_hold_renew(hold, 60, ERR));
    EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
    psync_hold_free(hold);
    expect_free(lock_of(key));
}

static void a_hold_that_others_released_is_lost_and_frees_nobody_s_lock(void)
{
    psync_lock *lock = fresh_lock();
    psync_hold *lost = hold_now(lock);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_NO, psync_hold_is_valid(lost, ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(lost, 5, ERR));
    psync_hold *next = hold_now(lock);
    EXPECT(PSYNC_NO, psync_hold_is_valid(lost, ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(lost, 5, ERR));
    EXPECT(PSYNC_NO, psync_hold_release(lost, ERR));
    psync_hold_free(lost);
    EXPECT(PSYNC_OK, psync_hold_is_valid(next, ERR));
    CHECK_EQUAL(0, psync_hold_expires_at(next));
    psync_hold_free(next);
    expect_free(lock);
}

static void the_owner_says_that_it_is_a_hold(void)
{
    psync_lock *lock = fresh_lock();
    psync_hold *hold = hold_now(lock);
    psync_owner owner;
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    CHECK(owner.is_hold);
    CHECK_EQUAL(psync_hold_fence(hold), owner.fence);
    CHECK_EQUAL(0, owner.expires_at);
    CHECK_EQUAL(getpid(), owner.pid);
    CHECK_EQUAL(PSYNC_ALIVE_YES, owner.alive);
    psync_hold_free(hold);
}

static void *take_hold(void *argument)
{
    return hold_now(argument);
}

static void a_hold_outlives_the_thread_that_took_it(void)
{
    psync_lock *lock = fresh_lock();
    pthread_t thread;
    void *hold = NULL;
    CHECK_EQUAL(0, pthread_create(&thread, NULL, take_hold, lock));
    CHECK_EQUAL(0, pthread_join(thread, &hold));
    sleep_for(0.3);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock, FOR_SECONDS(0.2), NULL, ERR));
    EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
    psync_hold_free(hold);
    expect_free(lock);
}

static void closing_another_opening_of_the_space_keeps_the_hold(void)
{
    const char *key = fresh_key();
    psync_hold *hold = hold_now(lock_of(key));
    psync_space *other = space_open();
    psync_lock *lock = NULL;
    psync_hold *second = NULL;
    char second_key[200];
    int length = snprintf(second_key, sizeof second_key, "%s-2", key);
    EXPECT(PSYNC_OK, psync_lock_open(other, second_key, (size_t)length, &lock, ERR));
    EXPECT(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &second, ERR));
    psync_hold_free(second);
    psync_lock_close(lock);
    psync_space_close(other);
    sleep_for(suite.liveness > 1.2 ? 1.2 : suite.liveness + 0.2);
    EXPECT(PSYNC_OK, psync_hold_is_valid(hold, ERR));
    expect_locked(lock_of(key));
    EXPECT(PSYNC_OK, psync_hold_release(hold, ERR));
    psync_hold_free(hold);
}

/* ---- the holder ends ------------------------------------------------------ */

/* Nobody waits: whoever just looks must see it gone within the bound. */
static void becomes_free(psync_lock *lock, int64_t died)
{
    while (psync_lock_exists(lock, ERR) == PSYNC_OK) {
        if (since(died) > DEATH_SEEN) check_failed(__FILE__, __LINE__, "a dead process's Hold still exists");
        sleep_for(0.002);
    }
    psync_owner owner;
    EXPECT(PSYNC_NO, psync_lock_inspect(lock, &owner, ERR));
    EXPECT(PSYNC_NO, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(0), ERR));
    take(lock);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
}

static void a_hold_ends_with_its_program_however_that_ends(void)
{
    static const enum helper_end ends[] = {HELPER_EXIT, HELPER_UNDERSCORE_EXIT, HELPER_KILL};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *key = fresh_key();
        helper_run("hold", key, ends[i]);
        becomes_free(lock_of(key), now_ns());
    }
}

static void holder(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    hold_now(lock_of(a->key));
    meet(&a->ready);
    sleep_for(1000);
}

static pid_t start_holder(struct stage *a)
{
    pid_t process = process_start(holder, 0, a);
    expect_meeting(&a->ready, LOST, "the holder's start");
    return process;
}

/* A zombie has ended, though its pid still answers. */
static void a_hold_ends_though_nobody_reaped_its_process(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = start_holder(a);
    expect_locked(lock_of(a->key));
    process_kill_unreaped(process);
    becomes_free(lock_of(a->key), now_ns());
    process_reap(process);
}

static void holds_stay_while_their_process_lives(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = start_holder(a);
    EXPECT(PSYNC_NO, psync_lock_wait(lock_of(a->key), FOR_SECONDS(2.5), ERR));
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock_of(a->key), ERR));
    expect_locked(lock_of(a->key));
    process_kill(process);
}

static void a_stopped_process_keeps_its_hold(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = start_holder(a);
    process_stop(process);
    if (suite.liveness <= 1) EXPECT(PSYNC_NO, psync_lock_acquire(lock_of(a->key), FOR_SECONDS(1.5), NULL, ERR));
    expect_locked(lock_of(a->key));
    CHECK(kill(process, SIGCONT) == 0);
    process_kill(process);
}

/* Who takes it frees it again: one whose first look comes late waits for that acquisition. */
static void hold_waiter(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    meet(&a->ready);
    if (index == 0) EXPECT(PSYNC_OK, psync_lock_wait(lock, NULL, ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_lock_acquire(lock, NULL, NULL, ERR));
    if (index == 1) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    if (index == 2) EXPECT(PSYNC_OK, psync_lock_wait(lock, FOR_SECONDS(30), ERR));
    atomic_store(&a->numbers[index], now_ns());
    meet(&a->done);
}

static void who_waits_goes_on_when_the_holder_is_killed(void)
{
    enum { WAITERS = 3 };
    for (int round = 0; round < 3; round++) {
        struct stage *a = stage(1, 0);
        pid_t process = start_holder(a);
        struct crowd *crowd = crowd_start(WAITERS, hold_waiter, a);
        for (int i = 0; i < WAITERS; i++) expect_meeting(&a->ready, LOST, "a waiter's start");
        for (int i = 0; i < WAITERS; i++) wait_until_asleep(crowd_thread(crowd, i));
        sleep_for((double)random_below(900) / 1000);
        process_kill_unreaped(process);
        int64_t died = now_ns();
        for (int i = 0; i < WAITERS; i++) expect_meeting(&a->done, suite.liveness + LOST, "a waiter's going on");
        process_reap(process);
        for (int i = 0; i < WAITERS; i++) CHECK((double)(a->numbers[i] - died) / 1e9 <= DEATH_SEEN);
        crowd_join(crowd);
    }
}

/* Takers take turns by dying: each sleeps behind a Hold whose holder is killed. */
static void dying_taker(int index, void *argument)
{
    struct stage *a = argument;
    psync_hold *hold = NULL;
    meet(&a->ready);
    EXPECT(PSYNC_OK, psync_lock_hold(lock_of(a->key), 0, NULL, &hold, ERR));
    atomic_store(&a->numbers[0], index);
    meet(&a->done);
    sleep_for(1000);
}

static void a_chain_of_holders_that_are_killed_hands_the_lock_on(void)
{
    enum { TAKERS = 4 };
    struct stage *a = stage(1, 0);
    pid_t takers[TAKERS];
    for (int i = 0; i < TAKERS; i++) takers[i] = process_start(dying_taker, i, a);
    for (int i = 0; i < TAKERS; i++) expect_meeting(&a->ready, LOST, "a taker's start");
    for (int i = 0; i < TAKERS; i++) {
        expect_meeting(&a->done, suite.liveness + LOST, "the next holder's turn");
        process_kill(takers[a->numbers[0]]);
    }
    becomes_free(lock_of(a->key), now_ns());
}

static void many_holder(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    char key[200];
    for (int i = 0; i < a->rounds; i++) {
        snprintf(key, sizeof key, "%s-%d", a->key, i);
        if (i % 2) {
            hold_now(lock_of(key));
        } else {
            take(lock_of(key));
        }
    }
    meet(&a->ready);
    sleep_for(1000);
}

static void the_death_of_a_process_frees_all_its_holds_and_no_lock(void)
{
    struct stage *a = stage(1, 60);
    pid_t process = process_start(many_holder, 0, a);
    expect_meeting(&a->ready, LOST, "the holder's start");
    process_kill_unreaped(process);
    int64_t died = now_ns();
    char key[200];
    for (int i = 0; i < a->rounds; i++) {
        snprintf(key, sizeof key, "%s-%d", a->key, i);
        if (i % 2) {
            /* That it has died was seen with the first one, and holds for those that nobody has looked at yet. */
            if (i > 1 && i % 4 == 1) EXPECT(PSYNC_NO, psync_lock_release(lock_of(key), ERR));
            becomes_free(lock_of(key), died);
            continue;
        }
        expect_locked(lock_of(key));
        EXPECT(PSYNC_OK, psync_lock_release_ghost(lock_of(key), ERR));
    }
    process_reap(process);
}

/* ---- fork ------------------------------------------------------------------ */

static psync_lock *inherited_lock;
static psync_hold *inherited_hold;

static void child_meddles(int index, void *argument)
{
    (void)index;
    (void)argument;
    EXPECT(PSYNC_NO, psync_hold_is_valid(inherited_hold, ERR));
    EXPECT(PSYNC_ERROR_LEASE_LOST, psync_hold_renew(inherited_hold, 0.001, ERR));
    EXPECT(PSYNC_NO, psync_hold_release(inherited_hold, ERR));
    expect_locked(inherited_lock);
    psync_hold_free(inherited_hold);
    expect_locked(inherited_lock);
    EXPECT(PSYNC_NO, psync_lock_acquire(inherited_lock, FOR_SECONDS(0.05), NULL, ERR));
}

static void child_frees(int index, void *argument)
{
    (void)index;
    (void)argument;
    psync_hold_free(inherited_hold);
}

/* With everything that it inherited, and all that runs at exit. */
static pid_t child_that_exits_normally(void)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) exit(EXIT_SUCCESS);
    return child;
}

static void child_opens_and_closes(int index, void *argument)
{
    (void)index;
    (void)argument;
    psync_space_close(space_open());
}

static void a_forked_child_never_ends_its_parent_s_hold(void)
{
    static const worker children[] = {child_meddles, child_frees, child_opens_and_closes};
    inherited_lock = fresh_lock();
    inherited_hold = hold_now(inherited_lock);
    for (size_t i = 0; i <= sizeof children / sizeof *children; i++) {
        process_join(i == 0 ? child_that_exits_normally() : process_start(children[i - 1], 0, NULL));
        EXPECT(PSYNC_OK, psync_hold_is_valid(inherited_hold, ERR));
        EXPECT(PSYNC_NO, psync_lock_acquire(inherited_lock, FOR_SECONDS(0), NULL, ERR));
    }
    sleep_for(suite.liveness > 1.2 ? 1.2 : suite.liveness + 0.2);
    EXPECT(PSYNC_OK, psync_hold_is_valid(inherited_hold, ERR));
    CHECK_EQUAL(0, psync_hold_expires_at(inherited_hold));
    EXPECT(PSYNC_OK, psync_hold_release(inherited_hold, ERR));
    psync_hold_free(inherited_hold);
    expect_free(inherited_lock);
}

static void idle_heir(int index, void *argument)
{
    (void)index;
    (void)argument;
    sleep_for(1000);
}

static void busy_heir(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    (void)psync_hold_is_valid(inherited_hold, NULL);
    (void)psync_lock_exists(inherited_lock, NULL);
    psync_hold *own = hold_now(lock_of(a->key)); /* with an identity of its own */
    (void)own;
    meet(&a->done);
    sleep_for(1000);
}

/* The child lives on with all that it inherited, mappings and descriptors; the parent dies. */
static void parent_of_heirs(int index, void *argument)
{
    struct stage *a = argument;
    char key[200];
    snprintf(key, sizeof key, "%s-parent", a->key);
    inherited_lock = lock_of(key);
    inherited_hold = hold_now(inherited_lock);
    if (index == 0) {
        process_start(idle_heir, 0, a);
        meet(&a->done);
    }
    if (index == 1) process_start(busy_heir, 0, a);
    if (index == 2) {
        char *arguments[] = {"sleep", "1000", NULL};
        pid_t sleeper;
        CHECK_EQUAL(0, posix_spawnp(&sleeper, "sleep", NULL, NULL, arguments, environ));
        meet(&a->done);
    }
    meet(&a->ready);
    sleep_for(1000);
}

static void a_parent_s_death_ends_its_hold_though_a_child_lives_on(void)
{
    for (int kind = 0; kind < 3; kind++) {
        struct stage *a = stage(1, 0);
        char key[200];
        snprintf(key, sizeof key, "%s-parent", a->key);
        pid_t parent = process_start(parent_of_heirs, kind, a);
        expect_meeting(&a->ready, LOST, "the parent's start");
        expect_meeting(&a->done, LOST, "the child's start");
        expect_locked(lock_of(key));
        process_kill(parent);
        becomes_free(lock_of(key), now_ns());
        if (kind == 1) expect_locked(lock_of(a->key));
    }
}

static void child_holds_and_ends(int index, void *argument)
{
    (void)index;
    (void)argument;
    psync_hold *own = hold_now(inherited_lock);
    EXPECT(PSYNC_OK, psync_hold_is_valid(own, ERR));
}

static void a_child_s_hold_on_an_inherited_handle_ends_with_the_child(void)
{
    inherited_lock = fresh_lock();
    expect_free(inherited_lock);
    for (int i = 0; i < 3; i++) {
        process_join(process_start(child_holds_and_ends, 0, NULL));
        becomes_free(inherited_lock, now_ns());
    }
}

/* Looks all the time, so that whoever frees the Hold finds no processor free, and ends as soon as it is. */
static void holds_until_freed(int index, void *argument)
{
    struct stage *a = argument;
    psync_lock *lock = lock_of(a->key);
    if (index == 0) {
        hold_now(lock);
        meet(&a->ready);
    }
    while (index == 0 ? psync_lock_exists(lock, ERR) == PSYNC_OK : !atomic_load(&a->stop)) {
        if (index) psync_lock_exists(lock, ERR);
    }
    _exit(0);
}

static void who_frees_a_hold_is_told_so_though_its_holder_ends_at_once(void)
{
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    pid_t busy[3];
    for (int i = 0; i < 3; i++) busy[i] = process_start(holds_until_freed, i + 1, a);
    for (int i = 0; i < rounds(200, 50); i++) {
        pid_t holder = process_start(holds_until_freed, 0, a);
        expect_meeting(&a->ready, LOST, "the Hold");
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        process_join(holder);
        EXPECT(PSYNC_NO, psync_lock_release(lock, ERR));
    }
    atomic_store(&a->stop, 1);
    for (int i = 0; i < 3; i++) process_join(busy[i]);
}

const struct test hold_tests[] = {
    THREADS(a_hold_excludes_and_its_release_frees),
    THREADS(freeing_a_hold_releases_it),
    THREADS(hold_times_out_never_early_and_not_late),
    THREADS(a_hold_needs_no_lock_handle),
    THREADS(a_hold_that_others_released_is_lost_and_frees_nobody_s_lock),
    THREADS(the_owner_says_that_it_is_a_hold),
    THREADS(a_hold_outlives_the_thread_that_took_it),
    THREADS(closing_another_opening_of_the_space_keeps_the_hold),
    PROCESSES(a_hold_ends_with_its_program_however_that_ends),
    PROCESSES(a_hold_ends_though_nobody_reaped_its_process),
    PROCESSES(holds_stay_while_their_process_lives),
    PROCESSES(a_stopped_process_keeps_its_hold),
    PROCESSES(who_waits_goes_on_when_the_holder_is_killed),
    PROCESSES(a_chain_of_holders_that_are_killed_hands_the_lock_on),
    PROCESSES(the_death_of_a_process_frees_all_its_holds_and_no_lock),
    PROCESSES(a_forked_child_never_ends_its_parent_s_hold),
    PROCESSES(a_parent_s_death_ends_its_hold_though_a_child_lives_on),
    PROCESSES(a_child_s_hold_on_an_inherited_handle_ends_with_the_child),
    PROCESSES(who_frees_a_hold_is_told_so_though_its_holder_ends_at_once),
    END_OF_TESTS,
};
