/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.c - Wing and Gong's search with Lowe's just-in-time linearization.
 *
 * J. Wing, C. Gong, "Testing and Verifying Concurrent Objects" (1993);
 * G. Lowe, "Testing for Linearizability" (2017).
 *
 * A configuration is what may be so at one moment: the calls under way that
 * have taken effect already, and the state. The search walks along the
 * invokes and responds in the order of time with the set of all possible
 * configurations. At a respond each configuration in which that call has not
 * yet taken effect is continued, by effects of calls under way in any order
 * and by what happens without a call, until it has. If no configuration is
 * left, there is no order. Configurations that were met are kept in a hash set,
 * so each is continued once.
 *
 * A call without a respond stays under way for ever. An invoke and a respond at
 * the same time count as overlapping.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN_MAX = 64 };                      /* calls under way at once */
static const size_t CONFIGURATIONS = 400000; /* at one respond */

struct configuration {
    uint64_t done; /* which of the calls under way have taken effect */
    struct state state;
};

/* A hash set that keeps the order of coming, so that it is also the queue of what to continue. */
struct set {
    struct configuration *items;
    uint32_t *places; /* 1 + an item's number; as many as room * 2 */
    size_t count, room;
};

struct search {
    const struct part *part;
    int open[OPEN_MAX]; /* calls under way, -1: none */
    struct set now, met;
};

/* ---- the set ------------------------------------------------------------------------------ */

static size_t place_of(const struct configuration *item, size_t places)
{
    uint64_t hash = 0, words[sizeof *item / 8];
    memcpy(words, item, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash & (places - 1);
}

static void set_place(struct set *set, size_t number)
{
    size_t at = place_of(&set->items[number], set->room * 2);
    while (set->places[at]) at = (at + 1) & (set->room * 2 - 1);
    set->places[at] = (uint32_t)number + 1;
}

static void set_grow(struct set *set)
{
    set->room = set->room ? set->room * 2 : 64;
    set->items = realloc(set->items, set->room * sizeof *set->items);
    free(set->places);
    set->places = calloc(set->room * 2, sizeof *set->places);
    if (!set->items || !set->places) abort();
    for (size_t i = 0; i < set->count; i++) set_place(set, i);
}

static void set_add(struct set *set, const struct configuration *item)
{
    if (set->count == set->room) set_grow(set);
    size_t at = place_of(item, set->room * 2);
    for (; set->places[at]; at = (at + 1) & (set->room * 2 - 1)) {
        if (memcmp(&set->items[set->places[at] - 1], item, sizeof *item) == 0) return;
    }
    set->items[set->count++] = *item;
    set->places[at] = (uint32_t)set->count;
}

static void set_clear(struct set *set)
{
    set->count = 0;
    if (set->places) memset(set->places, 0, set->room * 2 * sizeof *set->places);
}

static void set_free(struct set *set)
{
    free(set->items);
    free(set->places);
}

/* ---- the search --------------------------------------------------------------------------- */

/* Adds what can follow upon one configuration before this moment. */
static void follow(struct search *search, struct configuration item, int64_t time)
{
    const struct part *part = search->part;
    for (int slot = 0; slot < OPEN_MAX; slot++) {
        uint64_t bit = UINT64_C(1) << slot;
        if (search->open[slot] < 0 || (item.done & bit)) continue;
        struct configuration next = {item.done | bit, item.state};
        if (part->model->apply(part->history, &next.state, search->open[slot])) set_add(&search->met, &next);
    }
    struct configuration next = item;
    if (part->model->lapse(part->history, &next.state, time)) set_add(&search->met, &next);
}

/* The call in that slot returns: it has taken effect in every configuration that is left. */
static enum answer settle(struct search *search, int slot, int64_t time)
{
    uint64_t bit = UINT64_C(1) << slot;
    set_clear(&search->met);
    for (size_t i = 0; i < search->now.count; i++) set_add(&search->met, &search->now.items[i]);
    set_clear(&search->now);
    for (size_t i = 0; i < search->met.count; i++) {
        struct configuration item = search->met.items[i];
        if (item.done & bit) {
            item.done &= ~bit;
            set_add(&search->now, &item);
        } else {
            follow(search, item, time);
        }
        if (search->met.count > CONFIGURATIONS) return GAVE_UP;
    }
    search->open[slot] = -1;
    return search->now.count ? ACCEPTED : REJECTED;
}

static int slot_of(const struct search *search, int call)
{
    for (int slot = 0; slot < OPEN_MAX; slot++) {
        if (search->open[slot] == call) return slot;
    }
    return -1;
}

static bool is_quiet(const struct search *search)
{
    for (int slot = 0; slot < OPEN_MAX; slot++) {
        if (search->open[slot] >= 0) return false;
    }
    return search->now.count == 1;
}

/* ---- the order of time ---------------------------------------------------------------------- */

struct event {
    int64_t time;
    int call;
    bool respond;
};

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    if (x->respond != y->respond) return x->respond ? 1 : -1;
    return (x->call > y->call) - (x->call < y->call);
}

/* A call that only looked and never returned says nothing; without it the search is smaller. */
static int list_events(const struct part *part, struct event *events)
{
    int n = 0;
    for (int i = 0; i < part->count; i++) {
        const struct call *call = &part->history->calls[part->calls[i]];
        if (call->respond == NEVER && !call_changes(call)) continue;
        events[n++] = (struct event){call->invoke, part->calls[i], false};
        if (call->respond != NEVER) events[n++] = (struct event){call->respond, part->calls[i], true};
    }
    qsort(events, (size_t)n, sizeof *events, by_time);
    return n;
}

void part_of(const struct history *history, bool lock, int key, struct part *part)
{
    *part = (struct part){.history = history, .model = lock ? &lock_model : &integer_model};
    for (int i = 0; i < history->count; i++) {
        const struct call *call = &history->calls[i];
        bool other = kind_is_lock(call->op.kind) != lock || call->op.key != key;
        if (other || call->outcome == FAILED) continue;
        part->calls[part->count++] = i;
    }
}

struct verdict check(const struct part *part)
{
    static struct event events[2 * LANES_MAX * CALLS_MAX];
    struct search search = {.part = part};
    struct verdict verdict = {.quiet_state = part->start};
    struct configuration first = {0, part->start};
    for (int slot = 0; slot < OPEN_MAX; slot++) search.open[slot] = -1;
    set_add(&search.now, &first);
    int n = list_events(part, events);
    for (int i = 0; i < n && verdict.answer == ACCEPTED; i++) {
        int slot = slot_of(&search, events[i].respond ? events[i].call : -1);
        if (slot < 0) {
            verdict.answer = GAVE_UP;
        } else if (events[i].respond) {
            verdict.answer = settle(&search, slot, events[i].time);
            verdict.culprit = events[i].call;
            verdict.configurations += search.met.count;
        } else {
            if (is_quiet(&search)) {
                verdict.quiet = events[i].time;
                verdict.quiet_state = search.now.items[0].state;
            }
            search.open[slot] = events[i].call;
        }
    }
    set_free(&search.now);
    set_free(&search.met);
    return verdict;
}
