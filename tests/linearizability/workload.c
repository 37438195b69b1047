/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * workload.c - a workload from a seed.
 *
 * Each history has a mood of its own: how many keys, how hurried, whether
 * other keys come and go meanwhile, who is killed. Few keys and values that
 * are unlike each other make what goes wrong visible.
 *
 * A call's wait has a limit, since a Lock may be left by who was killed or
 * never unlocks it.
 */
#include "workload.h"

#include <stdio.h>

#include "chance.h"

enum { LANE_CALLS = 24, LANE_CALLS_MIN = 6 };

struct mood {
    struct chance chance;
    int locks, integers;
    int lock_share; /* of 100 calls */
    bool slow;      /* Locks are kept for long: takers starve */
    int64_t next;   /* the next value to set */
};

static uint64_t below(struct mood *mood, uint64_t limit)
{
    return chance_below(&mood->chance, limit);
}

static void push(struct script *script, struct op op)
{
    op.hook = script->count % 3 == 0;
    if (script->count < OPS_MAX) script->ops[script->count++] = op;
}

/* From a single try over limits too short to sleep to some that mostly suffice. */
static double time_out(struct mood *mood)
{
    static const double limits[] = {0, 0, 1e-7, 2e-6, 5e-5, 5e-4, 3e-3, 8e-3, 20e-3};
    return limits[below(mood, sizeof limits / sizeof limits[0])];
}

static double lease(struct mood *mood)
{
    static const double leases[] = {0, 0, 60, 1e-4, 1e-3, 4e-3};
    return leases[below(mood, sizeof leases / sizeof leases[0])];
}

static void rest(struct mood *mood, struct script *script)
{
    uint64_t what = below(mood, 8);
    if (mood->slow && what < 2) {
        push(script, (struct op){.kind = SPIN, .seconds = (double)below(mood, 7) * 1e-3});
    } else if (what < 3) {
        push(script, (struct op){.kind = YIELD});
    } else if (what < 4) {
        push(script, (struct op){.kind = SPIN, .seconds = (double)below(mood, 20) * 1e-6});
    }
}

/* ---- Locks ------------------------------------------------------------------------------------ */

static void section(struct mood *mood, struct script *script, int key)
{
    static const enum kind ends[] = {RELEASE, RELEASE_IF, RELEASE_IF, RELEASE_GHOST};
    push(script, (struct op){.kind = ACQUIRE, .key = key, .seconds = time_out(mood)});
    rest(mood, script);
    if (below(mood, 10) == 0) return; /* somebody else has to free it */
    push(script, (struct op){.kind = ends[below(mood, 4)], .key = key});
}

static void hold_section(struct mood *mood, struct script *script, int key)
{
    push(script, (struct op){.kind = HOLD, .key = key, .seconds = time_out(mood), .lease = lease(mood)});
    rest(mood, script);
    double renewed = lease(mood);
    if (renewed > 0 && below(mood, 2)) push(script, (struct op){.kind = RENEW, .key = key, .lease = renewed});
    if (below(mood, 2)) push(script, (struct op){.kind = HOLD_VALID, .key = key});
    if (below(mood, 4)) push(script, (struct op){.kind = HOLD_RELEASE, .key = key});
}

/* Keeps a Lock for long and takes it again at once, in a hurry: takers that wait starve. */
static void greedy_sections(struct mood *mood, struct script *script, int key)
{
    for (int i = 0; i < 4; i++) {
        push(script, (struct op){.kind = ACQUIRE, .key = key, .seconds = (double)below(mood, 3) * 1e-7});
        push(script, (struct op){.kind = SPIN, .seconds = (double)below(mood, 4) * 1e-3});
        push(script, (struct op){.kind = RELEASE_IF, .key = key});
    }
}

static void lock_step(struct mood *mood, struct script *script)
{
    int key = (int)below(mood, (uint64_t)mood->locks);
    uint64_t what = below(mood, 100);
    if (what < 12 && mood->slow) {
        greedy_sections(mood, script, key);
    } else if (what < 40) {
        section(mood, script, key);
    } else if (what < 60) {
        hold_section(mood, script, key);
    } else if (what < 72) {
        push(script, (struct op){.kind = RELEASE, .key = key});
    } else if (what < 80) {
        push(script, (struct op){.kind = WAIT, .key = key, .seconds = time_out(mood)});
    } else if (what < 88) {
        push(script, (struct op){.kind = EXISTS, .key = key});
    } else if (what < 96) {
        push(script, (struct op){.kind = INSPECT, .key = key});
    } else {
        push(script, (struct op){.kind = LIST_LOCKS});
    }
}

/* ---- Integers --------------------------------------------------------------------------------- */

/* Small ones, and some so large that their sums leave the range. */
static int64_t number(struct mood *mood)
{
    uint64_t what = below(mood, 12);
    if (what == 0) return INT64_MAX - (int64_t)below(mood, 2);
    if (what == 1) return INT64_MIN + (int64_t)below(mood, 2);
    return (int64_t)below(mood, 3) + 1;
}

static void wait_for_value(struct mood *mood, struct script *script, int key)
{
    static const enum kind waits[] = {AT_LEAST, AT_MOST, CHANGE};
    struct op op = {.kind = waits[below(mood, 3)], .key = key, .a = number(mood), .seconds = time_out(mood)};
    if (op.kind == CHANGE) push(script, (struct op){.kind = GET, .key = key});
    push(script, op);
}

