/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - paths of keys, and the calls on what lies there. */
#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"
#include "root.h"

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

/* A program uses few keys, one after another most often: the last one's digest is kept, in each thread. */
static void find_digest(const psync_key *key, uint8_t digest[FILE_DIGEST])
{
    static _Thread_local struct {
        size_t length;
        char bytes[64];
        uint8_t digest[FILE_DIGEST];
    } last;
    if (key->length != last.length || memcmp(key->bytes, last.bytes, key->length) != 0) {
        file_md5(key->bytes, key->length, last.digest);
        last.length = key->length <= sizeof last.bytes ? key->length : 0;
        memcpy(last.bytes, key->bytes, last.length);
    }
    memcpy(digest, last.digest, FILE_DIGEST);
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

/* The folder's path below the root; false: the file lies in the root itself. */
static bool folder_below(const struct file_place *place, char folder[PATH_MAX])
{
    file_place_folder(place, folder);
    size_t root = place->home->root_length;
    bool below = folder[root] == '/';
    if (below) memmove(folder, folder + root + 1, strlen(folder + root + 1) + 1);
    return below;
}

/* Enters the place's folder, unless it is one that only this user writes to. */
static psync_result enter(struct file_place *place, bool make, psync_error *error)
{
    char folder[PATH_MAX];
    if (!folder_below(place, folder)) return PSYNC_OK;
    psync_result r = file_folder_enter(place->home, folder, make, &place->at, error);
    if (r) {
        place->at = -1;
        return r;
    }
    place->owned = place->at >= 0;
    place->name = strrchr(place->path, '/') + 1;
    return PSYNC_OK;
}

static psync_result reach(struct file_place *place, bool look, psync_error *error)
{
    place->owned = false;
    place->at = AT_FDCWD;
    place->name = place->path;
    if (!place->standard) return PSYNC_OK;
    psync_result r = file_root(place->home, look, &place->at, error);
    place->turn = file_root_turn(place->home);
    place->name += place->home->root_length + 1;
    return !r && place->at >= 0 && file_root_shared(place->home) ? enter(place, false, error) : r;
}

psync_result file_place_again(struct file_place *place, psync_error *error)
{
    int fd;
    if (!place->standard) return PSYNC_OK;
    psync_result r = file_root(place->home, true, &fd, error);
    if (r || (place->at >= 0 && file_root_turn(place->home) == place->turn)) return r;
    file_place_leave(place);
    return reach(place, false, error);
}

bool file_place_is_direct(const struct file_place *place)
{
    return place->standard && !file_root_shared(place->home);
}

/* After an error: whether another folder stands at the root's path by now; the place is in that one then. */
static bool moved_on(struct file_place *place, int number)
{
    struct file_id id;
    if (!place->standard) return false;
    int fd = atomic_load_explicit(&place->home->root.fd, memory_order_relaxed); /* any will do: it is only asked */
    bool removed = number != ENOENT || file_stat_open(fd, &id) != 0 || id.links == 0;
    if (number != ENOENT) file_root_doubt(place->home);
    if (file_root(place->home, removed, &fd, NULL) || file_root_turn(place->home) == place->turn) return false;
    file_place_leave(place);
    return reach(place, false, NULL) == PSYNC_OK;
}

static psync_result find(const struct file_state *state, const psync_key *key, const char *category, bool look,
                         struct file_place *place, psync_error *error)
{
    place->home = state->home;
    place->standard = true;
    find_digest(key, place->digest);
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
    return reach(place, look, error);
}

psync_result file_place_find(const struct file_state *state, const psync_key *key, const char *category,
                             struct file_place *place, psync_error *error)
{
    return find(state, key, category, true, place, error);
}

psync_result file_place_find_own(const struct file_state *state, const psync_key *key, const char *category,
                                 struct file_place *place, psync_error *error)
{
    return find(state, key, category, false, place, error);
}

psync_result file_place_own(struct file_home *home, const char *below, struct file_place *place, psync_error *error)
{
    place->home = home;
    place->standard = true;
    memset(place->digest, 0, sizeof place->digest);
    char *at = put_text(place->path, home->options.root);
    *at++ = '/';
    at = put_text(at, below);
    *at = '\0';
    return reach(place, false, error);
}

psync_result file_place_beside(const struct file_place *place, const char *suffix, struct file_place *beside,
                               psync_error *error)
{
    size_t length = strlen(place->path);
    if (length + strlen(suffix) >= PATH_MAX) return file_failed(error, ENAMETOOLONG, "use", place->path);
    *beside = *place;
    memcpy(beside->path + length, suffix, strlen(suffix) + 1);
    beside->name = beside->path + (place->name - place->path);
    beside->owned = false;
    return PSYNC_OK;
}

void file_place_leave(struct file_place *place)
{
    if (place->owned) close(place->at);
    place->owned = false;
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

int file_place_folder_open(const struct file_place *place, int flags, mode_t mode)
{
    char folder[PATH_MAX];
    int fd;
    if (!strchr(place->name, '/')) {
        FILE_RETRY(fd, openat(place->at, ".", flags | O_CLOEXEC, mode));
        return fd;
    }
    if (!place->standard) {
        file_place_folder(place, folder);
    } else if (!folder_below(place, folder)) {
        strcpy(folder, ".");
    }
    FILE_RETRY(fd, openat(place->at, folder, flags | O_CLOEXEC, mode));
    return fd;
}

psync_result file_place_make(struct file_place *place, psync_error *error)
{
    char folder[PATH_MAX];
    file_place_leave(place); /* what was open may be a folder that was removed */
    if (!place->standard) {
        file_place_folder(place, folder);
        psync_result r = file_folder_make_path(&place->home->options, place->home->options.root, folder, error);
        return r ? r : reach(place, false, error);
    }
    psync_result r = enter(place, true, error);
    if (r || file_root_shared(place->home)) return r;
    file_place_leave(place);
    return reach(place, false, error);
}

static int missing(void)
{
    errno = ENOENT;
    return -1;
}

int file_place_open(struct file_place *place, int flags, mode_t mode)
{
    for (;;) {
        int fd = missing();
        if (place->at != -1) {
            FILE_RETRY(
                fd, openat(place->at, place->name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode));
        }
        if (fd >= 0) return psync__keep_descriptor(fd);
        if (errno != ENOENT && errno != ENOTDIR && errno != EBADF) return -1;
        int number = errno;
        if (moved_on(place, number)) continue;
        errno = number;
        return -1;
    }
}

int file_place_stat(const struct file_place *place, struct file_id *id)
{
    return place->at == -1 ? missing() : file_stat_path(place->at, place->name, id);
}

int file_place_unlink(const struct file_place *place)
{
    if (place->at == -1) return missing();
    int r;
    FILE_RETRY(r, unlinkat(place->at, place->name, 0));
    return r;
}

psync_result file_place_is(const struct file_place *place, const struct file_id *id, psync_error *error)
{
    struct file_id there;
    if (file_place_stat(place, &there) == 0) return file_same(id, &there) ? PSYNC_OK : PSYNC_NO;
    if (errno == ENOENT || errno == ENOTDIR) return PSYNC_NO;
    return file_failed(error, errno, "look at", place->path);
}

psync_result file_place_leads_to(const struct file_place *place, int fd, psync_error *error)
{
    struct file_id here;
    if (file_stat_open(fd, &here) != 0) return file_failed(error, errno, "look at", place->path);
    return here.links ? file_place_is(place, &here, error) : PSYNC_NO;
}

psync_result file_place_sync(const struct file_place *place, psync_error *error)
{
    int r = -1;
    int fd = file_place_folder_open(place, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) FILE_RETRY(r, fsync(fd));
    int number = errno;
    if (fd >= 0) close(fd);
    return r < 0 ? file_failed(error, number, "flush the folder of", place->path) : PSYNC_OK;
}
