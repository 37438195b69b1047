/* SPDX-License-Identifier: BSD-3-Clause */
/* model_integer.c - an Integer: it exists or not, and has a value. */
#include <inttypes.h>
#include <stdio.h>

#include "model.h"

static bool put(struct state *state, int64_t value)
{
    state->exists = 1;
    state->value = value;
    return true;
}

static bool is(const struct state *state, int64_t value)
{
    return state->exists && state->value == value;
}

static bool add(struct state *state, const struct call *call)
{
    int64_t sum;
    bool over = call->op.kind == ADD ? __builtin_add_overflow(state->value, call->op.a, &sum)
                                     : __builtin_sub_overflow(state->value, call->op.a, &sum);
    if (call->outcome == OVERFLOWED) return over;
    if (over || (call->outcome == YES && call->value != sum)) return false;
    return put(state, sum);
}

static bool compare_set(struct state *state, const struct call *call)
{
    bool equal = is(state, call->op.a);
    if (call->outcome == NO) return !equal;
    return equal && put(state, call->op.b);
}

static bool remove_it(struct state *state, const struct call *call)
{
    if (call->outcome == NO) return !state->exists;
    if (!state->exists) return false;
    state->exists = 0;
    state->value = 0;
    return true;
}

/* A wait tells the value that ended it. */
static bool reached(const struct state *state, const struct call *call)
{
    bool beyond =
        state->exists && (call->op.kind == AT_LEAST ? state->value >= call->op.a : state->value <= call->op.a);
    if (call->outcome == NO) return !beyond && !call_gave_up_early(call);
    return beyond && state->value == call->value;
}

/* Differs from what was seen; after a deletion the value told is 0. */
static bool changed(const struct state *state, const struct call *call)
{
    bool same = call->existed ? is(state, call->seen) : !state->exists;
    if (call->outcome == NO) return same && !call_gave_up_early(call);
    return !same && state->value == call->value;
}

static bool apply(const struct history *history, struct state *state, int index)
{
    const struct call *call = &history->calls[index];
    switch (call->op.kind) {
    case SET:
        return put(state, call->op.a);
    case ADD:
    case SUBTRACT:
        return add(state, call);
    case COMPARE_SET:
        return compare_set(state, call);
    case REMOVE:
        return remove_it(state, call);
    case INTEGER_EXISTS:
        return (call->outcome == YES) == (state->exists != 0);
    case AT_LEAST:
    case AT_MOST:
        return reached(state, call);
    case CHANGE:
        return changed(state, call);
    default:
        return call->outcome == NO ? !state->exists : is(state, call->value); /* GET, INTEGER_LISTED */
    }
}

static bool lapse(const struct history *history, struct state *state, int64_t time)
{
    (void)history, (void)state, (void)time;
    return false;
}

static void describe(const struct history *history, const struct state *state, char *text, size_t size)
{
    (void)history;
    if (state->exists) {
        snprintf(text, size, "%" PRId64, state->value);
    } else {
        snprintf(text, size, "missing");
    }
}

const struct model integer_model = {.apply = apply, .lapse = lapse, .describe = describe};
