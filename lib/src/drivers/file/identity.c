/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * identity.c - ROOT/.phpsync/life, a file that living processes lock a byte
 * of, each at the offset of its nonce.
 *
 * The kernel drops the lock when the process ends, however it ends, and not
 * before: so it tells who lives, also when a pid is somebody else's by now or
 * lies in another pid namespace. It belongs to the open file description, so
 * no other close of that file drops it; a forked child closes its copy
 * (home.c).
 *
 * The file's text is a random number of its own, which is the upper part of
 * each nonce. So when somebody removed the file, and another was made, nobody
 * takes those for dead whose locks are on the old one: nothing is known of them.
 */
#include "identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"
#include "place.h"
#include "root.h"
#include "spare.h"
#include "system.h"

static const char life_name[] = FILE_OWN_FOLDER "/life";

static struct flock life_lock(uint64_t nonce)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)nonce, .l_len = 1};
}

/* A nonce is 1 to 2^62, within off_t: a life file's number, and one of the process's own. */
enum { LIFE_BITS = 20, OWN_BITS = 62 - LIFE_BITS };

static uint64_t new_nonce(uint64_t life)
{
    return life << OWN_BITS | (psync__random() & ((UINT64_C(1) << OWN_BITS) - 1)) | 1;
}

bool file_identity_linked(const struct file_home *home)
{
    struct file_id id;
    if (home->life_fd < 0) return false;
    return file_stat_open(home->life_fd, &id) != 0 ||
           id.links > 0; /* what cannot be told is no reason to give it up */
}

/*
 * A program that closes all descriptors closes ours too, and with it our lock; its number may be another file's by
 * now. Under home->mutex.
 */
static void forget_closed(struct file_home *home)
{
    struct file_id here;
    if (home->life_fd < 0) return;
    bool open = file_stat_open(home->life_fd, &here) == 0;
    if (open ? !file_same(&here, &home->life_id) : errno == EBADF) home->life_fd = -1;
}

/*
 * Whether the open life file is the one that others of this folder look at: it
 * may have been removed, or moved away with the whole folder.
 */
static bool is_at_place(struct file_home *home)
{
    struct file_place place;
    struct file_id there;
    forget_closed(home);
    if (home->life_fd < 0) return false;
    if (file_place_own(home, life_name, &place, NULL)) return true; /* as above */
    bool found = file_place_stat(&place, &there) == 0;
    bool unknown = !found && errno != ENOENT;
    file_place_leave(&place);
    return unknown || (found && file_same(&home->life_id, &there));
}

static psync_result write_life(int fd, const char *path, psync_error *error)
{
    char text[16];
    ssize_t written;
    int length = snprintf(text, sizeof text, "%u\n", (unsigned)(psync__random() >> (64 - LIFE_BITS)));
    FILE_RETRY(written, pwrite(fd, text, (size_t)length, 0));
    return written == length ? PSYNC_OK : file_failed(error, written < 0 ? errno : ENOSPC, "write", path);
}

/* An empty one, whose maker was killed, has the number 0. */
static psync_result read_life(struct file_home *home, const char *path, psync_error *error)
{
    char text[16] = "";
    ssize_t length = -1;
    bool known = file_stat_open(home->life_fd, &home->life_id) == 0;
    if (known) FILE_RETRY(length, pread(home->life_fd, text, sizeof text - 1, 0));
    if (length < 0) {
        psync_result r = file_failed(error, errno, known ? "read" : "look at", path);
        close(home->life_fd);
        home->life_fd = -1;
        return r;
    }
    home->life = strtoull(text, NULL, 10) & ((UINT64_C(1) << LIFE_BITS) - 1);
    return PSYNC_OK;
}

/* A new life file gets its name when it has its mode; where there are no unnamed files it has to be the other way
 * round. */
