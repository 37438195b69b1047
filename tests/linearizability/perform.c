/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perform.c - one lane: makes the calls of its script and writes them down.
 *
 * What a call does is written before it, then that it was begun; what it told
 * is written after it, its respond last. So of a process that was killed at any
 * point it is known what it had under way.
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perform.h"
#include "recorder.h"

struct performer {
    const struct workload *workload;
    int lane;
    psync_space *space;
    psync_lock *locks[KEYS_MAX];
    psync_hold *holds[KEYS_MAX];
    psync_integer *integers[KEYS_MAX];
    bool existed[KEYS_MAX]; /* what the last GET of each Integer saw */
    int64_t seen[KEYS_MAX];
};

static _Thread_local psync_error error;

unsigned long long key_series;

/* Of some length, so that not all fit into one cell of shared memory. */
static int key_name(char *text, size_t size, int key)
{
    return snprintf(text, size, "linearizability-%020llu-%s%d", key_series,
                    key == 1 ? "whose-name-is-longer-than-those-of-its-neighbours-" : "", key);
}

/* ---- writing down ------------------------------------------------------------------------- */

static struct call *begin(struct performer *p, const struct op *op)
{
    struct lane *lane = &shared->lanes[p->lane];
    int number = atomic_load_explicit(&lane->started, memory_order_relaxed);
    if (number == CALLS_MAX) {
        run_failed("lane %d made more than %d calls", p->lane, CALLS_MAX);
        number--;
    }
    struct call *call = &lane->calls[number];
    *call = (struct call){.op = *op, .lane = p->lane, .outcome = UNKNOWN, .respond = NEVER};
    if (op->kind == RELEASE_IF) call->fence = psync_lock_last_fence(p->locks[op->key]);
    if (op->kind == RENEW || op->kind == HOLD_RELEASE || op->kind == HOLD_VALID) {
        call->fence = psync_hold_fence(p->holds[op->key]);
    }
    call->invoke = now_ns();
    /* Release: the parent reads the calls that it sees counted, also after our death. */
    atomic_store_explicit(&lane->started, number + 1, memory_order_release);
    return call;
}

static void end(struct call *call, psync_result result)
{
    int64_t respond = now_ns();
    switch (result) {
    case PSYNC_OK:
        call->outcome = YES;
        break;
    case PSYNC_NO:
        call->outcome = NO;
        break;
    case PSYNC_ERROR_OVERFLOW:
        call->outcome = OVERFLOWED;
        break;
    case PSYNC_ERROR_LEASE_LOST:
        call->outcome = LOST;
        break;
    default:
        run_failed("%s: %s", kind_name(call->op.kind), error.message);
    }
    /* Release: who sees it sees what came before. */
    __atomic_store_n(&call->respond, respond, __ATOMIC_RELEASE);
}

/* ---- the calls ------------------------------------------------------------------------------ */

static void tell_owner(struct call *call, const psync_owner *owner)
{
    call->fence = owner->fence;
    call->is_hold = owner->is_hold;
    call->has_lease = owner->expires_at != 0;
    call->pid = owner->pid;
    call->alive = owner->alive;
}

static void lock_call(struct performer *p, const struct op *op)
{
    psync_lock *lock = p->locks[op->key];
    psync_wait wait = {.timeout = op->seconds};
    psync_owner owner;
    uint64_t fence = 0;
    struct call *call = begin(p, op);
    psync_result result = PSYNC_OK;
    switch (op->kind) {
    case ACQUIRE:
        result = psync_lock_acquire(lock, &wait, &fence, &error);
        break;
    case RELEASE:
        result = psync_lock_release(lock, &error);
        break;
    case RELEASE_IF:
        result = psync_lock_release_if(lock, call->fence, &error);
        break;
    case RELEASE_GHOST:
        result = psync_lock_release_ghost(lock, &error);
        break;
    case WAIT:
        result = psync_lock_wait(lock, &wait, &error);
        break;
    case EXISTS:
        result = psync_lock_exists(lock, &error);
        break;
    default:
        result = psync_lock_inspect(lock, &owner, &error);
    }
    if (fence) call->fence = fence;
    if (op->kind == INSPECT && result == PSYNC_OK) tell_owner(call, &owner);
    end(call, result);
}

/* A lane has one Hold of a key; with a new one the old one is given up first. */
static void hold_call(struct performer *p, const struct op *op)
{
    psync_hold **hold = &p->holds[op->key];
    psync_wait wait = {.timeout = op->seconds};
    psync_result result = PSYNC_OK;
    if (op->kind == HOLD && *hold) {
        hold_call(p, &(struct op){.kind = HOLD_RELEASE, .key = op->key});
    }
    if (op->kind != HOLD && !*hold) return;
    struct call *call = begin(p, op);
    switch (op->kind) {
    case HOLD:
        result = psync_lock_hold(p->locks[op->key], op->lease, &wait, hold, &error);
        if (result == PSYNC_OK) call->fence = psync_hold_fence(*hold);
        break;
    case RENEW:
        result = psync_hold_renew(*hold, op->lease, &error);
        break;
    case HOLD_VALID:
        result = psync_hold_is_valid(*hold, &error);
        break;
    default:
        result = psync_hold_release(*hold, &error);
    }
    end(call, result);
    if (op->kind != HOLD_RELEASE) return;
    psync_hold_free(*hold); /* it is no longer ours: nothing is released by it */
    *hold = NULL;
}

