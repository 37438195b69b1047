/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_bell_threads.c - threads that sleep on one connection of a network driver. */
#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct psync_clock *system_clock;

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    system_clock = psync__clock;
    const struct CMUnitTest tests[] = {
        TEST(threads_hand_the_connection_over_and_lose_no_ring),
        TEST(a_short_wait_beside_a_long_one_leaves_it_a_reader),
    };
    return cmocka_run_group_tests_name("the bell of network drivers, threads", tests, NULL, NULL);
}
