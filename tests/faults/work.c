/* SPDX-License-Identifier: BSD-3-Clause */
/* work.c - what a worker does: counts and locks, and notes what it was told before it goes on. */
#include "chance.h"
#include "faults.h"

#include <inttypes.h>

/* An increment that was told done: its result is its own. */
static void note(struct tally *tally, enum outcome outcome, int64_t result, const char *how, unsigned key)
{
    if (outcome == UNKNOWN) atomic_fetch_add(&tally->unknown, 1);
    if (outcome != DONE) return;
    atomic_fetch_add(&tally->done, 1);
    if (result < 1 || result >= RESULTS) {
        broken("%s %u gave %" PRId64, how, key, result);
    } else if (atomic_exchange(&tally->given[result], true)) {
        broken("%s %u gave %" PRId64 " twice", how, key, result);
    }
}

static void count(const struct client *client, void *state, unsigned key)
{
    int64_t result = 0;
    enum outcome outcome = client->add(state, key, &result);
    note(&arena->added[key], outcome, result, "increment", key);
}

static void swap(const struct client *client, void *state, unsigned key)
{
    int64_t result = 0;
    enum outcome outcome = client->swap(state, key, &result);
    note(&arena->swapped[key], outcome, result, "compareAndSet", key);
}

/* This process owns the Lock. */
static void own(struct guard *guard, unsigned key, unsigned number, uint64_t fence)
{
    unsigned other = atomic_exchange(&guard->owner, number);
    if (other) broken("worker %u got Lock %u while worker %u had it", number, key, other);
    uint64_t before = atomic_exchange(&guard->fence, fence);
    if (fence <= before) broken("Lock %u: fence %" PRIu64 " after %" PRIu64, key, fence, before);
    atomic_fetch_add(&guard->acquired, 1);
}

/* Whoever has the Lock now got it after this process let go: so it lets go in the arena first. */
static void let_go(const struct client *client, void *state, unsigned key, unsigned number, uint64_t fence)
{
    struct guard *guard = &arena->guards[key];
    unsigned other = atomic_exchange(&guard->owner, 0);
    if (other != number) broken("worker %u got Lock %u while worker %u had it", other, key, number);
    enum outcome outcome = is_mortal(number) ? client->release_if(state, key, fence) : client->release(state, key);
    bool known = outcome == DONE || outcome == SAID_NO;
    if (outcome == DONE) atomic_fetch_add(&guard->released, 1);
    if (outcome == UNKNOWN) atomic_fetch_add(&guard->unknown_released, 1);
    if (outcome == SAID_NO)
        broken("worker %u had Lock %u, and unlock found none: somebody else freed it", number, key);
    /* Unknown, or not done: then this acquisition alone has to go, whatever there is by now. */
    while (!known && !arena->broken) {
        outcome = client->release_if(state, key, fence);
        known = outcome == DONE || outcome == SAID_NO;
    }
}

static void lock(const struct client *client, void *state, unsigned key, unsigned number, struct chance *chance)
{
    struct guard *guard = &arena->guards[key];
    uint64_t fence = 0;
    enum outcome outcome = client->acquire(state, key, &fence);
    if (outcome == UNKNOWN) atomic_fetch_add(&guard->unknown_acquired, 1);
    if (outcome != DONE) return;
    own(guard, key, number, fence);
    if (chance_below(chance, 2)) pause_ns((int64_t)chance_below(chance, 3000000));
    let_go(client, state, key, number, fence);
}

/* What it is at stands in the arena until all of it is noted: who kills it counts that as unknown. */
static void one(const struct client *client, void *state, unsigned number, struct chance *chance)
{
    struct duty *duty = &arena->duties[number - 1];
    const unsigned key = (unsigned)chance_below(chance, KEYS), what = (unsigned)chance_below(chance, 4);
    duty->key = key;
    duty->task = what == 0 ? SWAPS : what == 1 ? LOCKS : ADDS;
    duty->operations++;
    if (duty->task == SWAPS) swap(client, state, key);
    if (duty->task == LOCKS) lock(client, state, key, number, chance);
    if (duty->task == ADDS) count(client, state, key);
    duty->task = NOTHING;
}

void work(const struct client *client, const char *dsn, unsigned number, uint64_t seed)
{
    struct chance chance = {seed};
    void *state = client->open(dsn);
    while (arena->duties[number - 1].operations < arena->operations && !arena->broken) {
        one(client, state, number, &chance);
    }
    client->leave(state);
}
