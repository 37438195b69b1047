/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_bell.c - how network drivers sleep: subscriptions, looks, rings, lost connections, polling, threads. */
#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct psync_clock *system_clock;

/* ---- one key, and a sleep that a test can fill -------------------------------- */

static struct {
    bool changed;             /* what a look finds */
    int64_t again;            /* what it answers */
    void (*after_look)(void); /* what happens right after it */
    void (*on_sleep)(void);   /* what happens at the beginning of a sleep */
    bool signal;              /* a signal ends the next sleep */
    char news[NET_NEWS_SIZE];
} key;

/* Real descriptors, looked at once; else the fake clock moves. */
static int poll_the_descriptors(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    if (key.on_sleep) key.on_sleep();
    if (key.signal) {
        key.signal = false;
        errno = EINTR;
        return -1;
    }
    int ready = poll(descriptors, count, 0);
    if (ready == 0) fake_pass(ns);
    return ready;
}

static struct psync_clock half_fake;

static int setup(void **state)
{
    memset(&key, 0, sizeof key);
    key.again = PSYNC_NEVER;
    engine_reset(state);
    half_fake = *psync__clock;
    half_fake.poll = poll_the_descriptors;
    psync__clock = &half_fake;
    return 0;
}

static psync_result look(void *argument, bool ask, int64_t *again, psync_error *told)
{
    (void)argument, (void)told;
    engine_note(A_LOOK);
    engine.asked[engine.count - 1].number = ask;
    *again = key.again;
    const psync_result r = key.changed ? PSYNC_OK : PSYNC_NO;
    if (key.after_look) key.after_look();
    return r;
}

static psync_result await_version(int64_t time, uint64_t version)
{
    const uint64_t seen[2] = {7, version};
    return net_await(&home, "chan", seen, look, NULL, fake.monotonic + time, key.news, &error);
}

static psync_result await(int64_t time)
{
    return await_version(time, 1);
}

static void expect_order(int count, const enum ask *order)
{
    assert_int_equal(engine.count, count);
    for (int i = 0; i < count; i++) assert_int_equal(engine.asked[i].what, order[i]);
}
#define ORDER(...)                                                                                                 \
    expect_order((int)(sizeof(enum ask[]){__VA_ARGS__} / sizeof(enum ask)), (enum ask[]){__VA_ARGS__})

/* ---- subscribe, then look ------------------------------------------------------ */

static void it_subscribes_before_it_looks(void **state)
{
    (void)state;
    key.changed = true;
    assert_int_equal(await(S), PSYNC_OK);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK);
    assert_string_equal(engine_asked(A_LISTEN, 0)->name, "chan");
    assert_string_equal(key.news, "");
}

/* The change comes right behind the look; the engine tells those who have subscribed by now. */
static void changes_and_rings(void)
{
    key.after_look = NULL;
    key.changed = true;
    if (engine_count(A_LISTEN)) engine_ring(engine.connections, "chan fence 9\n");
}

static void what_changes_right_after_the_look_rings(void **state)
{
    (void)state;
    key.after_look = changes_and_rings;
    int64_t began = fake.monotonic;
    assert_int_equal(await(1000 * S), PSYNC_OK);
    assert_int_equal(fake.monotonic, began);
    assert_string_equal(key.news, "fence 9");
}

static void a_wait_in_slices_asks_the_engine_once(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK);
}

static void a_ring_between_two_slices_is_heard(void **state)
{
    (void)state;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    engine_ring(1, "other x\nchan y\n");
    int64_t began = fake.monotonic;
    assert_int_equal(await(250 * MS), PSYNC_OK);
    assert_int_equal(fake.monotonic, began);
    assert_string_equal(key.news, "y");
    assert_int_equal(engine_count(A_LOOK), 1);
}

static void another_version_or_a_ring_is_a_reason_to_look_again(void **state)
{
    (void)state;
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    assert_int_equal(await_version(S, 2), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 2);
    engine_ring(1, "chan\n");
    assert_int_equal(await_version(S, 2), PSYNC_OK);
    assert_int_equal(engine_count(A_LOOK), 2);
    assert_int_equal(await_version(S, 2), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 3);
    assert_int_equal(engine_count(A_LISTEN), 1);
}

/* A try that shows a version, with what happens before its answer is noted. */
static void try_and_see(uint64_t version, void (*meanwhile)(void))
{
    const uint64_t seen[2] = {7, version};
    const net_mark mark = net_bell_mark(&home, "chan");
    if (meanwhile) meanwhile();
    net_bell_looked(&home, "chan", &mark, seen);
}

