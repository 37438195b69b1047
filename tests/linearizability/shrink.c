/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shrink.c - leaves out calls as long as the rest is still rejected, and rejected for the same reason.
 *
 * A change cannot simply be left out: a value that was read would be wrong for
 * want of the set that wrote it, and so any history shrinks to one read. So
 * - all that was over at the last quiet moment is replaced by the one state
 *   that was possible then;
 * - what was made after the culprit had returned goes, and so do calls that only looked;
 * - a change that returned goes if the rest is rejected whenever it took effect, if it did at
 *   all, and whatever it told. It stays in the search as such, and out of the picture.
 */
#include "shrink.h"

enum { BEFORE = 5, HIDDEN_MAX = 8 };

static bool is_rejected(struct heart *heart, const struct part *part)
{
    struct verdict verdict = check(part);
    if (verdict.answer != REJECTED) return false;
    heart->culprit = verdict.culprit;
    return true;
}

static void push(struct part *part, int call)
{
    part->calls[part->count++] = call;
}

static void cut(const struct part *whole, const struct verdict *verdict, struct heart *heart)
{
    const struct call *culprit = &heart->history.calls[verdict->culprit];
    heart->part.start = verdict->quiet_state;
    for (int i = 0; i < whole->count; i++) {
        const struct call *call = &heart->history.calls[whole->calls[i]];
        if (call->respond < verdict->quiet) {
            if (call_changes(call)) push(&heart->before, whole->calls[i]);
        } else if (call->invoke <= culprit->respond) {
            push(&heart->part, whole->calls[i]);
        }
    }
}

/* Calls stand in the part by lane; the last changes before it by time. */
static void keep_last(struct heart *heart)
{
    struct part *before = &heart->before;
    const struct call *calls = heart->history.calls;
    while (before->count > BEFORE) {
        int first = 0;
        for (int i = 1; i < before->count; i++) {
            if (calls[before->calls[i]].respond < calls[before->calls[first]].respond) first = i;
        }
        before->calls[first] = before->calls[--before->count];
    }
}

/* The same call, but at any time or never, and whatever it told. */
static struct call hide(struct call call, int64_t since)
{
    if (call_takes(&call)) call.fence = 0;
    if (call_may_end(&call)) call.op.kind = RELEASE;
    call.outcome = UNKNOWN;
    call.respond = NEVER;
    call.invoke = since;
    return call;
}

static bool try_without(struct heart *heart, const struct part *hidden, int number)
{
    struct part rest = heart->part;
    for (int i = number + 1; i < rest.count; i++) rest.calls[i - 1] = rest.calls[i];
    rest.count--;
    struct part search = rest;
    for (int i = 0; i < hidden->count; i++) push(&search, hidden->calls[i]);
    if (!is_rejected(heart, &search)) return false;
    heart->part = rest;
    return true;
}

static void leave_out(struct heart *heart, int64_t since)
{
    struct part hidden = {.count = 0};
    for (int number = heart->part.count - 1; number >= 0; number--) {
        int place = heart->part.calls[number];
        struct call *call = &heart->history.calls[place];
        struct call kept = *call;
        if (place == heart->culprit || call->outcome == UNKNOWN)
            continue; /* that may have been anything as it is */
        if (!call_changes(call)) {
            try_without(heart, &hidden, number);
        } else if (hidden.count < HIDDEN_MAX) {
            *call = hide(kept, since);
            push(&hidden, place);
            if (try_without(heart, &hidden, number)) continue;
            hidden.count--;
            *call = kept;
        }
    }
}

void shrink(const struct part *part, const struct verdict *verdict, struct heart *heart)
{
    *heart = (struct heart){.history = *part->history, .culprit = verdict->culprit};
    heart->part.history = heart->before.history = &heart->history;
    heart->part.model = heart->before.model = part->model;
    cut(part, verdict, heart);
    keep_last(heart);
    struct part all = heart->part;
    if (!is_rejected(heart, &all)) return; /* cannot be; what was found is told all the same */
    leave_out(heart, verdict->quiet);
}
