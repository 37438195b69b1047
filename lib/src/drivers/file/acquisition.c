/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acquisition.c - what a record says about an acquisition, and its end.
 *
 * A Lock exists as long as its file has its name. Whoever wants to unlink the
 * name, or to change what the file says, holds the file's flock and has seen,
 * under it, that the name still leads to this file. So what was read stays true
 * until the unlink: nobody frees an acquisition that he did not mean. Who only
 * looks takes no flock (lock_file.h): lookers never hold up who takes or frees.
 */
#include "acquisition.h"

#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "identity.h"

static const int64_t STARVING = 5 * PSYNC_NS_PER_MS;
static const int64_t GIVE_WAY = 2 * PSYNC_NS_PER_MS;

/* Asked only of Holds with a lease. */
static bool same_boot(const struct file_record *record)
{
    char boot[PSYNC_BOOT_ID + 1];
    psync__boot_id(boot);
    return strcmp(boot, record->boot) == 0;
}

/*
 * Boottime when the lease ends, by our clock. The record has the host's, from which a time namespace's is off;
 * another host's lease ends by the wall clock, the only one we share.
 */
static int64_t lease_end(const struct file_record *record)
{
    if (!record->expires_boot) return 0;
    __int128 end; /* the file may say any number */
    if (same_boot(record)) {
        end = (__int128)record->expires_boot + psync__time_namespace();
    } else {
        end = (__int128)record->expires_wall * 1000 - psync__clock->realtime() + psync__clock->boottime();
    }
    if (end < 1) return 1;
    return end < INT64_MAX ? (int64_t)end : INT64_MAX;
}

bool file_acquisition_ended(struct file_home *home, const struct file_record *record, int64_t now)
{
    if (!record->hold) return false;
    if (record->expires_boot && now >= lease_end(record)) return true;
    return file_identity_alive(home, record->nonce) == PSYNC_ALIVE_NO;
}

void file_tell_absent(psync_lock_state *now)
{
    *now = (psync_lock_state){.exists = false};
}

void file_tell(const struct file_record *record, psync_lock_state *now)
{
    *now = (psync_lock_state){
        .exists = true, .is_hold = record->hold, .fence = record->fence, .expires = lease_end(record)};
}

void file_tell_owner(struct file_home *home, const struct file_record *record, psync_owner *owner)
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

static atomic_int_least64_t *turn_of(struct file_home *home, const struct file_place *place)
{
    return &home->turns[place->digest[7] % FILE_TURNS];
}

void file_give_way(struct file_home *home, const struct file_place *place)
{
    atomic_store_explicit(turn_of(home, place), psync__clock->monotonic() + GIVE_WAY, memory_order_relaxed);
}

int64_t file_gives_way(struct file_home *home, const struct file_place *place)
{
    int64_t until = atomic_load_explicit(turn_of(home, place), memory_order_relaxed);
    int64_t left = until ? until - psync__clock->monotonic() : 0;
    if (left <= 0) return 0;
    return left < GIVE_WAY ? left : GIVE_WAY;
}

psync_result file_acquisition_end(const struct file_place *place, psync_error *error)
{
    if (file_place_unlink(place) == 0) return PSYNC_OK;
    if (errno == ENOENT) return PSYNC_NO; /* by hand */
    return file_failed(error, errno, "remove", place->path);
}

psync_result file_acquisition_sweep(struct file_home *home, struct file_place *place, uint64_t fence,
                                    psync_error *error)
{
    struct file_held held;
    psync_result r = file_lock_enter(place, LOCK_EX, &held, error);
    if (r) return r == PSYNC_NO ? PSYNC_OK : r;
    if (held.record.fence == fence && file_acquisition_ended(home, &held.record, psync__clock->boottime())) {
        if (held.record.starving) file_give_way(home, place);
        r = file_acquisition_end(place, error);
    }
    file_lock_leave(&held);
    return r == PSYNC_NO ? PSYNC_OK : r;
}

/*
 * A taker that has waited for long marks the record; and makes the file longer,
 * because that is what its holder sees who frees it (lock_free.c).
 */
static void mark_starving(struct file_place *place, uint64_t fence)
{
    struct file_held held;
    struct file_id id;
    ssize_t written;
    if (file_lock_enter(place, LOCK_SH, &held, NULL)) return;
    if (held.record.fence == fence && held.writable && file_stat_open(held.fd, &id) == 0) {
        FILE_RETRY(written, pwrite(held.fd, "s", 1, FILE_RECORD_STARVING_AT));
        FILE_RETRY(written, pwrite(held.fd, "\n", 1, (off_t)id.size));
    }
    file_lock_leave(&held);
}

static bool is_starving(const struct psync_take *take)
{
    return take && take->waiting_since && psync__clock->monotonic() - take->waiting_since >= STARVING;
}

psync_result file_acquisition_look(struct file_home *home, struct file_place *place, const psync_key *key,
                                   const psync_take *take, psync_lock_state *now, psync_owner *owner,
                                   psync_error *error)
{
    struct file_record record;
    int64_t began = psync__clock->boottime();
    psync_result r = file_lock_read(place, key, &record, error);
    if (r == PSYNC_NO) file_tell_absent(now);
    if (r) return r;
    if (file_acquisition_ended(home, &record, began)) {
        file_tell_absent(now);
        r = file_acquisition_sweep(home, place, record.fence, error);
        /* One who may not remove it is content to call it absent, but cannot take the Lock. */
        return r < 0 && take ? r : PSYNC_NO;
    }
    if (!record.starving && is_starving(take)) mark_starving(place, record.fence);
    file_tell(&record, now);
    if (owner) file_tell_owner(home, &record, owner);
    return PSYNC_OK;
}
