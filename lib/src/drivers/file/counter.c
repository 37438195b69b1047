/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counter.c - open counters.
 *
 * Integers are kept open in a table of FILE_COUNTERS; each key has two places
 * in it, by its digest, and takes the one that another key used less lately.
 * A handle notes which, so that it need not hash its key again.
 *
 * Whether a file is still the one at its place: a removed file has no name
 * left, which one statx tells. That costs a quarter of an increment, so in a
 * burst of them it is asked every tenth of a millisecond only. Who removes an Integer
 * through this library marks it before, and so is noticed at once. A folder
 * moved away takes its files along with their names; that is looked for some
 * times in 50 ms, and each time where we poll.
 *
 * The key lies beside an Integer's file, in NAME.key: for lists, and because
 * two keys may have one digest. It is written and removed under the Integer's
 * flock only.
 */
#include "counter.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "root.h"
#include "spare.h"

static const char key_suffix[] = ".key";
static const char fence_name[] = FILE_OWN_FOLDER "/fence";
static const int64_t BURST = PSYNC_NS_PER_MS / 10;
static const int64_t PLACE_CHECK = 25 * PSYNC_NS_PER_MS;

/* The flock is given back by itself, not by the close: a copy of the descriptor, in a child that is about to exec,
 * would keep it. */
static void unlock_file(int fd)
{
    if (fd >= 0) flock(fd, LOCK_UN);
}

static void close_counter(struct file_counter *counter)
{
    unlock_file(counter->fd);
    if (counter->fd >= 0) close(counter->fd);
    counter->fd = -1;
}

static void unlock(struct file_counter *counter)
{
    unlock_file(counter->fd);
    pthread_mutex_unlock(&counter->mutex);
}

static psync_result open_file(struct file_counter *counter, struct file_place *place, enum file_access access,
                              psync_error *error)
{
    int fd = file_place_open(place, O_RDWR, 0);
    counter->read_only = false;
    if (fd < 0 && (errno == EACCES || errno == EROFS) && access == FILE_READ) {
        fd = file_place_open(place, O_RDONLY, 0);
        counter->read_only = true;
    }
    if (fd < 0) return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "open", place->path);
    if (file_stat_open(fd, &counter->id) != 0 || !counter->id.regular) {
        close(fd);
        return file_damaged(error, place->path, "it is no regular file");
    }
    counter->fd = fd;
    counter->seen = 0;
    counter->checked = file_coarse_now();
    counter->fresh = true;
    return PSYNC_OK;
}

static psync_result lock_file(struct file_counter *counter, const char *path, enum file_access access,
                              psync_error *error)
{
    int r;
    FILE_RETRY(r, flock(counter->fd, access == FILE_READ ? LOCK_SH : LOCK_EX));
    return r == 0 ? PSYNC_OK : file_failed(error, errno, "lock", path);
}

/* Whether a full look is due, at the file's place and not only at the file. */
static bool look_is_due(const struct file_home *home, const struct file_counter *counter)
{
    return home->options.polling || file_coarse_now() - counter->checked > PLACE_CHECK;
}

/* Whether it has not been removed. A number that is another file's by now was closed behind our back. */
static bool has_name(const struct file_home *home, struct file_counter *counter)
{
    struct file_id id;
    int64_t now = psync__clock->monotonic();
    if (now - counter->seen < BURST && !home->options.polling) return true;
    if (file_stat_open(counter->fd, &id) != 0 || !file_same(&id, &counter->id)) {
        counter->fd = -1;
        return false;
    }
    counter->seen = now;
    return id.links > 0;
}

static bool is_at_place(struct file_counter *counter, const struct file_place *place)
{
    struct file_id id;
    counter->checked = file_coarse_now();
    return file_place_stat(place, &id) == 0 && file_same(&id, &counter->id);
}

/* ------------------------------------------------------------------------ */
/* The table                                                                */

/* A note: binding << 8 | index + 1. Returns with the mutex locked, or NULL. */
static struct file_counter *noted(struct file_home *home, psync_key *key)
{
    uint64_t note = __atomic_load_n(&key->cache, __ATOMIC_RELAXED);
    if (!note) return NULL;
    struct file_counter *counter = &home->counters[(note & 0xff) - 1];
    pthread_mutex_lock(&counter->mutex);
    if (counter->bound && counter->binding == (uint32_t)(note >> 8)) return counter;
    pthread_mutex_unlock(&counter->mutex);
    return NULL;
}

