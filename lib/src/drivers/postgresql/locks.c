/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.c - Locks and Holds: one statement a call.
 *
 * A Hold without a lease has one of home->liveness, which the keeper renews;
 * seen from the same host it also ends with its process, which whoever comes
 * across it notices, and frees it by its fence.
 *
 * A release names the fence that it means to free, also where whatever there
 * is shall be freed: then it is the one that was seen just before. So one that
 * is lost on its way and arrives late frees no acquisition that came later.
 * The handle's cache is the fence of the last plain take by it, a good guess.
 */
#if PSYNC_WITH_POSTGRESQL

#include "locks.h"

#include <string.h>

#include "change.h"
#include "channel.h"
#include "connection.h"
#include "listing.h"
#include "lock_row.h"
#include "net/request.h"
#include "state.h"
#include "sweep.h"

/* How often a statement is repeated at once because others changed the row under it. */
enum { TRIES = 100 };

struct lock_call {
    const psync_key *key;
    pg_change change;
    int64_t before; /* boottime before the first sending; of a look, before the last */
    uint64_t fence; /* asked for; of a take, the one that was got */
    net_told told;  /* of a release, whom */
    int64_t lease;  /* ns; 0: none */
    bool is_hold;
    bool is_leased; /* the lease is the user's */
    size_t owner_length;
    char owner[NET_OWNER_SIZE];
    pg_lock_row row;
};

static psync_result run(pg_state *state, net_kind kind, struct lock_call *lock, net_step *step, psync_error *error)
{
    if (!lock->before) lock->before = psync__clock->boottime();
    psync_result r = net_run(&state->home, kind, lock->key, step, lock, error);
    if (kind != NET_READ && r >= 0) pg_sweep(state);
    return r;
}

static net_outcome row_changes(net_call *call)
{
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "others changed it again and again");
    return NET_RETRY;
}

/* ---- taking --------------------------------------------------------------- */

static void put_take(net_call *call, struct lock_call *lock, pg_arguments *arguments)
{
    pg_change_begin(call, &lock->change, arguments, lock->key);
    pg_put_truth(arguments, lock->is_hold);
    if (lock->lease) {
        pg_put_number(arguments, (lock->lease + 999) / 1000);
    } else {
        pg_put_null(arguments);
    }
    pg_put_truth(arguments, lock->is_leased);
    /* Only now: a hook may have forked since the call began, and who sends is who takes. */
    lock->owner_length = net_owner_write(call->home, lock->owner);
    pg_put_bytes(arguments, lock->owner, lock->owner_length);
}

static net_outcome create_row(net_call *call, const struct lock_call *lock)
{
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    pg_put_bytes(&arguments, lock->key->bytes, lock->key->length);
    net_outcome outcome = pg_run(call, PG_LOCK_CREATE, &arguments, &rows);
    PQclear(rows);
    return outcome;
}

/* Not a number of ours: time does not get there. */
static net_outcome fence_is_last(net_call *call)
{
    call->result =
        psync_error_set(call->error, PSYNC_ERROR_DAMAGED, 0,
                        "the table locks holds the largest fence there is, and none can follow it; delete "
                        "that row, which was not written by this library");
    return NET_DONE;
}

static net_outcome take_step(net_call *call, void *argument)
{
    struct lock_call *lock = argument;
    net_outcome outcome = pg_change_before(call, &lock->change, lock->key);
    if (outcome != NET_DONE || call->result) return outcome;
    lock->fence = (uint64_t)lock->change.result;
    if (lock->change.done) return NET_DONE;
    for (int i = 0; i < TRIES; i++) {
        pg_arguments arguments;
        PGresult *rows;
        put_take(call, lock, &arguments);
        outcome = pg_change_run(call, &lock->change, PG_LOCK_TAKE, &arguments, &rows);
        if (outcome == NET_DONE && call->result == PSYNC_ERROR_OVERFLOW) return fence_is_last(call);
        if (outcome != NET_DONE || call->result) return outcome;
        bool has_row = PQntuples(rows) > 0;
        bool is_taken = has_row && pg_truth(rows, 0, 0);
        if (is_taken) lock->fence = (uint64_t)pg_number(rows, 0, 2);
        if (has_row && !is_taken) {
            call->result = pg_lock_row_read(call->home, rows, 0, 1, &lock->row, call->error);
        }
        PQclear(rows);
        if (is_taken || call->result) return NET_DONE;
        if (has_row && lock->row.exists) {
            call->result = PSYNC_NO;
            return NET_DONE;
        }
        if (!has_row) outcome = create_row(call, lock);
        if (outcome != NET_DONE || call->result) return outcome;
    }
    return row_changes(call);
}

