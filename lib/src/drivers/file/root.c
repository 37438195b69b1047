/* SPDX-License-Identifier: BSD-3-Clause */
/* root.c - opens the two folders, and notices when others stand in their places. */
#include "root.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "folder.h"
#include "options.h"
#include "place.h"

static const int64_t LOOK = 20 * PSYNC_NS_PER_MS;

int64_t file_coarse_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * PSYNC_NS_PER_S + now.tv_nsec;
}

/* Forgets a number that is somebody else's by now: a program that closes all its descriptors closes ours too. */
static int still_ours(atomic_int *descriptor, const struct file_id *id)
{
    struct file_id here;
    int fd = atomic_load_explicit(descriptor, memory_order_relaxed); /* changed under the mutex, which is ours */
    if (fd >= 0 && file_stat_open(fd, &here) == 0 && file_same(&here, id)) return fd;
    atomic_store_explicit(descriptor, -1, memory_order_relaxed);
    return -1;
}

/* Puts a folder into a descriptor. Release pairs with the acquire of who uses it: he sees the folder's turn too. */
static int put(atomic_int *descriptor, struct file_id *id, int fd, const struct file_id *new)
{
    int old = still_ours(descriptor, id);
    *id = *new;
    if (old < 0) {
        fd = psync__keep_descriptor(fd);
        if (fd >= 0) atomic_store_explicit(descriptor, fd, memory_order_release);
        return fd;
    }
    int r;
    FILE_RETRY(r, dup3(fd, old, O_CLOEXEC));
    int number = errno;
    close(fd);
    errno = number;
    return r;
}

bool file_root_shared(const struct file_home *home)
{
    /* Set before the folder gets its descriptor, whose release or system call it precedes. */
    return atomic_load_explicit(&home->root.shared, memory_order_relaxed);
}

static bool others_may_write(const struct file_options *options, const struct stat *root)
{
    if (options->group || ((options->mode | root->st_mode) & 0022)) return true;
    return root->st_uid != geteuid() && root->st_uid != 0;
}

static psync_result open_root(struct file_home *home, int *fd, psync_error *error)
{
    const char *path = home->options.root;
    struct file_root *root = &home->root;
    struct file_id id;
    int new;
    FILE_RETRY(new, open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (new < 0 && errno == ENOENT) return PSYNC_OK;
    if (new < 0 || file_stat_open(new, &id) != 0) {
        psync_result r = file_failed(error, errno, "open", path);
        if (new >= 0) close(new);
        return r;
    }
    struct stat st;
    psync_result r = file_options_check(&home->options, error);
    if (!r && fstat(new, &st) != 0) r = file_failed(error, errno, "look at", path);
    if (r) {
        close(new);
        return r;
    }
    if (others_may_write(&home->options, &st)) {
        atomic_store_explicit(&root->shared, true, memory_order_relaxed); /* see file_root_shared */
    }
    *fd = put(&root->fd, &root->id, new, &id);
    if (*fd < 0) return file_failed(error, errno, "open", path);
    /* Whoever acts by the number alone compares it twice at most; no other memory hangs on it. */
    atomic_fetch_add_explicit(&root->turn, 1, memory_order_relaxed);
    return PSYNC_OK;
}

/* Under the mutex. */
static psync_result look_at_path(struct file_home *home, int *fd, psync_error *error)
{
    struct file_id there;
    struct file_root *root = &home->root;
    *fd = -1;
    if (file_stat_followed(AT_FDCWD, home->options.root, &there) != 0) {
        return errno == ENOENT ? PSYNC_OK : file_failed(error, errno, "look at", home->options.root);
    }
    bool due = file_coarse_now() - atomic_load_explicit(&root->looked, memory_order_relaxed) >= LOOK;
    int open = due ? still_ours(&root->fd, &root->id) : atomic_load_explicit(&root->fd, memory_order_relaxed);
    if (open >= 0 && file_same(&there, &root->id)) {
        *fd = open;
    } else {
        psync_result r = open_root(home, fd, error);
        if (r) return r;
    }
    /* Only a hint when to look again. */
    if (due) atomic_store_explicit(&root->looked, file_coarse_now(), memory_order_relaxed);
    return PSYNC_OK;
}

psync_result file_root(struct file_home *home, bool look, int *fd, psync_error *error)
{
    struct file_root *root = &home->root;
    *fd = atomic_load_explicit(&root->fd, memory_order_acquire);
    if (!look && *fd >= 0 && !home->options.polling) {
        int64_t looked = atomic_load_explicit(&root->looked, memory_order_relaxed);
        if (file_coarse_now() - looked < LOOK) return PSYNC_OK;
    }
    pthread_mutex_lock(&root->mutex);
    psync_result r = look_at_path(home, fd, error);
    pthread_mutex_unlock(&root->mutex);
    return r;
}

void file_root_doubt(struct file_home *home)
{
    atomic_store_explicit(&home->root.looked, 0, memory_order_relaxed); /* a hint */
}

void file_root_doubt_spare(struct file_home *home)
{
    atomic_store_explicit(&home->root.spare_turn, file_root_turn(home) - 1, memory_order_relaxed); /* a hint */
}

unsigned file_root_turn(const struct file_home *home)
{
    return atomic_load_explicit(&home->root.turn, memory_order_relaxed);
}

psync_result file_root_spare(struct file_home *home, bool anew, int *fd, psync_error *error)
{
    struct file_root *root = &home->root;
    unsigned turn = file_root_turn(home);
    *fd = atomic_load_explicit(&root->spare_fd, memory_order_acquire);
    if (!anew && *fd >= 0 && atomic_load_explicit(&root->spare_turn, memory_order_relaxed) == turn) return PSYNC_OK;
    struct file_id id;
    int new;
    psync_result r = file_folder_enter(home, FILE_SPARE_FOLDER, true, &new, error);
    if (r) return r;
    if (file_stat_open(new, &id) != 0) {
        r = file_failed(error, errno, "look at the spare files of", home->options.root);
        close(new);
        return r;
    }
    pthread_mutex_lock(&root->mutex);
    *fd = put(&root->spare_fd, &root->spare_id, new, &id);
    int number = errno;
    atomic_store_explicit(&root->spare_turn, turn, memory_order_relaxed);
    pthread_mutex_unlock(&root->mutex);
    return *fd < 0 ? file_failed(error, number, "open the spare files of", home->options.root) : PSYNC_OK;
}

void file_root_close(struct file_home *home)
{
    struct file_root *root = &home->root;
    /* The last user closes. */
    file_close_if_ours(atomic_exchange_explicit(&root->fd, -1, memory_order_relaxed), &root->id);
    file_close_if_ours(atomic_exchange_explicit(&root->spare_fd, -1, memory_order_relaxed), &root->spare_id);
}
