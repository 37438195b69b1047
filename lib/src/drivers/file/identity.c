/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * identity.c - ROOT/.phpsync/life, an empty file that living processes lock a
 * byte of, each at the offset of its nonce.
 *
 * The kernel drops the lock when the process ends, however it ends, and not
 * before: so it tells who lives, also when a pid is somebody else's by now or
 * lies in another pid namespace. It belongs to the open file description, so
 * no other close of that file drops it; a forked child closes its copy
 * (home.c).
 */
#include "identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"
#include "place.h"
#include "spare.h"
#include "system.h"

static const char life_name[] = FILE_OWN_FOLDER "/life";

static struct flock life_lock(uint64_t nonce)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)nonce, .l_len = 1};
}

/* 1 to 2^62: within off_t. */
static uint64_t new_nonce(void)
{
    return (psync__random() & ((UINT64_C(1) << 62) - 1)) | 1;
}

bool file_identity_linked(const struct file_home *home)
{
    struct stat st;
    if (home->life_fd < 0) return false;
    return fstat(home->life_fd, &st) != 0 || st.st_nlink > 0; /* what cannot be told is no reason to give it up */
}

/*
 * Whether the open life file is the one that others of this folder look at: it
 * may have been removed, or moved away with the whole folder.
 */
static bool is_at_place(const struct file_home *home)
{
    char path[PATH_MAX];
    struct stat here;
    struct stat there;
    if (home->life_fd < 0) return false;
    snprintf(path, sizeof path, "%.*s/%s", FILE_ROOT_MAX, home->options.root, life_name);
    if (stat(path, &there) != 0) return errno != ENOENT; /* what cannot be told is no reason to give it up */
    return fstat(home->life_fd, &here) != 0 || (here.st_ino == there.st_ino && here.st_dev == there.st_dev);
}

/* A new life file gets its name when it has its mode; where there are no unnamed files it has to be the other way
 * round. */
static psync_result create_life(const struct file_home *home, const struct file_place *place, psync_error *error)
{
    char folder[PATH_MAX];
    char by_number[64];
    int r = -1;
    const mode_t mode = home->options.mode;
    file_place_folder(place, folder);
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    bool named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    if (named) fd = file_place_open(place, O_RDWR | O_CREAT | O_EXCL, mode);
    if (fd < 0) {
        return errno == EEXIST || errno == ENOENT ? PSYNC_OK : file_failed(error, errno, "create", place->path);
    }
    psync_result result = file_grant(&home->options, fd, mode, place->path, error);
    if (!named && !result) {
        snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", fd);
        FILE_RETRY(r, linkat(AT_FDCWD, by_number, place->at, place->name, AT_SYMLINK_FOLLOW));
        if (r != 0 && errno != EEXIST) result = file_failed(error, errno, "create", place->path);
    }
    close(fd);
    return result;
}

/* Opens the life file, made if missing; read-only if it may not be written. */
static psync_result open_life(const struct file_home *home, bool create, int *fd, psync_error *error)
{
    struct file_place place;
    psync_result r = PSYNC_OK;
    for (int attempt = 0; !r && attempt < 16; attempt++) {
        r = file_place_own(home, life_name, &place, error);
        if (r) return r;
        *fd = file_place_open(&place, O_RDWR, 0);
        int number = errno;
        if (*fd < 0 && !create && (number == EACCES || number == EROFS)) {
            *fd = file_place_open(&place, O_RDONLY, 0);
        }
        if (*fd < 0 && number == ENOENT && create) {
            r = file_place_make(&place, error);
            if (!r) r = create_life(home, &place, error);
            number = r ? number : EAGAIN;
        }
        file_place_leave(&place);
        if (r || *fd >= 0) return r;
        if (number == ENOENT) return PSYNC_NO;
        if (number != EAGAIN) return file_failed(error, number, "open", place.path);
    }
    return file_failed(error, ENOENT, "open", place.path);
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
        uint64_t nonce = new_nonce();
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
        r = open_life(home, true, &home->life_fd, error);
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
        /* With the file every sign of life is gone. */
        if (open_life(home, false, &home->life_fd, NULL) == PSYNC_NO) alive = PSYNC_ALIVE_NO;
    }
    if (nonce == home->nonce) {
        alive = PSYNC_ALIVE_YES;
    } else if (home->life_fd >= 0) {
        struct flock lock = life_lock(nonce);
        int r;
        FILE_RETRY(r, fcntl(home->life_fd, F_OFD_GETLK, &lock));
        if (r == 0) alive = lock.l_type == F_UNLCK ? PSYNC_ALIVE_NO : PSYNC_ALIVE_YES;
    }
    pthread_mutex_unlock(&home->mutex);
    return alive;
}
