/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keeper.c - the list of Holds that are kept alive, and the thread that does it.
 *
 * A Hold is certainly ours until liveness after the boottime that was read
 * before its take or its last renewal was sent, for the engine counts from a
 * later moment. A little before that, MARGIN, it counts as lost, whether the
 * thread has come to mark it or not. Whoever gives a Hold up or a lease
 * (net_unkeep) does so before it sends that request, and a renewal looks
 * before it is sent whether it is still wanted: requests take turns, so none
 * is sent after the other.
 *
 * All that is here is under the home's mutex.
 */
#include "net/keeper.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "net/home.h"
#include "net/pause.h"
#include "net/request.h"

struct net_kept {
    net_kept *next;
    uint64_t fence;
    int64_t sent;     /* boottime before the request that gave it its time */
    int64_t renew_at; /* boottime */
    unsigned failures;
    bool lost;
    size_t length; /* of the key, which lies behind the struct */
};

/* The part of the liveness that is kept back: clocks differ, and what follows isValid() takes its time. */
enum { MARGIN = 20 };

static _Thread_local bool is_keeper;
/* Boottime: no request of the keeper's takes longer, for then a Hold counts as lost, and who waits must hear of it.
 */
static _Thread_local int64_t request_ends;

bool net_is_keeper(void)
{
    return is_keeper;
}

bool net_keeper_stops(struct net_home *home)
{
    return is_keeper && (atomic_load_explicit(&home->keeper.stop, memory_order_relaxed) ||
                         atomic_load_explicit(&home->keeper.give_up, memory_order_relaxed) ||
                         psync__clock->boottime() >= request_ends);
}

static const char *key_of(const net_kept *kept)
{
    return (const char *)(kept + 1);
}

static net_kept **find(net_home *home, const psync_key *key, uint64_t fence)
{
    net_kept **at = &home->keeper.kept;
    for (; *at; at = &(*at)->next) {
        const net_kept *kept = *at;
        if (kept->fence == fence && kept->length == key->length &&
            memcmp(key_of(kept), key->bytes, key->length) == 0)
            break;
    }
    return at;
}

/* When it counts as lost. */
static int64_t end_of(const net_home *home, const net_kept *kept)
{
    return kept->sent + home->liveness - home->liveness / MARGIN;
}

static bool is_lost(const net_home *home, const net_kept *kept)
{
    return kept->lost || psync__clock->boottime() >= end_of(home, kept);
}

/* ---- for drivers -------------------------------------------------------------- */

psync_result net_keep(struct net_home *home, const psync_key *key, uint64_t fence, int64_t sent, psync_error *error)
{
    net_kept *kept = calloc(1, sizeof *kept + key->length);
    if (!kept) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    kept->fence = fence;
    kept->sent = sent;
    kept->renew_at = sent + home->liveness / 3;
    kept->length = key->length;
    memcpy(kept + 1, key->bytes, key->length);
    pthread_mutex_lock(&home->mutex);
    psync_result r = net_keeper_start(home, error);
    if (!r) {
        kept->next = home->keeper.kept;
        home->keeper.kept = kept;
        pthread_cond_signal(&home->keeper.changed);
    }
    pthread_mutex_unlock(&home->mutex);
    if (r) free(kept);
    return r;
}

