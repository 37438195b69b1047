/* SPDX-License-Identifier: BSD-3-Clause */
/* signal.c - the interrupt hook serves signals while a call waits, and can end the wait. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every call that blocks, on a key that blocks it. */
enum blocking { ACQUIRE, HOLD, WAIT, AT_LEAST, AT_MOST, CHANGE, BLOCKING };

struct blocked {
    const char *key;
    psync_lock *lock;
    psync_integer *integer;
};

static struct blocked blocked(const char *key)
{
    struct blocked made = {key, lock_of(key), integer_of(key)};
    (void)psync_lock_acquire(made.lock, FOR_SECONDS(0), NULL, ERR);
    EXPECT(PSYNC_OK, psync_integer_set(made.integer, 5, ERR));
    return made;
}

static psync_result block(struct blocked *b, enum blocking call, const psync_wait *wait)
{
    psync_hold *hold = NULL;
    psync_result result = PSYNC_ERROR_ARGUMENT;
    switch (call) {
    case ACQUIRE:
        return psync_lock_acquire(b->lock, wait, NULL, ERR);
    case WAIT:
        return psync_lock_wait(b->lock, wait, ERR);
    case AT_LEAST:
        return psync_integer_await_at_least(b->integer, 6, wait, ERR);
    case AT_MOST:
        return psync_integer_await_at_most(b->integer, 4, wait, ERR);
    case CHANGE:
        return psync_integer_await_change(b->integer, wait, ERR);
    default:
        result = psync_lock_hold(b->lock, 0, wait, &hold, ERR);
        break;
    }
    psync_hold_free(hold);
    return result;
}

/* ---- the hook's looks ------------------------------------------------------- */

static volatile sig_atomic_t signalled;
static atomic_llong signalled_at, served_at;
static atomic_int looks, answer;
static pthread_t hook_thread;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
    atomic_store(&signalled_at, now_ns());
}

static void handle_signal(int flags)
{
    struct sigaction action = {.sa_flags = flags};
    action.sa_handler = on_signal;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    signalled = 0;
    atomic_store(&served_at, 0);
    atomic_store(&looks, 0);
    atomic_store(&answer, 0);
}

static int hook(void *argument)
{
    CHECK(argument == &looks);
    hook_thread = pthread_self();
    atomic_fetch_add(&looks, 1);
    if (!signalled) return 0;
    if (!atomic_load(&served_at)) atomic_store(&served_at, now_ns());
    return atomic_load(&answer);
}

#define HOOKED(seconds) (&(psync_wait){.timeout = (seconds), .interrupt = hook, .argument = &looks})

/* A hook that leaves the wait with its fifth look. */
static int leaves_at_five(void *argument)
{
    return hook(argument) || atomic_load(&looks) == 5;
}

static void the_hook_looks_about_four_times_a_second(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        struct blocked b = blocked(fresh_key());
        handle_signal(0);
        int64_t start = now_ns();
        EXPECT(PSYNC_ERROR_INTERRUPTED,
               block(&b, call, &(psync_wait){.timeout = LOST, .interrupt = leaves_at_five, .argument = &looks}));
        EXPECT_TIME(start, 0.7, 1 + LATE);
        CHECK(pthread_equal(hook_thread, pthread_self()));
    }
}

struct signaller {
    pthread_t thread, target;
    int times;
    int64_t first_after, every;
    pid_t process;
};

static void *signal_others(void *argument)
{
    struct signaller *s = argument;
    sleep_for((double)s->first_after / 1e9);
    for (int i = 0; i < s->times; i++) {
        pthread_kill(s->target, SIGUSR1);
        sleep_for((double)s->every / 1e9);
    }
    return NULL;
}

static void signal_me(struct signaller *s, double first_after, int times, double every)
{
    *s = (struct signaller){.target = pthread_self(),
                            .times = times,
                            .first_after = (int64_t)(first_after * 1e9),
                            .every = (int64_t)(every * 1e9)};
    CHECK_EQUAL(0, pthread_create(&s->thread, NULL, signal_others, s));
}

static void signal_done(struct signaller *s)
{
    CHECK_EQUAL(0, pthread_join(s->thread, NULL));
}

/* A hook that leaves the wait once it has served the signal. */
static int leaves_when_served(void *argument)
{
    return hook(argument) || atomic_load(&served_at) != 0;
}

/* Sends the signal right after a look of the hook: the next one that is due comes a quarter of a second later. */
static void *signal_after_a_look(void *argument)
{
    struct signaller *s = argument;
    while (atomic_load(&looks) < 2) sleep_for(0.001);
    sleep_for(0.02);
    pthread_kill(s->target, SIGUSR1);
    return NULL;
}

