/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.c - plays each broken driver's scene, and the same with the honest twin. */
#include "proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broken.h"
#include "brute.h"
#include "judge.h"
#include "shrink.h"
#include "twin.h"
#include "workload.h"

static int passed, failed;

/* The twin with the bug's slots. */
static psync_driver driver_of(const struct bug *bug)
{
    psync_driver driver = twin_driver;
    const psync_driver *over = &bug->driver;
#define TAKE(slot)                                                                                                 \
    if (over->slot) driver.slot = over->slot
    TAKE(lock_acquire);
    TAKE(lock_release);
    TAKE(lock_renew);
    TAKE(lock_inspect);
    TAKE(lock_await);
    TAKE(integer_get);
    TAKE(integer_set);
    TAKE(integer_add);
    TAKE(integer_compare_set);
    TAKE(integer_remove);
    TAKE(integer_await);
    TAKE(each_lock);
    TAKE(each_integer);
#undef TAKE
    return driver;
}

static void set_scene(const struct bug *bug, struct workload *workload)
{
    *workload = (struct workload){.lanes = SCENE_LANES, .locks = 2, .integers = 2};
    for (int lane = 0; lane < SCENE_LANES; lane++) {
        struct script *script = &workload->scripts[lane];
        for (int i = 0; i < SCENE_OPS && bug->scene[lane][i].kind != END_OF_SCRIPT; i++) {
            script->ops[script->count++] = bug->scene[lane][i];
        }
    }
}

__attribute__((format(printf, 2, 3))) static void count(bool ok, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("%s  ", ok ? "ok    " : "FAILED");
    vprintf(format, list);
    printf("\n");
    va_end(list);
    passed += ok;
    failed += !ok;
}

/* The name as a file is called. */
static void file_name(const struct bug *bug, char *name, size_t size)
{
    snprintf(name, size, "%s", bug->name);
    for (char *c = name; *c; c++) {
        if (*c == ' ' || *c == '\'') *c = '-';
    }
}

static bool play(const struct bug *bug, const struct workload *workload, bool threads, struct history *history)
{
    psync_driver driver = driver_of(bug);
    struct setup setup = {.dsn = "twin://scene",
                          .driver = &driver,
                          .threads = threads,
                          .outages = bug->needs == NEEDS_OUTAGES,
                          .liveness = SCENE_LIVENESS};
    bool ok = recorder_start(&setup) && record(&setup, workload, history);
    if (!ok) printf("%s\n", shared->why);
    recorder_stop(&setup);
    return ok;
}

/* The broken driver is rejected, for a key of its kind, and the honest one accepted. */
static void play_scene(const struct bug *bug, bool lock, bool threads, const char *folder)
{
    static struct workload workload;
    static struct history history;
    char name[80];
    set_scene(bug, &workload);
    bool ok = play(bug, &workload, threads, &history);
    struct judgement judgement = judge(&history);
    bool rejected = judgement.answer == REJECTED && judgement.lock == lock;
    count(ok && (honest ? judgement.answer == ACCEPTED : rejected), "%s: %s (%s)",
          honest ? "accepts without it" : "rejects", bug->name, threads ? "threads" : "processes");
    file_name(bug, name, sizeof name);
    bool drawn = folder && !threads && !honest;
    if (ok && judgement.answer != ACCEPTED && (honest || drawn)) tell(&history, &judgement, name, folder);
}

static void play_all(const struct bug *bugs, bool lock, bool threads, const char *folder)
{
    for (const struct bug *bug = bugs; bug->name; bug++) {
        if (threads && bug->needs == NEEDS_KILLS) continue;
        for (int i = 0; i < 2; i++) {
            honest = i == 1;
            play_scene(bug, lock, threads, folder);
        }
    }
}

/* One lane alone, so that its history is the same each time: a long one, of which a few calls tell all. */
static void shrink_one(bool threads)
{
    enum { SEED = 37, LONG = 15, SHORT = 2 };
    static struct workload workload;
    static struct history history;
    static struct part part;
    static struct heart heart;
    const struct bug *bug = integer_bugs;
    while (bug->name && strcmp(bug->name, "an addition is applied twice") != 0) bug++;
    workload_make(SEED, 2, !threads, &workload);
    workload.lanes = 1;
    workload.kills = 0;
    workload.churn = workload.settle = false;
    honest = false;
    bool ok = play(bug, &workload, threads, &history);
    struct judgement judgement = judge(&history);
    part_of(&history, judgement.lock, judgement.key, &part);
    ok = ok && judgement.answer == REJECTED && part.count >= LONG;
    if (ok) shrink(&part, &judgement.verdict, &heart);
    count(ok && heart.part.count <= SHORT && check(&heart.part).answer == REJECTED,
          "shrinks: %d calls on a key to %d", part.count, heart.part.count);
}

