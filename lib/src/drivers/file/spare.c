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

#include "clock.h"
#include "failure.h"
#include "folder.h"
#include "identity.h"
#include "root.h"

/* In a burst of calls a descriptor is not looked at each time. */
static const int64_t BURST = PSYNC_NS_PER_MS / 10;

static void name_of(uint64_t nonce, unsigned number, char name[FILE_SPARE_NAME])
{
    snprintf(name, FILE_SPARE_NAME, "%016" PRIx64 "-%u", nonce, number);
}

static psync_result failed(const struct file_home *home, int number, const char *verb, psync_error *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/" FILE_SPARE_FOLDER "/", FILE_ROOT_MAX, home->options.root);
    return file_failed(error, number, verb, path);
}

static unsigned next_number(struct file_home *home)
{
    return atomic_fetch_add_explicit(&home->temporaries, 1, memory_order_relaxed); /* only to be told apart */
}

psync_result file_temporary_name(struct file_home *home, char name[FILE_SPARE_NAME], psync_error *error)
{
    uint64_t nonce;
    psync_result r = file_identity_nonce(home, &nonce, error);
    if (!r) name_of(nonce, next_number(home), name);
    return r;
}

/* The folder of the spare files, when its descriptor was in use a moment ago; -1 if it was lost. */
static int spare_folder(const struct file_home *home)
{
    return atomic_load_explicit(&home->root.spare_fd, memory_order_acquire); /* pairs with root.c's release */
}

static void remove_spare(const struct file_home *home, const char *name)
{
    int folder = spare_folder(home);
    if (folder >= 0) unlinkat(folder, name, 0);
}

/* Gives a new file its mode, and locks it. */
static psync_result finish(const struct file_home *home, const struct file_temporary *new, psync_error *error)
{
    int locked = 0;
    psync_result r = file_grant(&home->options, new->fd, home->options.mode, "a spare file", error);
    if (!r) FILE_RETRY(locked, flock(new->fd, LOCK_EX));
    return locked < 0 ? failed(home, errno, "lock a file in", error) : r;
}

static void give_up(const struct file_home *home, const struct file_temporary *temporary)
{
    close(temporary->fd);
    remove_spare(home, temporary->name);
}

/* A new file among the spares. */
static psync_result create(struct file_home *home, uint64_t *nonce, unsigned *number, struct file_temporary *new,
                           psync_error *error)
{
    bool anew = false;
    for (int attempt = 0; attempt < 16; attempt++) {
        int folder;
        psync_result r = file_identity_nonce(home, nonce, error);
        if (!r) r = file_root_spare(home, anew, &folder, error);
        if (r) return r;
        *number = next_number(home);
        name_of(*nonce, *number, new->name);
        FILE_RETRY(new->fd, openat(folder, new->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                   home->options.mode));
        new->fd = psync__keep_descriptor(new->fd);
        if (new->fd >= 0) {
            r = finish(home, new, error);
            if (r) give_up(home, new);
            return r;
        }
        anew = errno == ENOENT || errno == EBADF || errno == ENOTDIR;
        if (!anew && errno != EEXIST) return failed(home, errno, "create a file in", error);
    }
    return failed(home, ENOENT, "create a file in", error);
}

psync_result file_temporary_make(struct file_home *home, const char *content, size_t length,
                                 struct file_temporary *temporary, psync_error *error)
{
    uint64_t nonce;
    unsigned number;
    psync_result r = create(home, &nonce, &number, temporary, error);
    if (r) return r;
    ssize_t written;
    int synced = 0;
    FILE_RETRY(written, pwrite(temporary->fd, content, length, 0));
    if (written != (ssize_t)length) {
        r = failed(home, written < 0 ? errno : ENOSPC, "write a file in", error);
    } else if (home->options.durable) {
        FILE_RETRY(synced, fsync(temporary->fd));
        if (synced < 0) r = failed(home, errno, "flush a file in", error);
    }
    if (r) give_up(home, temporary);
    return r;
}

void file_temporary_close(const struct file_temporary *temporary)
{
    flock(temporary->fd, LOCK_UN);
    close(temporary->fd);
}

