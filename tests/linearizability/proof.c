/* SPDX-License-Identifier: BSD-3-Clause */
/* proof.c - plays each broken driver's scene, and the same with the honest twin. */
#include "proof.h"

#include <stdio.h>
#include <string.h>

#include "broken.h"
#include "brute.h"
#include "judge.h"
#include "recorder.h"
#include "twin.h"

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

static void count(bool ok, const char *what, const struct bug *bug, const char *lanes)
{
    printf("%s  %s: %s (%s)\n", ok ? "ok    " : "FAILED", what, bug->name, lanes);
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

static void play(const struct bug *bug, bool threads, const char *folder)
{
    static struct workload workload;
    static struct history history;
    const char *lanes = threads ? "threads" : "processes";
    psync_driver driver = driver_of(bug);
    struct setup setup = {.dsn = "twin://scene", .driver = &driver, .threads = threads, .liveness = SCENE_LIVENESS};
    char name[80];
    set_scene(bug, &workload);
    bool ok = recorder_start(&setup) && record(&setup, &workload, &history);
    struct judgement judgement = judge(&history);
    if (!ok) printf("%s\n", shared->why);
    recorder_stop(&setup);
    count(ok && judgement.answer == (honest ? ACCEPTED : REJECTED), honest ? "accepts without it" : "rejects", bug,
          lanes);
    file_name(bug, name, sizeof name);
    bool wrong = honest && judgement.answer != ACCEPTED;
    if (ok && judgement.answer != ACCEPTED && (wrong || (folder && !threads)))
        tell(&history, &judgement, name, folder);
}

static void play_all(const struct bug *bugs, bool threads, const char *folder)
{
    for (const struct bug *bug = bugs; bug->name; bug++) {
        if (threads && bug->kills) continue;
        for (int i = 0; i < 2; i++) {
            honest = i == 1;
            play(bug, threads, folder);
        }
    }
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
    printf("%s  agrees with trying all orders: %s, %d with an order, %d without\n", ok ? "ok    " : "FAILED",
           lock ? "Locks" : "Integers", answers[0], answers[1]);
    passed += ok;
    failed += !ok;
}

bool prove(bool threads, const char *folder)
{
    twin_create();
    play_all(lock_bugs, threads, folder);
    play_all(integer_bugs, threads, folder);
    compare(true);
    compare(false);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed == 0;
}
