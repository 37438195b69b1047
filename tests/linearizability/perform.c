/* SPDX-License-Identifier: BSD-3-Clause */
/* perform.c - one lane: goes through its script, on its own opening of the space. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "performer.h"

unsigned long long key_series;

int key_prefix(char *text, size_t size)
{
    return snprintf(text, size, "linearizability-%020llu-", key_series);
}

/* Of some length, so that not all fit into one cell of shared memory. */
int key_name(char *text, size_t size, int key)
{
    int n = key_prefix(text, size);
    return n + snprintf(text + n, size - (size_t)n, "%s%d",
                        key == 1 ? "whose-name-is-longer-than-those-of-its-neighbours-" : "", key);
}

static void spin(double seconds)
{
    int64_t until = now_ns() + (int64_t)(seconds * 1e9);
    while (now_ns() < until) continue;
}

/* The kernel sends the signal wherever this process is by then: in the middle of a call, most often. */
static void die_within(double seconds)
{
    struct sigevent kill = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec when = {.it_value = {.tv_nsec = (long)(seconds * 1e9) + 1}};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &kill, &timer) != 0 || timer_settime(timer, 0, &when, NULL) != 0) {
        run_failed("a timer: %s", strerror(errno));
    }
}

static void step(struct performer *p, const struct op *op)
{
    switch (op->kind) {
    case HOLD:
    case RENEW:
    case HOLD_RELEASE:
    case HOLD_VALID:
        hold_call(p, op);
        break;
    case LIST_LOCKS:
        list_call(p, true);
        break;
    case LIST_INTEGERS:
        list_call(p, false);
        break;
    case SPIN:
        spin(op->seconds);
        break;
    case YIELD:
        sched_yield();
        break;
    case SIGNAL:
        signal_raise((int)op->a);
        break;
    case AWAIT:
        signal_await((int)op->a);
        break;
    case AWAIT_END:
        await_end((int)op->a);
        break;
    case DIE:
        die_within(op->seconds);
        break;
    default:
        if (kind_is_lock(op->kind)) {
            lock_call(p, op);
        } else {
            integer_call(p, op);
        }
    }
}

static void open_keys(struct performer *p)
{
    for (int i = 0; i < KEYS_MAX; i++) {
        char name[PSYNC_KEY_MAX];
        size_t length = (size_t)key_name(name, sizeof name, i);
        if (psync_lock_open(p->space, name, length, &p->locks[i], &call_error) ||
            psync_integer_open(p->space, name, length, &p->integers[i], &call_error)) {
            run_failed("opening a key: %s", call_error.message);
        }
    }
}

static void close_keys(struct performer *p)
{
    for (int i = 0; i < KEYS_MAX; i++) {
        psync_lock_close(p->locks[i]);
        psync_integer_close(p->integers[i]);
    }
}

psync_space *open_space(const struct setup *setup)
{
    psync_space *space = NULL;
    int64_t end = now_ns() + PATIENCE;
    psync_result result;
    do {
        result = setup->driver ? psync_space_open_driver(setup->driver, setup->dsn, NULL, &space, &call_error)
                               : psync_space_open(setup->dsn, NULL, &space, &call_error);
    } while (setup->outages && result == PSYNC_ERROR_UNAVAILABLE && now_ns() < end);
    if (result != PSYNC_OK) run_failed("%s", call_error.message);
    return space;
}

/* Calls of the last lane: in outages each is made until it is answered, or could not be for long. */
struct last {
    struct performer p;
    int64_t end;
};

static struct last begin_last(const struct setup *setup, const struct workload *workload, psync_space *space,
                              int lane)
{
    struct last last = {.p = {.workload = workload, .lane = lane, .space = space, .outages = setup->outages},
                        .end = now_ns() + PATIENCE};
    open_keys(&last.p);
    return last;
}

/* What failed is taken back: it says nothing, and there may be many. */
static bool again(const struct last *last)
{
    struct lane *lane = &shared->lanes[last->p.lane];
    int number = atomic_load_explicit(&lane->started, memory_order_relaxed);
    bool failed = number && lane->calls[number - 1].outcome == FAILED;
    if (failed) atomic_store_explicit(&lane->started, number - 1, memory_order_relaxed);
    if (atomic_load(&shared->failed)) return false;
    if (now_ns() > last->end) run_failed("the engine stays out of reach: %s", call_error.message);
    nap();
    return now_ns() <= last->end;
}

static void insist_on_lock(struct last *last, struct op op)
{
    while (!lock_call(&last->p, &op) && again(last)) continue;
}

static void insist_on_integer(struct last *last, struct op op)
{
    while (!integer_call(&last->p, &op) && again(last)) continue;
}

static void insist_on_list(struct last *last, bool locks)
{
    while (!list_call(&last->p, locks) && again(last)) continue;
}

void perform(const struct setup *setup, const struct workload *workload, int lane)
{
    const struct script *script = &workload->scripts[lane];
    struct performer p = {
        .workload = workload, .lane = lane, .space = open_space(setup), .outages = setup->outages};
    if (p.space) open_keys(&p);
    atomic_fetch_add(&shared->ready, 1);
    while (!atomic_load(&shared->go)) sched_yield();
    for (int i = 0; i < script->count && !atomic_load(&shared->failed); i++) step(&p, &script->ops[i]);
    atomic_store(&shared->lanes[lane].leaving, now_ns());
    if (!setup->threads) return; /* the process ends now, and its Holds with it */
    for (int i = 0; i < KEYS_MAX; i++) hold_call(&p, &(struct op){.kind = HOLD_RELEASE, .key = i});
    close_keys(&p);
    psync_space_close(p.space);
}

void perform_look(const struct setup *setup, const struct workload *workload, psync_space *space, int lane)
{
    struct last last = begin_last(setup, workload, space, lane);
    for (int i = 0; i < workload->locks; i++) {
        insist_on_lock(&last, (struct op){.kind = EXISTS, .key = i});
        insist_on_lock(&last, (struct op){.kind = INSPECT, .key = i});
    }
    for (int i = 0; i < workload->integers; i++) insist_on_integer(&last, (struct op){.kind = GET, .key = i});
    insist_on_list(&last, true);
    insist_on_list(&last, false);
    close_keys(&last.p);
}

void perform_rescue(const struct setup *setup, const struct workload *workload, psync_space *space, int lane)
{
    static const int64_t LARGE = INT64_MAX - 1000; /* no script sets it */
    struct last last = begin_last(setup, workload, space, lane);
    for (int i = 0; i < workload->locks; i++) insist_on_lock(&last, (struct op){.kind = RELEASE, .key = i});
    for (int i = 0; i < workload->integers; i++) {
        insist_on_integer(&last, (struct op){.kind = SET, .key = i, .a = LARGE});
    }
    close_keys(&last.p);
}

void perform_removal(const struct setup *setup, const struct workload *workload, psync_space *space, int lane)
{
    struct last last = begin_last(setup, workload, space, lane);
    for (int i = 0; i < KEYS_MAX; i++) {
        while (psync_lock_release(last.p.locks[i], &call_error) < 0 && setup->outages && again(&last)) continue;
        while (psync_integer_remove(last.p.integers[i], &call_error) < 0 && setup->outages && again(&last))
            continue;
    }
    close_keys(&last.p);
}
