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
 * A release names the fence that it means to free, also where whatever there
 * is shall be freed: then it is the one that was seen just before. So one that
 * is lost on its way and arrives late frees no acquisition that came later.
 * The handle's cache is the fence of the last plain take by it, a good guess.
 *
 * In a psync_lock_state version tells an await when it has to look though
 * nothing rings: {END << 22 | PID, START}. END: monotonic milliseconds when the
 * lease ends on the server as far as is known, 0 without one. PID, START: a
 * holder on this host whose life has to be watched, 0 if there is none.
 */
#if PSYNC_WITH_REDIS

#include "locks.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lock_requests.h"
#include "net/give_way.h"
#include "net/request.h"

enum { PID_BITS = 22 }; /* Linux has no more */

static void tell(const struct redis_view *view, psync_lock_state *now)
{
    memset(now, 0, sizeof *now);
    if (!view->exists) return;
    now->exists = true;
    now->is_hold = view->owner.is_hold;
    now->fence = view->owner.fence;
    if (view->kind == REDIS_LEASED) now->expires = view->at + view->left;
    if (view->left >= 0) {
        int64_t end = psync__clock->monotonic() + view->left;
        now->version[0] = (uint64_t)(end / PSYNC_NS_PER_MS + 1) << PID_BITS;
    }
    if (now->is_hold && view->owner.alive == PSYNC_ALIVE_YES) {
        now->version[0] |= (uint64_t)view->owner.pid & ((1 << PID_BITS) - 1);
        now->version[1] = view->owner.process_start;
    }
}

/* ------------------------------------------------------------------------ */
/* The slots                                                                */

static psync_result inspect(struct redis_lock_task *task, psync_error *error)
{
    return net_run(&task->state->home, NET_READ, task->key, redis_inspect_step, task, error);
}

/* Whom a release has told: a subscription that nobody of this process sleeps on is none that waits. */
static net_told whom(const struct redis_lock_task *task)
{
    const bool idles = task->told && net_bell_idles(&task->state->home, task->channel);
    return task->told > idles ? NET_TOLD_SOMEBODY : NET_TOLD_NOBODY;
}

/* is_plain: it is certain that the server gave this fence to a plain acquisition. */
static psync_result release_fence(struct redis_state *state, const psync_key *key, uint64_t fence, bool is_plain,
                                  psync_error *error)
{
    struct redis_lock_task task;
    redis_lock_begin(&task, state, key);
    const int64_t began = psync__clock->monotonic();
    task.fence = fence;
    task.is_plain = is_plain;
    psync_result r = net_run(&state->home, NET_CHANGE, key, redis_release_step, &task, error);
    if (r == PSYNC_OK) net_gave(&state->home, key, whom(&task), began);
    return r;
}

/* A Hold that was taken. */
static psync_result keep(const struct redis_lock_task *task, psync_error *error)
{
    psync_result r = net_keep(&task->state->home, task->key, task->fence, task->sent, error);
    if (r) release_fence(task->state, task->key, task->fence, false, NULL);
    return r;
}

/* Tries to take it, also from a holder who is dead. */
static psync_result try_to_take(struct redis_lock_task *task, psync_error *error)
{
    struct redis_state *state = task->state;
    psync_result r = net_run(&state->home, NET_TAKE, task->key, redis_acquire_step, task, error);
    while (r == PSYNC_NO && !task->view.exists && task->view.owner.fence) {
        task->fence = task->view.owner.fence;
        task->view.owner.fence = 0;
        task->sent = 0;
        r = net_run(&state->home, NET_TAKE, task->key, redis_acquire_step, task, error);
    }
    return r;
}

/* The same by one who has waited and will wait again: what the server says of the present holder is a look too. */
static psync_result try_again_to_take(struct redis_lock_task *task, psync_error *error)
{
    net_home *home = &task->state->home;
    char channel[NET_CHANNEL_SIZE];
    redis_channel(task->state, task->name, task->text.length, channel);
    const net_mark mark = net_bell_mark(home, channel);
    psync_result r = try_to_take(task, error);
    const uint64_t version[2] = {task->view.owner.fence, 0};
    if (r == PSYNC_NO && task->view.exists) net_bell_looked(home, channel, &mark, version);
    return r;
}

psync_result redis_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                                psync_error *error)
{
    struct redis_state *state = opaque;
    struct redis_lock_task task;
    if (net_gives_way(&state->home, key, take, now)) return PSYNC_NO;
    redis_lock_begin(&task, state, key);
    task.kind = !take->hold ? REDIS_PLAIN : take->lease ? REDIS_LEASED : REDIS_KEPT;
    task.lease = task.kind == REDIS_KEPT ? state->home.liveness : take->lease;
    psync_result r = take->waiting_since ? try_again_to_take(&task, error) : try_to_take(&task, error);
    if (r < 0) return r;
    tell(&task.view, now);
    if (r) return r;
    if (task.kind == REDIS_PLAIN) __atomic_store_n(&key->cache, task.fence, __ATOMIC_RELAXED);
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
    return release_fence(state, key, task.view.owner.fence, !task.view.owner.is_hold, error);
}

