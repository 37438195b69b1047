/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_take.c - taking a Lock is one link of a spare that says whose it is
 * (spare.h); if the name is there already the Lock is busy. The spare is
 * written before, while nobody can take it for a Lock.
 *
 * Fences grow in the order of acquisitions because the space's fences are
 * locked from the drawing of the number to the link (fence.h).
 */
#include "locks.h"

#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "acquisition.h"
#include "clock.h"
#include "failure.h"
#include "fence.h"
#include "root.h"
#include "spare.h"

static void describe(struct file_state *state, const psync_take *take, uint64_t fence, uint64_t nonce,
                     struct file_record *record)
{
    const struct file_home *home = state->home;
    record->fence = fence;
    record->hold = take->hold;
    record->starving = false;
    record->acquired = psync__clock->realtime() / 1000;
    record->expires_boot = take->lease ? psync__clock->boottime() - psync__time_namespace() + take->lease : 0;
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
    char text[2 * FILE_RECORD_MAX];
    size_t whole = file_record_format(text, record, key->bytes, key->length);
    ssize_t written;
    int synced = 0;
    while (whole < spare->size && whole < sizeof text) text[whole++] = '\n';
    FILE_RETRY(written, pwrite(spare->fd, text, whole, 0));
    if (written != (ssize_t)whole) return file_failed(error, written < 0 ? errno : ENOSPC, "write", "a spare file");
    spare->size = whole;
    spare->hold = record->hold;
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
        if (!r) file_tell(&record, now);
        if (r != PSYNC_ERROR_ABSENT) return r;
    }
    return file_failed(error, ENOENT, "take", place->path);
}

/* Whether a first try lets others go first. */
static bool gives_way(struct file_home *home, const struct file_place *place, const psync_take *take)
{
    return take->may_wait && !take->waiting_since && file_gives_way(home, place);
}

/* A try of the link finds out itself whether another folder stands at the root's path, where it goes by whole
 * paths. */
static psync_result find(const struct file_state *state, const psync_key *key, struct file_place *place,
                         psync_error *error)
{
    if (state->home->options.durable || file_root_shared(state->home))
        return file_place_find(state, key, FILE_LOCKS, place, error);
    return file_place_find_own(state, key, FILE_LOCKS, place, error);
}

psync_result file_lock_acquire(void *opaque, psync_key *key, const psync_take *take, psync_lock_state *now,
                               psync_error *error)
{
    struct file_state *state = opaque;
    struct file_place place;
    psync_result r = find(state, key, &place, error);
    if (r) return r;
    if (gives_way(state->home, &place, take)) {
        file_tell_absent(now);
        file_place_leave(&place);
        return PSYNC_NO;
    }
    /* Who has waited looks first: a look at a busy Lock is cheaper than a try. */
    bool busy = take->waiting_since != 0;
    do {
        r = busy ? PSYNC_NO : try_take(state, &place, key, take, now, error);
        busy = false;
        if (r == PSYNC_NO) {
            psync_result seen = file_place_again(&place, error);
            if (!seen) seen = file_acquisition_look(state->home, &place, key, take, now, NULL, error);
            busy = seen == PSYNC_OK;
            if (seen < 0) r = seen;
        }
    } while (r == PSYNC_NO && !busy); /* free by now: once more */
    file_place_leave(&place);
    return r;
}
