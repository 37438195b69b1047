/* SPDX-License-Identifier: BSD-3-Clause */
/* broken_locks.c - drivers whose Locks are broken. */
#include "broken.h"

#include "perform.h"
#include "recorder.h"
#include "twin.h"

#define SLOT_ACQUIRE void *state, psync_key *key, const psync_take *take, psync_lock_state *now, psync_error *error
#define SLOT_RELEASE void *state, psync_key *key, psync_condition condition, uint64_t fence, psync_error *error
#define SLOT_INSPECT void *state, psync_key *key, psync_lock_state *now, psync_owner *owner, psync_error *error

bool honest;

static psync_result two_owners(SLOT_ACQUIRE)
{
    psync_result seen = twin_driver.lock_inspect(state, key, now, NULL, error);
    if (seen == PSYNC_NO) signal_meet(1, 2);
    if (seen == PSYNC_NO && !honest) twin_driver.lock_release(state, key, PSYNC_IF_ANY, 0, error);
    return twin_driver.lock_acquire(state, key, take, now, error);
}

static psync_result fence_falls(SLOT_ACQUIRE)
{
    psync_result result = twin_driver.lock_acquire(state, key, take, now, error);
    if (result == PSYNC_OK && !honest) now->fence = 999000 - (uint64_t)atomic_fetch_add(&shared->notes[0], 1);
    return result;
}

static psync_result says_no_without_reason(SLOT_ACQUIRE)
{
    if (honest) return twin_driver.lock_acquire(state, key, take, now, error);
    *now = (psync_lock_state){.exists = false};
    return PSYNC_NO;
}

static psync_result lease_too_short(SLOT_ACQUIRE)
{
    psync_take shorter = *take;
    if (!honest && take->lease) shorter.lease = 1;
    return twin_driver.lock_acquire(state, key, &shorter, now, error);
}

static psync_result lease_too_long(SLOT_ACQUIRE)
{
    psync_take longer = *take;
    if (!honest && take->lease) longer.lease = take->lease * 100000;
    return twin_driver.lock_acquire(state, key, &longer, now, error);
}

static psync_result hold_outlives_its_process(SLOT_ACQUIRE)
{
    psync_take plain = *take;
    if (!honest) plain.hold = false;
    return twin_driver.lock_acquire(state, key, &plain, now, error);
}

static psync_result lock_dies_with_its_process(SLOT_ACQUIRE)
{
    psync_take hold = *take;
    if (!honest) hold.hold = true;
    return twin_driver.lock_acquire(state, key, &hold, now, error);
}

/* Looks whether the fence is right, and frees what there is a moment later. */
static psync_result frees_the_next(SLOT_RELEASE)
{
    if (condition != PSYNC_IF_FENCE) return twin_driver.lock_release(state, key, condition, fence, error);
    psync_lock_state now;
    twin_driver.lock_inspect(state, key, &now, NULL, error);
    if (now.fence != fence) return PSYNC_NO;
    signal_raise(1);
    signal_await(2);
    return twin_driver.lock_release(state, key, honest ? PSYNC_IF_FENCE : PSYNC_IF_ANY, fence, error);
}

static psync_result ignores_the_fence(SLOT_RELEASE)
{
    return twin_driver.lock_release(state, key, honest ? condition : PSYNC_IF_ANY, fence, error);
}

static psync_result freed_twice(SLOT_RELEASE)
{
    psync_lock_state now;
    psync_result seen = twin_driver.lock_inspect(state, key, &now, NULL, error);
    if (seen == PSYNC_OK) signal_meet(1, 2);
    psync_result result = twin_driver.lock_release(state, key, condition, fence, error);
    return honest ? result : seen;
}

static psync_result says_it_freed_none(SLOT_RELEASE)
{
    psync_result result = twin_driver.lock_release(state, key, condition, fence, error);
    return honest ? result : PSYNC_NO;
}

static psync_result only_says_it_freed(SLOT_RELEASE)
{
    if (honest) return twin_driver.lock_release(state, key, condition, fence, error);
    return PSYNC_OK;
}

/* The first one never gets to the engine, or so it says. */
static psync_result failed_but_taken(SLOT_ACQUIRE)
{
    if (atomic_exchange(&shared->notes[0], 1)) return twin_driver.lock_acquire(state, key, take, now, error);
    if (!honest) twin_driver.lock_acquire(state, key, take, now, error);
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0, "the engine is out of reach");
}

/* The first one's reply is lost, and it is sent again by whoever looks next. */
static psync_result unknown_release(SLOT_RELEASE)
{
    psync_result r = twin_driver.lock_release(state, key, condition, fence, error);
    if (atomic_exchange(&shared->notes[0], 1)) return r;
    return psync_error_set(error, PSYNC_ERROR_UNKNOWN, 0, "the reply was lost");
}

static psync_result release_comes_again(SLOT_INSPECT)
{
    bool sent = atomic_load(&shared->notes[0]) == 1 && !atomic_exchange(&shared->notes[1], 1);
    if (sent && !honest) twin_driver.lock_release(state, key, PSYNC_IF_ANY, 0, error);
    return twin_driver.lock_inspect(state, key, now, owner, error);
}

static psync_result renews_what_is_over(void *state, psync_key *key, uint64_t fence, int64_t lease,
                                        int64_t *expires, psync_error *error)
{
    psync_result result = twin_driver.lock_renew(state, key, fence, lease, expires, error);
    return honest ? result : PSYNC_OK;
}

