/* SPDX-License-Identifier: BSD-3-Clause */
/* open_integer.c - finds, opens, makes and removes the files of Integers. */
#include "open_integer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "counter.h"
#include "failure.h"
#include "keyfile.h"
#include "spare.h"

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
    integer->counter = file_counter_noted(state->home, key);
    if (integer->counter) return PSYNC_OK;
    psync_result r = find_place(state, key, integer, error);
    if (r) return r;
    const uint8_t *digest = integer->place.digest;
    uint8_t of_path[FILE_DIGEST];
    if (!integer->place.standard) {
        file_md5(integer->place.path, strlen(integer->place.path), of_path);
        digest = of_path;
    }
    integer->counter = file_counter_bind(state->home, key, digest);
    return PSYNC_OK;
}

/* PSYNC_NO: what is open is not what lies at the key's place any more. */
static psync_result compare(struct file_state *state, psync_key *key, enum file_access access,
                            struct file_integer *integer, psync_error *error)
{
    struct file_counter *counter = integer->counter;
    psync_result r = file_counter_has_name(state->home, counter, integer->path, error);
    bool look = counter->fresh || access == FILE_LOOK || access == FILE_REMOVE ||
                file_counter_look_is_due(state->home, counter);
    if (r || !look) return r;
    r = find_place(state, key, integer, error);
    return r ? r : file_counter_is_at(counter, &integer->place, error);
}

/* Opens and locks, until what is locked is what lies at the key's place. PSYNC_NO: nothing does. */
static psync_result settle(struct file_state *state, psync_key *key, enum file_access access,
                           struct file_integer *integer, psync_error *error)
{
    struct file_counter *counter = integer->counter;
    for (;;) {
        psync_result r = PSYNC_OK;
        if (counter->fd >= 0 && counter->read_only && !file_only_reads(access)) file_counter_close(counter);
        if (counter->fd < 0) {
            leave_place(integer); /* its folder may be another by now */
            r = find_place(state, key, integer, error);
            if (!r) r = file_counter_open(counter, &integer->place, access, error);
        }
        if (r) return r;
        r = file_counter_lock(counter, integer->path, access, error);
        if (!r) r = compare(state, key, access, integer, error);
        if (r != PSYNC_NO) return r;
        file_counter_close(counter);
    }
}

/* Removes the names of an Integer: its key's first. PSYNC_NO: it has none any more. */
static psync_result unlink_names(struct file_place *place, psync_error *error)
{
    psync_result r = place->standard ? file_key_unlink(place, error) : PSYNC_OK;
    if (r < 0) return r;
    if (file_place_unlink(place) == 0) return PSYNC_OK;
    return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "remove", place->path);
}

/*
 * The file that is open holds no number any more. PSYNC_NO: the Integer is gone; what one began who was killed
 * before he had removed the names is ended. PSYNC_OK: another file may lie at the key's place by now, and none is
 * open.
 */
static psync_result heed_removal(struct file_state *state, psync_key *key, enum file_access access,
                                 struct file_integer *integer, psync_error *error)
{
    psync_result r = find_place(state, key, integer, error);
    if (!r) r = file_counter_is_at(integer->counter, &integer->place, error);
    bool replaced = r == PSYNC_NO;
    if (!r && !file_only_reads(access)) r = unlink_names(&integer->place, error);
    file_counter_close(integer->counter);
    if (r < 0) return r;
    return replaced ? PSYNC_OK : PSYNC_NO;
}

/* Opens, locks and reads the file that lies at the key's place. PSYNC_NO: there is no Integer. */
static psync_result settle_and_read(struct file_state *state, psync_key *key, enum file_access access,
                                    struct file_integer *integer, psync_error *error)
{
    for (;;) {
        psync_result r = settle(state, key, access, integer, error);
        if (!r) r = file_number_read(integer->counter->fd, integer->path, &integer->number, error);
        if (r || !integer->number.removed) return r;
        r = heed_removal(state, key, access, integer, error);
        if (r) return r;
    }
}

/* Compares the key, the first time. */
static psync_result check(psync_key *key, enum file_access access, struct file_integer *integer, psync_error *error)
{
    psync_result r = PSYNC_OK;
    if (integer->place.standard) r = file_key_check(key, &integer->place, !file_only_reads(access), error);
    integer->counter->fresh = r != PSYNC_OK;
    if (r < 0) file_counter_unnote(key); /* this handle's next call compares again */
    return r < 0 ? r : PSYNC_OK;         /* PSYNC_NO: it is only read, and lacks its key */
}

psync_result file_integer_open(struct file_state *state, psync_key *key, enum file_access access,
                               struct file_integer *integer, psync_error *error)
{
    psync_result r = choose(state, key, integer, error);
    if (r) return r;
    r = settle_and_read(state, key, access, integer, error);
    if (!r && integer->counter->fresh) r = check(key, access, integer, error);
    if (r) file_integer_close(integer);
    return r;
}

void file_integer_close(struct file_integer *integer)
{
    file_counter_unlock(integer->counter);
    leave_place(integer);
}

psync_result file_integer_write(struct file_state *state, struct file_integer *integer, int64_t value,
                                psync_error *error)
{
    return file_number_write(integer->counter->fd, integer->path, &integer->number, value,
                             state->home->options.durable, error);
}

/*
 * The file gets its name with the mark of one that is removed, and its number
 * when its key lies beside it. So an Integer that exists has its key, whoever is killed
 * when. Others wait meanwhile: the file is flocked from its birth on.
 */
static psync_result publish(struct file_home *home, const psync_key *key, struct file_place *place,
                            const struct file_temporary *temporary, int64_t value, psync_error *error)
{
    struct file_number number;
    psync_result r = file_publish(temporary, place, false, error);
    if (r) return r;
    r = file_key_write(key, place, error);
    if (!r) r = file_number_read(temporary->fd, place->path, &number, error);
    if (!r) r = file_number_write(temporary->fd, place->path, &number, value, home->options.durable, error);
    if (r) (void)unlink_names(place, NULL);
    return r;
}

psync_result file_integer_create(struct file_state *state, psync_key *key, int64_t value, psync_error *error)
{
    char text[FILE_NUMBER_MAX] = {FILE_NUMBER_REMOVED};
    struct file_temporary temporary;
    struct file_place place;
    psync_result r = file_place_find(state, key, FILE_INTEGERS, &place, error);
    if (r) return r;
    size_t length = place.standard ? 1 : file_number_format(text, value);
    r = file_temporary_make(state->home, text, length, &temporary, error);
    if (!r) {
        r = place.standard ? publish(state->home, key, &place, &temporary, value, error)
                           : file_publish(&temporary, &place, false, error);
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
        if (integer->place.standard) (void)file_key_write(key, &integer->place, NULL);
    }
    if (r) return r;
    return state->home->options.durable ? file_place_sync(&integer->place, error) : PSYNC_OK;
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
    } else if (file_stat_open(fd, &id) != 0) {
        r = file_failed(error, errno, "look at", place->path);
    } else {
        r = file_number_read(fd, place->path, number, error);
        if (!r && (number->removed || id.links == 0)) r = PSYNC_NO;
        if (!r) r = file_key_tell(place, key, length, error);
    }
    flock(fd, LOCK_UN);
    close(fd);
    return r;
}
