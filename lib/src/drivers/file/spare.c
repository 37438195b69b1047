/* SPDX-License-Identifier: BSD-3-Clause */
/* spare.c - temporaries and spares. */
#include "spare.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"
#include "identity.h"

static void name_of(const struct file_home *home, uint64_t nonce, unsigned number, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.*s/" FILE_SPARE_FOLDER "/%016" PRIx64 "-%u", FILE_ROOT_MAX, home->options.root,
             nonce, number);
}

static unsigned next_number(struct file_home *home)
{
    return atomic_fetch_add_explicit(&home->temporaries, 1, memory_order_relaxed); /* only to be told apart */
}

psync_result file_spares_make(const struct file_home *home, psync_error *error)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s/" FILE_SPARE_FOLDER, FILE_ROOT_MAX, home->options.root);
    return file_folder_make(home, folder, error);
}

psync_result file_temporary_name(struct file_home *home, char path[PATH_MAX], psync_error *error)
{
    uint64_t nonce;
    psync_result r = file_identity_nonce(home, &nonce, error);
    if (!r) name_of(home, nonce, next_number(home), path);
    return r;
}

/* A new file among the spares. */
static psync_result create(struct file_home *home, char path[PATH_MAX], uint64_t *nonce, unsigned *number, int *fd,
                           psync_error *error)
{
    const mode_t mode = home->options.mode;
    for (int attempt = 0; attempt < 16; attempt++) {
        psync_result r = file_identity_nonce(home, nonce, error);
        if (r) return r;
        *number = next_number(home);
        name_of(home, *nonce, *number, path);
        FILE_RETRY(*fd, open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (*fd >= 0) {
            r = file_grant(&home->options, *fd, mode, path, error);
            int locked = 0;
            if (!r) FILE_RETRY(locked, flock(*fd, LOCK_EX));
            if (locked < 0) r = file_failed(error, errno, "lock", path);
            if (r) {
                close(*fd);
                unlink(path);
            }
            return r;
        }
        if (errno == EEXIST) continue;
        if (errno != ENOENT) return file_failed(error, errno, "create", path);
        r = file_spares_make(home, error);
        if (r) return r;
    }
    return file_failed(error, ENOENT, "create", path);
}

psync_result file_temporary_make(struct file_home *home, const char *content, size_t length, char path[PATH_MAX],
                                 int *fd, psync_error *error)
{
    uint64_t nonce;
    unsigned number;
    psync_result r = create(home, path, &nonce, &number, fd, error);
    if (r) return r;
    ssize_t written;
    int synced = 0;
    FILE_RETRY(written, pwrite(*fd, content, length, 0));
    if (written < 0) {
        r = file_failed(error, errno, "write", path);
    } else if ((size_t)written != length) {
        r = file_failed(error, ENOSPC, "write", path);
    } else if (home->options.durable) {
        FILE_RETRY(synced, fsync(*fd));
        if (synced < 0) r = file_failed(error, errno, "flush", path);
    }
    if (r) {
        close(*fd);
        unlink(path);
    }
    return r;
}

/* One try. Without replace a file has one name at every moment where the file system can (renameat2), else two. */
static int move(const char *temporary, const struct file_place *place, bool replace)
{
    int r;
    if (place->at == -1) {
        errno = ENOENT;
        return -1;
    }
    FILE_RETRY(r, renameat2(AT_FDCWD, temporary, place->at, place->name, replace ? 0 : RENAME_NOREPLACE));
    if (r == 0 || replace || (errno != EINVAL && errno != ENOSYS)) return r;
    FILE_RETRY(r, linkat(AT_FDCWD, temporary, place->at, place->name, 0));
    if (r == 0) unlink(temporary);
    return r;
}

psync_result file_publish(const char *temporary, struct file_place *place, bool replace, psync_error *error)
{
    psync_result r = PSYNC_OK;
    for (int attempt = 0; !r && attempt < 100; attempt++) {
        if (move(temporary, place, replace) == 0) {
            if (place->home->options.durable) r = file_place_sync(place, error);
            if (r && !replace) file_place_unlink(place);
            return r;
        }
        if (errno != ENOENT) break;
        struct stat st;
        if (lstat(temporary, &st) != 0) return file_failed(error, ENOENT, "keep", temporary);
        r = file_place_make(place, error);
        errno = ENOENT;
    }
    if (!r) r = errno == EEXIST ? PSYNC_NO : file_failed(error, errno, "create", place->path);
    unlink(temporary);
    return r;
}

/* Takes the flock of a spare that is nobody's Lock. False: it is not to be had now. */
static bool seize(struct file_spare *spare)
{
    struct stat st;
    if (flock(spare->fd, LOCK_EX | LOCK_NB) != 0) return false;
    if (!spare->free) spare->free = fstat(spare->fd, &st) == 0 && st.st_nlink == 1;
    if (spare->free) return true;
    flock(spare->fd, LOCK_UN);
    return false;
}

/* Gives up a spare's place among ours; if it is a Lock it stays one. Under home->mutex. */
static void drop(struct file_home *home, struct file_spare *spare)
{
    char path[PATH_MAX];
    if (spare->fd < 0) return;
    name_of(home, spare->nonce, spare->number, path);
    unlink(path);
    close(spare->fd);
    *spare = (struct file_spare){.fd = -1};
}

/* One of the home's four that nobody uses; one that is a Lock for longer than the others gives way. */
static struct file_spare *choose(struct file_home *home, bool *seized)
{
    *seized = false;
    for (size_t i = 0; i < FILE_SPARES; i++) {
        struct file_spare *spare = &home->spares[i];
        if (spare->busy || spare->fd < 0 || !seize(spare)) continue;
        *seized = true;
        return spare;
    }
    struct file_spare *oldest = NULL;
    for (size_t i = 0; i < FILE_SPARES; i++) {
        struct file_spare *spare = &home->spares[i];
        if (spare->busy) continue;
        if (spare->fd < 0) return spare;
        if (!oldest || spare->number < oldest->number) oldest = spare;
    }
    if (oldest) drop(home, oldest);
    return oldest;
}

/* More threads than spares: one more, for this use. */
static struct file_spare *extra(void)
{
    struct file_spare *spare = calloc(1, sizeof *spare);
    if (spare) spare->fd = -1;
    return spare;
}

static bool is_extra(const struct file_home *home, const struct file_spare *spare)
{
    return spare < home->spares || spare >= home->spares + FILE_SPARES;
}

static psync_result make(struct file_home *home, struct file_spare *spare, char path[PATH_MAX], psync_error *error)
{
    struct stat st;
    int fd;
    psync_result r = create(home, path, &spare->nonce, &spare->number, &fd, error);
    if (r) return r;
    if (fstat(fd, &st) != 0) {
        r = file_failed(error, errno, "look at", path);
        close(fd);
        unlink(path);
        return r;
    }
    spare->fd = fd;
    spare->free = true;
    spare->length = 0;
    spare->device = st.st_dev;
    spare->inode = st.st_ino;
    return PSYNC_OK;
}

psync_result file_spare_take(struct file_home *home, struct file_spare **spare, char path[PATH_MAX], bool *new,
                             psync_error *error)
{
    bool seized;
    psync_result r = PSYNC_OK;
    pthread_mutex_lock(&home->mutex);
    struct file_spare *chosen = choose(home, &seized);
    if (chosen) chosen->busy = true;
    pthread_mutex_unlock(&home->mutex);
    if (!chosen) chosen = extra();
    if (!chosen) return file_no_memory(error);
    chosen->linked = false;
    if (seized) name_of(home, chosen->nonce, chosen->number, path);
    if (!seized) r = make(home, chosen, path, error);
    if (r) file_spare_give(home, chosen);
    *spare = chosen;
    *new = !seized;
    return r;
}

struct file_spare *file_spare_of(struct file_home *home, const uint8_t digest[FILE_DIGEST])
{
    struct file_spare *found = NULL;
    pthread_mutex_lock(&home->mutex);
    for (size_t i = 0; i < FILE_SPARES && !found; i++) {
        struct file_spare *spare = &home->spares[i];
        if (spare->busy || !spare->linked || memcmp(spare->digest, digest, FILE_DIGEST) != 0) continue;
        spare->busy = true;
        found = spare;
    }
    pthread_mutex_unlock(&home->mutex);
    return found;
}

void file_spare_give(struct file_home *home, struct file_spare *spare)
{
    if (spare->fd >= 0) flock(spare->fd, LOCK_UN);
    pthread_mutex_lock(&home->mutex);
    if (is_extra(home, spare) || spare->gone) drop(home, spare);
    if (is_extra(home, spare)) {
        free(spare);
    } else {
        spare->busy = false;
    }
    pthread_mutex_unlock(&home->mutex);
}

void file_spares_drop(struct file_home *home)
{
    pthread_mutex_lock(&home->mutex);
    for (size_t i = 0; i < FILE_SPARES; i++) drop(home, &home->spares[i]);
    pthread_mutex_unlock(&home->mutex);
}

struct cleaning {
    struct file_home *home;
    uint64_t known; /* whom we asked about last: a process's files come together as a rule */
    bool dead;
};

static bool clean_one(void *argument, const char *name)
{
    struct cleaning *cleaning = argument;
    uint64_t nonce;
    int end = 0;
    char path[PATH_MAX];
    if (sscanf(name, "%16" SCNx64 "-%n", &nonce, &end) != 1 || end != 17) return true;
    if (nonce != cleaning->known) {
        cleaning->known = nonce;
        cleaning->dead = file_identity_alive(cleaning->home, nonce) == PSYNC_ALIVE_NO;
    }
    if (!cleaning->dead) return true;
    int length = snprintf(path, sizeof path, "%s/" FILE_SPARE_FOLDER "/%s", cleaning->home->options.root, name);
    if (length < 0 || (size_t)length >= sizeof path) return true;
    if (unlink(path) != 0) rmdir(path);
    return true;
}

void file_spares_clean(struct file_home *home)
{
    struct cleaning cleaning = {home, 0, false};
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s/" FILE_SPARE_FOLDER, FILE_ROOT_MAX, home->options.root);
    (void)file_folder_each(folder, clean_one, &cleaning, NULL);
}