static psync_result release_one(pg_state *state, psync_key *key, uint64_t fence, psync_error *error);

/* Frees a Hold whose holder ended, in whose stead it is done. */
static psync_result free_orphan(pg_state *state, psync_key *key, const pg_lock_row *row, psync_error *error)
{
    psync_result r = release_one(state, key, row->fence, error);
    return r > 0 ? PSYNC_OK : r; /* another did it */
}

static psync_result taken(pg_state *state, psync_key *key, const struct lock_call *lock, psync_lock_state *now,
                          psync_error *error)
{
    *now = (psync_lock_state){.exists = true, .is_hold = lock->is_hold, .fence = lock->fence};
    now->version[0] = lock->fence;
    if (!lock->is_hold) __atomic_store_n(&key->cache, lock->fence, __ATOMIC_RELAXED);
    if (lock->is_leased) now->expires = lock->before + lock->lease;
    if (!lock->is_hold || lock->is_leased) return PSYNC_OK;
    psync_result r = net_keep(&state->home, key, lock->fence, lock->before, error);
    if (r) release_one(state, key, lock->fence, NULL);
    return r;
}

psync_result pg_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                             psync_error *error)
{
    pg_state *state = opaque;
    if (net_gives_way(&state->home, key, take, now)) return PSYNC_NO;
    for (;;) {
        struct lock_call lock = {.key = key, .is_hold = take->hold, .is_leased = take->lease > 0};
        lock.lease = take->lease;
        if (lock.is_hold && !lock.is_leased) lock.lease = state->home.liveness;
        psync_result r = run(state, NET_TAKE, &lock, take_step, error);
        if (r < 0) return r;
        if (r == PSYNC_OK) return taken(state, key, &lock, now, error);
        *now = pg_lock_row_state(&lock.row, lock.before);
        if (!pg_lock_row_is_orphan(&lock.row)) return PSYNC_NO;
        r = free_orphan(state, key, &lock.row, error);
        if (r) return r;
    }
}

/* ---- freeing and renewing ------------------------------------------------- */

/* Whom a release has told that somebody waited for: behind a pooler nobody can hear it. */
static net_told whom(const net_call *call)
{
    const pg_connection *connection = call->connection;
    return connection->direct ? NET_TOLD_SOMEBODY : NET_TOLD_POLLERS;
}

