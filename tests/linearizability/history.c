/* SPDX-License-Identifier: BSD-3-Clause */
/* history.c - what kinds of calls do, and what they are called. */
#include "history.h"

#include <inttypes.h>
#include <stdio.h>

/* How much later than asked a lease may end: engines round its end up. */
static const int64_t LEASE_GRAIN = 2000000;

static const struct {
    const char *name;
    enum { NOTHING, NUMBER, PAIR, TIME, LEASE, LIMITED } shows;
} kinds[] = {
    [END_OF_SCRIPT] = {"end", NOTHING},
    [ACQUIRE] = {"lock", TIME},
    [HOLD] = {"hold", LEASE},
    [RELEASE] = {"unlock", NOTHING},
    [RELEASE_IF] = {"unlockIf", NOTHING},
    [RELEASE_GHOST] = {"unlockGhost", NOTHING},
    [RENEW] = {"renew", LEASE},
    [HOLD_RELEASE] = {"release", NOTHING},
    [HOLD_VALID] = {"isValid", NOTHING},
    [WAIT] = {"wait", TIME},
    [EXISTS] = {"exists", NOTHING},
    [INSPECT] = {"owner", NOTHING},
    [LOCK_LISTED] = {"listed", NOTHING},
    [SET] = {"set", NUMBER},
    [ADD] = {"add", NUMBER},
    [SUBTRACT] = {"subtract", NUMBER},
    [COMPARE_SET] = {"compareAndSet", PAIR},
    [GET] = {"get", NOTHING},
    [REMOVE] = {"delete", NOTHING},
    [INTEGER_EXISTS] = {"exists", NOTHING},
    [AT_LEAST] = {"atLeast", LIMITED},
    [AT_MOST] = {"atMost", LIMITED},
    [CHANGE] = {"change", TIME},
    [INTEGER_LISTED] = {"listed", NOTHING},
    [LIST_LOCKS] = {"locks", NOTHING},
    [LIST_INTEGERS] = {"integers", NOTHING},
    [SPIN] = {"spin", TIME},
    [YIELD] = {"yield", NOTHING},
    [SIGNAL] = {"signal", NUMBER},
    [AWAIT] = {"await", NUMBER},
    [AWAIT_END] = {"awaitEnd", NUMBER},
    [DIE] = {"die", TIME},
};

bool kind_is_lock(enum kind kind)
{
    return kind <= LOCK_LISTED;
}

const char *kind_name(enum kind kind)
{
    return kinds[kind].name;
}

/* Done, or perhaps done. */
static bool may_be_done(const struct call *call)
{
    return call->outcome == YES || call->outcome == UNKNOWN;
}

bool call_takes(const struct call *call)
{
    return (call->op.kind == ACQUIRE || call->op.kind == HOLD) && may_be_done(call);
}

bool call_may_end(const struct call *call)
{
    enum kind kind = call->op.kind;
    bool ends = kind == RELEASE || kind == RELEASE_IF || kind == RELEASE_GHOST || kind == HOLD_RELEASE;
    return ends && may_be_done(call);
}

bool call_renews(const struct call *call)
{
    return call->op.kind == RENEW && may_be_done(call);
}

bool call_changes(const struct call *call)
{
    enum kind kind = call->op.kind;
    if (kind_is_lock(kind)) return call_takes(call) || call_may_end(call) || call_renews(call);
    bool changes = kind == SET || kind == ADD || kind == SUBTRACT || kind == COMPARE_SET || kind == REMOVE;
    return changes && may_be_done(call);
}

bool call_gave_up_early(const struct call *call)
{
    if (call->outcome != NO) return false;
    return call->respond - call->invoke < (int64_t)(call->op.seconds * 1e9);
}

int64_t lease_earliest(const struct call *call)
{
    return call->invoke + (int64_t)(call->op.lease * 1e9);
}

int64_t lease_latest(const struct call *call)
{
    if (call->respond == NEVER) return NEVER;
    return call->respond + (int64_t)(call->op.lease * 1e9) + LEASE_GRAIN;
}

/* Who keeps it alive does so well within the bound. */
int64_t kept_alive_until(const struct history *history, const struct call *call)
{
    return call->invoke + history->liveness / 2;
}

double history_us(const struct history *history, int64_t time)
{
    int64_t first = NEVER;
    for (int i = 0; i < history->count; i++) {
        if (history->calls[i].invoke < first) first = history->calls[i].invoke;
    }
    return (double)(time - first) / 1e3;
}

/* ---- in words --------------------------------------------------------------------------- */

static int describe_time(char *text, size_t size, const char *before, double seconds)
{
    if (seconds >= 1) return snprintf(text, size, "%s%gs", before, seconds);
    return snprintf(text, size, "%s%gms", before, seconds * 1e3);
}

void op_describe(const struct op *op, char *text, size_t size)
{
    int n = snprintf(text, size, "%s", kinds[op->kind].name);
    char *rest = text + n;
    size_t left = size - (size_t)n;
    switch (kinds[op->kind].shows) {
    case NUMBER:
        snprintf(rest, left, " %" PRId64, op->a);
        break;
    case PAIR:
        snprintf(rest, left, " %" PRId64 ",%" PRId64, op->a, op->b);
        break;
    case TIME:
        describe_time(rest, left, " ", op->seconds);
        break;
    case LEASE:
        if (op->lease > 0) describe_time(rest, left, " lease ", op->lease);
        break;
    case LIMITED:
        n = snprintf(rest, left, " %" PRId64, op->a);
        describe_time(rest + n, left - (size_t)n, " ", op->seconds);
        break;
    case NOTHING:
        break;
    }
}

static bool tells_value(const struct call *call)
{
    enum kind kind = call->op.kind;
    return call->outcome == YES && (kind == ADD || kind == SUBTRACT || kind == GET || kind >= AT_LEAST);
}

void call_describe(const struct call *call, char *text, size_t size)
{
    static const char *const outcomes[] = {[UNKNOWN] = " ?",           [YES] = "",       [NO] = " no",
                                           [OVERFLOWED] = " overflow", [LOST] = " lost", [FAILED] = " failed"};
    char what[80];
    op_describe(&call->op, what, sizeof what);
    int n = snprintf(text, size, "%s%s", what, outcomes[call->outcome]);
    if (tells_value(call)) {
        snprintf(text + n, size - (size_t)n, " \xe2\x86\x92 %" PRId64, call->value);
    } else if (kind_is_lock(call->op.kind) && call->fence) {
        snprintf(text + n, size - (size_t)n, " #%" PRIu64,
                 call->fence % 1000000); /* the rest is the same for all */
    } else if (call->outcome == YES && !call_changes(call)) {
        snprintf(text + n, size - (size_t)n, " yes");
    }
}