bool net_unkeep(struct net_home *home, const psync_key *key, uint64_t fence)
{
    if (is_keeper) return false; /* the keeper's own renewal */
    pthread_mutex_lock(&home->mutex);
    net_kept **at = find(home, key, fence);
    net_kept *kept = *at;
    if (kept) {
        *at = kept->next;
        if (home->keeper.renewing == kept) {
            home->keeper.renewing = NULL;
            atomic_store_explicit(&home->keeper.give_up, true, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&home->mutex);
    free(kept);
    return kept != NULL;
}

bool net_hold_lost(struct net_home *home, const psync_key *key, uint64_t fence)
{
    pthread_mutex_lock(&home->mutex);
    const net_kept *kept = *find(home, key, fence);
    bool lost = kept && is_lost(home, kept);
    pthread_mutex_unlock(&home->mutex);
    return lost;
}

/* ---- the keeper's work -------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void note_renewal(net_home *home, net_kept *kept, psync_result r, int64_t sent)
{
    if (r == PSYNC_OK) {
        kept->sent = sent;
        kept->renew_at = sent + home->liveness / 3;
        kept->failures = 0;
    } else if (r == PSYNC_NO) {
        kept->lost = true;
        net_bell_wake(home);
    } else {
        kept->renew_at = psync__clock->boottime() + net_pause(++kept->failures, PSYNC_NEVER);
    }
}

/* Under the mutex, which it lets go of. */
static void renew(net_home *home, net_kept *kept)
{
    char bytes[PSYNC_KEY_MAX];
    psync_key key = {.bytes = bytes, .length = kept->length};
    const uint64_t fence = kept->fence;
    const int64_t sent = psync__clock->boottime();
    int64_t expires;
    psync_error error;
    memcpy(bytes, key_of(kept), key.length);
    home->keeper.renewing = kept;
    atomic_store_explicit(&home->keeper.give_up, false, memory_order_relaxed);
    pthread_mutex_unlock(&home->mutex);
    psync_result r = home->engine->renew(home->state, &key, fence, home->liveness, &expires, &error);
    pthread_mutex_lock(&home->mutex);
    if (home->keeper.renewing) note_renewal(home, home->keeper.renewing, r, sent);
    home->keeper.renewing = NULL;
    atomic_store_explicit(&home->keeper.give_up, false, memory_order_relaxed);
}

/* Under the mutex, which it lets go of. */
static void settle(net_home *home)
{
    net_keeper *keeper = &home->keeper;
    pthread_mutex_unlock(&home->mutex);
    psync_result r = PSYNC_OK;
    if (!net_debt_drop(home, false)) r = net_run(home, NET_READ, NULL, net_nothing, NULL, NULL);
    pthread_mutex_lock(&home->mutex);
    bool left = atomic_load_explicit(&home->debts.first, memory_order_relaxed);
    keeper->failures = r || left ? keeper->failures + 1 : 0;
    keeper->settle_at = keeper->failures ? psync__clock->boottime() + net_pause(keeper->failures, PSYNC_NEVER) : 0;
}

/* Marks what is lost; the one to be renewed next, or NULL. *end: when the next one counts as lost. */
static net_kept *first_due(net_home *home, int64_t *end)
{
    net_kept *first = NULL;
    *end = PSYNC_NEVER;
    for (net_kept *kept = home->keeper.kept; kept; kept = kept->next) {
        if (!kept->lost && is_lost(home, kept)) {
            kept->lost = true;
            net_bell_wake(home);
        }
        if (kept->lost) continue;
        if (!first || kept->renew_at < first->renew_at) first = kept;
        *end = earlier(*end, end_of(home, kept));
    }
    return first;
}

int64_t net_keeper_turn(struct net_home *home)
{
    const int64_t now = psync__clock->boottime();
    int64_t end;
    net_kept *due = first_due(home, &end);
    request_ends = end;
    if (due && due->renew_at <= now) {
        renew(home, due);
        return now;
    }
    const bool debts = atomic_load_explicit(&home->debts.first, memory_order_relaxed);
    if (debts && home->keeper.settle_at <= now) {
        settle(home);
        return now;
    }
    int64_t next = due ? earlier(due->renew_at, end) : PSYNC_NEVER;
    return debts ? earlier(next, home->keeper.settle_at) : next;
}

/* ---- the thread --------------------------------------------------------------- */

static void *run(void *argument)
{
    net_home *home = argument;
    net_keeper *keeper = &home->keeper;
    is_keeper = true;
    pthread_mutex_lock(&home->mutex);
    bool idle = false; /* it found nothing to do, and waits once for more before it ends */
    while (!atomic_load_explicit(&keeper->stop, memory_order_relaxed)) {
        int64_t next = net_keeper_turn(home);
        if (next == PSYNC_NEVER && idle) break;
        idle = next == PSYNC_NEVER;
        int64_t wait = idle ? home->liveness / 3 : next - psync__clock->boottime();
        if (wait > 0) net_cond_wait(&keeper->changed, &home->mutex, psync__clock->monotonic() + wait);
    }
    keeper->run = NET_KEEPER_ENDED;
    pthread_mutex_unlock(&home->mutex);
    return NULL;
}

psync_result net_keeper_start(struct net_home *home, psync_error *error)
{
    net_keeper *keeper = &home->keeper;
    sigset_t all, old;
    if (keeper->run == NET_KEEPER_RUNS) {
        pthread_cond_signal(&keeper->changed);
        return PSYNC_OK;
    }
    if (keeper->run == NET_KEEPER_ENDED) pthread_join(keeper->thread, NULL); /* it has but to return */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int number = pthread_create(&keeper->thread, NULL, run, home);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    keeper->run = number ? NET_NO_KEEPER : NET_KEEPER_RUNS;
    if (!number) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_FULL, number,
                           "cannot start the thread that keeps Holds alive: %s; raise the limit of threads",
                           strerror(number));
}

static void forget(net_keeper *keeper)
{
    for (net_kept *kept = keeper->kept, *next; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
    keeper->kept = NULL;
}

void net_keeper_close(struct net_home *home)
{
    net_keeper *keeper = &home->keeper;
    pthread_mutex_lock(&home->mutex);
    atomic_store_explicit(&keeper->stop, true, memory_order_relaxed);
    pthread_cond_signal(&keeper->changed);
    bool started = keeper->run != NET_NO_KEEPER;
    pthread_mutex_unlock(&home->mutex);
    if (started) pthread_join(keeper->thread, NULL);
    keeper->run = NET_NO_KEEPER;
    forget(keeper);
}

void net_keeper_after_fork(struct net_home *home)
{
    net_keeper *keeper = &home->keeper;
    forget(keeper);
    net_cond_init(&keeper->changed);
    keeper->run = NET_NO_KEEPER;
    keeper->renewing = NULL;
    keeper->settle_at = 0;
    keeper->failures = 0;
    atomic_store_explicit(&keeper->give_up, false, memory_order_relaxed);
}
