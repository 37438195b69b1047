/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.c - Locks: a Lock exists as long as its file has its name.
 *
 * Taking is one link of a spare that says whose it is (spare.h); if the name
 * is there already the Lock is busy. Freeing is one unlink. Between any two
 * system calls the Lock exists or it does not.
 *
 * Whoever wants to unlink the name, or to read or change what the file says,
 * holds the file's flock and has seen, under it, that the name still leads to
 * this file. So what was read stays true until the unlink: nobody frees an
 * acquisition that he did not mean. A taker writes its spare before it links
 * it, while nobody can take it for a Lock.
 *
 * Fences grow in the order of acquisitions because the space's fences are
 * locked from the drawing of the number to the link (fence.h).
 *
 * Takers barge: who asks first after a release gets the Lock. One who has
 * waited for STARVING marks the file; who frees a marked Lock lets others go
 * first for GIVE_WAY. That is limited in time and needs nobody to be alive.
 */
#include "locks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "fence.h"
#include "identity.h"
#include "lock_file.h"
#include "record.h"
#include "spare.h"
#include "system.h"
#include "tree.h"
#include "watch.h"

/* Nothing rings when a holder is killed: who waits for a Hold looks this often. */
static const int64_t HOLD_LOOK = PSYNC_NS_PER_S / 4;

static const int64_t STARVING = 5 * PSYNC_NS_PER_MS;
static const int64_t GIVE_WAY = 2 * PSYNC_NS_PER_MS;

/* ------------------------------------------------------------------------ */
/* What a record means                                                      */

/* Asked only of Holds with a lease. */
static bool same_boot(const struct file_record *record)
{
    char boot[PSYNC_BOOT_ID + 1];
    psync__boot_id(boot);
    return strcmp(boot, record->boot) == 0;
}

/* Boottime when the lease ends, by our clock; another host's lease ends by the wall clock, the only one we share.
 */
static int64_t lease_end(const struct file_record *record)
{
    if (!record->expires_boot || same_boot(record)) return record->expires_boot;
    /* The file may say any number. */
    __int128 end = (__int128)record->expires_wall * 1000 - psync__clock->realtime() + psync__clock->boottime();
    if (end < 1) return 1;
    return end < INT64_MAX ? (int64_t)end : INT64_MAX;
}

/* Whether the acquisition counts as absent: a Hold whose lease has run out or whose holder has ended. */
static bool has_ended(struct file_home *home, const struct file_record *record)
{
    if (!record->hold) return false;
    if (record->expires_boot && psync__clock->boottime() >= lease_end(record)) return true;
    return file_identity_alive(home, record->nonce) == PSYNC_ALIVE_NO;
}

static void tell_absent(psync_lock_state *now)
{
    *now = (psync_lock_state){.exists = false};
}

static void tell(const struct file_record *record, psync_lock_state *now)
{
    *now = (psync_lock_state){
        .exists = true, .is_hold = record->hold, .fence = record->fence, .expires = lease_end(record)};
}

static void tell_owner(struct file_home *home, const struct file_record *record, psync_owner *owner)
{
    memset(owner, 0, sizeof *owner);
    memcpy(owner->host, record->host, sizeof owner->host);
    memcpy(owner->label, record->label, sizeof owner->label);
    memcpy(owner->boot_id, record->boot, sizeof owner->boot_id);
    owner->pid = record->pid;
    owner->process_start = record->start;
    owner->acquired_at = record->acquired;
    owner->expires_at = record->expires_wall;
    owner->fence = record->fence;
    owner->is_hold = record->hold;
    owner->alive = file_identity_alive(home, record->nonce);
}

/* ------------------------------------------------------------------------ */
/* The end of an acquisition                                                */

static atomic_int_least64_t *turn_of(struct file_home *home, const struct file_place *place)
{
    return &home->turns[place->digest[7] % FILE_TURNS];
}

static psync_result end_acquisition(struct file_home *home, const struct file_place *place,
                                    const struct file_held *held, psync_error *error)
{
    if (held->record.starving) {
        atomic_store_explicit(turn_of(home, place), psync__clock->monotonic() + GIVE_WAY, memory_order_relaxed);
    }
    if (file_place_unlink(place) != 0) {
        if (errno == ENOENT) return PSYNC_NO; /* by hand */
        return file_failed(error, errno, "remove", place->path);
    }
    return PSYNC_OK;
}

