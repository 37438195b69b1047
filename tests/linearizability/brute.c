/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * brute.c - tries all orders of a few calls, with no cache and no cleverness:
 * what comes next is any call that was made before every other one that is
 * left had returned, or what happens without a call by then.
 */
#include "brute.h"

#include <string.h>

#include "chance.h"

enum { INVENTED = 6, LANES = 4 };

struct attempt {
    const struct part *part;
    bool gone[INVENTED]; /* calls that have had their turn */
};

static const struct call *call_at(const struct attempt *attempt, int i)
{
    return &attempt->part->history->calls[attempt->part->calls[i]];
}

static bool can_end(struct attempt *attempt, struct state state)
{
    const struct part *part = attempt->part;
    int64_t soonest = NEVER; /* the next respond of those that are left */
    for (int i = 0; i < part->count; i++) {
        if (!attempt->gone[i] && call_at(attempt, i)->respond < soonest) soonest = call_at(attempt, i)->respond;
    }
    if (soonest == NEVER) return true; /* only calls that were cut off are left, and need not have taken effect */
    for (int i = 0; i < part->count; i++) {
        struct state next = state;
        if (attempt->gone[i] || call_at(attempt, i)->invoke > soonest) continue;
        if (!part->model->apply(part->history, &next, part->calls[i])) continue;
        attempt->gone[i] = true;
        bool ends = can_end(attempt, next);
        attempt->gone[i] = false;
        if (ends) return true;
    }
    struct state next = state;
    return part->model->lapse(part->history, &next, soonest) && can_end(attempt, next);
}

enum answer check_by_all_orders(const struct part *part)
{
    struct attempt attempt = {.part = part};
    return can_end(&attempt, part->start) ? ACCEPTED : REJECTED;
}

/* ---- inventing ------------------------------------------------------------------------------- */

static void invent_lock_call(struct chance *chance, struct call *call)
{
    static const enum kind kinds[] = {ACQUIRE, HOLD, RELEASE, RELEASE_IF, RENEW, HOLD_VALID, WAIT, EXISTS};
    call->op.kind = kinds[chance_below(chance, 8)];
    call->op.lease = call->op.kind == HOLD || call->op.kind == RENEW ? 10e-9 : 0;
    call->fence = 1 + chance_below(chance, 3);
    call->outcome = chance_below(chance, 3) ? YES : NO;
}

static void invent_integer_call(struct chance *chance, struct call *call)
{
    static const enum kind kinds[] = {SET, ADD, COMPARE_SET, GET, GET, REMOVE, AT_LEAST, CHANGE};
    call->op.kind = kinds[chance_below(chance, 8)];
    call->op.a = (int64_t)chance_below(chance, 3);
    call->op.b = (int64_t)chance_below(chance, 3);
    call->value = (int64_t)chance_below(chance, 3);
    call->existed = chance_below(chance, 2);
    call->seen = (int64_t)chance_below(chance, 3);
    bool sure = call->op.kind == SET || call->op.kind == ADD;
    call->outcome = sure || chance_below(chance, 3) ? YES : NO;
}

void invent(uint64_t seed, bool lock, struct history *history, struct part *part)
{
    struct chance chance = {seed};
    int64_t time[LANES] = {0};
    memset(history->calls, 0, INVENTED * sizeof history->calls[0]);
    history->count = INVENTED;
    history->lanes = LANES;
    history->liveness = 5;
    for (int i = 0; i < LANES; i++) history->lives[i] = (struct life){.dying = NEVER, .dead = NEVER};
    for (int i = 0; i < INVENTED; i++) {
        struct call *call = &history->calls[i];
        call->lane = (int)chance_below(&chance, LANES);
        if (time[call->lane] == NEVER) call->lane = 0; /* of whom nothing is cut off */
        call->invoke = time[call->lane] + (int64_t)chance_below(&chance, 6);
        call->respond = call->invoke + 1 + (int64_t)chance_below(&chance, 12);
        if (lock) {
            invent_lock_call(&chance, call);
        } else {
            invent_integer_call(&chance, call);
        }
        if (call->lane && chance_below(&chance, 6) == 0) {
            call->outcome = UNKNOWN;
            call->respond = NEVER;
            history->lives[call->lane] = (struct life){.dying = call->invoke + 1, .dead = call->invoke + 3};
        }
        time[call->lane] = call->respond;
    }
    part_of(history, lock, 0, part);
}
