/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_lane.c - turns on lanes: threads get them in the order in which they came. */
#include "engine.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 6 };

/* A thread that wants one turn, and keeps it until it is told to leave. */
struct wanter {
    pthread_t thread;
    int64_t until;
    bool hooked;
    psync_result result;
    sem_t go_on, ended;
};
static struct wanter wanters[THREADS];
static atomic_int turns[THREADS + 1]; /* who had them, in order */
static atomic_int turn_count;
static sem_t had; /* posted at each turn */

/* ---- a clock that can be put forward ------------------------------------------- */

static const struct psync_clock *system_clock;
static struct psync_clock own_clock;
static atomic_int_least64_t ahead;
static atomic_int_least64_t stands_at; /* 0: it goes */

static int64_t monotonic(void)
{
    const int64_t now = atomic_load(&stands_at);
    return (now ? now : system_clock->monotonic()) + atomic_load(&ahead);
}

/* From now on nobody who waits looks up before he is called: the system's clock ends sleeps. */
static void without_slices(void)
{
    atomic_fetch_add(&ahead, 100000 * S);
}

static int64_t in(int64_t ns)
{
    return psync__clock->monotonic() + ns;
}

static int setup(void **state)
{
    engine_reset(state);
    own_clock = *system_clock;
    own_clock.monotonic = monotonic;
    atomic_store(&ahead, 0);
    atomic_store(&stands_at, 0);
    psync__clock = &own_clock;
    engine_reopen("", true);
    atomic_store(&turn_count, 0);
    sem_init(&had, 0, 0);
    for (int i = 0; i < THREADS; i++) {
        wanters[i] = (struct wanter){.until = in(1000000 * S)};
        sem_init(&wanters[i].go_on, 0, 0);
        sem_init(&wanters[i].ended, 0, 0);
    }
    alarm(300); /* a turn that is lost never comes */
    return 0;
}

static int teardown(void **state)
{
    alarm(0);
    return engine_close(state);
}

static void note_turn(int who)
{
    atomic_store(&turns[atomic_fetch_add(&turn_count, 1)], who);
    sem_post(&had);
}

static void wait_for(sem_t *sem)
{
    while (sem_wait(sem)) {
    }
}

static void *want(void *argument)
{
    struct wanter *wanter = argument;
    net_lane *lane;
    psync_error own;
    wanter->result = net_lane_take(&home, &wanter->until, wanter->hooked, &lane, &own);
    if (!wanter->result) {
        note_turn((int)(wanter - wanters));
        wait_for(&wanter->go_on);
        net_lane_leave(&home, lane);
    }
    sem_post(&wanter->ended);
    return NULL;
}

static int queue_length(void)
{
    int length = 0;
    pthread_mutex_lock(&home.mutex);
    for (const net_place *place = home.queue; place; place = place->next) length++;
    pthread_mutex_unlock(&home.mutex);
    return length;
}

static void wait_for_length(int length)
{
    while (queue_length() != length) usleep(500);
}

/* Threads that stand in the queue, one behind the other. */
static void queue_up(int first, int count)
{
    const int before = queue_length();
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&wanters[first + i].thread, NULL, want, &wanters[first + i]), 0);
        wait_for_length(before + i + 1);
    }
}

static net_lane *take(void)
{
    net_lane *lane;
    int64_t until = in(1000000 * S);
    assert_int_equal(net_lane_take(&home, &until, false, &lane, &error), PSYNC_OK);
    return lane;
}

/* Lets all that have a turn, or will, leave it at once, and waits for their end. */
static void all_end(int first, int count)
{
    for (int i = first; i < first + count; i++) sem_post(&wanters[i].go_on);
    for (int i = first; i < first + count; i++) pthread_join(wanters[i].thread, NULL);
}

static void expect_turns(int count, const int *order)
{
    assert_int_equal(queue_length(), 0);
    assert_int_equal(turn_count, count);
    for (int i = 0; i < count; i++) assert_int_equal(turns[i], order[i]);
}
#define TURNS(...) expect_turns((int)(sizeof(int[]){__VA_ARGS__} / sizeof(int)), (int[]){__VA_ARGS__})

/* ---- in order ------------------------------------------------------------------ */

static void who_comes_first_is_served_first(void **state)
{
    (void)state;
    without_slices();
    net_lane *lane = take();
    queue_up(0, THREADS);
    net_lane_leave(&home, lane);
    all_end(0, THREADS);
    TURNS(0, 1, 2, 3, 4, 5);
    assert_null(home.lanes->next);
}

static void who_leaves_and_comes_again_stands_behind_those_who_waited(void **state)
{
    (void)state;
    without_slices();
    for (int round = 0; round < 200; round++) {
        atomic_store(&turn_count, 0);
        net_lane *lane = take();
        queue_up(0, 2);
        sem_post(&wanters[0].go_on);
        sem_post(&wanters[1].go_on);
        atomic_fetch_add(&ahead, MS);
        net_lane_leave(&home, lane);
        lane = take();
        note_turn(THREADS);
        net_lane_leave(&home, lane);
        all_end(0, 2);
        TURNS(0, 1, THREADS);
        while (!sem_trywait(&wanters[0].go_on)) {
        }
        while (!sem_trywait(&wanters[1].go_on)) {
        }
    }
}