/* Frees what has ended, if it is still there. Errors: it is, and cannot be removed. */
static psync_result sweep(struct file_home *home, struct file_place *place, uint64_t fence, psync_error *error)
{
    struct file_held held;
    psync_result r = file_lock_enter(place, LOCK_EX, &held, error);
    if (r) return r == PSYNC_NO ? PSYNC_OK : r;
    if (held.record.fence == fence && has_ended(home, &held.record)) r = end_acquisition(home, place, &held, error);
    file_lock_leave(&held);
    return r == PSYNC_NO ? PSYNC_OK : r;
}

/* A taker that has waited for long says so in the file. */
static void mark_starving(const struct file_held *held, const psync_take *take)
{
    if (!take || !take->waiting_since || held->record.starving || !held->writable) return;
    if (psync__clock->monotonic() - take->waiting_since < STARVING) return;
    ssize_t written;
    FILE_RETRY(written, pwrite(held->fd, "s", 1, FILE_RECORD_STARVING_AT));
}

/* What there is now, ended Holds swept away. take: who looks, if it is a taker. */
static psync_result look(struct file_home *home, struct file_place *place, const psync_key *key,
                         const psync_take *take, psync_lock_state *now, psync_owner *owner, psync_error *error)
{
    struct file_held held;
    psync_result r = file_lock_enter_key(place, key, LOCK_SH, &held, error);
    if (r == PSYNC_NO) tell_absent(now);
    if (r) return r;
    bool ended = has_ended(home, &held.record);
    if (!ended) mark_starving(&held, take);
    file_lock_leave(&held);
    if (ended) {
        tell_absent(now);
        r = sweep(home, place, held.record.fence, error);
        /* One who may not remove it is content to call it absent, but cannot take the Lock. */
        return r < 0 && take ? r : PSYNC_NO;
    }
    tell(&held.record, now);
    if (owner) tell_owner(home, &held.record, owner);
    return PSYNC_OK;
}

/* ------------------------------------------------------------------------ */
/* Taking                                                                   */

static void describe(struct file_state *state, const psync_take *take, uint64_t fence, uint64_t nonce,
                     struct file_record *record)
{
    const struct file_home *home = state->home;
    record->fence = fence;
    record->hold = take->hold;
    record->starving = false;
    record->acquired = psync__clock->realtime() / 1000;
    record->expires_boot = take->lease ? psync__clock->boottime() + take->lease : 0;
    record->expires_wall = take->lease ? record->acquired + take->lease / 1000 : 0;
    record->nonce = nonce;
    record->pid = home->pid;
    record->start = home->start;
    memcpy(record->boot, home->boot, sizeof record->boot);
    memcpy(record->host, home->host, sizeof record->host);
    pthread_mutex_lock(&state->mutex);
    memcpy(record->label, state->label, sizeof record->label);
    pthread_mutex_unlock(&state->mutex);
}

/* Writes the record to the spare, over all of an earlier one. */
static psync_result write_spare(const struct file_home *home, struct file_spare *spare,
                                const struct file_record *record, const psync_key *key, psync_error *error)
{
    char text[FILE_RECORD_MAX];
    size_t length = file_record_format(text, record, key->bytes, key->length);
    size_t whole = length;
    while (whole < spare->length) text[whole++] = '\n';
    ssize_t written;
    int synced = 0;
    FILE_RETRY(written, pwrite(spare->fd, text, whole, 0));
    if (written != (ssize_t)whole) return file_failed(error, written < 0 ? errno : ENOSPC, "write", "a spare file");
    spare->length = length;
    if (home->options.durable) FILE_RETRY(synced, fsync(spare->fd));
    return synced == 0 ? PSYNC_OK : file_failed(error, errno, "flush", "a spare file");
}

