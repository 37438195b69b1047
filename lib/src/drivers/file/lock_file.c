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

static psync_result read_record(const struct file_place *place, struct file_held *held, psync_error *error)
{
    char text[FILE_RECORD_MAX + 1];
    ssize_t length;
    FILE_RETRY(length, pread(held->fd, text, FILE_RECORD_MAX, 0));
    if (length < 0) return file_failed(error, errno, "read", place->path);
    text[length] = '\0';
    return file_record_parse(text, (size_t)length, &held->record) ? PSYNC_OK : not_ours(place, error);
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
    return file_stat_open(fd, &id) == 0 && id.empty;
}

psync_result file_lock_enter(struct file_place *place, int how, struct file_held *held, psync_error *error)
{
    psync_result r = PSYNC_NO;
    while (r == PSYNC_NO) {
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

psync_result file_lock_enter_key(struct file_place *place, const psync_key *key, int how, struct file_held *held,
                                 psync_error *error)
{
    psync_result r = file_lock_enter(place, how, held, error);
    if (r || !place->standard) return r;
    const struct file_record *record = &held->record;
    if (record->key_length == key->length && memcmp(record->key, key->bytes, key->length) == 0) return PSYNC_OK;
    file_lock_leave(held);
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "%s belongs to another key with the same name of its file; use another key",
                           place->path);
}