static void who_has_come_just_now_lets_others_pass_for_a_millisecond(void **state)
{
    (void)state;
    net_lane *lane;
    atomic_store(&stands_at, system_clock->monotonic());
    net_place first = {.is_queued = true, .since = in(0)};
    net_cond_init(&first.called);
    home.queue = &first;
    for (int tries = 0; tries < 3; tries++) {
        net_lane_leave(&home, take());
        atomic_fetch_add(&ahead, MS / 3);
    }
    atomic_store(&ahead, MS);
    int64_t until = in(0);
    assert_int_equal(net_lane_take(&home, &until, false, &lane, &error), PSYNC_NO);
    home.queue = NULL;
    pthread_cond_destroy(&first.called);
}

static void who_gives_up_takes_no_turn_from_others(void **state)
{
    (void)state;
    net_lane *lane = take();
    wanters[0].until = in(1000 * S);
    wanters[2].until = in(1000 * S);
    queue_up(0, 4);
    atomic_fetch_add(&ahead, 2000 * S);
    pthread_join(wanters[0].thread, NULL);
    pthread_join(wanters[2].thread, NULL);
    assert_int_equal(wanters[0].result, PSYNC_NO);
    assert_int_equal(wanters[2].result, PSYNC_NO);
    wait_for_length(2);
    net_lane_leave(&home, lane);
    all_end(1, 1);
    all_end(3, 1);
    TURNS(1, 3);
    assert_int_equal(engine_count(A_HOOK), 0); /* nobody here is hooked */
}

static void lanes_set_aside_are_replaced_in_order(void **state)
{
    (void)state;
    without_slices();
    net_lane *lane = take();
    queue_up(0, 3);
    net_lane_set_aside(&home, lane);
    wait_for(&had); /* the first, on another */
    wait_for_length(2);
    net_lane_take_back(&home, lane);
    sem_post(&wanters[0].go_on);
    wait_for(&had); /* the second, on the first's */
    net_lane_leave(&home, lane);
    wait_for(&had); /* the third, on ours */
    all_end(0, 3);
    TURNS(0, 1, 2);
    net_lane_leave(&home, take());
    assert_null(home.lanes->next); /* the surplus has gone */
}

/* Both calls reach the first in the queue, as a rule, before it wakes. */
static void of_two_lanes_that_come_free_at_once_two_are_had(void **state)
{
    (void)state;
    without_slices();
    for (int round = 0; round < 100; round++) {
        net_lane *one = take();
        net_lane_set_aside(&home, one);
        net_lane *other = take();
        net_lane_take_back(&home, one);
        queue_up(0, 2);
        net_lane_leave(&home, one);
        net_lane_leave(&home, other);
        wait_for(&had);
        wait_for(&had);
        atomic_store(&turn_count, 0);
        all_end(0, 2);
    }
}

/* ---- times --------------------------------------------------------------------- */

static int64_t until_of(int who)
{
    pthread_mutex_lock(&home.mutex);
    const int64_t until = wanters[who].until;
    pthread_mutex_unlock(&home.mutex);
    return until;
}

/* Two that wait for 1000 s: the first has a turn after 600, the second has none after 1200, and has looked then. */
static void two_wait_long(bool is_answered)
{
    net_lane *lane = take();
    wanters[0].until = wanters[1].until = in(1000 * S);
    queue_up(0, 2);
    const int64_t until = until_of(1);
    atomic_fetch_add(&ahead, 600 * S);
    lane->answered = is_answered;
    net_lane_leave(&home, lane);
    wait_for(&had);
    atomic_fetch_add(&ahead, 600 * S);
    while (queue_length() == 1 && until_of(1) == until) {
        pthread_mutex_lock(&home.mutex);
        if (home.queue) pthread_cond_signal(&home.queue->called);
        pthread_mutex_unlock(&home.mutex);
        usleep(500);
    }
}

/* The engine is in reach, however many stand before him. */
static void the_time_counts_from_the_last_answer_that_others_got(void **state)
{
    (void)state;
    two_wait_long(true);
    all_end(0, 2);
    TURNS(0, 1);
    assert_in_range(wanters[0].until - in(0), 1, 400 * S);
    assert_in_range(wanters[1].until - in(0), 1, 400 * S);
}

static void a_turn_that_brought_no_answer_gives_others_no_time(void **state)
{
    (void)state;
    two_wait_long(false);
    all_end(0, 2);
    TURNS(0);
    assert_int_equal(wanters[1].result, PSYNC_NO);
}

/* ---- hooks --------------------------------------------------------------------- */

static sem_t hook_began, hook_may_end;
static int hook_answer;

static int hook(void)
{
    engine.on_hook = NULL;
    sem_post(&hook_began);
    wait_for(&hook_may_end);
    return hook_answer;
}