/* Runs a change of an acquisition that there is; PSYNC_NO: there was none such. */
static net_outcome change_row(net_call *call, struct lock_call *lock, enum pg_statement statement)
{
    char channel[NET_CHANNEL_SIZE];
    pg_arguments arguments;
    PGresult *rows;
    net_outcome outcome = pg_change_before(call, &lock->change, lock->key);
    if (outcome != NET_DONE || call->result || lock->change.done) return outcome;
    pg_channel(channel, call->home, 'l', lock->key);
    pg_change_begin(call, &lock->change, &arguments, lock->key);
    pg_put_bytes(&arguments, channel, strlen(channel));
    pg_put_number(&arguments, (int64_t)lock->fence);
    if (statement == PG_LOCK_RENEW) {
        pg_put_number(&arguments, lock->lease / 1000);
        pg_put_truth(&arguments, lock->is_leased);
    }
    outcome = pg_change_run(call, &lock->change, statement, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    call->result = PQntuples(rows) ? PSYNC_OK : PSYNC_NO;
    if (statement == PG_LOCK_RELEASE && !call->result && pg_truth(rows, 0, 1)) lock->told = whom(call);
    PQclear(rows);
    return NET_DONE;
}

static net_outcome release_step(net_call *call, void *argument)
{
    return change_row(call, argument, PG_LOCK_RELEASE);
}

static net_outcome renew_step(net_call *call, void *argument)
{
    return change_row(call, argument, PG_LOCK_RENEW);
}

static psync_result look_at(pg_state *state, struct lock_call *lock, psync_error *error);

static psync_result release_one(pg_state *state, psync_key *key, uint64_t fence, psync_error *error)
{
    struct lock_call lock = {.key = key, .fence = fence};
    const int64_t began = psync__clock->monotonic();
    net_unkeep(&state->home, key, fence);
    psync_result r = run(state, NET_CHANGE, &lock, release_step, error);
    if (!r) net_gave(&state->home, key, lock.told, began);
    return r;
}

/* One whose owner has died, plain ones only: such a Hold counts as absent anyhow. */
static psync_result release_ghost(pg_state *state, psync_key *key, psync_error *error)
{
    struct lock_call lock = {.key = key};
    psync_result r = look_at(state, &lock, error);
    if (r) return r;
    bool is_ghost = !lock.row.is_hold && lock.row.owner.alive == PSYNC_ALIVE_NO;
    return is_ghost ? release_one(state, key, lock.row.fence, error) : PSYNC_NO;
}

/*
 * What somebody else holds is looked at before it is freed: a Hold whose holder has ended counts as absent, and
 * afterwards nobody could tell whether that was so already. fence 0: any, what is damaged too. *moved: another
 * acquisition came meanwhile.
 */
static psync_result release_seen(pg_state *state, psync_key *key, uint64_t fence, bool *moved, psync_error *error)
{
    struct lock_call lock = {.key = key};
    psync_error own;
    psync_result r = look_at(state, &lock, &own);
    *moved = false;
    if (r == PSYNC_ERROR_DAMAGED && !fence && lock.row.exists)
        return release_one(state, key, lock.row.fence, error);
    if (r < 0 && error) *error = own;
    if (r) return r;
    if (fence && lock.row.fence != fence) return PSYNC_NO;
    const bool is_orphan = pg_lock_row_is_orphan(&lock.row);
    r = release_one(state, key, lock.row.fence, error);
    *moved = r == PSYNC_NO && !is_orphan && !fence;
    return r == PSYNC_OK && is_orphan ? PSYNC_NO : r;
}

/* Whatever there is. Relaxed: the guess may be wrong, and points at nothing. */
static psync_result release_any(pg_state *state, psync_key *key, psync_error *error)
{
    const uint64_t guess = __atomic_exchange_n(&key->cache, 0, __ATOMIC_RELAXED);
    bool again = true;
    psync_result r = PSYNC_NO;
    if (guess) r = release_one(state, key, guess, error);
    while (r == PSYNC_NO && again) r = release_seen(state, key, 0, &again, error);
    return r;
}

psync_result pg_lock_release(void *opaque, psync_key *key, psync_condition condition, uint64_t fence,
                             psync_error *error)
{
    pg_state *state = opaque;
    bool again;
    if (condition == PSYNC_IF_GHOST) return release_ghost(state, key, error);
    if (condition == PSYNC_IF_FENCE) {
        if (fence == 0 || fence > INT64_MAX) return PSYNC_NO; /* no acquisition has such a one */
        if (net_unkeep(&state->home, key, fence)) return release_one(state, key, fence, error);
        return release_seen(state, key, fence, &again, error);
    }
    return release_any(state, key, error);
}

static psync_result renew(pg_state *state, struct lock_call *lock, int64_t *expires, psync_error *error)
{
    psync_result r = run(state, NET_CHANGE, lock, renew_step, error);
    if (!r) *expires = lock->before + lock->lease;
    return r;
}

psync_result pg_lock_renew(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                           psync_error *error)
{
    pg_state *state = opaque;
    struct lock_call lock = {.key = key, .fence = fence, .lease = lease, .is_leased = true};
    net_unkeep(&state->home, key, fence);
    return renew(state, &lock, expires, error);
}

psync_result pg_lock_keep(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *error)
{
    struct lock_call lock = {.key = key, .fence = fence, .lease = lease};
    return renew(opaque, &lock, expires, error);
}

/* A take that nobody wants any more: it is voided, or, if it was done, its acquisition is freed. */
net_outcome pg_lock_settle(net_call *call, const psync_key *key)
{
    pg_change take;
    net_outcome outcome = pg_change_void(call, &take, key);
    if (outcome == NET_STALE) return NET_DONE; /* a later request is on record: nothing of it can come any more */
    if (outcome != NET_DONE || call->result || !take.done) return outcome;
    char channel[NET_CHANNEL_SIZE];
    pg_arguments arguments;
    PGresult *rows;
    pg_channel(channel, call->home, 'l', key);
    pg_change_begin_undo(call, &arguments, key);
    pg_put_bytes(&arguments, channel, strlen(channel));
    pg_put_number(&arguments, take.result);
    outcome = pg_run(call, PG_LOCK_RELEASE, &arguments, &rows);
    PQclear(rows);
    return outcome;
}

/* ---- looking -------------------------------------------------------------- */

static net_outcome inspect_step(net_call *call, void *argument)
{
    struct lock_call *lock = argument;
    pg_arguments arguments = {.count = 0};
    PGresult *rows;
    lock->before = psync__clock->boottime();
    lock->row = (pg_lock_row){.exists = false};
    pg_put_bytes(&arguments, lock->key->bytes, lock->key->length);
    net_outcome outcome = pg_run(call, PG_LOCK_INSPECT, &arguments, &rows);
    if (outcome != NET_DONE || call->result) return outcome;
    if (PQntuples(rows)) call->result = pg_lock_row_read(call->home, rows, 0, 1, &lock->row, call->error);
    PQclear(rows);
    return NET_DONE;
}

/* PSYNC_NO: it does not exist. */
static psync_result look_at(pg_state *state, struct lock_call *lock, psync_error *error)
{
    psync_result r = run(state, NET_READ, lock, inspect_step, error);
    return r || lock->row.exists ? r : PSYNC_NO;
}

psync_result pg_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                             psync_error *error)
{
    pg_state *state = opaque;
    struct lock_call lock;
    psync_result r;
    do {
        lock = (struct lock_call){.key = key};
        r = look_at(state, &lock, error);
        if (r || !pg_lock_row_is_orphan(&lock.row)) break;
        r = free_orphan(state, key, &lock.row, error);
    } while (!r);
    if (r < 0) return r;
    *now = pg_lock_row_state(&lock.row, lock.before);
    if (owner && !r) *owner = lock.row.owner;
    return r;
}

/* ---- lists ---------------------------------------------------------------- */

struct lock_listing {
    net_home *home;
    psync_lock_callback callback;
    void *argument;
    psync_result result;
    psync_error *error;
};

static int list_row(void *argument, const PGresult *rows, int row)
{
    struct lock_listing *listing = argument;
    pg_lock_row lock;
    listing->result = pg_lock_row_read(listing->home, rows, row, 1, &lock, listing->error);
    if (listing->result) return 1;
    if (!lock.exists || pg_lock_row_is_orphan(&lock)) return 0;
    return listing->callback(listing->argument, PQgetvalue(rows, row, 0), (size_t)PQgetlength(rows, row, 0),
                             &lock.owner);
}

psync_result pg_lock_each(void *opaque, psync_lock_callback callback, void *argument, psync_error *error)
{
    pg_state *state = opaque;
    struct lock_listing listing = {&state->home, callback, argument, PSYNC_OK, error};
    psync_result r = pg_list(state, PG_LOCK_LIST, list_row, &listing, error);
    return listing.result ? listing.result : r;
}

#endif