/* Makes a taken Lock's name durable, or gives it up. */
static psync_result made_durable(const struct file_home *home, const struct file_place *place,
                                 const struct file_spare *spare, psync_error *error)
{
    if (!home->options.durable) return PSYNC_OK;
    psync_result r = file_place_sync(place, error);
    if (!r) return PSYNC_OK;
    int locked;
    FILE_RETRY(locked, flock(spare->fd, LOCK_EX));
    if (locked == 0 && file_place_leads_to(place, spare->fd, NULL) == PSYNC_OK) file_place_unlink(place);
    flock(spare->fd, LOCK_UN);
    return r;
}

/* Draws a fence, says so in the spare, and links it. */
static psync_result take_with(struct file_state *state, struct file_spare *spare, bool new,
                              struct file_place *place, const psync_key *key, const psync_take *take,
                              struct file_record *record, psync_error *error)
{
    struct file_home *home = state->home;
    uint64_t fence;
    /* When the folder is gone the spare's name is gone too, and so its link fails. */
    psync_result r = file_fence_begin(home, new, &fence, error);
    if (r) return r;
    describe(state, take, fence, spare->nonce, record);
    r = write_spare(home, spare, record, key, error);
    if (!r) {
        spare->free = false;
        r = file_spare_link(home, spare, place, error);
    }
    file_fence_end(home);
    return r;
}

/* What a spare is after it was linked to a place, or was not. */
static void note(struct file_spare *spare, psync_result r, const struct file_place *place)
{
    spare->linked = r == PSYNC_OK && place->standard;
    spare->free = r == PSYNC_NO;
    spare->gone = r == PSYNC_ERROR_ABSENT;
    if (spare->linked) memcpy(spare->digest, place->digest, FILE_DIGEST);
}

/* One try to take the name. PSYNC_NO: busy. */
static psync_result try_take(struct file_state *state, struct file_place *place, const psync_key *key,
                             const psync_take *take, psync_lock_state *now, psync_error *error)
{
    struct file_home *home = state->home;
    struct file_record record;
    for (int attempt = 0; attempt < 16; attempt++) {
        struct file_spare *spare;
        bool new;
        psync_result r = file_spare_take(home, &spare, &new, error);
        if (r) return r;
        r = take_with(state, spare, new, place, key, take, &record, error);
        note(spare, r, place);
        if (!r) r = made_durable(home, place, spare, error);
        file_spare_give(home, spare);
        if (!r) tell(&record, now);
        if (r != PSYNC_ERROR_ABSENT) return r;
    }
    return file_failed(error, ENOENT, "take", place->path);
}

/* Whether a first try lets others go first. */
static bool gives_way(struct file_home *home, const struct file_place *place, const psync_take *take)
{
    if (!take->may_wait || take->waiting_since) return false;
    int64_t until = atomic_load_explicit(turn_of(home, place), memory_order_relaxed);
    return until && psync__clock->monotonic() < until;
}

psync_result file_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                               psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    if (gives_way(state->home, &place, take)) {
        tell_absent(now);
        file_place_leave(&place);
        return PSYNC_NO;
    }
    /* Who has waited looks first: a look at a busy Lock is cheaper than a try. */
    bool busy = take->waiting_since != 0;
    do {
        r = busy ? PSYNC_NO : try_take(state, &place, key, take, now, error);
        busy = false;
        if (r == PSYNC_NO) {
            psync_result seen = look(state->home, &place, key, take, now, NULL, error);
            busy = seen == PSYNC_OK;
            if (seen < 0) r = seen;
        }
    } while (r == PSYNC_NO && !busy); /* free by now: once more */
    file_place_leave(&place);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Releasing, renewing, looking                                              */

static bool condition_holds(struct file_home *home, const struct file_record *record, psync_condition condition,
                            uint64_t fence)
{
    if (condition == PSYNC_IF_FENCE) return record->fence == fence;
    if (condition == PSYNC_IF_GHOST) return file_identity_alive(home, record->nonce) == PSYNC_ALIVE_NO;
    return true;
}