/* An await that was woken for nothing is taken for the end. */
static psync_result await_notes(void *state, psync_key *key, psync_lock_state *seen, psync_role role,
                                int64_t deadline, psync_error *error)
{
    if (honest) return twin_driver.lock_await(state, key, seen, role, deadline, error);
    atomic_store(&shared->notes[0], 1);
    return PSYNC_OK;
}

static psync_result wait_ends_early(SLOT_INSPECT)
{
    psync_result result = twin_driver.lock_inspect(state, key, now, owner, error);
    if (!atomic_exchange(&shared->notes[0], 0)) return result;
    *now = (psync_lock_state){.exists = false};
    return PSYNC_NO;
}

static psync_result wrong_owner(SLOT_INSPECT)
{
    psync_result result = twin_driver.lock_inspect(state, key, now, owner, error);
    if (!honest && owner) owner->pid = 1;
    return result;
}

static psync_result lists_no_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error)
{
    return honest ? twin_driver.each_lock(state, callback, argument, error) : PSYNC_OK;
}

const struct bug lock_bugs[] = {
    {"two processes own one Lock", NEEDS_NOTHING, {.lock_acquire = two_owners}, {{DO(ACQUIRE)}, {DO(ACQUIRE)}}},
    {"a fence goes back",
     NEEDS_NOTHING,
     {.lock_acquire = fence_falls},
     {{DO(ACQUIRE), DO(RELEASE), DO(ACQUIRE), DO(RELEASE)}}},
    {"a free Lock is refused", NEEDS_NOTHING, {.lock_acquire = says_no_without_reason}, {{DO(ACQUIRE)}}},
    {"a lease ends early", NEEDS_NOTHING, {.lock_acquire = lease_too_short}, {{DO(HOLD, .lease = 60), DO(EXISTS)}}},
    {"a lease never ends",
     NEEDS_NOTHING,
     {.lock_acquire = lease_too_long},
     {{DO(HOLD, .lease = 1e-3), DO(SPIN, .seconds = 10e-3), DO(EXISTS)}}},
    {"a Hold outlives its process",
     NEEDS_KILLS,
     {.lock_acquire = hold_outlives_its_process},
     {{DO(HOLD), DO(DIE)}, {DO(AWAIT_END, .a = 0), DO(SPIN, .seconds = 2 * SCENE_LIVENESS), DO(EXISTS)}}},
    {"a Lock dies with its process",
     NEEDS_KILLS,
     {.lock_acquire = lock_dies_with_its_process},
     {{DO(ACQUIRE), DO(DIE)}, {DO(AWAIT_END, .a = 0), DO(EXISTS)}}},
    {"a release frees the next owner's",
     NEEDS_NOTHING,
     {.lock_release = frees_the_next},
     {{DO(ACQUIRE), DO(RELEASE_IF)}, {DO(AWAIT, .a = 1), DO(RELEASE), DO(ACQUIRE), DO(SIGNAL, .a = 2)}}},
    {"a release ignores the fence",
     NEEDS_NOTHING,
     {.lock_release = ignores_the_fence},
     {{DO(ACQUIRE), DO(SIGNAL, .a = 1), DO(AWAIT, .a = 2), DO(RELEASE_IF)},
      {DO(AWAIT, .a = 1), DO(RELEASE), DO(ACQUIRE), DO(SIGNAL, .a = 2)}}},
    {"an acquisition is freed twice",
     NEEDS_NOTHING,
     {.lock_release = freed_twice},
     {{DO(ACQUIRE), DO(SIGNAL, .a = 3), DO(RELEASE)}, {DO(AWAIT, .a = 3), DO(RELEASE)}}},
    {"a release frees and says no",
     NEEDS_NOTHING,
     {.lock_release = says_it_freed_none},
     {{DO(ACQUIRE), DO(RELEASE)}}},
    {"a release frees nothing",
     NEEDS_NOTHING,
     {.lock_release = only_says_it_freed},
     {{DO(ACQUIRE), DO(RELEASE), DO(EXISTS)}}},
    {"a Lock is taken by a call that failed",
     NEEDS_OUTAGES,
     {.lock_acquire = failed_but_taken},
     {{DO(ACQUIRE), DO(EXISTS)}}},
    {"a release of unknown outcome is applied twice",
     NEEDS_OUTAGES,
     {.lock_release = unknown_release, .lock_inspect = release_comes_again},
     {{DO(ACQUIRE), DO(RELEASE), DO(ACQUIRE), DO(EXISTS)}}},
    {"a Hold that is over is renewed",
     NEEDS_NOTHING,
     {.lock_renew = renews_what_is_over},
     {{DO(HOLD, .lease = 1e-3), DO(SPIN, .seconds = 10e-3), DO(RENEW, .lease = 60)}}},
    {"a wait returns early",
     NEEDS_NOTHING,
     {.lock_await = await_notes, .lock_inspect = wait_ends_early},
     {{DO(ACQUIRE), DO(SIGNAL, .a = 1), DO(AWAIT, .a = 2), DO(RELEASE)},
      {DO(AWAIT, .a = 1), DO(WAIT, .seconds = 0.02), DO(SIGNAL, .a = 2)}}},
    {"the owner is another", NEEDS_NOTHING, {.lock_inspect = wrong_owner}, {{DO(ACQUIRE), DO(INSPECT)}}},
    {"a Lock is not listed", NEEDS_NOTHING, {.each_lock = lists_no_lock}, {{DO(ACQUIRE), DO(LIST_LOCKS)}}},
    {.name = NULL},
};