/* How often the engine was asked. */
static int asks(void)
{
    int count = 0;
    for (int i = 0; i < engine_count(A_LOOK); i++) count += engine_asked(A_LOOK, i)->number == true;
    return count;
}

static void a_try_after_a_ring_is_a_look(void **state)
{
    (void)state;
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    for (uint64_t version = 2; version < 10; version++) {
        engine_ring(1, "chan\n");
        assert_int_equal(await_version(S, version - 1), PSYNC_OK);
        try_and_see(version, NULL);
        assert_int_equal(await_version(S, version), PSYNC_NO);
    }
    assert_int_equal(asks(), 1);
    assert_int_equal(await_version(100 * S, 9), PSYNC_NO);
    assert_in_range(asks(), 3, 8); /* the cap holds all the same */
}

static void rings(void)
{
    engine_ring(1, "chan\n");
    assert_int_equal(await_version(S, 1), PSYNC_OK);
}

static void loses_its_connection(void)
{
    engine_hang_up(1);
    assert_int_equal(await_version(250 * MS, 1), PSYNC_NO);
}

static void forgets_and_listens_anew(void)
{
    net_awaited(&home);
    assert_int_equal(await_version(250 * MS, 1), PSYNC_NO);
}

static void a_try_is_none_if_it_rang_or_nobody_listened_meanwhile(void **state)
{
    (void)state;
    static void (*const meanwhile[])(void) = {rings, forgets_and_listens_anew, loses_its_connection};
    try_and_see(1, NULL);
    assert_int_equal(await_version(S, 1), PSYNC_NO);
    assert_int_equal(asks(), 1);
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
        try_and_see(2, meanwhile[i]);
        const int before = asks();
        assert_int_equal(await_version(S, 2), PSYNC_NO);
        assert_int_equal(asks(), before + 1);
        assert_int_equal(await_version(S, 1), PSYNC_NO);
    }
}

static void without_a_ring_the_engine_is_asked_twice_a_minute(void **state)
{
    (void)state;
    assert_int_equal(await(3000 * S), PSYNC_NO);
    assert_in_range(engine_count(A_LOOK), 100, 202);
    for (int i = 1; i < engine_count(A_LOOK); i++) {
        assert_int_equal(engine_asked(A_LOOK, i)->number, true);
        assert_in_range(engine_asked(A_LOOK, i)->at - engine_asked(A_LOOK, i - 1)->at, 15 * S, 30 * S);
    }
    assert_int_equal(engine_count(A_LISTEN), 1);
}