/* The digest's counter, rebound if need be; locked. */
static struct file_counter *bind(struct file_home *home, psync_key *key, const uint8_t *digest)
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
            close_counter(counter);
            memcpy(counter->digest, digest, FILE_DIGEST);
            counter->bound = true;
            counter->binding++;
        }
    }
    uint64_t note = (uint64_t)counter->binding << 8 | (uint64_t)(counter - home->counters + 1);
    __atomic_store_n(&key->cache, note, __ATOMIC_RELAXED);
    return counter;
}

/* ------------------------------------------------------------------------ */
/* The key beside the file. Under the Integer's flock.                       */

static psync_result publish_key(struct file_state *state, const psync_key *key, struct file_place *beside,
                                psync_error *error)
{
    struct file_temporary temporary;
    psync_result r = file_temporary_make(state->home, key->bytes, key->length, &temporary, error);
    if (r) return r;
    r = file_publish(&temporary, beside, true, error);
    file_temporary_close(&temporary);
    return r;
}

static psync_result write_key(struct file_state *state, const psync_key *key, const struct file_place *place,
                              psync_error *error)
{
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    r = publish_key(state, key, &beside, error);
    file_place_leave(&beside);
    return r;
}

/* What the file beside holds, up to a byte more than a key can have; -1 and errno: it could not be read. */
static ssize_t read_key(struct file_place *beside, char kept[PSYNC_KEY_MAX + 1])
{
    ssize_t length;
    int fd = file_place_open(beside, O_RDONLY, 0);
    if (fd < 0) return -1;
    FILE_RETRY(length, read(fd, kept, PSYNC_KEY_MAX + 1));
    int number = errno;
    close(fd);
    errno = number;
    return length;
}

/* Compares the key with the one beside the file; adds a missing one where the file may be changed, else PSYNC_NO.
 */
static psync_result check_key(struct file_state *state, const psync_key *key, const struct file_place *place,
                              enum file_access access, psync_error *error)
{
    char kept[PSYNC_KEY_MAX + 1];
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    ssize_t length = read_key(&beside, kept);
    bool missing = length == 0 || (length < 0 && errno == ENOENT); /* empty: a write that a power failure undid */
    if (missing) {
        r = access == FILE_READ ? PSYNC_NO : publish_key(state, key, &beside, error);
    } else if (length < 0) {
        r = file_failed(error, errno, "read", beside.path);
    } else if ((size_t)length != key->length || memcmp(kept, key->bytes, key->length) != 0) {
        r = psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                            "%s belongs to another key with the same MD5 digest; use another key", place->path);
    }
    file_place_leave(&beside);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Integers                                                                 */

static psync_result find_place(struct file_state *state, const psync_key *key, struct file_integer *integer,
                               psync_error *error)
{
    if (integer->place_known) return PSYNC_OK;
    psync_result r = file_place_find(state, key, FILE_INTEGERS, &integer->place, error);
    integer->place_known = !r;
    integer->path = integer->place.path;
    return r;
}

static void leave_place(struct file_integer *integer)
{
    if (integer->place_known) file_place_leave(&integer->place);
    integer->place_known = false;
}

static psync_result choose(struct file_state *state, psync_key *key, struct file_integer *integer,
                           psync_error *error)
{
    integer->place_known = false;
    integer->path = "the Integer's file";
    integer->counter = noted(state->home, key);
    if (integer->counter) return PSYNC_OK;
    psync_result r = find_place(state, key, integer, error);
    if (r) return r;
    const uint8_t *digest = integer->place.digest;
    uint8_t of_path[FILE_DIGEST];
    if (!integer->place.standard) {
        file_md5(integer->place.path, strlen(integer->place.path), of_path);
        digest = of_path;
    }
    integer->counter = bind(state->home, key, digest);
    return PSYNC_OK;
}

