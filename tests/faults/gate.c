/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gate.c - one opens a gate, again and again; the others wait at it. By turns it is a Lock, which is freed, and an
 * Integer, which grows.
 *
 * A wake-up that is lost shows: without one a waiter looks again after 15 to 30 seconds only. The time for which
 * this machine did not let the waiter run is not counted.
 */
#include "chance.h"
#include "witness.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

static const int64_t MS = 1000000, LOST = 14000 * MS;

struct post {
    psync_space *space;
    psync_lock *lock;
    psync_integer *integer;
};

static struct post open_post(const char *dsn)
{
    struct post post;
    psync_error error;
    post.space = open_space(dsn);
    if (psync_lock_open(post.space, "gate", 4, &post.lock, &error) != PSYNC_OK ||
        psync_integer_open(post.space, "gate", 4, &post.integer, &error) != PSYNC_OK) {
        broken("gate: %s", error.message);
        exit(EXIT_FAILURE);
    }
    return post;
}

static void close_post(struct post *post)
{
    psync_lock_close(post->lock);
    psync_integer_close(post->integer);
    psync_space_close(post->space);
}

static bool is_lock(unsigned round)
{
    return round % 2 == 1;
}

/* Closes it: nobody else takes this Lock, and only this process changes the Integer. */
static uint64_t shut(struct post *post)
{
    psync_error error;
    uint64_t fence = 0;
    for (;;) {
        psync_result got = psync_lock_acquire(post->lock, &(psync_wait){.timeout = 30}, &fence, &error);
        enum outcome outcome = outcome_of(got, &error, "gate: psync_lock_acquire");
        if (outcome == DONE) return fence;
        if (outcome == SAID_NO) broken("nobody has the gate's Lock, and it is not to be had");
        if (arena->broken) return 0;
    }
}

/* As unlock() does it, and if that was in vain, as unlockIf(). Not done, or unknown: then late, it must not free
 * the next round's. */
static enum outcome open_lock(struct post *post, uint64_t fence, bool again)
{
    psync_error error;
    psync_result got =
        again ? psync_lock_release_if(post->lock, fence, &error) : psync_lock_release(post->lock, &error);
    return outcome_of(got, &error, "gate: release");
}

static enum outcome open_integer(struct post *post, unsigned round)
{
    psync_error error;
    return outcome_of(psync_integer_set(post->integer, round, &error), &error, "gate: psync_integer_set");
}

static void open_gate(struct post *post, unsigned round, uint64_t fence)
{
    enum outcome outcome = UNKNOWN;
    for (bool again = false; outcome != DONE && outcome != SAID_NO && !arena->broken; again = true)
        outcome = is_lock(round) ? open_lock(post, fence, again) : open_integer(post, round);
}

/* Until all waiters are there. */
static void await_stage(unsigned stage)
{
    for (unsigned i = 0; i < WAITERS; i++) {
        while (atomic_load(&arena->gate.stage[i]) < stage && !arena->broken) pause_ns(MS);
    }
}

void keep_gate(const char *dsn, uint64_t seed, unsigned rounds)
{
    struct chance chance = {seed};
    struct post post = open_post(dsn);
    struct gate *gate = &arena->gate;
    for (unsigned round = 1; round <= rounds && !arena->broken; round++) {
        uint64_t fence = is_lock(round) ? shut(&post) : 0;
        atomic_store(&gate->round, round);
        await_stage(2 * round - 1);
        /* Some of them sleep by then, some are on their way. */
        pause_ns((int64_t)chance_below(&chance, 120) * MS);
        atomic_store(&gate->opened_at, now_ns());
        atomic_store(&gate->opened, round);
        open_gate(&post, round, fence);
        await_stage(2 * round);
    }
    atomic_store(&arena->over, true);
    close_post(&post);
}

/* How long this machine has kept a sleeper of 100 ms from running, in all. */
static _Atomic int64_t stalled;

static void *feel(void *unused)
{
    for (;;) {
        int64_t before = now_ns();
        pause_ns(100 * MS);
        int64_t over = now_ns() - before - 100 * MS;
        if (over > 50 * MS) atomic_fetch_add(&stalled, over);
    }
    return unused;
}

static void await_open(struct post *post, unsigned round)
{
    psync_error error;
    for (enum outcome outcome = UNKNOWN; outcome != DONE && !arena->broken;) {
        outcome = is_lock(round) ? outcome_of(psync_lock_wait(post->lock, NULL, &error), &error, "psync_lock_wait")
                                 : outcome_of(psync_integer_await_at_least(post->integer, round, NULL, &error),
                                              &error, "psync_integer_await_at_least");
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * Nobody woke it for so long: since the gate was opened, or since it came to it. Where logins are cut too (there
 * are kills there), it may have to try again and again, with pauses that grow: so what counts there is the time
 * since the last cut.
 */
static void note_time(int64_t came, unsigned round, int64_t lame)
{
    const int64_t opened = atomic_load(&arena->gate.opened_at);
    const int64_t cut = arena->kills ? witness_cut_at() : 0;
    const int64_t took = now_ns() - later(later(opened, came), cut) - lame;
    if (!arena->dark && took > LOST) broken("a wake-up was missed: %.1f s in round %u", (double)took / 1e9, round);
    uint64_t slowest = arena->slowest;
    while (took > 0 && (uint64_t)took > slowest &&
           !atomic_compare_exchange_weak(&arena->slowest, &slowest, (uint64_t)took))
        continue;
}

static void pass(struct post *post, unsigned round, struct chance *chance)
{
    const int64_t came = now_ns(), lame = stalled;
    pause_ns((int64_t)chance_below(chance, 30) * MS);
    await_open(post, round);
    if (arena->broken) return;
    if (atomic_load(&arena->gate.opened) < round)
        broken("a wait ended in round %u, before the gate was opened", round);
    note_time(came, round, stalled - lame);
}

/* Through one gate after the other. */
static void go_through(struct post *post, unsigned number, struct chance *chance)
{
    struct gate *gate = &arena->gate;
    atomic_uint *stage = &gate->stage[number];
    for (unsigned round = *stage / 2 + 1;; round++) {
        while (atomic_load(&gate->round) < round && !arena->over) pause_ns(MS);
        if (atomic_load(&gate->round) < round || arena->broken) return;
        *stage = 2 * round - 1;
        pass(post, round, chance);
        if (arena->broken) return;
        *stage = 2 * round;
    }
}

void wait_at_gate(const char *dsn, unsigned number, uint64_t seed)
{
    struct chance chance = {seed};
    struct post post = open_post(dsn);
    pthread_t pulse;
    if (pthread_create(&pulse, NULL, feel, NULL) != 0) abort();
    go_through(&post, number, &chance);
    close_post(&post);
}