static void a_look_says_itself_when_the_next_is_due(void **state)
{
    (void)state;
    key.again = fake.monotonic + 3 * S;
    assert_int_equal(await(2 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 1);
    int64_t due = key.again;
    key.again = PSYNC_NEVER;
    assert_int_equal(await(2 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_LOOK), 2);
    assert_int_equal(engine_asked(A_LOOK, 1)->number, false);
    assert_int_equal(engine_asked(A_LOOK, 1)->at, due);
}

static void a_signal_ends_the_sleep(void **state)
{
    (void)state;
    key.signal = true;
    int64_t began = fake.monotonic;
    assert_int_equal(await(10 * S), PSYNC_NO);
    assert_int_equal(fake.monotonic, began);
}

static void the_keeper_wakes_who_sleeps(void **state)
{
    (void)state;
    key.after_look = NULL;
    assert_int_equal(await(S), PSYNC_NO);
    net_bell_wake(&home);
    assert_int_equal(await(S), PSYNC_NO); /* the nudge ends a sleep, at most */
    assert_int_equal(engine_count(A_LOOK), 1);
}

static bool idled_asleep;

static void looks_whether_it_idles(void)
{
    idled_asleep = net_bell_idles(&home, "chan");
}

static void a_subscription_that_nobody_sleeps_on_is_known(void **state)
{
    (void)state;
    assert_false(net_bell_idles(&home, "chan"));
    idled_asleep = true;
    key.on_sleep = looks_whether_it_idles;
    assert_int_equal(await(S), PSYNC_NO);
    assert_false(idled_asleep);
    assert_true(net_bell_idles(&home, "chan"));
    assert_false(net_bell_idles(&home, "other"));
    net_awaited(&home);
    assert_false(net_bell_idles(&home, "chan"));
}

static void what_nobody_waits_for_any_more_is_unsubscribed(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    net_awaited(&home);
    assert_int_equal(engine_count(A_UNLISTEN), 1);
    assert_string_equal(engine_asked(A_UNLISTEN, 0)->name, "chan");
    net_awaited(&home);
    assert_int_equal(engine_count(A_UNLISTEN), 1);
    assert_int_equal(await(S), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK, A_UNLISTEN, A_LISTEN, A_LOOK); /* the connection stays */
}

/* ---- lost connections ----------------------------------------------------------- */

static void a_lost_connection_is_made_anew_and_leads_to_a_look(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    engine_hang_up(1);
    assert_int_equal(await(S), PSYNC_NO);
    ORDER(A_CONNECT, A_LISTEN, A_LOOK, A_DISCONNECT, A_CONNECT, A_LISTEN, A_LOOK);
    key.changed = true; /* and nobody rings */
    engine_hang_up(2);
    assert_int_equal(await(S), PSYNC_OK);
}

static void comes_back(void)
{
    if (engine_count(A_CONNECT) == 4) engine.connects = PSYNC_OK;
}

static void a_wait_rides_through_a_restart(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    engine_hang_up(1);
    engine_forget();
    key.on_sleep = comes_back;
    int64_t began = fake.monotonic;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(fake.monotonic - began, 10 * S);
    assert_int_equal(engine_count(A_CONNECT), 5);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_int_equal(engine_count(A_LOOK), 1);
}

static void out_of_reach_for_the_timeout_it_is_unavailable(void **state)
{
    (void)state;
    for (int hooked = 0; hooked < 2; hooked++) {
        engine.connects = PSYNC_ERROR_UNAVAILABLE;
        int64_t began = fake.monotonic;
        psync_result r;
        do r = await(hooked ? 250 * MS : 1000 * S);
        while (r == PSYNC_NO);
        assert_int_equal(r, PSYNC_ERROR_UNAVAILABLE);
        assert_in_range(fake.monotonic - began, 5 * S, 5250 * MS);
        assert_non_null(strstr(error.message, "the fake is away"));
        assert_int_equal(engine_count(A_LOOK), 0);
        net_awaited(&home);
    }
    engine.connects = PSYNC_OK;
    assert_int_equal(await(S), PSYNC_NO); /* another call begins anew */
}

static void time_that_a_hook_took_between_slices_is_no_time_out_of_reach(void **state)
{
    (void)state;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    engine.connects = PSYNC_ERROR_UNAVAILABLE;
    engine_hang_up(1);
    assert_int_equal(await(250 * MS), PSYNC_NO);
    fake_pass(6 * S);
    engine.connects = PSYNC_OK;
    assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 2);
}

static void a_wrong_password_is_reported_at_once(void **state)
{
    (void)state;
    engine.connects = PSYNC_ERROR_PERMISSION;
    assert_int_equal(await(10 * S), PSYNC_ERROR_PERMISSION);
    assert_int_equal(engine_count(A_CONNECT), 1);
}

/* ---- polling ------------------------------------------------------------------- */