/* One try. Without replace a file has one name at every moment where the file system can (renameat2), else two. */
static int move(const char *temporary, const struct file_place *place, bool replace)
{
    int r;
    int folder = spare_folder(place->home);
    if (place->at == -1) {
        errno = ENOENT;
        return -1;
    }
    FILE_RETRY(r, renameat2(folder, temporary, place->at, place->name, replace ? 0 : RENAME_NOREPLACE));
    if (r == 0 || replace || (errno != EINVAL && errno != ENOSYS)) return r;
    FILE_RETRY(r, linkat(folder, temporary, place->at, place->name, 0));
    if (r == 0) unlinkat(folder, temporary, 0);
    return r;
}

/* After ENOENT: whether it is the spare file itself that is not there. */
static bool is_lost(const struct file_home *home, const char *name)
{
    struct file_id id;
    return file_stat_path(spare_folder(home), name, &id) != 0;
}

psync_result file_publish(const struct file_temporary *temporary, struct file_place *place, bool replace,
                          psync_error *error)
{
    struct file_home *home = place->home;
    psync_result r = PSYNC_OK;
    for (int attempt = 0; !r && attempt < 100; attempt++) {
        if (move(temporary->name, place, replace) == 0) {
            if (home->options.durable) r = file_place_sync(place, error);
            if (r && !replace) file_place_unlink(place);
            return r;
        }
        if (errno != ENOENT) break;
        if (is_lost(home, temporary->name)) return PSYNC_NO;
        r = file_place_make(place, error);
        errno = ENOENT;
    }
    if (!r) r = errno == EEXIST ? PSYNC_NO : file_failed(error, errno, "create", place->path);
    remove_spare(home, temporary->name);
    return r;
}

/* ROOT/.phpsync/spare/NAME */
static void whole_path(const struct file_home *home, const char *name, char path[PATH_MAX])
{
    static const char folder[] = "/" FILE_SPARE_FOLDER "/";
    memcpy(path, home->options.root, home->root_length);
    memcpy(path + home->root_length, folder, sizeof folder - 1);
    memcpy(path + home->root_length + sizeof folder - 1, name, strlen(name) + 1);
}

/*
 * By the spare's whole path, where paths can be trusted: that it lies in the
 * folder at the root's path says that it is the one we have open, and a call is
 * saved that would compare the two.
 */
static int link_once(const struct file_home *home, const struct file_spare *spare, const struct file_place *place)
{
    char path[PATH_MAX];
    int r;
    if (place->at == -1) {
        errno = ENOENT;
        r = -1;
    } else if (file_place_is_direct(place)) {
        whole_path(home, spare->name, path);
        FILE_RETRY(r, linkat(AT_FDCWD, path, place->at, place->name, 0));
    } else {
        FILE_RETRY(r, linkat(spare_folder(home), spare->name, place->at, place->name, 0));
    }
    return r;
}

/* After an error: whether the spare lies in the folder that others use. */
static bool is_usable(struct file_home *home, const struct file_spare *spare, struct file_place *place)
{
    char path[PATH_MAX];
    struct file_id id;
    if (file_place_again(place, NULL) || spare->made != file_root_turn(home)) return false;
    if (is_lost(home, spare->name)) return false;
    if (!file_place_is_direct(place)) return true;
    whole_path(home, spare->name, path);
    if (file_stat_path(AT_FDCWD, path, &id) == 0 && file_same(&id, &spare->id)) return true;
    file_root_doubt_spare(home);
    return false;
}

psync_result file_spare_link(struct file_home *home, struct file_spare *spare, struct file_place *place,
                             psync_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        if (link_once(home, spare, place) == 0) return PSYNC_OK;
        if (errno == EEXIST) return PSYNC_NO;
        int number = errno;
        if (number != ENOENT && number != ENOTDIR && number != EBADF)
            return file_failed(error, number, "create", place->path);
        if (!is_usable(home, spare, place)) return PSYNC_ERROR_ABSENT;
        if (number != ENOENT) return file_failed(error, number, "create", place->path);
        psync_result made = file_place_make(place, error);
        if (made) return made;
    }
    return file_failed(error, ENOENT, "create", place->path);
}