/* The first of three stands aside while its hook runs. The one hook: the others have none. */
static net_lane *begin_hook(int answer)
{
    sem_init(&hook_began, 0, 0);
    sem_init(&hook_may_end, 0, 0);
    hook_answer = answer;
    engine.on_hook = hook;
    net_lane *lane = take();
    wanters[0].hooked = true;
    queue_up(0, 3);
    wait_for(&hook_began);
    return lane;
}

static void who_runs_its_hook_is_passed_over_and_keeps_its_place(void **state)
{
    (void)state;
    net_lane *lane = begin_hook(0);
    net_lane_leave(&home, lane);
    wait_for(&had);
    wait_for_length(2); /* it, and the third */
    sem_post(&hook_may_end);
    for (bool away = true; away; usleep(500)) {
        pthread_mutex_lock(&home.mutex);
        away = home.queue->is_away;
        pthread_mutex_unlock(&home.mutex);
    }
    all_end(0, 3);
    TURNS(1, 0, 2);
}

static void who_leaves_in_its_hook_takes_no_turn_from_others(void **state)
{
    (void)state;
    net_lane *lane = begin_hook(1);
    sem_post(&hook_may_end);
    pthread_join(wanters[0].thread, NULL);
    assert_int_equal(wanters[0].result, PSYNC_ERROR_INTERRUPTED);
    net_lane_leave(&home, lane);
    all_end(1, 2);
    TURNS(1, 2);
}

static void a_hook_s_time_is_none_that_was_waited(void **state)
{
    (void)state;
    wanters[0].until = in(1000 * S);
    net_lane *lane = begin_hook(0);
    atomic_fetch_add(&ahead, 2000 * S);
    sem_post(&hook_may_end);
    while (queue_length() == 3 && until_of(0) < in(0)) usleep(500);
    net_lane_leave(&home, lane);
    all_end(0, 3);
    TURNS(0, 1, 2);
    assert_in_range(wanters[0].until - in(0), 1, 1000 * S);
}

static int uses_the_space(void)
{
    engine.on_hook = NULL;
    sem_post(&hook_began);
    net_lane_leave(&home, take());
    note_turn(THREADS);
    return 0;
}

static void a_hook_s_own_request_waits_for_those_before_it_and_not_for_its_caller(void **state)
{
    (void)state;
    sem_init(&hook_began, 0, 0);
    engine.on_hook = uses_the_space;
    net_lane *lane = take();
    wanters[0].hooked = true;
    queue_up(0, 2);
    wait_for(&hook_began);
    wait_for_length(3);
    net_lane_leave(&home, lane);
    all_end(0, 2);
    TURNS(1, THREADS, 0);
}

static bool child_leaves;

static int forks(void)
{
    engine.on_hook = NULL;
    const bool is_child = fork() == 0;
    return !is_child || child_leaves;
}

/* The lane is another thread's, which the child does not have. */
static void fork_in_the_queue(bool leaves)
{
    net_lane *lane;
    psync_error own;
    int status = -1;
    assert_int_equal(pthread_create(&wanters[0].thread, NULL, want, &wanters[0]), 0);
    wait_for(&had);
    const pid_t parent = getpid();
    int64_t until = in(1000 * S);
    engine.on_hook = forks;
    child_leaves = leaves;
    psync_result r = net_lane_take(&home, &until, true, &lane, &own);
    if (getpid() != parent) {
        const bool has_left = r == PSYNC_ERROR_INTERRUPTED;
        if (has_left) r = net_lane_take(&home, &until, true, &lane, &own);
        _exit(r || has_left != leaves || home.queue || home.lanes != lane || lane->next);
    }
    assert_int_equal(r, PSYNC_ERROR_INTERRUPTED);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
    assert_null(home.queue);
    all_end(0, 1);
}

static void the_child_of_a_hook_that_forks_waits_for_nobody(void **state)
{
    (void)state;
    fork_in_the_queue(false);
}

static void nor_if_that_hook_leaves_in_the_child(void **state)
{
    (void)state;
    fork_in_the_queue(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    system_clock = psync__clock;
    const struct CMUnitTest tests[] = {
        TEST(who_comes_first_is_served_first),
        TEST(who_leaves_and_comes_again_stands_behind_those_who_waited),
        TEST(who_has_come_just_now_lets_others_pass_for_a_millisecond),
        TEST(who_gives_up_takes_no_turn_from_others),
        TEST(lanes_set_aside_are_replaced_in_order),
        TEST(of_two_lanes_that_come_free_at_once_two_are_had),
        TEST(the_time_counts_from_the_last_answer_that_others_got),
        TEST(a_turn_that_brought_no_answer_gives_others_no_time),
        TEST(who_runs_its_hook_is_passed_over_and_keeps_its_place),
        TEST(who_leaves_in_its_hook_takes_no_turn_from_others),
        TEST(a_hook_s_time_is_none_that_was_waited),
        TEST(a_hook_s_own_request_waits_for_those_before_it_and_not_for_its_caller),
        TEST(the_child_of_a_hook_that_forks_waits_for_nobody),
        TEST(nor_if_that_hook_leaves_in_the_child),
    };
    return cmocka_run_group_tests_name("lanes of network drivers", tests, NULL, NULL);
}