static void an_engine_that_cannot_listen_is_polled_within_bounds(void **state)
{
    (void)state;
    engine_reopen("poll=2", true);
    engine.listened = PSYNC_ERROR_UNSUPPORTED;
    for (int i = 0; i < 400; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_int_equal(engine_count(A_DISCONNECT), 1);
    assert_in_range(engine_count(A_LOOK), 50, 120);
    int64_t first = engine_asked(A_LOOK, 1)->at - engine_asked(A_LOOK, 0)->at;
    int64_t last = engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at;
    assert_in_range(first, 10 * MS, 20 * MS);
    assert_in_range(last, S, 2 * S);
    key.changed = true;
    assert_int_equal(await(10 * S), PSYNC_OK);
}

/* Who polls for a Lock that is taken anew all the time would find it free once in many looks, hence minutes. */
static void what_has_changed_is_polled_often_again(void **state)
{
    (void)state;
    engine_reopen("poll=2", true);
    engine.listened = PSYNC_ERROR_UNSUPPORTED;
    for (int i = 0; i < 40; i++) assert_int_equal(await(250 * MS), PSYNC_NO);
    assert_true(engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at > 100 * MS);
    key.changed = true;
    assert_int_equal(await(10 * S), PSYNC_OK);
    key.changed = false;
    assert_int_equal(await_version(25 * MS, 2), PSYNC_NO);
    assert_in_range(engine_asked(A_LOOK, -1)->at - engine_asked(A_LOOK, -2)->at, 10 * MS, 20 * MS);
}

/* ---- hooks and forks ------------------------------------------------------------ */

static int awaits_too(void)
{
    engine.on_hook = NULL;
    engine.connects_slowly = false;
    assert_int_equal(await(S), PSYNC_NO);
    return 0;
}

static void a_hook_that_waits_while_its_caller_connects_polls(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = awaits_too;
    assert_int_equal(await(10 * S), PSYNC_NO);
    assert_int_equal(engine_count(A_CONNECT), 1);
    assert_int_equal(engine_count(A_LISTEN), 1);
    assert_true(engine_count(A_LOOK) > 2);
}

static int leaves(void)
{
    return 1;
}

static void a_hook_leaves_while_its_caller_connects(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = leaves;
    assert_int_equal(await(10 * S), PSYNC_ERROR_INTERRUPTED);
}

static pid_t child;

static int forks(void)
{
    engine.on_hook = NULL;
    engine.connects_slowly = false;
    child = fork();
    return 0;
}

static void expect_child(void)
{
    int status = -1;
    char text[8];
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(recv(engine.ends[1], text, sizeof text, MSG_DONTWAIT), -1); /* neither words nor an end */
}

static void a_child_has_a_bell_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(await(S), PSYNC_NO);
    child = fork();
    if (!child) {
        net_home_after_fork(&home, NULL);
        engine_forget();
        bool good =
            await(S) == PSYNC_NO && engine_count(A_LISTEN) == 1 && engine_asked(A_LISTEN, 0)->connection == 2;
        engine_ring(2, "chan\n");
        good = good && await(S) == PSYNC_OK;
        net_home_close(&home);
        _exit(!good);
    }
    expect_child();
    engine_ring(1, "chan\n");
    assert_int_equal(await(S), PSYNC_OK);
}

static void a_hook_may_fork_while_its_caller_connects(void **state)
{
    (void)state;
    engine.connects_slowly = true;
    engine.on_hook = forks;
    psync_result r = await(S);
    if (!child) {
        bool good = r == PSYNC_NO && await(S) == PSYNC_NO;
        net_home_close(&home);
        _exit(!good);
    }
    expect_child();
    assert_int_equal(r, PSYNC_NO);
    assert_int_equal(engine_count(A_LISTEN), 1);
}

/* ---- threads -------------------------------------------------------------------- */

enum { THREADS = 6, ROUNDS = 300 };

/* A number that grows; whoever waits for the next one is rung for. */
struct counter {
    atomic_uint value;
    atomic_uint awaited; /* which value the thread has come to wait for the end of */
    char channel[16];
    pthread_t thread;
    psync_result failed;
};
static struct counter counters[THREADS];

static psync_result look_at_counter(void *argument, bool ask, int64_t *again, psync_error *told)
{
    (void)ask, (void)again, (void)told;
    struct counter *counter = ((void **)argument)[0];
    const unsigned seen = *(unsigned *)((void **)argument)[1];
    return atomic_load(&counter->value) != seen ? PSYNC_OK : PSYNC_NO;
}

static void *waits_for_each(void *argument)
{
    struct counter *counter = argument;
    for (unsigned i = 0; i < ROUNDS && !counter->failed; i++) {
        const uint64_t seen[2] = {i, 0};
        psync_error told;
        atomic_store(&counter->awaited, i + 1);
        psync_result r = PSYNC_NO;
        while (r >= 0 && atomic_load(&counter->value) == i) {
            /* Some in slices, some without. */
            int64_t until = counter - counters < 3 ? psync__clock->monotonic() + 2 * MS : PSYNC_NEVER - 1;
            r = net_await(&home, counter->channel, seen, look_at_counter, (void *[]){counter, &i}, until, NULL,
                          &told);
        }
        if (r < 0) counter->failed = r;
        if (i % 5 == 0) net_awaited(&home);
    }
    return NULL;
}

static void ring_all(const char *channel)
{
    char text[64];
    snprintf(text, sizeof text, "%s\n", channel);
    pthread_mutex_lock(&engine.mutex);
    int last = engine.connections;
    pthread_mutex_unlock(&engine.mutex);
    for (int i = 1; i <= last; i++) (void)!send(engine.ends[i], text, strlen(text), MSG_NOSIGNAL);
}

