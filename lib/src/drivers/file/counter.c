/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counter.c - open counters.
 *
 * Integers are kept open in a table of FILE_COUNTERS; each key has two places
 * in it, by its digest, and takes one of the two, whoever has it.
 * A handle notes which, so that it need not hash its key again.
 *
 * Whether a file is still the one at its place: a removed file has no name
 * left, which one statx tells. That costs a quarter of an increment, so in a
 * burst of them it is asked every tenth of a millisecond only. Who removes an
 * Integer through this library marks it before, and so is noticed at once. A
 * folder moved away takes its files along with their names; that is looked for
 * some times in 50 ms, and each time where we poll.
 */
#include "counter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "root.h"

static const int64_t BURST = PSYNC_NS_PER_MS / 10;
static const int64_t PLACE_CHECK = 25 * PSYNC_NS_PER_MS;

/* The flock is given back by itself, not by the close: a copy of the descriptor, in a child that is about to exec,
 * would keep it. */
static void unlock_file(int fd)
{
    if (fd >= 0) flock(fd, LOCK_UN);
}

void file_counter_close(struct file_counter *counter)
{
    unlock_file(counter->fd);
    if (counter->fd >= 0) close(counter->fd);
    counter->fd = -1;
}

void file_counter_unlock(struct file_counter *counter)
{
    unlock_file(counter->fd);
    pthread_mutex_unlock(&counter->mutex);
}

psync_result file_counter_open(struct file_counter *counter, struct file_place *place, enum file_access access,
                               psync_error *error)
{
    int fd = file_place_open(place, O_RDWR, 0);
    counter->read_only = false;
    if (fd < 0 && (errno == EACCES || errno == EROFS) && file_only_reads(access)) {
        fd = file_place_open(place, O_RDONLY, 0);
        counter->read_only = true;
    }
    if (fd < 0) return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "open", place->path);
    psync_result r = PSYNC_OK;
    if (file_stat_open(fd, &counter->id) != 0) {
        r = file_failed(error, errno, "look at", place->path);
    } else if (!counter->id.regular) {
        r = file_damaged(error, place->path, "it is no regular file");
    }
    if (r) {
        close(fd);
        return r;
    }
    counter->fd = fd;
    counter->seen = 0;
    counter->checked = file_coarse_now();
    counter->fresh = true;
    return PSYNC_OK;
}

psync_result file_counter_lock(struct file_counter *counter, const char *path, enum file_access access,
                               psync_error *error)
{
    int r;
    FILE_RETRY(r, flock(counter->fd, file_only_reads(access) ? LOCK_SH : LOCK_EX));
    if (r == 0) return PSYNC_OK;
    if (errno != EBADF) return file_failed(error, errno, "lock", path);
    counter->fd = -1;
    return PSYNC_NO;
}

bool file_counter_look_is_due(const struct file_home *home, const struct file_counter *counter)
{
    return home->options.polling || file_coarse_now() - counter->checked > PLACE_CHECK;
}

psync_result file_counter_has_name(const struct file_home *home, struct file_counter *counter, const char *path,
                                   psync_error *error)
{
    struct file_id id;
    int64_t now = psync__clock->monotonic();
    if (now - counter->seen < BURST && !home->options.polling) return PSYNC_OK;
    bool open = file_stat_open(counter->fd, &id) == 0;
    if (!open && errno != EBADF) return file_failed(error, errno, "look at", path);
    if (!open || !file_same(&id, &counter->id)) {
        if (open) unlock_file(counter->fd);
        counter->fd = -1; /* closed behind our back; the number may be another file's */
        return PSYNC_NO;
    }
    counter->seen = now;
    return id.links > 0 ? PSYNC_OK : PSYNC_NO;
}

psync_result file_counter_is_at(struct file_counter *counter, const struct file_place *place, psync_error *error)
{
    counter->checked = file_coarse_now();
    return file_place_is(place, &counter->id, error);
}

/* ------------------------------------------------------------------------ */
/* The table                                                                */

/* A note is binding << 8 | index + 1. */
struct file_counter *file_counter_noted(struct file_home *home, psync_key *key)
{
    uint64_t note = __atomic_load_n(&key->cache, __ATOMIC_RELAXED);
    if (!note) return NULL;
    struct file_counter *counter = &home->counters[(note & 0xff) - 1];
    pthread_mutex_lock(&counter->mutex);
    if (counter->bound && counter->binding == (uint32_t)(note >> 8)) return counter;
    pthread_mutex_unlock(&counter->mutex);
    return NULL;
}

struct file_counter *file_counter_bind(struct file_home *home, psync_key *key, const uint8_t digest[FILE_DIGEST])
{
    unsigned first = digest[5] % FILE_COUNTERS;
    struct file_counter *pair[2] = {&home->counters[first], &home->counters[first ^ 1]};
    struct file_counter *counter = NULL;
    for (int i = 0; i < 2 && !counter; i++) {
        pthread_mutex_lock(&pair[i]->mutex);
        if (pair[i]->bound && memcmp(pair[i]->digest, digest, FILE_DIGEST) == 0) {
            counter = pair[i];
            counter->fresh = true; /* it may be another key with the same digest that asks */
        } else {
            pthread_mutex_unlock(&pair[i]->mutex);
        }
    }
    if (!counter) {
        counter = pair[digest[6] & 1];
        pthread_mutex_lock(&counter->mutex);
        if (!counter->bound || memcmp(counter->digest, digest, FILE_DIGEST) != 0) {
            file_counter_close(counter);
            memcpy(counter->digest, digest, FILE_DIGEST);
            counter->bound = true;
            counter->binding++;
        }
    }
    uint64_t note = (uint64_t)counter->binding << 8 | (uint64_t)(counter - home->counters + 1);
    __atomic_store_n(&key->cache, note, __ATOMIC_RELAXED);
    return counter;
}

void file_counter_unnote(psync_key *key)
{
    __atomic_store_n(&key->cache, 0, __ATOMIC_RELAXED);
}
