/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - paths of keys, and the calls on what lies there. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"

static const char digits[] = "0123456789abcdef";

static char *put_text(char *at, const char *text)
{
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *put_hex(char *at, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

static void standard_path(const struct file_home *home, const char *category, struct file_place *place)
{
    char *at = put_text(place->path, home->options.root);
    *at++ = '/';
    at = put_text(at, category);
    *at++ = '/';
    at = put_hex(at, place->digest, 1);
    *at++ = '/';
    at = put_hex(at, place->digest + 1, 1);
    *at++ = '/';
    at = put_hex(at, place->digest, FILE_DIGEST);
    *at = '\0';
}

/* Opens the place's folder from the root on, one by one. */
static psync_result enter(struct file_place *place, psync_error *error)
{
    const char *root = place->home->options.root;
    char rest[PATH_MAX];
    snprintf(rest, sizeof rest, "%s", place->path + strlen(root) + 1);
    int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *part = rest;
    for (char *slash; at >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
        *slash = '\0';
        int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int number = errno;
        close(at);
        errno = number;
        at = next;
    }
    if (at < 0 && errno == EINTR) return enter(place, error);
    if (at < 0 && errno != ENOENT) return file_failed(error, errno, "enter the folder of", place->path);
    place->at = at;
    place->name = strrchr(place->path, '/') + 1;
    return PSYNC_OK;
}

static psync_result reach(struct file_place *place, psync_error *error)
{
    place->at = AT_FDCWD;
    place->name = place->path;
    return place->home->options.shared && place->standard ? enter(place, error) : PSYNC_OK;
}

psync_result file_place_find(const struct file_state *state, const psync_key *key, const char *category,
                             struct file_place *place, psync_error *error)
{
    place->home = state->home;
    place->standard = true;
    file_md5(key->bytes, key->length, place->digest);
    standard_path(state->home, category, place);
    if (key->place) {
        size_t size = strlen(key->place) + 1;
        if (*key->place != '/') {
            return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the path \"%s\" is not absolute", key->place);
        }
        if (size > PATH_MAX) return file_failed(error, ENAMETOOLONG, "use", key->place);
        place->standard = strcmp(key->place, place->path) == 0;
        memcpy(place->path, key->place, size);
    }
    return reach(place, error);
}

psync_result file_place_own(const struct file_home *home, const char *below, struct file_place *place,
                            psync_error *error)
{
    place->home = home;
    place->standard = true;
    memset(place->digest, 0, sizeof place->digest);
    char *at = put_text(place->path, home->options.root);
    *at++ = '/';
    at = put_text(at, below);
    *at = '\0';
    return reach(place, error);
}

psync_result file_place_beside(const struct file_place *place, const char *suffix, struct file_place *beside,
                               psync_error *error)
{
    size_t length = strlen(place->path);
    if (length + strlen(suffix) >= PATH_MAX) return file_failed(error, ENAMETOOLONG, "use", place->path);
    *beside = *place;
    memcpy(beside->path + length, suffix, strlen(suffix) + 1);
    beside->name = beside->path + (place->name - place->path);
    return PSYNC_OK;
}

void file_place_leave(struct file_place *place)
{
    if (place->at >= 0) close(place->at);
    place->at = -1;
}

void file_place_folder(const struct file_place *place, char folder[PATH_MAX])
{
    memcpy(folder, place->path, PATH_MAX);
    char *slash = strrchr(folder, '/');
    if (!slash) {
        strcpy(folder, ".");
    } else {
        slash[slash == folder] = '\0';
    }
}

psync_result file_place_make(struct file_place *place, psync_error *error)
{
    char folder[PATH_MAX];
    file_place_folder(place, folder);
    psync_result r = file_folder_make(place->home, folder, error);
    if (r) return r;
    file_place_leave(place); /* what was open may be a folder that was removed */
    return reach(place, error);
}

int file_place_open(const struct file_place *place, int flags, mode_t mode)
{
    int fd;
    if (place->at == -1) {
        errno = ENOENT;
        return -1;
    }
    FILE_RETRY(fd, openat(place->at, place->name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode));
    return fd;
}

int file_place_stat(const struct file_place *place, struct stat *st)
{
    if (place->at == -1) {
        errno = ENOENT;
        return -1;
    }
    return fstatat(place->at, place->name, st, AT_SYMLINK_NOFOLLOW);
}

int file_place_unlink(const struct file_place *place)
{
    if (place->at == -1) {
        errno = ENOENT;
        return -1;
    }
    int r;
    FILE_RETRY(r, unlinkat(place->at, place->name, 0));
    return r;
}

psync_result file_place_sync(const struct file_place *place, psync_error *error)
{
    char folder[PATH_MAX];
    file_place_folder(place, folder);
    return file_folder_sync(folder, error);
}