/* Frees what is entered, if the condition holds. */
static psync_result release(struct file_home *home, const struct file_place *place, const struct file_held *held,
                            psync_condition condition, uint64_t fence, psync_error *error)
{
    if (has_ended(home, &held->record)) {
        (void)end_acquisition(home, place, held, NULL);
        return PSYNC_NO;
    }
    if (!condition_holds(home, &held->record, condition, fence)) return PSYNC_NO;
    return end_acquisition(home, place, held, error);
}

/* Whether the spare, flocked, is what its Lock's name leads to. A second name may also be a backup's. */
static bool is_still_linked(const struct file_place *place, const struct file_spare *spare)
{
    struct file_id id;
    if (file_stat_open(spare->fd, &id) != 0 || !file_same(&id, &spare->id)) return false;
    return id.links > 1 && file_place_is(place, &id, NULL) == PSYNC_OK;
}

/*
 * The same through the spare that this process took the Lock with: its file is
 * open already. PSYNC_ERROR_ABSENT: it is no longer that Lock.
 */
static psync_result release_own(struct file_home *home, const struct file_place *place, psync_condition condition,
                                uint64_t fence, psync_error *error)
{
    int locked;
    struct file_spare *spare = file_spare_of(home, place->digest);
    if (!spare) return PSYNC_ERROR_ABSENT;
    struct file_held held = {.fd = spare->fd, .writable = true, .record.nonce = spare->nonce};
    psync_result r = PSYNC_ERROR_ABSENT;
    memcpy(held.record.boot, home->boot, sizeof held.record.boot); /* ours: no wall clock decides about its lease */
    FILE_RETRY(locked, flock(held.fd, LOCK_EX));
    if (locked == 0 && is_still_linked(place, spare)) {
        r = file_lock_read_head(place, &held, error);
        if (!r) r = release(home, place, &held, condition, fence, error);
        spare->free = r == PSYNC_OK;
    }
    if (r == PSYNC_OK || r == PSYNC_ERROR_ABSENT) spare->linked = false;
    flock(held.fd, LOCK_UN);
    file_spare_give(home, spare);
    return r;
}

/* Another folder may stand at the root's path than that of the Lock that this process took: it is looked for anew.
 */
static psync_result release_found(struct file_state *state, const psync_key *key, struct file_place *place,
                                  psync_condition condition, uint64_t fence, psync_error *error)
{
    struct file_held held;
    file_place_leave(place);
    psync_result r = file_place_find(state, key, FILE_LOCKS, place, error);
    if (!r) r = file_lock_enter_key(place, key, LOCK_EX, &held, error);
    if (r) return r;
    r = release(state->home, place, &held, condition, fence, error);
    file_lock_leave(&held);
    return r;
}