static psync_result create_life(const struct file_home *home, struct file_place *place, psync_error *error)
{
    char by_number[64];
    int r = -1;
    const mode_t mode = home->options.mode;
    int fd = file_place_folder_open(place, O_TMPFILE | O_RDWR, mode);
    bool named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    if (named) fd = file_place_open(place, O_RDWR | O_CREAT | O_EXCL, mode);
    if (fd < 0) {
        return errno == EEXIST || errno == ENOENT ? PSYNC_OK : file_failed(error, errno, "create", place->path);
    }
    psync_result result = file_grant(&home->options, fd, mode, place->path, error);
    if (!result) result = write_life(fd, place->path, error);
    if (!named && !result) {
        snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", fd);
        FILE_RETRY(r, linkat(AT_FDCWD, by_number, place->at, place->name, AT_SYMLINK_FOLLOW));
        if (r != 0 && errno != EEXIST) result = file_failed(error, errno, "create", place->path);
    }
    close(fd);
    return result;
}

static int open_file(struct file_place *place, bool create)
{
    int fd = file_place_open(place, O_RDWR, 0);
    if (fd < 0 && !create && (errno == EACCES || errno == EROFS)) fd = file_place_open(place, O_RDONLY, 0);
    return fd;
}

/* Opens the life file, made if missing; read-only if it may not be written. PSYNC_NO: there is none. */
static psync_result open_life(struct file_home *home, bool create, psync_error *error)
{
    struct file_place place;
    psync_result r = file_place_own(home, life_name, &place, error);
    if (r) return r;
    for (int attempt = 0; !r && attempt < 16; attempt++) {
        home->life_fd = open_file(&place, create);
        if (home->life_fd >= 0) {
            r = read_life(home, place.path, error);
            break;
        }
        if (errno != ENOENT) {
            r = file_failed(error, errno, "open", place.path);
        } else if (!create) {
            r = PSYNC_NO;
        } else {
            r = file_place_make(&place, error);
            if (!r) r = create_life(home, &place, error);
        }
    }
    file_place_leave(&place);
    return r || home->life_fd >= 0 ? r : file_failed(error, ENOENT, "open", place.path);
}

static void describe(struct file_home *home)
{
    home->pid = getpid();
    home->start = psync__start_time();
    psync__boot_id(home->boot);
    memset(home->host, 0, sizeof home->host);
    gethostname(home->host, PSYNC_HOST_MAX);
}

static psync_result lock_byte(struct file_home *home, psync_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        uint64_t nonce = new_nonce(home->life);
        struct flock lock = life_lock(nonce);
        if (fcntl(home->life_fd, F_OFD_SETLK, &lock) == 0) {
            describe(home);
            home->nonce = nonce;
            home->keep = true;
            return PSYNC_OK;
        }
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) break;
    }
    int number = errno;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/%s", FILE_ROOT_MAX, home->options.root, life_name);
    return file_failed(error, number, "lock a byte, to show that this process lives, of", path);
}

/* Under home->mutex. */
static void forget(struct file_home *home)
{
    if (home->life_fd >= 0) close(home->life_fd);
    home->life_fd = -1;
    home->nonce = 0;
}

psync_result file_identity_nonce(struct file_home *home, uint64_t *nonce, psync_error *error)
{
    psync_result r = PSYNC_OK;
    pthread_mutex_lock(&home->mutex);
    bool new = !home->nonce || !is_at_place(home);
    if (new) {
        forget(home);
        r = open_life(home, true, error);
        if (!r) r = lock_byte(home, error);
        if (r) forget(home);
    }
    *nonce = home->nonce;
    pthread_mutex_unlock(&home->mutex);
    if (new && !r) file_spares_clean(home);
    return r;
}

psync_alive file_identity_alive(struct file_home *home, uint64_t nonce)
{
    psync_alive alive = PSYNC_ALIVE_UNKNOWN;
    if (!nonce || nonce >> 62) return PSYNC_ALIVE_NO; /* no nonce of ours: nobody can hold that lock */
    pthread_mutex_lock(&home->mutex);
    if (!is_at_place(home)) {
        forget(home);
        (void)open_life(home, false, NULL);
    }
    if (nonce == home->nonce) {
        alive = PSYNC_ALIVE_YES;
    } else if (home->life_fd >= 0 && nonce >> OWN_BITS == home->life) {
        struct flock lock = life_lock(nonce);
        int r;
        FILE_RETRY(r, fcntl(home->life_fd, F_OFD_GETLK, &lock));
        if (r == 0) alive = lock.l_type == F_UNLCK ? PSYNC_ALIVE_NO : PSYNC_ALIVE_YES;
    }
    pthread_mutex_unlock(&home->mutex);
    return alive;
}
