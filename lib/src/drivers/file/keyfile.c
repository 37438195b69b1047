/* SPDX-License-Identifier: BSD-3-Clause */
/* keyfile.c - reading and writing NAME.key. */
#include "keyfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "spare.h"

static const char key_suffix[] = ".key";

static psync_result publish_key(const psync_key *key, struct file_place *beside, psync_error *error)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        struct file_temporary temporary;
        psync_result r = file_temporary_make(beside->home, key->bytes, key->length, &temporary, error);
        if (r) return r;
        r = file_publish(&temporary, beside, true, error);
        file_temporary_close(&temporary);
        if (r != PSYNC_NO) return r; /* else the space's folder was replaced meanwhile */
    }
    return file_failed(error, ENOENT, "create", beside->path);
}

psync_result file_key_write(const psync_key *key, const struct file_place *place, psync_error *error)
{
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    r = publish_key(key, &beside, error);
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

/* Empty: a write that a power failure undid. */
static bool is_missing(ssize_t length)
{
    return length == 0 || (length < 0 && errno == ENOENT);
}

psync_result file_key_check(const psync_key *key, const struct file_place *place, bool add, psync_error *error)
{
    char kept[PSYNC_KEY_MAX + 1];
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    ssize_t length = read_key(&beside, kept);
    if (is_missing(length)) {
        r = add ? publish_key(key, &beside, error) : PSYNC_NO;
    } else if (length < 0) {
        r = file_failed(error, errno, "read", beside.path);
    } else if ((size_t)length != key->length || memcmp(kept, key->bytes, key->length) != 0) {
        r = psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                            "%s belongs to another key with the same MD5 digest; use another key", place->path);
    }
    file_place_leave(&beside);
    return r;
}

psync_result file_key_tell(const struct file_place *place, char key[PSYNC_KEY_MAX + 1], size_t *length,
                           psync_error *error)
{
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    ssize_t got = read_key(&beside, key);
    if (got < 0 && !is_missing(got)) r = file_failed(error, errno, "read", beside.path);
    file_place_leave(&beside);
    if (got <= 0 || got > PSYNC_KEY_MAX) {
        got = snprintf(key, PSYNC_KEY_MAX, "md5:%s", strrchr(place->path, '/') + 1);
    }
    *length = (size_t)got;
    return r;
}

psync_result file_key_unlink(const struct file_place *place, psync_error *error)
{
    struct file_place beside;
    psync_result r = file_place_beside(place, key_suffix, &beside, error);
    if (r) return r;
    if (file_place_unlink(&beside) == 0) return PSYNC_OK;
    return errno == ENOENT ? PSYNC_NO : file_failed(error, errno, "remove", beside.path);
}
