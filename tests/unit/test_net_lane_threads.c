/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_lane_threads.c - many threads on lanes, with hooks that use them too, that leave and that fork, and
 * times that run out. */
#include "engine.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 12, ROUNDS = 400, DEEPEST = 3 };

/* A sanitizer's own locks may be another thread's as a process is forked. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static _Thread_local unsigned chance; /* a thread's own random numbers */
static _Thread_local int depth;       /* of hooks in hooks */
static _Thread_local bool may_fork;
static _Thread_local bool is_child;
static atomic_long turns, given_up, left;
static atomic_uint children;

/* One in so many times. */
static bool happens(unsigned one_in)
{
    chance = chance * 1103515245 + 12345;
    return (chance >> 16) % one_in == 0;
}

/* ---- a clock whose slices are short ------------------------------------------- */

static const struct psync_clock *system_clock;
static struct psync_clock own_clock;

/* Mostly it is behind, so whoever sleeps for a slice by it sleeps for what is left of that by the system's; and
 * soon it says that the slice is over. */
static int64_t monotonic(void)
{
    return system_clock->monotonic() - (happens(4) ? 0 : NET_SLICE - MS / 5);
}

/* ---- what threads do ------------------------------------------------------------ */

/* A turn, which is over when this returns. What is done with the lane is nobody else's. */
static void one_turn(bool hooked)
{
    net_lane *lane;
    psync_error own;
    const int64_t time = happens(4) ? MS / 2 : happens(4) ? NET_SLICE : 100000 * S;
    int64_t until = psync__clock->monotonic() + time;
    const psync_result r = net_lane_take(&home, &until, hooked, &lane, &own);
    if (is_child) _exit(r != PSYNC_OK && r != PSYNC_NO && r != PSYNC_ERROR_INTERRUPTED);
    if (r) {
        atomic_fetch_add(r == PSYNC_NO ? &given_up : &left, 1);
        return;
    }
    assert_true(lane->use == NET_BUSY && pthread_equal(lane->user, pthread_self()));
    const uint64_t number = ++lane->number;
    if (happens(3)) usleep(happens(20) ? 300 : 1);
    if (happens(6) && depth < DEEPEST) {
        net_lane_set_aside(&home, lane);
        depth++;
        one_turn(happens(2));
        depth--;
        net_lane_take_back(&home, lane);
    }
    assert_int_equal(lane->number, number);
    atomic_fetch_add(&turns, 1);
    net_lane_leave(&home, lane);
}

/* The child goes on where its parent was: in the queue, of which nobody else is left. */
static void fork_here(void)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    is_child = child == 0;
    if (is_child) alarm(60);
    if (!is_child) atomic_fetch_add(&children, 1);
}

static int hook(void *argument)
{
    (void)argument;
    if (depth >= DEEPEST) return 0;
    depth++;
    if (happens(2)) one_turn(happens(2));
    if (may_fork && happens(200)) fork_here();
    depth--;
    return !is_child && happens(8);
}

static void *run(void *argument)
{
    chance = (unsigned)(uintptr_t)argument;
#ifndef SANITIZED
    may_fork = chance == 1;
#endif
    for (int i = 0; i < ROUNDS; i++) one_turn(happens(2));
    return NULL;
}

static void no_turn_is_lost_and_no_lane_is_shared_whatever_hooks_do(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    engine_reset(NULL);
    own_clock = *system_clock;
    own_clock.monotonic = monotonic;
    psync__clock = &own_clock;
    home.interrupt = hook;
    alarm(300); /* a turn that is lost never comes */
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < children; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    alarm(0);
    assert_null(home.queue);
    assert_int_equal(home.lanes->use, NET_FREE);
    assert_true(turns > 0 && given_up > 0 && left > 0);
    engine_close(NULL);
}

int main(void)
{
    system_clock = psync__clock;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_turn_is_lost_and_no_lane_is_shared_whatever_hooks_do),
    };
    return cmocka_run_group_tests_name("threads on lanes of network drivers", tests, NULL, NULL);
}
