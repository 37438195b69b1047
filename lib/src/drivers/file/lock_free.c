/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_free.c - freeing a Lock is one unlink of its name, and renewing a lease
 * one write, both under the file's flock (acquisition.c).
 */
#include "locks.h"

#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "acquisition.h"
#include "clock.h"
#include "failure.h"
#include "identity.h"
#include "spare.h"

static bool condition_holds(struct file_home *home, const struct file_record *record, psync_condition condition,
                            uint64_t fence)
{
    if (condition == PSYNC_IF_FENCE) return record->fence == fence;
    if (condition == PSYNC_IF_GHOST) return file_identity_alive(home, record->nonce) == PSYNC_ALIVE_NO;
    return true;
}

/*
 * Whoever frees a Lock that he did not take makes its file longer before, if
 * that has a third name, a backup's: else its holder would take that one for
 * the Lock's (is_untouched).
 */
static void mark_touched(const struct file_held *held)
{
    struct file_id id;
    ssize_t written;
    if (file_stat_open(held->fd, &id) != 0 || id.links <= 2) return;
    FILE_RETRY(written, pwrite(held->fd, "\n", 1, (off_t)id.size));
}

/* Frees what is entered, if the condition holds. */
static psync_result release(struct file_home *home, const struct file_place *place, const struct file_held *held,
                            psync_condition condition, uint64_t fence, psync_error *error)
{
    bool ended = file_acquisition_ended(home, &held->record, psync__clock->boottime());
    if (!ended && !condition_holds(home, &held->record, condition, fence)) return PSYNC_NO;
    if (held->record.starving) file_give_way(home, place);
    if (!held->own) mark_touched(held);
    if (!ended) return file_acquisition_end(place, error);
    (void)file_acquisition_end(place, NULL);
    return PSYNC_NO;
}

/*
 * Whether the spare, flocked, is still the Lock that this process took with it,
 * as it was written: nobody has marked it, and its name is still there. To
 * look at the open file alone takes half as long as to look at the name too.
 * It does for a plain release, which frees whatever Lock is there: that it might be fooled by a second link
 * to a Lock whose first was removed by hand is no harm then.
 */
static bool is_untouched(struct file_spare *spare, psync_condition condition)
{
    struct file_id id;
    if (condition != PSYNC_IF_ANY || spare->hold) return false;
    return file_stat_open(spare->fd, &id) == 0 && file_same(&id, &spare->id) && id.links == 2 &&
           id.size == spare->size;
}

/* The same of one that others may have marked, or renewed: what it says. PSYNC_ERROR_ABSENT: it is no longer that
 * Lock. */
static psync_result enter_own(const struct file_home *home, const struct file_place *place,
                              struct file_spare *spare, struct file_held *held, psync_error *error)
{
    struct file_id id;
    if (file_place_stat(place, &id) != 0 || !file_same(&id, &spare->id)) return PSYNC_ERROR_ABSENT;
    spare->size = id.size;
    held->fd = spare->fd;
    held->own = true;
    held->record.nonce = spare->nonce;
    memcpy(held->record.boot, home->boot,
           sizeof held->record.boot); /* ours: no wall clock decides about its lease */
    return file_lock_read_head(place, held, error);
}

/*
 * Frees a Lock through the spare that this process took it with: its file is
 * open already. PSYNC_ERROR_ABSENT: it is no longer that Lock.
 */
static psync_result release_own(struct file_home *home, const struct file_place *place, psync_condition condition,
                                uint64_t fence, psync_error *error)
{
    int locked = -1;
    struct file_held held;
    struct file_spare *spare = file_spare_of(home, place->digest);
    if (!spare) return PSYNC_ERROR_ABSENT;
    psync_result r = PSYNC_ERROR_ABSENT;
    if (file_spare_is_open(spare)) FILE_RETRY(locked, flock(spare->fd, LOCK_EX));
    if (locked == 0 && is_untouched(spare, condition)) {
        r = file_acquisition_end(place, error);
    } else if (locked == 0) {
        r = enter_own(home, place, spare, &held, error);
        if (!r) r = release(home, place, &held, condition, fence, error);
    }
    if (r == PSYNC_OK) spare->free = true;
    if (r == PSYNC_OK || r == PSYNC_ERROR_ABSENT) spare->linked = false;
    if (locked == 0) flock(spare->fd, LOCK_UN);
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
    int64_t ours = psync__clock->boottime() + lease;
    int64_t boot = ours - psync__time_namespace();
    file_record_put_lease(text, boot, psync__clock->realtime() / 1000 + lease / 1000);
    FILE_RETRY(written, pwrite(held->fd, text, FILE_RECORD_LEASE_LENGTH, FILE_RECORD_LEASE_AT));
    if (written != FILE_RECORD_LEASE_LENGTH) {
        return file_failed(error, written < 0 ? errno : ENOSPC, "write", place->path);
    }
    int64_t before = held->record.expires_boot;
    if (!before || boot < before) (void)futimens(held->fd, NULL);
    *end = ours;
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
        bool ours = held.record.hold && held.record.fence == fence &&
                    !file_acquisition_ended(state->home, &held.record, psync__clock->boottime());
        r = ours ? write_lease(state->home, &place, &held, lease, end, error) : PSYNC_NO;
        file_lock_leave(&held);
    }
    file_place_leave(&place);
    return r;
}