/*
 * What somebody else holds is looked at before it is freed: a Hold whose holder has ended counts as absent, and
 * afterwards nobody could tell whether that was so already. fence 0: any, what is damaged too. *moved: another
 * acquisition came meanwhile.
 */
static psync_result release_seen(struct redis_state *state, const psync_key *key, uint64_t fence, bool *moved,
                                 psync_error *error)
{
    struct redis_lock_task task;
    psync_error own;
    redis_lock_begin(&task, state, key);
    psync_result r = inspect(&task, &own);
    const uint64_t seen = task.view.owner.fence;
    *moved = false;
    if (r == PSYNC_ERROR_DAMAGED && !fence) return release_fence(state, key, seen, false, error);
    if (r && error) *error = own;
    if (r) return r;
    if (!seen || (fence && seen != fence)) return PSYNC_NO;
    r = release_fence(state, key, seen, !task.view.owner.is_hold, error);
    *moved = r == PSYNC_NO && task.view.exists && !fence;
    return r == PSYNC_OK && !task.view.exists ? PSYNC_NO : r;
}

/* Whatever there is. Relaxed: the guess may be wrong, and points at nothing. */
static psync_result release_any(struct redis_state *state, psync_key *key, psync_error *error)
{
    const uint64_t guess = __atomic_exchange_n(&key->cache, 0, __ATOMIC_RELAXED);
    bool again = true;
    psync_result r = PSYNC_NO;
    if (guess) r = release_fence(state, key, guess, true, error);
    while (r == PSYNC_NO && again) r = release_seen(state, key, 0, &again, error);
    return r;
}

psync_result redis_lock_release(void *opaque, psync_key *key, psync_condition condition, uint64_t fence,
                                psync_error *error)
{
    struct redis_state *state = opaque;
    bool again;
    if (condition == PSYNC_IF_GHOST) return release_ghost(state, key, error);
    if (condition == PSYNC_IF_FENCE) {
        if (!fence) return PSYNC_NO; /* no acquisition has that */
        if (net_unkeep(&state->home, key, fence)) return release_fence(state, key, fence, false, error);
        return release_seen(state, key, fence, &again, error);
    }
    return release_any(state, key, error);
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

/* What an await waits for. */
struct watch {
    struct redis_lock_task task;
    psync_lock_state *seen;
};

static int64_t end_of(const psync_lock_state *seen)
{
    int64_t end = (int64_t)(seen->version[0] >> PID_BITS);
    return end ? end * PSYNC_NS_PER_MS : PSYNC_NEVER;
}

static int64_t pid_of(const psync_lock_state *seen)
{
    return (int64_t)(seen->version[0] & ((1 << PID_BITS) - 1));
}

/* net_look: whether the acquisition is over. The server is asked where it must be, and when a lease should have
 * ended. */
static psync_result look(void *argument, bool ask, int64_t *again, psync_error *error)
{
    struct watch *watch = argument;
    psync_lock_state *seen = watch->seen;
    const int64_t now = psync__clock->monotonic();
    if (ask || now >= end_of(seen)) {
        psync_result r = inspect(&watch->task, error);
        if (r) return r;
        const struct redis_view *view = &watch->task.view;
        if (!view->exists || view->owner.fence != seen->fence) return PSYNC_OK;
        tell(view, seen);
    }
    *again = end_of(seen);
    if (!pid_of(seen)) return PSYNC_NO;
    if (net_process_alive(pid_of(seen), seen->version[1]) == PSYNC_ALIVE_NO) return PSYNC_OK;
    if (now + NET_SLICE < *again) *again = now + NET_SLICE;
    return PSYNC_NO;
}

/* Whether the news are that the acquisition with this fence, or a later one, has ended: "KIND FENCE ..." */
static bool is_end(const char *news, uint64_t fence)
{
    char *rest;
    if (!isdigit((unsigned char)news[0]) || news[1] != ' ') return false;
    uint64_t ended = strtoull(news + 2, &rest, 10);
    return ended >= fence && *rest == ' ';
}

psync_result redis_lock_await(void *opaque, psync_key *key, psync_lock_state *seen, psync_role role,
                              int64_t deadline, psync_error *error)
{
    (void)role;
    struct redis_state *state = opaque;
    if (!seen->exists) return net_give_way(&state->home, key, deadline);
    struct watch watch = {.seen = seen};
    const uint64_t version[2] = {seen->fence, 0};
    char news[NET_NEWS_SIZE];
    redis_lock_begin(&watch.task, state, key);
    psync_result r = net_await(&state->home, watch.task.channel, version, look, &watch, deadline, news, error);
    if (r == PSYNC_OK && *news && is_end(news, seen->fence)) seen->exists = false;
    return r;
}

#endif