/* Looks would hold for ever here, so a ring that is lost, or a reader that leaves nobody behind, hangs. */
static void threads_hand_the_connection_over_and_lose_no_ring(void **state)
{
    (void)state;
    psync__clock = system_clock;
    engine_reopen("", false);
    home.cap = PSYNC_NEVER / 4;
    alarm(300);
    for (int i = 0; i < THREADS; i++) {
        struct counter *counter = &counters[i];
        memset(counter, 0, sizeof *counter);
        snprintf(counter->channel, sizeof counter->channel, "c%d", i);
        assert_int_equal(pthread_create(&counter->thread, NULL, waits_for_each, counter), 0);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++) {
            struct counter *counter = &counters[(i + (int)round) % THREADS];
            while (atomic_load(&counter->awaited) != round + 1 && !counter->failed) sched_yield();
            atomic_store(&counter->value, round + 1);
            ring_all(counter->channel);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(counters[i].thread, NULL);
        assert_int_equal(counters[i].failed, PSYNC_OK);
    }
    alarm(0);
    assert_int_equal(engine_count(A_CONNECT), 1);
}

/*
 * A short await asks the reader to let the connection go, and may be out of time before it has it: then the sleeper
 * must become the reader again, or it never hears its ring.
 */
static void a_short_wait_beside_a_long_one_leaves_it_a_reader(void **state)
{
    (void)state;
    struct counter *counter = &counters[THREADS - 1]; /* without slices */
    psync__clock = system_clock;
    engine_reopen("", false);
    home.cap = PSYNC_NEVER / 4;
    alarm(300);
    memset(counter, 0, sizeof *counter);
    strcpy(counter->channel, "long");
    assert_int_equal(pthread_create(&counter->thread, NULL, waits_for_each, counter), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char channel[16];
        unsigned zero = 0;
        struct counter never = {.value = 0};
        while (atomic_load(&counter->awaited) != round + 1) sched_yield();
        snprintf(channel, sizeof channel, "short %u", round);
        const int64_t until = psync__clock->monotonic() + round % 100 * 2000;
        const uint64_t seen[2] = {0, 0};
        psync_result r =
            net_await(&home, channel, seen, look_at_counter, (void *[]){&never, &zero}, until, NULL, &error);
        assert_int_equal(r, PSYNC_NO);
        atomic_store(&counter->value, round + 1);
        ring_all(counter->channel);
    }
    pthread_join(counter->thread, NULL);
    alarm(0);
    assert_int_equal(counter->failed, PSYNC_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, engine_close)

int main(void)
{
    system_clock = psync__clock;
    const struct CMUnitTest tests[] = {
        TEST(it_subscribes_before_it_looks),
        TEST(what_changes_right_after_the_look_rings),
        TEST(a_wait_in_slices_asks_the_engine_once),
        TEST(a_ring_between_two_slices_is_heard),
        TEST(another_version_or_a_ring_is_a_reason_to_look_again),
        TEST(a_try_after_a_ring_is_a_look),
        TEST(a_try_is_none_if_it_rang_or_nobody_listened_meanwhile),
        TEST(without_a_ring_the_engine_is_asked_twice_a_minute),
        TEST(a_look_says_itself_when_the_next_is_due),
        TEST(a_signal_ends_the_sleep),
        TEST(the_keeper_wakes_who_sleeps),
        TEST(a_subscription_that_nobody_sleeps_on_is_known),
        TEST(what_nobody_waits_for_any_more_is_unsubscribed),
        TEST(a_lost_connection_is_made_anew_and_leads_to_a_look),
        TEST(a_wait_rides_through_a_restart),
        TEST(out_of_reach_for_the_timeout_it_is_unavailable),
        TEST(time_that_a_hook_took_between_slices_is_no_time_out_of_reach),
        TEST(a_wrong_password_is_reported_at_once),
        TEST(an_engine_that_cannot_listen_is_polled_within_bounds),
        TEST(what_has_changed_is_polled_often_again),
        TEST(a_hook_that_waits_while_its_caller_connects_polls),
        TEST(a_hook_leaves_while_its_caller_connects),
        TEST(a_child_has_a_bell_of_its_own),
        TEST(a_hook_may_fork_while_its_caller_connects),
        TEST(threads_hand_the_connection_over_and_lose_no_ring),
        TEST(a_short_wait_beside_a_long_one_leaves_it_a_reader),
    };
    return cmocka_run_group_tests_name("the bell of network drivers", tests, NULL, NULL);
}