static bool same_script(const struct script *a, const struct script *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++) {
        char texts[2][80];
        op_describe(&a->ops[i], texts[0], sizeof texts[0]);
        op_describe(&b->ops[i], texts[1], sizeof texts[1]);
        same = a->ops[i].key == b->ops[i].key && strcmp(texts[0], texts[1]) == 0;
    }
    return same;
}

static void repeat_workload(void)
{
    static struct workload once, again, other;
    bool same = true, different = true;
    for (uint64_t seed = 1; seed < 100; seed++) {
        workload_make(seed, 4, true, &once);
        workload_make(seed, 4, true, &again);
        workload_make(seed + 1, 4, true, &other);
        for (int lane = 0; lane < LANES_MAX; lane++) {
            same = same && same_script(&once.scripts[lane], &again.scripts[lane]);
        }
        different = different && !same_script(&once.scripts[0], &other.scripts[0]);
    }
    count(same && different, "a seed makes its workload again, another seed another one");
}

/* On invented histories the search says what trying all orders says; both answers come up. */
static void compare(bool lock)
{
    enum { HISTORIES = 20000 };
    static struct history history;
    static struct part part;
    int answers[2] = {0}, wrong = 0;
    for (uint64_t seed = 0; seed < HISTORIES; seed++) {
        invent(seed, lock, &history, &part);
        enum answer expected = check_by_all_orders(&part);
        answers[expected == REJECTED]++;
        if (check(&part).answer != expected) {
            if (!wrong++)
                printf("seed %d: %s\n", (int)seed, expected == REJECTED ? "has no order" : "has an order");
        }
    }
    bool ok = !wrong && answers[0] > HISTORIES / 50 && answers[1] > HISTORIES / 50;
    count(ok, "agrees with trying all orders: %s, %d with an order, %d without", lock ? "Locks" : "Integers",
          answers[0], answers[1]);
}

/* Whatever calls without an answer did, once at most, there is an order; if some did it twice, there is none. */
static void ride_outages(const psync_driver *flaky, bool threads, bool correct)
{
    enum { HISTORIES = 150 };
    static struct workload workload;
    static struct history history;
    struct setup setup = {
        .dsn = "flaky://ride", .driver = flaky, .threads = threads, .outages = true, .liveness = SCENE_LIVENESS};
    struct judgement judgement = {.answer = ACCEPTED};
    int histories = 0, outcomes[FAILED + 1] = {0};
    honest = correct;
    bool ok = recorder_start(&setup);
    while (ok && histories < HISTORIES && judgement.answer == ACCEPTED) {
        workload_make((uint64_t)++histories, 4, !threads, &workload);
        ok = record(&setup, &workload, &history);
        if (ok) judgement = judge(&history);
        for (int i = 0; i < history.count; i++) outcomes[history.calls[i].outcome]++;
    }
    if (!ok) printf("%s\n", shared->why);
    recorder_stop(&setup);
    bool all = judgement.answer == ACCEPTED && outcomes[FAILED];
    bool rejected =
        judgement.answer == REJECTED && !judgement.lock; /* the first history may do: without a FAILED */
    count(ok && (honest ? all : rejected) && outcomes[UNKNOWN],
          "%s: calls with an unknown outcome (%d in %d histories; %d failed)",
          honest ? "accepts" : "rejects additions applied twice among", outcomes[UNKNOWN], histories,
          outcomes[FAILED]);
    if (honest && judgement.answer != ACCEPTED) tell(&history, &judgement, "outages", NULL);
}

bool prove(const psync_driver *flaky, bool threads, const char *folder)
{
    play_all(lock_bugs, true, threads, folder);
    play_all(integer_bugs, false, threads, folder);
    ride_outages(flaky, threads, true);
    ride_outages(flaky, threads, false);
    shrink_one(threads);
    repeat_workload();
    compare(true);
    compare(false);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed == 0;
}
