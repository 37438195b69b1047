/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_wait.c - looking at a Lock, waiting until it changes, and listing Locks. */
#include "locks.h"

#include <time.h>

#include "acquisition.h"
#include "clock.h"
#include "tree.h"
#include "watch.h"

/* Nothing rings when a holder is killed: who waits for a Hold looks this often. */
static const int64_t HOLD_LOOK = PSYNC_NS_PER_S / 4;

psync_result file_lock_inspect(void *opaque, psync_key *key, psync_lock_state *now, psync_owner *owner,
                               psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_LOCKS, &place, error);
    if (r) return r;
    r = file_acquisition_look(state->home, &place, key, NULL, now, owner, error);
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
    r = file_acquisition_look(awaited->state->home, &place, awaited->key, NULL, &now, NULL, error);
    file_place_leave(&place);
    if (r < 0) return r;
    bool same = now.exists && now.fence == awaited->seen->fence && same_end(now.expires, awaited->seen->expires);
    return same ? PSYNC_NO : PSYNC_OK;
}

/* Sleeps until others have had their turn. */
static void give_way(struct file_home *home, const struct file_place *place, int64_t deadline)
{
    int64_t left = file_gives_way(home, place);
    int64_t time = deadline - psync__clock->monotonic();
    if (time < left) left = time;
    struct timespec length = {.tv_nsec = left};
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
    struct file_record record;
    psync_owner owner;
    int64_t began = psync__clock->boottime();
    psync_result r = file_lock_read(place, NULL, &record, error);
    if (r == PSYNC_NO || r == PSYNC_ERROR_DAMAGED) return PSYNC_OK; /* one damaged file hides no other Lock */
    if (r) return r;
    if (file_acquisition_ended(listing->home, &record, began)) {
        (void)file_acquisition_sweep(listing->home, place, record.fence, NULL);
        return PSYNC_OK;
    }
    file_tell_owner(listing->home, &record, &owner);
    return listing->callback(listing->argument, record.key, record.key_length, &owner) ? PSYNC_NO : PSYNC_OK;
}

psync_result file_lock_each(void *opaque, psync_lock_callback callback, void *argument, psync_error *error)
{
    struct file_state *state = opaque;
    struct listing listing = {state->home, callback, argument};
    return file_tree_each(state->home, FILE_LOCKS, list_one, &listing, error);
}
