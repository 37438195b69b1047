/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_wait.c - waiting for the end of an acquisition.
 *
 * Who waits has subscribed, leaves its mark in the Lock's row and looks, in
 * one statement; then it sleeps until it hears of the end. Who wants to take
 * the Lock, has just tried in vain, and comes too late for the mark, leaves
 * it all the same: a quick re-locker, whom each of its looks finds between a
 * release and the next take, would never learn that somebody waits. Nothing is heard of a
 * lease that runs out, nor of a holder that ends: these are looked for at their time.
 */
#if PSYNC_WITH_POSTGRESQL

#include <stdlib.h>

#include "channel.h"
#include "lock_row.h"
#include "locks.h"
#include "net/request.h"
#include "state.h"

/* How often a statement is repeated at once because others changed the row under it. */
enum { TRIES = 100 };

/* How often a Hold's holder is looked for on this host. */
static const int64_t HOLDER_LOOKS = PSYNC_NS_PER_S / 2;

struct lock_look {
    const psync_key *key;
    uint64_t fence; /* of the acquisition that is waited for */
    int64_t before; /* boottime before it was asked */
    bool insists;   /* the mark is left whatever there is */
    bool restless;  /* others changed it again and again */
    pg_lock_row row;
};

/* Marks that somebody waits for the end of the acquisition with this fence, and then looks. */
static net_outcome arm_step(net_call *call, void *argument)
{
    struct lock_look *lock = argument;
    lock->before = psync__clock->boottime();
    for (int i = 0; i < TRIES; i++) {
        pg_arguments arguments = {.count = 0};
        PGresult *rows;
        lock->row = (pg_lock_row){.exists = false};
        pg_put_bytes(&arguments, lock->key->bytes, lock->key->length);
        pg_put_number(&arguments, (int64_t)lock->fence);
        pg_put_truth(&arguments, lock->insists);
        net_outcome outcome = pg_run(call, PG_LOCK_ARM, &arguments, &rows);
        if (outcome != NET_DONE || call->result) return outcome;
        bool is_armed = PQntuples(rows) && pg_truth(rows, 0, 0);
        if (PQntuples(rows)) call->result = pg_lock_row_read(call->home, rows, 0, 1, &lock->row, call->error);
        PQclear(rows);
        if (is_armed || call->result || !lock->row.exists || lock->row.fence != lock->fence) return NET_DONE;
    }
    lock->restless = true;
    return NET_DONE;
}

struct lock_wait {
    pg_state *state;
    psync_key *key;
    const psync_lock_state *seen;
    bool insists; /* nothing that would be told has been waited for so far */
};

/* When to look again though nothing rings: when a lease ends, and for a Hold's holder on this host. */
static int64_t next_look(const pg_lock_row *row)
{
    int64_t after = PSYNC_NEVER;
    if (row->ends) after = row->left > 0 ? row->left : 0;
    if (pg_lock_row_holder(row) && after > HOLDER_LOOKS) after = HOLDER_LOOKS;
    return after == PSYNC_NEVER ? after : psync__clock->monotonic() + after;
}

/*
 * A look at a Hold's holder on this host alone. False: the server must be
 * asked, because the holder ended, the lease did, or, where the holder's
 * keeper renews that, about once in its time.
 */
static bool holder_lives(const struct lock_wait *wait, int64_t *again)
{
    const psync_lock_state *seen = wait->seen;
    int64_t now = psync__clock->monotonic();
    int64_t after = HOLDER_LOOKS;
    if (seen->expires) {
        int64_t left = seen->expires - psync__clock->boottime();
        if (left < after) after = left;
    } else if (now / HOLDER_LOOKS % (wait->state->home.liveness / HOLDER_LOOKS + 1) == 0) {
        return false;
    }
    if (after <= 0 || !pg_lock_holder_lives(seen->version[1])) return false;
    *again = now + after;
    return true;
}

/* Whether it has a lease that ends before the one that was seen, which the core sleeps for at most. */
static bool ends_sooner(const struct lock_look *lock, const psync_lock_state *seen)
{
    static const int64_t unsharp = 20 * PSYNC_NS_PER_MS; /* what two requests differ by that are not equally fast */
    if (!lock->row.is_leased) return false;
    return !seen->expires || lock->before + lock->row.left < seen->expires - unsharp;
}

static psync_result look(void *argument, bool ask, int64_t *again, psync_error *error)
{
    struct lock_wait *wait = argument;
    if (!ask && wait->seen->version[1] && holder_lives(wait, again)) return PSYNC_NO;
    struct lock_look lock = {.key = wait->key, .fence = wait->seen->fence, .insists = wait->insists};
    psync_result r = net_run(&wait->state->home, NET_READ, wait->key, arm_step, &lock, error);
    if (r) return r;
    bool same = lock.row.exists && lock.row.fence == wait->seen->fence && !lock.restless;
    if (!same || pg_lock_row_is_orphan(&lock.row) || ends_sooner(&lock, wait->seen)) return PSYNC_OK;
    wait->insists = false;
    *again = next_look(&lock.row);
    return PSYNC_NO;
}

psync_result pg_lock_await(void *opaque, psync_key *key, psync_lock_state *seen, psync_role role, int64_t deadline,
                           psync_error *error)
{
    pg_state *state = opaque;
    struct lock_wait wait = {state, key, seen, role == PSYNC_ROLE_TAKER};
    char channel[NET_CHANNEL_SIZE];
    char news[NET_NEWS_SIZE];
    if (!seen->exists) return net_give_way(&state->home, key, deadline);
    pg_channel(channel, &state->home, 'l', key);
    psync_result r = net_await(&state->home, channel, seen->version, look, &wait, deadline, news, error);
    if (!r && *news && strtoull(news, NULL, 10) == seen->fence) seen->exists = false; /* that very one was freed */
    return r;
}

#endif