/* Opens, locks and compares, until what is locked is what lies at the key's place. */
static psync_result settle(struct file_state *state, psync_key *key, enum file_access access,
                           struct file_integer *integer, psync_error *error)
{
    struct file_counter *counter = integer->counter;
    for (;;) {
        psync_result r = PSYNC_OK;
        if (counter->fd >= 0 && counter->read_only && access != FILE_READ) close_counter(counter);
        if (counter->fd < 0) {
            leave_place(integer); /* its folder may be another by now */
            r = find_place(state, key, integer, error);
            if (!r) r = open_file(counter, &integer->place, access, error);
        }
        if (!r) r = lock_file(counter, integer->path, access, error);
        if (r) return r;
        bool same = has_name(state->home, counter);
        if (same && (counter->fresh || access == FILE_REMOVE || look_is_due(state->home, counter))) {
            r = find_place(state, key, integer, error);
            if (r) return r;
            same = is_at_place(counter, &integer->place);
        }
        if (same) return PSYNC_OK;
        close_counter(counter);
    }
}

/* Removes the names of an Integer: its key's first. PSYNC_NO: it has none any more. */
static psync_result unlink_names(struct file_place *place, psync_error *error)
{
    struct file_place beside;
    if (place->standard) {
        psync_result r = file_place_beside(place, key_suffix, &beside, error);
        if (r) return r;
        if (file_place_unlink(&beside) != 0 && errno != ENOENT) {
            return file_failed(error, errno, "remove", beside.path);
        }
    }
    if (file_place_unlink(place) == 0) return PSYNC_OK;
    return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "remove", place->path);
}

/* Ends what one began who was killed before he had removed the names. PSYNC_NO: the Integer is gone. */
static psync_result finish_removal(struct file_state *state, psync_key *key, enum file_access access,
                                   struct file_integer *integer, psync_error *error)
{
    psync_result r = PSYNC_NO;
    if (access != FILE_READ) {
        r = find_place(state, key, integer, error);
        if (!r && is_at_place(integer->counter, &integer->place)) r = unlink_names(&integer->place, error);
    }
    close_counter(integer->counter);
    return r < 0 ? r : PSYNC_NO;
}

/* Compares the key, the first time. */
static psync_result check(struct file_state *state, psync_key *key, enum file_access access,
                          struct file_integer *integer, psync_error *error)
{
    psync_result r = PSYNC_OK;
    if (integer->place.standard) r = check_key(state, key, &integer->place, access, error);
    integer->counter->fresh = r != PSYNC_OK;
    if (r < 0) __atomic_store_n(&key->cache, 0, __ATOMIC_RELAXED); /* this handle's next call compares again */
    return r < 0 ? r : PSYNC_OK; /* PSYNC_NO: it is only read, and lacks its key */
}

psync_result file_integer_open(struct file_state *state, psync_key *key, enum file_access access,
                               struct file_integer *integer, psync_error *error)
{
    psync_result r = choose(state, key, integer, error);
    if (r) return r;
    r = settle(state, key, access, integer, error);
    if (!r) r = file_number_read(integer->counter->fd, integer->path, &integer->number, error);
    if (!r && integer->number.removed) {
        r = finish_removal(state, key, access, integer, error);
    } else if (!r && integer->counter->fresh) {
        r = check(state, key, access, integer, error);
    }
    if (r) file_integer_close(integer);
    return r;
}

void file_integer_close(struct file_integer *integer)
{
    unlock(integer->counter);
    leave_place(integer);
}

psync_result file_integer_write(struct file_state *state, struct file_integer *integer, int64_t value,
                                psync_error *error)
{
    return file_number_write(integer->counter->fd, integer->path, &integer->number, value,
                             state->home->options.durable, error);
}

psync_result file_integer_create(struct file_state *state, psync_key *key, int64_t value, psync_error *error)
{
    char text[FILE_NUMBER_MAX];
    struct file_temporary temporary;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_INTEGERS, &place, error);
    if (r) return r;
    r = file_temporary_make(state->home, text, file_number_format(text, value), &temporary, error);
    if (!r) {
        /* It is flocked from its birth on: others wait until its key lies beside it. */
        r = file_publish(&temporary, &place, false, error);
        if (!r && place.standard) {
            r = write_key(state, key, &place, error);
            if (r) file_place_unlink(&place); /* nobody has seen the value: they would have had to lock it */
        }
        file_temporary_close(&temporary);
    }
    file_place_leave(&place);
    return r;
}