psync_result file_lock_release(void *opaque, psync_key *key, psync_condition condition, uint64_t fence,
                               psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = file_place_find_own(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    r = place.standard ? release_own(state->home, &place, condition, fence, error) : PSYNC_ERROR_ABSENT;
    if (r == PSYNC_ERROR_ABSENT) r = release_found(state, key, &place, condition, fence, error);
    if (!r && state->home->options.durable) r = file_place_sync(&place, error);
    file_place_leave(&place);
    return r;
}

/* Overwrites the lease. A shorter one is told to who sleeps until the old end, by a touch. */
static psync_result write_lease(const struct file_home *home, const struct file_place *place,
                                struct file_held *held, int64_t lease, int64_t *end, psync_error *error)
{
    char text[FILE_RECORD_LEASE_LENGTH];
    ssize_t written;
    int64_t boot = psync__clock->boottime() + lease;
    file_record_put_lease(text, boot, psync__clock->realtime() / 1000 + lease / 1000);
    FILE_RETRY(written, pwrite(held->fd, text, FILE_RECORD_LEASE_LENGTH, FILE_RECORD_LEASE_AT));
    if (written != FILE_RECORD_LEASE_LENGTH) {
        return file_failed(error, written < 0 ? errno : ENOSPC, "write", place->path);
    }
    int64_t before = held->record.expires_boot;
    if (!before || boot < before) (void)futimens(held->fd, NULL);
    *end = boot;
    if (!home->options.durable) return PSYNC_OK;
    int synced;
    FILE_RETRY(synced, fsync(held->fd));
    return synced == 0 ? PSYNC_OK : file_failed(error, errno, "flush", place->path);
}

psync_result file_lock_renew(void *opaque, psync_key *key, uint64_t fence, int64_t lease, int64_t *end,
                             psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    struct file_held held;
    psync_result r = file_place_find(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    r = file_lock_enter_key(&place, key, LOCK_EX, &held, error);
    if (!r) {
        bool ours = held.record.hold && held.record.fence == fence && !has_ended(state->home, &held.record);
        r = ours ? write_lease(state->home, &place, &held, lease, end, error) : PSYNC_NO;
        file_lock_leave(&held);
    }
    file_place_leave(&place);
    return r;
}

psync_result file_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                               psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    r = look(state->home, &place, key, NULL, now, owner, error);
    file_place_leave(&place);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Waiting                                                                  */

struct awaited {
    struct file_state *state;
    const psync_key *key;
    const psync_lock_state *seen;
};

/* Another host's lease is worked out from two clocks, and comes out a little different each time. */
static bool same_end(int64_t one, int64_t other)
{
    if (!one != !other) return false;
    int64_t apart = one > other ? one - other : other - one; /* neither is below 0 */
    return apart < PSYNC_NS_PER_MS;
}

/* The place is found anew: the folder may have been moved away, and another be there. */
static psync_result has_changed(void *argument, psync_error *error)
{
    struct awaited *awaited = argument;
    struct file_place place;
    psync_lock_state now;
    psync_result r = file_place_find(awaited->state, awaited->key, FILE_LOCKS, &place, error);
    if (r) return r;
    r = look(awaited->state->home, &place, awaited->key, NULL, &now, NULL, error);
    file_place_leave(&place);
    if (r < 0) return r;
    bool same = now.exists && now.fence == awaited->seen->fence && same_end(now.expires, awaited->seen->expires);
    return same ? PSYNC_NO : PSYNC_OK;
}

/* Sleeps until others have had their turn. */
static void give_way(struct file_home *home, const struct file_place *place, int64_t deadline)
{
    int64_t until = atomic_load_explicit(turn_of(home, place), memory_order_relaxed);
    int64_t left = (until < deadline ? until : deadline) - psync__clock->monotonic();
    struct timespec length = {.tv_nsec = left > GIVE_WAY ? GIVE_WAY : left};
    if (left > 0) (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
}

psync_result file_lock_await(void *opaque, psync_key *key, psync_lock_state *seen, psync_role role,
                             int64_t deadline, psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    if (!seen->exists) {
        if (role == PSYNC_ROLE_TAKER) give_way(state->home, &place, deadline);
    } else {
        struct awaited awaited = {state, key, seen};
        int64_t look_again = seen->is_hold ? psync__clock->monotonic() + HOLD_LOOK : deadline;
        r = file_watch(&place, FILE_WATCH_NAME, has_changed, &awaited, look_again, deadline, error);
    }
    file_place_leave(&place);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Lists                                                                    */

struct listing {
    struct file_home *home;
    psync_lock_callback callback;
    void *argument;
};

static psync_result list_one(void *argument, struct file_place *place, psync_error *error)
{
    struct listing *listing = argument;
    struct file_held held;
    psync_owner owner;
    psync_result r = file_lock_enter(place, LOCK_SH, &held, error);
    if (r == PSYNC_NO || r == PSYNC_ERROR_DAMAGED) return PSYNC_OK; /* one damaged file hides no other Lock */
    if (r) return r;
    bool ended = has_ended(listing->home, &held.record);
    file_lock_leave(&held);
    if (ended) {
        (void)sweep(listing->home, place, held.record.fence, NULL);
        return PSYNC_OK;
    }
    tell_owner(listing->home, &held.record, &owner);
    const struct file_record *record = &held.record;
    return listing->callback(listing->argument, record->key, record->key_length, &owner) ? PSYNC_NO : PSYNC_OK;
}

psync_result file_lock_each(void *opaque, psync_lock_callback callback, void *argument, psync_error *error)
{
    struct file_state *state = opaque;
    struct listing listing = {state->home, callback, argument};
    return file_tree_each(state->home, FILE_LOCKS, list_one, &listing, error);
}