static void integer_step(struct mood *mood, struct script *script)
{
    int key = (int)below(mood, (uint64_t)mood->integers);
    uint64_t what = below(mood, 100);
    struct op op = {.key = key};
    if (what < 30) {
        op.kind = ADD, op.a = number(mood);
    } else if (what < 38) {
        op.kind = SUBTRACT, op.a = number(mood);
    } else if (what < 44) {
        op.kind = SET, op.a = ++mood->next * 100;
    } else if (what < 54) {
        op.kind = COMPARE_SET, op.a = (int64_t)below(mood, 4), op.b = (int64_t)below(mood, 4);
    } else if (what < 70) {
        op.kind = REMOVE;
    } else if (what < 86) {
        op.kind = GET;
    } else if (what < 90) {
        op.kind = INTEGER_EXISTS;
    } else if (what < 97) {
        wait_for_value(mood, script, key);
        return;
    } else {
        op.kind = LIST_INTEGERS;
    }
    push(script, op);
}

/* ---- all ---------------------------------------------------------------------------------------- */

static void make_script(struct mood *mood, struct script *script, int calls)
{
    while (script->count < calls) {
        if (below(mood, 100) < (uint64_t)mood->lock_share) {
            lock_step(mood, script);
        } else {
            integer_step(mood, script);
        }
        rest(mood, script);
    }
}

/* What ends a script sometimes: to wait until it is so, without ever looking by itself. */
static void be_patient(struct mood *mood, struct script *script)
{
    static const enum kind kinds[] = {ACQUIRE, HOLD, WAIT, AT_LEAST, CHANGE};
    struct op op = {.kind = kinds[below(mood, 5)], .a = 1, .seconds = PATIENT};
    op.key = (int)below(mood, (uint64_t)(kind_is_lock(op.kind) ? mood->locks : mood->integers));
    if (script->count > OPS_MAX - 3) return;
    if (op.kind == CHANGE) push(script, (struct op){.kind = GET, .key = op.key});
    push(script, op);
    script->ops[script->count - 1].hook = false;
    if (op.kind == ACQUIRE) push(script, (struct op){.kind = RELEASE_IF, .key = op.key});
    if (op.kind == HOLD) push(script, (struct op){.kind = HOLD_RELEASE, .key = op.key});
}

static bool is_victim(const struct workload *workload, int lane)
{
    for (int i = 0; i < workload->kills; i++) {
        if (workload->victims[i] == lane) return true;
    }
    return false;
}

/* Somewhere in the script, and up to some calls later: no pauses stand between these. */
static void insert_death(struct mood *mood, struct script *script)
{
    static const double within[] = {1e-5, 2e-5, 5e-5, 2e-4}; /* the timer's own call takes some 5 us */
    struct script whole = *script;
    script->count = (int)below(mood, (uint64_t)whole.count);
    double part = (double)(50 + below(mood, 50)) / 100;
    push(script, (struct op){.kind = DIE, .seconds = within[below(mood, 4)] * part});
    for (int i = script->count - 1; i < whole.count; i++) {
        if (whole.ops[i].kind != SPIN && whole.ops[i].kind != YIELD) push(script, whole.ops[i]);
    }
}

void workload_make(uint64_t seed, int lanes, bool kills, struct workload *workload)
{
    struct mood mood = {.chance = {seed}};
    int calls = LANE_CALLS_MIN + (int)below(&mood, LANE_CALLS);
    mood.locks = 1 + (int)below(&mood, KEYS_MAX);
    mood.integers = 1 + (int)below(&mood, KEYS_MAX);
    mood.lock_share = (int)below(&mood, 5) * 25;
    mood.slow = below(&mood, 3) == 0;
    *workload = (struct workload){.lanes = 2 + (int)below(&mood, (uint64_t)lanes - 1),
                                  .locks = mood.locks,
                                  .integers = mood.integers,
                                  .churn = below(&mood, 2) == 0};
    if (kills) {
        workload->kills = (int)below(&mood, KILLS_MAX + 1);
        workload->settle = workload->kills && below(&mood, 32) == 0;
    }
    for (int i = 0; i < workload->lanes + workload->kills; i++) make_script(&mood, &workload->scripts[i], calls);
    for (int i = 0; i < workload->kills; i++) {
        /* Every lane is killed at most once; a successor may be, after the one before it. */
        workload->victims[i] = i < 2 ? i : workload->lanes + (int)below(&mood, 2);
        insert_death(&mood, &workload->scripts[workload->victims[i]]);
    }
    /* Not who is killed: it might die with the Lock that another one waits for. */
    for (int i = 0; i < workload->lanes + workload->kills; i++) {
        if (!is_victim(workload, i) && below(&mood, 2)) be_patient(&mood, &workload->scripts[i]);
    }
}

void workload_print(const struct workload *workload)
{
    for (int i = 0; i < workload->lanes + workload->kills; i++) {
        printf("lane %d:", i);
        for (int o = 0; o < workload->scripts[i].count; o++) {
            char text[80];
            const struct op *op = &workload->scripts[i].ops[o];
            op_describe(op, text, sizeof text);
            printf("%s %s%s", o ? ";" : "", text,
                   op->kind < LIST_LOCKS ? (const char *[]){" 0", " 1", " 2"}[op->key] : "");
        }
        printf("\n");
    }
    for (int i = 0; i < workload->kills; i++) {
        printf("lane %d begins when lane %d was killed\n", workload->lanes + i, workload->victims[i]);
    }
}