/* How long the hook took to serve a signal, in seconds. */
static double time_to_serve(enum blocking call, int flags)
{
    struct blocked b = blocked(fresh_key());
    struct signaller signaller = {.target = pthread_self()};
    handle_signal(flags);
    CHECK_EQUAL(0, pthread_create(&signaller.thread, NULL, signal_after_a_look, &signaller));
    EXPECT(PSYNC_ERROR_INTERRUPTED,
           block(&b, call, &(psync_wait){.timeout = LOST, .interrupt = leaves_when_served, .argument = &looks}));
    signal_done(&signaller);
    CHECK(served_at);
    return (double)(served_at - signalled_at) / 1e9;
}

/* A machine that is busy may be late at times: at once means sooner than by the next look that is due, once. */
static void the_hook_runs_at_once_after_a_signal(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        for (int restart = 0; restart < 2; restart++) {
            double best = 1;
            for (int i = 0; i < 20 && best > 0.1; i++) {
                double took = time_to_serve(call, restart ? SA_RESTART : 0);
                if (took < best) best = took;
            }
            if (best > 0.1) check_failed(__FILE__, __LINE__, "call %d: served %.3f s later", call, best);
        }
    }
}

static void a_wait_goes_on_with_the_time_that_is_left(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        for (int hooked = 0; hooked < 2; hooked++) {
            struct blocked b = blocked(fresh_key());
            struct signaller signaller;
            handle_signal(call % 2 ? SA_RESTART : 0);
            int64_t start = now_ns();
            signal_me(&signaller, 0.01, 20, 0.015);
            EXPECT(PSYNC_NO, block(&b, call, hooked ? HOOKED(0.45) : FOR_SECONDS(0.45)));
            EXPECT_TIME(start, 0.45, 0.45 + LATE);
            signal_done(&signaller);
            CHECK(!hooked || looks >= 1);
        }
    }
}

static void a_hook_can_leave_the_wait_and_nothing_was_taken(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        struct blocked b = blocked(fresh_key());
        struct signaller signaller;
        handle_signal(0);
        atomic_store(&answer, 1);
        uint64_t fence = psync_lock_last_fence(b.lock);
        int64_t start = now_ns();
        signal_me(&signaller, 0.1, 1, 0);
        EXPECT(PSYNC_ERROR_INTERRUPTED, block(&b, call, HOOKED(30)));
        EXPECT_TIME(start, 0.1, 0.1 + LATE);
        signal_done(&signaller);
        psync_owner owner;
        EXPECT(PSYNC_OK, psync_lock_inspect(b.lock, &owner, ERR));
        CHECK_EQUAL(fence, owner.fence);
        CHECK_EQUAL(fence, psync_lock_last_fence(b.lock));
        EXPECT(PSYNC_OK, psync_lock_release(b.lock, ERR));
        expect_free(b.lock);
        take(b.lock);
    }
}

/* ---- a hook that does things --------------------------------------------------- */

static struct blocked *hooked_on;
static pid_t hook_child;

static int library_hook(void *argument)
{
    int *calls = argument;
    ++*calls;
    char key[200];
    snprintf(key, sizeof key, "%s-hook-%d", hooked_on->key, *calls);
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(lock_of(key), 0, NULL, &hold, ERR));
    EXPECT(PSYNC_NO, psync_lock_acquire(lock_of(key), FOR_SECONDS(0.01), NULL, ERR));
    psync_hold_free(hold);
    EXPECT(PSYNC_OK, psync_integer_add(integer_of(key), 1, NULL, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(integer_of(key), ERR));
    if (*calls < 3) return 0;
    EXPECT(PSYNC_OK, psync_integer_set(hooked_on->integer, *calls % 2 ? 100 : -100, ERR));
    (void)psync_lock_release(hooked_on->lock, ERR); /* the very Lock that is waited for */
    return 0;
}

static void a_hook_may_use_the_library_also_on_what_is_waited_for(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        struct blocked b = blocked(fresh_key());
        hooked_on = &b;
        int calls = 0;
        EXPECT(PSYNC_OK, block(&b, call, (&(psync_wait){30, library_hook, &calls})));
        CHECK(calls >= 3);
    }
}