bool file_spare_is_open(struct file_spare *spare)
{
    struct file_id id;
    int64_t now = psync__clock->monotonic();
    if (now - spare->seen < BURST) return true;
    if (file_stat_open(spare->fd, &id) != 0 || !file_same(&id, &spare->id)) return false;
    spare->seen = now;
    return true;
}

/*
 * Makes sure that a spare is nobody's Lock, and nobody is about to remove its
 * other name. False: it is not to be had now.
 */
static bool seize(struct file_spare *spare)
{
    struct file_id id;
    if (spare->free) return true;
    if (flock(spare->fd, LOCK_EX | LOCK_NB) != 0) return false;
    spare->free = file_stat_open(spare->fd, &id) == 0 && id.links == 1 && file_same(&id, &spare->id);
    if (spare->free) spare->size = id.size; /* a waiter may have added to it */
    flock(spare->fd, LOCK_UN);
    return spare->free;
}

/* Gives up a spare's place among ours; if it is a Lock it stays one. Under home->mutex. */
static void drop(struct file_home *home, struct file_spare *spare)
{
    if (spare->fd < 0) return;
    remove_spare(home, spare->name);
    file_close_if_ours(spare->fd, &spare->id);
    *spare = (struct file_spare){.fd = -1};
}

/*
 * One of the home's four that nobody uses; one that is a Lock for longer than the others gives way. What was made
 * in a folder that was moved away could be linked to the new one still, but there nobody knows whose it is.
 */
static struct file_spare *choose(struct file_home *home, bool *seized)
{
    unsigned turn = file_root_turn(home);
    *seized = false;
    for (size_t i = 0; i < FILE_SPARES; i++) {
        struct file_spare *spare = &home->spares[i];
        if (spare->busy || spare->fd < 0) continue;
        if (spare->made != turn || !file_spare_is_open(spare)) {
            drop(home, spare);
            continue;
        }
        if (!seize(spare)) continue;
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

static psync_result make(struct file_home *home, struct file_spare *spare, psync_error *error)
{
    struct file_temporary new;
    spare->made = file_root_turn(home);
    psync_result r = create(home, &spare->nonce, &spare->number, &new, error);
    if (r) return r;
    if (file_stat_open(new.fd, &spare->id) != 0) {
        r = failed(home, errno, "look at a file in", error);
        give_up(home, &new);
        return r;
    }
    flock(new.fd, LOCK_UN); /* nobody else knows it */
    memcpy(spare->name, new.name, sizeof spare->name);
    spare->fd = new.fd;
    spare->free = true;
    spare->seen = 0;
    spare->size = 0;
    return PSYNC_OK;
}

psync_result file_spare_take(struct file_home *home, struct file_spare **spare, bool *new, psync_error *error)
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
    if (!seized) r = make(home, chosen, error);
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
    pthread_mutex_lock(&home->mutex);
    if (is_extra(home, spare) || spare->gone) drop(home, spare);
    spare->busy = false;
    pthread_mutex_unlock(&home->mutex);
    if (is_extra(home, spare)) free(spare);
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

static bool clean_one(void *argument, int folder, const char *name)
{
    struct cleaning *cleaning = argument;
    uint64_t nonce;
    int end = 0;
    if (sscanf(name, "%16" SCNx64 "-%n", &nonce, &end) != 1 || end != 17) return true;
    if (nonce != cleaning->known) {
        cleaning->known = nonce;
        cleaning->dead = file_identity_alive(cleaning->home, nonce) == PSYNC_ALIVE_NO;
    }
    if (cleaning->dead && unlinkat(folder, name, 0) != 0) unlinkat(folder, name, AT_REMOVEDIR);
    return true;
}

void file_spares_clean(struct file_home *home)
{
    struct cleaning cleaning = {.home = home};
    int folder;
    if (file_root_spare(home, false, &folder, NULL)) return;
    (void)file_folder_each(folder, ".", 0, clean_one, &cleaning, NULL);
}
