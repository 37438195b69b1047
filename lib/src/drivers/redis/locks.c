/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.c - Locks: the driver's slots.
 *
 * The server knows leases, but not who has died. A Hold lives on a lease: the
 * user's, or one of home.liveness that the keeper renews. So a Hold whose
 * process is gone ends with its lease at the latest; whoever looks from the
 * same host sees that process, and counts its Hold as absent at once. To take
 * such a Lock the request names its fence, and the script replaces it.
 *
 * In a psync_lock_state version is {pid, start} of a holder on this host whose
 * life an await has to watch; {0, 0} otherwise.
 */
#if PSYNC_WITH_REDIS

#include "locks.h"

#include <string.h>

#include "lock_requests.h"
#include "net/request.h"

static void tell(const struct redis_view *view, psync_lock_state *now)
{
    memset(now, 0, sizeof *now);
    if (!view->exists) return;
    now->exists = true;
    now->is_hold = view->owner.is_hold;
    now->fence = view->owner.fence;
    if (view->kind == REDIS_LEASED) now->expires = view->at + view->left;
    if (now->is_hold && view->owner.alive == PSYNC_ALIVE_YES) {
        now->version[0] = (uint64_t)view->owner.pid;
        now->version[1] = view->owner.process_start;
    }
}

/* ------------------------------------------------------------------------ */
/* The slots                                                                */

static psync_result inspect(struct redis_lock_task *task, psync_error *error)
{
    return net_run(&task->state->home, NET_READ, task->key, redis_inspect_step, task, error);
}

static psync_result release_fence(struct redis_state *state, const psync_key *key, uint64_t fence,
                                  psync_error *error)
{
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    task.fence = fence;
    return net_run(&state->home, NET_CHANGE, key, redis_release_step, &task, error);
}

/* A Hold that was taken. */
static psync_result keep(const struct redis_lock_task *task, psync_error *error)
{
    psync_result r = net_keep(&task->state->home, task->key, task->fence, task->sent, error);
    if (r) release_fence(task->state, task->key, task->fence, NULL);
    return r;
}

psync_result redis_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                                psync_error *error)
{
    struct redis_state *state = opaque;
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    task.kind = !take->hold ? REDIS_PLAIN : take->lease ? REDIS_LEASED : REDIS_KEPT;
    task.lease = task.kind == REDIS_KEPT ? state->home.liveness : take->lease;
    psync_result r = net_run(&state->home, NET_TAKE, key, redis_acquire_step, &task, error);
    while (r == PSYNC_NO && !task.view.exists && task.view.owner.fence) { /* of a dead holder */
        task.fence = task.view.owner.fence;
        task.view.owner.fence = 0;
        task.sent = 0;
        r = net_run(&state->home, NET_TAKE, key, redis_acquire_step, &task, error);
    }
    if (r < 0) return r;
    tell(&task.view, now);
    if (r) return r;
    if (task.kind == REDIS_KEPT) r = keep(&task, error);
    now->exists = true;
    now->is_hold = take->hold;
    now->fence = task.fence;
    now->expires = task.kind == REDIS_LEASED ? task.sent + task.lease : 0;
    return r;
}

psync_result redis_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                                psync_error *error)
{
    struct redis_lock_task task;
    redis_lock_begin(&task, opaque, key);
    psync_result r = inspect(&task, error);
    if (r) return r;
    tell(&task.view, now);
    if (!now->exists) return PSYNC_NO;
    if (owner) *owner = task.view.owner;
    return PSYNC_OK;
}

/* One whose owner has died, plain ones only: such a Hold counts as absent anyhow. */
static psync_result release_ghost(struct redis_state *state, const psync_key *key, psync_error *error)
{
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    psync_result r = inspect(&task, error);
    if (r) return r;
    if (!task.view.exists || task.view.owner.alive != PSYNC_ALIVE_NO) return PSYNC_NO;
    return release_fence(state, key, task.view.owner.fence, error);
}

psync_result redis_lock_release(void *opaque, psync_key *key, psync_condition condition, uint64_t fence,
                                psync_error *error)
{
    struct redis_state *state = opaque;
    if (condition == PSYNC_IF_GHOST) return release_ghost(state, key, error);
    if (condition == PSYNC_IF_FENCE && !fence) return PSYNC_NO; /* no acquisition has that */
    if (condition == PSYNC_IF_FENCE) {
        net_unkeep(&state->home, key, fence);
        return release_fence(state, key, fence, error);
    }
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    return net_run(&state->home, NET_CHANGE, key, redis_release_step, &task, error);
}

static psync_result renew(struct redis_state *state, const psync_key *key, uint64_t fence, int kind, int64_t lease,
                          int64_t *expires, psync_error *error)
{
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    task.fence = fence;
    task.kind = kind;
    task.lease = lease;
    psync_result r = net_run(&state->home, NET_CHANGE, key, redis_renew_step, &task, error);
    if (!r) *expires = task.sent + lease;
    return r;
}

psync_result redis_lock_renew(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                              psync_error *error)
{
    struct redis_state *state = opaque;
    net_unkeep(&state->home, key, fence);
    return renew(state, key, fence, REDIS_LEASED, lease, expires, error);
}

psync_result redis_lock_keep(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                             psync_error *error)
{
    return renew(opaque, key, fence, REDIS_KEPT, lease, expires, error);
}

/* net_look: whether the acquisition with this fence is over. */
static psync_result look(void *argument, int64_t *again, psync_error *error)
{
    struct redis_lock_task *task = argument;
    psync_result r = inspect(task, error);
    if (r) return r;
    if (!task->view.exists || task->view.owner.fence != task->fence) return PSYNC_OK;
    if (task->view.left >= 0) *again = psync__clock->monotonic() + task->view.left + PSYNC_NS_PER_MS;
    return PSYNC_NO;
}

psync_result redis_lock_await(void *opaque, psync_key *key, const psync_lock_state *seen, psync_role role,
                              int64_t deadline, psync_error *error)
{
    (void)role;
    struct redis_state *state = opaque;
    if (!seen->exists) return PSYNC_OK;
    struct redis_lock_task task;
    char channel[NET_CHANNEL_SIZE];
    const uint64_t version[2] = {seen->fence, 0};
    redis_lock_begin(&task, state, key);
    task.fence = seen->fence;
    redis_channel(state, task.name, task.text.length, channel);
    for (;;) {
        int64_t until = deadline;
        if (seen->version[0]) {
            if (net_process_alive((int64_t)seen->version[0], seen->version[1]) == PSYNC_ALIVE_NO) return PSYNC_OK;
            int64_t slice = psync__clock->monotonic() + NET_SLICE;
            if (slice < until) until = slice;
        }
        psync_result r = net_await(&state->home, channel, version, look, &task, until, error);
        bool slept = r == PSYNC_NO && until < deadline && psync__clock->monotonic() >= until;
        if (!slept) return r;
    }
}

#endif