psync_result file_integer_unlink(struct file_state *state, psync_key *key, struct file_integer *integer,
                                 psync_error *error)
{
    const int fd = integer->counter->fd;
    psync_result r = find_place(state, key, integer, error);
    if (!r) r = file_number_remove(fd, integer->path, &integer->number, error);
    if (r) return r;
    r = unlink_names(&integer->place, error);
    if (r < 0) {
        file_number_restore(fd, &integer->number);
        if (integer->place.standard) (void)write_key(state, key, &integer->place, NULL);
    }
    if (r) return r;
    return state->home->options.durable ? file_place_sync(&integer->place, error) : PSYNC_OK;
}

/* The key of a file in a list: the one beside it, or what can be said without. */
static void tell_key(const struct file_place *place, char key[PSYNC_KEY_MAX + 1], size_t *length)
{
    struct file_place beside;
    ssize_t got = -1;
    if (!file_place_beside(place, key_suffix, &beside, NULL)) {
        got = read_key(&beside, key);
        file_place_leave(&beside);
    }
    if (got <= 0 || got > PSYNC_KEY_MAX)
        got = snprintf(key, PSYNC_KEY_MAX, "md5:%s", strrchr(place->path, '/') + 1);
    *length = (size_t)got;
}

psync_result file_integer_look(struct file_place *place, char key[PSYNC_KEY_MAX + 1], size_t *length,
                               struct file_number *number, psync_error *error)
{
    struct file_id id;
    int locked;
    int fd = file_place_open(place, O_RDONLY, 0);
    if (fd < 0) return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "open", place->path);
    psync_result r = PSYNC_OK;
    FILE_RETRY(locked, flock(fd, LOCK_SH));
    if (locked < 0) {
        r = file_failed(error, errno, "lock", place->path);
    } else if (file_stat_open(fd, &id) != 0 || id.links == 0) {
        r = PSYNC_NO;
    } else {
        tell_key(place, key, length);
        r = file_number_read(fd, place->path, number, error);
        if (!r && number->removed) r = PSYNC_NO;
    }
    unlock_file(fd);
    close(fd);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Fences                                                                   */

static psync_result create_fences(struct file_home *home, struct file_place *place, psync_error *error)
{
    struct file_temporary temporary;
    psync_result r = file_temporary_make(home, "0", 1, &temporary, error);
    if (r) return r;
    r = file_publish(&temporary, place, false, error);
    file_temporary_close(&temporary);
    return r == PSYNC_NO ? PSYNC_OK : r;
}

/* The open and locked file of the fences. */
static psync_result settle_fences(struct file_home *home, bool check, psync_error *error)
{
    struct file_counter *counter = &home->fence;
    for (;;) {
        psync_result r = PSYNC_OK;
        while (!r && counter->fd < 0) {
            struct file_place place;
            r = file_place_own(home, fence_name, &place, error);
            if (r) return r;
            r = open_file(counter, &place, FILE_CHANGE, error);
            if (r == PSYNC_NO) r = create_fences(home, &place, error);
            file_place_leave(&place);
        }
        if (!r) r = lock_file(counter, fence_name, FILE_CHANGE, error);
        if (r) return r;
        bool same = !check || has_name(home, counter);
        if (same && look_is_due(home, counter)) {
            struct file_place place;
            r = file_place_own(home, fence_name, &place, error);
            if (r) return r;
            same = is_at_place(counter, &place);
            file_place_leave(&place);
        }
        if (same) return PSYNC_OK;
        close_counter(counter);
    }
}

psync_result file_fence_begin(struct file_home *home, bool check, uint64_t *fence, psync_error *error)
{
    struct file_number number;
    pthread_mutex_lock(&home->fence.mutex);
    psync_result r = settle_fences(home, check, error);
    if (!r) r = file_number_read(home->fence.fd, fence_name, &number, error);
    if (!r && number.value == INT64_MAX) {
        r = psync_error_set(error, PSYNC_ERROR_DAMAGED, 0, "%s holds the largest number there is; remove it",
                            fence_name);
    }
    if (!r) {
        int64_t now = psync__clock->realtime() / 1000;
        int64_t next = number.value < now ? now : number.value + 1;
        r = file_number_write(home->fence.fd, fence_name, &number, next, false, error);
        *fence = (uint64_t)next;
    }
    if (r) unlock(&home->fence);
    return r;
}

void file_fence_end(struct file_home *home)
{
    unlock(&home->fence);
}
