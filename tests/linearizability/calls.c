/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.c - makes calls and writes them down.
 *
 * What a call does is written before it, then that it was begun; what it told
 * is written after it, its respond last. So of a process that was killed at any
 * point it is known what it had under way.
 *
 * A call may end without an answer where the set-up has outages; anywhere else that makes the run fail.
 */
#include "performer.h"

_Thread_local psync_error call_error;

struct call *begin_call(struct performer *p, const struct op *op)
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

/* What an error says of the call. */
static enum outcome without_an_answer(const struct performer *p, const struct call *call, psync_result result)
{
    if (!p->outages || (result != PSYNC_ERROR_UNKNOWN && result != PSYNC_ERROR_UNAVAILABLE)) {
        run_failed("%s: %s", kind_name(call->op.kind), call_error.message);
    }
    return result == PSYNC_ERROR_UNAVAILABLE ? FAILED : UNKNOWN;
}

/* Whether it was answered. */
static bool end(const struct performer *p, struct call *call, psync_result result)
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
        call->outcome = without_an_answer(p, call, result);
    }
    /* Release: who sees it sees what came before. */
    __atomic_store_n(&call->respond, respond, __ATOMIC_RELEASE);
    return call->outcome != UNKNOWN && call->outcome != FAILED;
}

void tell_owner(struct call *call, const psync_owner *owner)
{
    call->fence = owner->fence;
    call->is_hold = owner->is_hold;
    call->has_lease = owner->expires_at != 0;
    call->pid = owner->pid;
    call->alive = owner->alive;
}

/* An interrupt hook that lets the wait go on. */
static int go_on(void *argument)
{
    (void)argument;
    return 0;
}

static psync_wait wait_of(const struct op *op)
{
    return (psync_wait){.timeout = op->seconds, .interrupt = op->hook ? go_on : NULL};
}

bool lock_call(struct performer *p, const struct op *op)
{
    psync_lock *lock = p->locks[op->key];
    psync_wait wait = wait_of(op);
    psync_owner owner;
    uint64_t fence = 0;
    struct call *call = begin_call(p, op);
    psync_result result = PSYNC_OK;
    switch (op->kind) {
    case ACQUIRE:
        result = psync_lock_acquire(lock, &wait, &fence, &call_error);
        break;
    case RELEASE:
        result = psync_lock_release(lock, &call_error);
        break;
    case RELEASE_IF:
        result = psync_lock_release_if(lock, call->fence, &call_error);
        break;
    case RELEASE_GHOST:
        result = psync_lock_release_ghost(lock, &call_error);
        break;
    case WAIT:
        result = psync_lock_wait(lock, &wait, &call_error);
        break;
    case EXISTS:
        result = psync_lock_exists(lock, &call_error);
        break;
    default:
        result = psync_lock_inspect(lock, &owner, &call_error);
    }
    if (fence) call->fence = fence;
    if (op->kind == INSPECT && result == PSYNC_OK) tell_owner(call, &owner);
    return end(p, call, result);
}

/* A lane has one Hold of a key; with a new one the old one is given up first. */
void hold_call(struct performer *p, const struct op *op)
{
    psync_hold **hold = &p->holds[op->key];
    psync_wait wait = wait_of(op);
    psync_result result = PSYNC_OK;
    if (op->kind == HOLD && *hold) {
        hold_call(p, &(struct op){.kind = HOLD_RELEASE, .key = op->key});
    }
    if (op->kind != HOLD && !*hold) return;
    struct call *call = begin_call(p, op);
    switch (op->kind) {
    case HOLD:
        result = psync_lock_hold(p->locks[op->key], op->lease, &wait, hold, &call_error);
        if (result == PSYNC_OK) call->fence = psync_hold_fence(*hold);
        break;
    case RENEW:
        result = psync_hold_renew(*hold, op->lease, &call_error);
        break;
    case HOLD_VALID:
        result = psync_hold_is_valid(*hold, &call_error);
        break;
    default:
        result = psync_hold_release(*hold, &call_error);
    }
    /* Freeing the Hold tries it once more, and does not tell. */
    if (op->kind == HOLD_RELEASE && result == PSYNC_ERROR_UNAVAILABLE) result = PSYNC_ERROR_UNKNOWN;
    end(p, call, result);
    if (op->kind != HOLD_RELEASE) return;
    psync_hold_free(*hold); /* answered, it is no longer ours: nothing is released by it */
    *hold = NULL;
}

bool integer_call(struct performer *p, const struct op *op)
{
    psync_integer *integer = p->integers[op->key];
    psync_wait wait = wait_of(op);
    int64_t value = 0;
    if (op->kind == CHANGE && p->blind[op->key]) return true;
    struct call *call = begin_call(p, op);
    psync_result result = PSYNC_OK;
    call->existed = p->existed[op->key];
    call->seen = p->seen[op->key];
    switch (op->kind) {
    case SET:
        result = psync_integer_set(integer, op->a, &call_error);
        break;
    case ADD:
        result = psync_integer_add(integer, op->a, &value, &call_error);
        break;
    case SUBTRACT:
        result = psync_integer_subtract(integer, op->a, &value, &call_error);
        break;
    case COMPARE_SET:
        result = psync_integer_compare_set(integer, op->a, op->b, &call_error);
        break;
    case GET:
        result = psync_integer_get(integer, &value, &call_error);
        break;
    case REMOVE:
        result = psync_integer_remove(integer, &call_error);
        break;
    case INTEGER_EXISTS:
        result = psync_integer_exists(integer, &call_error);
        break;
    case AT_LEAST:
        result = psync_integer_await_at_least(integer, op->a, &wait, &call_error);
        break;
    case AT_MOST:
        result = psync_integer_await_at_most(integer, op->a, &wait, &call_error);
        break;
    default:
        result = psync_integer_await_change(integer, &wait, &call_error);
    }
    bool waited = op->kind == AT_LEAST || op->kind == AT_MOST || op->kind == CHANGE;
    call->value = waited ? psync_integer_known(integer) : value;
    bool answered = end(p, call, result);
    if (op->kind != GET) return answered;
    p->blind[op->key] = !answered;
    p->existed[op->key] = result == PSYNC_OK;
    p->seen[op->key] = value;
    return answered;
}
