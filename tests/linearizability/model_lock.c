/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * model_lock.c - a Lock: free, or taken by one call, with one fence.
 *
 * wait() needs no memory of what it saw: every acquisition's end leaves the
 * Lock free for a moment, however short, so a wait that ended because "its"
 * acquisition ended can be put at such a moment.
 *
 * The fence of an acquisition whose taker was killed before it could tell is
 * not known; the first call that tells one settles it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "model.h"

static const struct call *taker_of(const struct history *history, const struct state *state)
{
    return &history->calls[state->taker - 1];
}

static bool is_hold(const struct history *history, const struct state *state)
{
    return state->taker && taker_of(history, state)->op.kind == HOLD;
}

static const struct life *owner_of(const struct history *history, const struct state *state)
{
    return &history->lives[taker_of(history, state)->lane];
}

/* Moments at which the owner's process may have ended already, and at which that must be known. */
static bool may_be_dead(const struct history *history, const struct state *state, int64_t time)
{
    return owner_of(history, state)->dying <= time;
}

static bool must_be_dead(const struct history *history, const struct state *state, int64_t time)
{
    int64_t dead = owner_of(history, state)->dead;
    return dead != NEVER && dead + history->liveness < time;
}

/*
 * Whether an acquisition may have ended though its process lives: its taker was told that the outcome is not known,
 * and so it is undone, and a Hold is not kept alive; or a Hold could not be kept alive, while the engine was out of
 * reach.
 */
static bool may_be_lost(const struct history *history, const struct state *state, int64_t time)
{
    const struct call *taker = taker_of(history, state);
    if (taker->outcome == UNKNOWN) return is_hold(history, state) || history->outages;
    return is_hold(history, state) && history->outages && !state->lease && kept_alive_until(history, taker) <= time;
}

static bool lapse(const struct history *history, struct state *state, int64_t time)
{
    if (!state->taker) return false;
    bool expired = state->lease && lease_earliest(&history->calls[state->lease - 1]) <= time;
    bool orphaned = is_hold(history, state) && may_be_dead(history, state, time);
    if (!expired && !orphaned && !may_be_lost(history, state, time)) return false;
    state->taker = state->lease = 0;
    state->fence = 0;
    return true;
}

/* Whether the acquisition must have ended by itself before this moment. */
static bool is_over(const struct history *history, const struct state *state, int64_t time)
{
    if (!state->taker) return false;
    if (state->lease && lease_latest(&history->calls[state->lease - 1]) < time) return true;
    return is_hold(history, state) && must_be_dead(history, state, time);
}

/* Whether the acquisition has, or can have, this fence; it then has it. */
static bool has_fence(struct state *state, uint64_t fence)
{
    if (!state->taker) return false;
    if (state->fence) return state->fence == fence;
    if (fence <= state->floor) return false;
    state->fence = state->floor = fence;
    return true;
}

static bool take(struct state *state, const struct call *call, int index)
{
    if (call->outcome == NO) return state->taker && !call_gave_up_early(call);
    if (state->taker) return false;
    if (call->outcome == YES && call->fence <= state->floor) return false;
    state->taker = index + 1;
    state->lease = call->op.lease > 0 ? index + 1 : 0;
    state->fence = call->outcome == YES ? call->fence : 0;
    if (state->fence) state->floor = state->fence;
    return true;
}

static bool end(struct state *state)
{
    if (!state->taker) return false;
    state->taker = state->lease = 0;
    state->fence = 0;
    return true;
}

static bool end_ghost(const struct history *history, struct state *state, const struct call *call)
{
    if (!state->taker) return call->outcome == NO;
    if (call->outcome == NO) return !must_be_dead(history, state, call->invoke);
    return may_be_dead(history, state, call->respond) && end(state);
}

/* A call that means one acquisition: it is the present one, or not. Not: a call that says so of one whose
 * fence is not known cannot be refuted. */
static bool means(struct state *state, const struct call *call)
{
    bool denied = call->outcome == NO || call->outcome == LOST;
    if (denied) return !state->taker || !state->fence || state->fence != call->fence;
    return has_fence(state, call->fence);
}

/*
 * A holder counts a lease from before it asked for it, the engine from a moment in that call: between the two ends
 * the Hold is not certainly its own any more, though nobody else can have it yet.
 */
static bool is_uncertain(const struct history *history, const struct state *state, const struct call *call)
{
    if (call->outcome != NO || !state->lease) return false;
    return lease_earliest(&history->calls[state->lease - 1]) <= call->respond;
}

static bool renew(const struct history *history, struct state *state, const struct call *call, int index)
{
    if (!means(state, call)) return false;
    if (call->outcome == LOST) return true;
    state->lease = index + 1;
    return is_hold(history, state);
}

/* What was told about the owner. */
static bool owner_fits(const struct history *history, struct state *state, const struct call *call)
{
    if (!has_fence(state, call->fence)) return false;
    if (call->is_hold != is_hold(history, state) || call->has_lease != (state->lease != 0)) return false;
    const struct life *owner = owner_of(history, state);
    if (call->pid != owner->pid) return false;
    if (call->alive == PSYNC_ALIVE_NO) return owner->dying <= call->respond;
    return call->alive != PSYNC_ALIVE_YES || owner->dead >= call->invoke;
}

static bool apply(const struct history *history, struct state *state, int index)
{
    const struct call *call = &history->calls[index];
    if (is_over(history, state, call->invoke)) return false;
    switch (call->op.kind) {
    case ACQUIRE:
    case HOLD:
        return take(state, call, index);
    case RELEASE:
        return call->outcome == NO ? !state->taker : end(state);
    case RELEASE_IF:
    case HOLD_RELEASE:
        return means(state, call) && (call->outcome == NO || end(state));
    case RELEASE_GHOST:
        return end_ghost(history, state, call);
    case RENEW:
        return renew(history, state, call, index);
    case HOLD_VALID:
        return means(state, call) || is_uncertain(history, state, call);
    case WAIT:
        return call->outcome == YES ? !state->taker : state->taker && !call_gave_up_early(call);
    case EXISTS:
        return (call->outcome == YES) == (state->taker != 0);
    default:
        return call->outcome == NO ? !state->taker : owner_fits(history, state, call); /* INSPECT, LISTED */
    }
}

static void describe(const struct history *history, const struct state *state, char *text, size_t size)
{
    if (!state->taker) {
        int n = snprintf(text, size, "free");
        if (state->floor) snprintf(text + n, size - (size_t)n, ", last #%" PRIu64, state->floor % 1000000);
        return;
    }
    int n =
        snprintf(text, size, "taken by lane %d #%" PRIu64, taker_of(history, state)->lane, state->fence % 1000000);
    if (state->lease) {
        const struct call *call = &history->calls[state->lease - 1];
        snprintf(text + n, size - (size_t)n, ", lease ends within %.0f..%.0f us",
                 history_us(history, lease_earliest(call)), history_us(history, lease_latest(call)));
    } else if (is_hold(history, state) && owner_of(history, state)->dead != NEVER) {
        snprintf(text + n, size - (size_t)n, ", its process ended by %.0f us",
                 history_us(history, owner_of(history, state)->dead));
    }
}

const struct model lock_model = {.apply = apply, .lapse = lapse, .describe = describe};