static void hook_child_lives(int index, void *argument)
{
    (void)index;
    (void)argument;
    expect_locked(hooked_on->lock);
    EXPECT(PSYNC_OK, psync_integer_add(hooked_on->integer, 10, NULL, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(hooked_on->lock, ERR));
}

static int forking_hook(void *argument)
{
    int *calls = argument;
    if (++*calls != 2) return 0;
    fflush(NULL);
    hook_child = fork();
    CHECK(hook_child >= 0);
    if (hook_child > 0) return 0;
    hook_child_lives(0, NULL); /* the child goes on here, with what it inherited, and releases */
    _exit(EXIT_SUCCESS);
}

static void a_hook_may_fork(void)
{
    for (enum blocking call = ACQUIRE; call < BLOCKING; call++) {
        struct blocked b = blocked(fresh_key());
        hooked_on = &b;
        int calls = 0;
        psync_result expected = call == AT_MOST ? PSYNC_NO : PSYNC_OK;
        EXPECT(expected, block(&b, call, (&(psync_wait){call == AT_MOST ? 1.5 : 30, forking_hook, &calls})));
        process_join(hook_child);
    }
}

static int hook_that_stays(void *argument)
{
    if (++*(int *)argument == 1) {
        hook_child = fork(); /* both sides go on with the wait that was under way */
        CHECK(hook_child >= 0);
    }
    return 0;
}

static void both_sides_of_a_hook_s_fork_go_on_waiting(void)
{
    struct stage *a = stage(1, 0);
    struct blocked b = blocked(a->key);
    int calls = 0;
    int64_t start = now_ns();
    EXPECT(PSYNC_NO, block(&b, WAIT, (&(psync_wait){0.8, hook_that_stays, &calls})));
    EXPECT_TIME(start, 0.8, 0.8 + LATE);
    EXPECT(PSYNC_OK, psync_integer_add(b.integer, 1, NULL, ERR));
    if (hook_child == 0) _exit(EXIT_SUCCESS);
    process_join(hook_child);
    expect_value(b.integer, 7);
}

/* ---- no wake-up is lost to one that leaves ---------------------------------------- */

struct leaving {
    struct stage *stage;
    double timeout; /* the leaver's, or it leaves by its hook */
};

static int leave_when_signalled(void *argument)
{
    (void)argument;
    return signalled;
}

static void leaver_or_stayer(int index, void *argument)
{
    struct leaving *l = argument;
    psync_lock *lock = lock_of(l->stage->key);
    handle_signal(0);
    psync_wait leaves = {.timeout = l->timeout, .interrupt = l->timeout < 1 ? NULL : leave_when_signalled};
    if (index == 0) atomic_store(&l->stage->numbers[0], now_ns());
    meet(&l->stage->ready);
    psync_result result = psync_lock_acquire(lock, index == 0 ? &leaves : NULL, NULL, ERR);
    if (result == PSYNC_OK) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    if (index == 1) CHECK(result == PSYNC_OK);
    if (index == 0) CHECK(result == PSYNC_OK || result == (l->timeout < 1 ? PSYNC_NO : PSYNC_ERROR_INTERRUPTED));
    meet(&l->stage->done);
}

static void one_leaves_at_the_release(double timeout)
{
    for (int round = rounds(40, 100); round > 0; round--) {
        struct leaving *l = shared(sizeof *l);
        l->stage = stage(1, 0);
        l->timeout = timeout;
        psync_lock *lock = lock_of(l->stage->key);
        take(lock);
        pid_t leaver = process_start(leaver_or_stayer, 0, l); /* first in line */
        expect_meeting(&l->stage->ready, LOST, "the leaver's start");
        wait_until_asleep(leaver);
        pid_t stayer = process_start(leaver_or_stayer, 1, l);
        expect_meeting(&l->stage->ready, LOST, "the other's start");
        wait_until_asleep(stayer);
        if (timeout < 1) { /* let it go just before, at or after its time is up */
            int64_t up = l->stage->numbers[0] + (int64_t)(timeout * 1e9);
            spin_for(up - now_ns() + (int64_t)random_below(300000) - 100000);
        } else if (round % 2) {
            CHECK(kill(leaver, SIGUSR1) == 0);
            spin_for((int64_t)random_below(50000));
        }
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        if (timeout >= 1 && round % 2 == 0) {
            spin_for((int64_t)random_below(20000));
            (void)kill(leaver, SIGUSR1);
        }
        for (int i = 0; i < 2; i++) expect_meeting(&l->stage->done, LOST, "both going on");
        process_join(leaver);
        process_join(stayer);
    }
}

static void a_taker_that_is_interrupted_at_the_release_swallows_no_wake_up(void)
{
    one_leaves_at_the_release(30);
}

static void a_taker_that_times_out_at_the_release_swallows_no_wake_up(void)
{
    one_leaves_at_the_release(0.08);
}

const struct test signal_tests[] = {
    PROCESSES(the_hook_looks_about_four_times_a_second),
    PROCESSES(the_hook_runs_at_once_after_a_signal),
    PROCESSES(a_wait_goes_on_with_the_time_that_is_left),
    PROCESSES(a_hook_can_leave_the_wait_and_nothing_was_taken),
    THREADS(a_hook_may_use_the_library_also_on_what_is_waited_for),
    PROCESSES(a_hook_may_fork),
    PROCESSES(both_sides_of_a_hook_s_fork_go_on_waiting),
    PROCESSES(a_taker_that_is_interrupted_at_the_release_swallows_no_wake_up),
    PROCESSES(a_taker_that_times_out_at_the_release_swallows_no_wake_up),
    END_OF_TESTS,
};