static void integer_call(struct performer *p, const struct op *op)
{
    psync_integer *integer = p->integers[op->key];
    psync_wait wait = {.timeout = op->seconds};
    int64_t value = 0;
    struct call *call = begin(p, op);
    psync_result result = PSYNC_OK;
    call->existed = p->existed[op->key];
    call->seen = p->seen[op->key];
    switch (op->kind) {
    case SET:
        result = psync_integer_set(integer, op->a, &error);
        break;
    case ADD:
        result = psync_integer_add(integer, op->a, &value, &error);
        break;
    case SUBTRACT:
        result = psync_integer_subtract(integer, op->a, &value, &error);
        break;
    case COMPARE_SET:
        result = psync_integer_compare_set(integer, op->a, op->b, &error);
        break;
    case GET:
        result = psync_integer_get(integer, &value, &error);
        break;
    case REMOVE:
        result = psync_integer_remove(integer, &error);
        break;
    case INTEGER_EXISTS:
        result = psync_integer_exists(integer, &error);
        break;
    case AT_LEAST:
        result = psync_integer_await_at_least(integer, op->a, &wait, &error);
        break;
    case AT_MOST:
        result = psync_integer_await_at_most(integer, op->a, &wait, &error);
        break;
    default:
        result = psync_integer_await_change(integer, &wait, &error);
    }
    bool waited = op->kind == AT_LEAST || op->kind == AT_MOST || op->kind == CHANGE;
    call->value = waited ? psync_integer_known(integer) : value;
    end(call, result);
    if (op->kind != GET) return;
    p->existed[op->key] = result == PSYNC_OK;
    p->seen[op->key] = value;
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct listing {
    int keys;
    struct call found[KEYS_MAX];
};

/* The key's number, -1: not one of this history. */
static int key_number(const char *key, size_t length)
{
    for (int i = 0; i < KEYS_MAX; i++) {
        char name[PSYNC_KEY_MAX];
        if ((size_t)key_name(name, sizeof name, i) == length && memcmp(name, key, length) == 0) return i;
    }
    return -1;
}

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    struct listing *listing = argument;
    int number = key_number(key, length);
    if (number < 0 || number >= listing->keys) return 0;
    listing->found[number].outcome = YES;
    tell_owner(&listing->found[number], owner);
    return 0;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    struct listing *listing = argument;
    int number = key_number(key, length);
    if (number < 0 || number >= listing->keys) return 0;
    listing->found[number].outcome = YES;
    listing->found[number].value = value;
    return 0;
}

/* Each key that was listed existed so at one moment of the call; each that was not, was missing at one. */
static void list(struct performer *p, bool locks)
{
    struct listing listing = {.keys = locks ? p->workload->locks : p->workload->integers};
    int64_t invoke = now_ns();
    psync_result result = locks ? psync_space_each_lock(p->space, hear_lock, &listing, &error)
                                : psync_space_each_integer(p->space, hear_integer, &listing, &error);
    int64_t respond = now_ns();
    if (result != PSYNC_OK) run_failed("list: %s", error.message);
    for (int i = 0; i < listing.keys; i++) {
        struct op op = {.kind = locks ? LOCK_LISTED : INTEGER_LISTED, .key = i};
        struct call *call = begin(p, &op);
        struct call *found = &listing.found[i];
        found->op = op;
        found->lane = p->lane;
        found->invoke = invoke;
        found->respond = NEVER;
        if (found->outcome != YES) found->outcome = NO;
        *call = *found;
        __atomic_store_n(&call->respond, respond, __ATOMIC_RELEASE); /* as in end() */
    }
}

/* ---- a lane --------------------------------------------------------------------------------- */

static void spin(double seconds)
{
    int64_t until = now_ns() + (int64_t)(seconds * 1e9);
    while (now_ns() < until) continue;
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
        list(p, true);
        break;
    case LIST_INTEGERS:
        list(p, false);
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
        raise(SIGKILL);
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
        if (psync_lock_open(p->space, name, length, &p->locks[i], &error) ||
            psync_integer_open(p->space, name, length, &p->integers[i], &error)) {
            run_failed("opening a key: %s", error.message);
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
    psync_result result = setup->driver ? psync_space_open_driver(setup->driver, setup->dsn, NULL, &space, &error)
                                        : psync_space_open(setup->dsn, NULL, &space, &error);
    if (result != PSYNC_OK) run_failed("%s", error.message);
    return space;
}

void perform(const struct setup *setup, const struct workload *workload, int lane)
{
    const struct script *script = &workload->scripts[lane];
    struct performer p = {.workload = workload, .lane = lane, .space = open_space(setup)};
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

void perform_last_look(const struct workload *workload, psync_space *space, int lane)
{
    struct performer p = {.workload = workload, .lane = lane, .space = space};
    open_keys(&p);
    for (int i = 0; i < workload->locks; i++) {
        lock_call(&p, &(struct op){.kind = EXISTS, .key = i});
        lock_call(&p, &(struct op){.kind = INSPECT, .key = i});
    }
    for (int i = 0; i < workload->integers; i++) integer_call(&p, &(struct op){.kind = GET, .key = i});
    list(&p, true);
    list(&p, false);
    for (int i = 0; i < KEYS_MAX; i++) {
        psync_lock_release(p.locks[i], NULL);
        psync_integer_remove(p.integers[i], NULL);
    }
    close_keys(&p);
}
