/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_file.c - opens, locks and reads the files of Locks. */
#include "lock_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "failure.h"

void file_lock_leave(struct file_held *held)
{
    flock(held->fd, LOCK_UN); /* a copy in a child that is about to exec would keep it */
    close(held->fd);
}

static psync_result not_ours(const struct file_place *place, psync_error *error)
{
    return file_damaged(
        error, place->path,
        "it does not say who took the Lock (php-sync-fs's own PHP code leaves such files); remove it "
        "when no script uses that any more");
}

/* The whole text, behind which a NUL stands; its length, or -1. */
static ssize_t read_text(int fd, char text[FILE_RECORD_MAX + 1])
{
    ssize_t length;
    FILE_RETRY(length, pread(fd, text, FILE_RECORD_MAX, 0));
    if (length >= 0) text[length] = '\0';
    return length;
}

static psync_result parse_record(const struct file_place *place, const char *text, ssize_t length,
                                 struct file_record *record, psync_error *error)
{
    if (length < 0) return file_failed(error, errno, "read", place->path);
    return file_record_parse(text, (size_t)length, record) ? PSYNC_OK : not_ours(place, error);
}

static psync_result read_record(const struct file_place *place, struct file_held *held, psync_error *error)
{
    char text[FILE_RECORD_MAX + 1];
    ssize_t length = read_text(held->fd, text);
    return parse_record(place, text, length, &held->record, error);
}

psync_result file_lock_read_head(const struct file_place *place, struct file_held *held, psync_error *error)
{
    char text[FILE_RECORD_HEAD + 1];
    ssize_t length;
    FILE_RETRY(length, pread(held->fd, text, FILE_RECORD_HEAD, 0));
    if (length < 0) return file_failed(error, errno, "read", place->path);
    text[length] = '\0';
    if (file_record_parse_head(text, &held->record)) return PSYNC_OK;
    return file_damaged(error, place->path, "it does not say who took the Lock; remove it");
}

static int open_lock(struct file_place *place, int how, bool *writable)
{
    int fd = file_place_open(place, O_RDWR, 0);
    *writable = fd >= 0;
    if (fd < 0 && how == LOCK_SH && (errno == EACCES || errno == EROFS)) fd = file_place_open(place, O_RDONLY, 0);
    return fd;
}

/* Ours are linked with what they say. PHP code that made an empty one may hold its flock for as long as it likes.
 */
static bool is_empty(int fd)
{
    struct file_id id;
    return file_stat_open(fd, &id) == 0 && id.size == 0;
}

psync_result file_lock_enter(struct file_place *place, int how, struct file_held *held, psync_error *error)
{
    psync_result r = PSYNC_NO;
    while (r == PSYNC_NO) {
        held->own = false;
        held->fd = open_lock(place, how, &held->writable);
        if (held->fd < 0) return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "open", place->path);
        int locked;
        if (is_empty(held->fd)) {
            close(held->fd);
            return not_ours(place, error);
        }
        FILE_RETRY(locked, flock(held->fd, how));
        r = locked == 0 ? file_place_leads_to(place, held->fd, error)
                        : file_failed(error, errno, "lock", place->path);
        if (!r) r = read_record(place, held, error);
        if (r) file_lock_leave(held);
    }
    return r;
}

static psync_result compare_key(const struct file_place *place, const psync_key *key,
                                const struct file_record *record, psync_error *error)
{
    if (!key || !place->standard) return PSYNC_OK;
    if (record->key_length == key->length && memcmp(record->key, key->bytes, key->length) == 0) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "%s belongs to another key with the same name of its file; use another key",
                           place->path);
}

psync_result file_lock_enter_key(struct file_place *place, const psync_key *key, int how, struct file_held *held,
                                 psync_error *error)
{
    psync_result r = file_lock_enter(place, how, held, error);
    if (r) return r;
    r = compare_key(place, key, &held->record, error);
    if (r) file_lock_leave(held);
    return r;
}

enum stability { STABLE, CHANGED, FAILED };

/*
 * What was read before and after the name was seen to lead to the file, and is
 * the same, is what the Lock said at that moment: the text of a file that is a
 * Lock was finished before it got its name, and changes in place (a lease, a
 * mark) or is written for another Lock show in the second one.
 */
static enum stability read_stable(const struct file_place *place, int fd, char text[FILE_RECORD_MAX + 1],
                                  ssize_t *length, psync_result *result, psync_error *error)
{
    char again[FILE_RECORD_MAX + 1];
    *length = read_text(fd, text);
    *result = *length < 0 ? file_failed(error, errno, "read", place->path) : PSYNC_OK;
    if (!*result) *result = file_place_leads_to(place, fd, error);
    if (*result == PSYNC_NO) return CHANGED;
    if (*result) return FAILED;
    return read_text(fd, again) == *length && memcmp(text, again, (size_t)*length) == 0 ? STABLE : CHANGED;
}

/* PSYNC_NO: it kept changing. *there: something lies at the place. */
static psync_result read_some_times(struct file_place *place, struct file_record *record, bool *there,
                                    psync_error *error)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        char text[FILE_RECORD_MAX + 1];
        ssize_t length;
        psync_result r;
        int fd = file_place_open(place, O_RDONLY, 0);
        *there = fd >= 0;
        if (fd < 0) return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "open", place->path);
        enum stability stability = read_stable(place, fd, text, &length, &r, error);
        close(fd);
        if (stability == FAILED) return r;
        if (stability == STABLE) return parse_record(place, text, length, record, error);
    }
    return PSYNC_NO;
}

psync_result file_lock_read(struct file_place *place, const psync_key *key, struct file_record *record,
                            psync_error *error)
{
    struct file_held held;
    bool there = true;
    psync_result r = PSYNC_NO;
    /* Across a network it would be the same twice because it is cached; with the flock it comes from the server. */
    if (!place->home->options.remote) r = read_some_times(place, record, &there, error);
    if (!r) return compare_key(place, key, record, error);
    if (r < 0 || !there) return r;
    r = file_lock_enter_key(place, key, LOCK_SH, &held, error);
    if (r) return r;
    *record = held.record;
    file_lock_leave(&held);
    return PSYNC_OK;
}
