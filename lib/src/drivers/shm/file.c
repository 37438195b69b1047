/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file.c - finds, checks and maps a space's file.
 *
 * A process opens and maps each file once, however many spaces use it: they
 * share an entry of the list below.
 *
 * The whole limit is mapped at once. Pages beyond the file's end must not be
 * touched, and become usable, in place, when the file grows; safe_cells is how
 * far this process has seen it reach.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "create.h"
#include "failure.h"
#include "options.h"
#include "process.h"
#include "room.h"
#include "system.h"

static pthread_mutex_t files_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct shm_file *files;

void shm_files_lock(void)
{
    pthread_mutex_lock(&files_mutex);
}

void shm_files_unlock(void)
{
    pthread_mutex_unlock(&files_mutex);
}

/* A child has an identity of its own; the parent's must not live on in it. */
static void forget_identities(void)
{
    for (struct shm_file *file = files; file; file = file->next) shm_process_forget(file);
    shm_files_unlock();
}

static int watch_error;

static void watch_forks(void)
{
    watch_error = pthread_atfork(shm_files_lock, shm_files_unlock, forget_identities);
}

static psync_result check_owner(const struct shm_place *place, const struct stat *st, psync_error *error)
{
    if (place->group_given) {
        if (st->st_gid != place->gid) {
            return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0,
                                   "%s belongs to group %u, not to group %u that the DSN names; it is not used",
                                   place->path, (unsigned)st->st_gid, (unsigned)place->gid);
        }
    } else if (st->st_uid != place->uid) {
        struct stat folder;
        bool trusted = place->shared_folder && stat(place->folder, &folder) == 0 && !(folder.st_mode & S_IWOTH);
        if (!trusted) {
            return psync_error_set(
                error, PSYNC_ERROR_PERMISSION, 0,
                "%s belongs to user %u, not to user %u; it is not used. Remove it, or share a space with group=",
                place->path, (unsigned)st->st_uid, (unsigned)place->uid);
        }
    }
    bool open_to_all = place->mode_given && (place->mode & S_IWOTH);
    if ((st->st_mode & S_IWOTH) && !open_to_all) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0,
                               "every user may write to %s; it is not used. chmod o-w it, or remove it",
                               place->path);
    }
    return PSYNC_OK;
}

/* The length is asked for after the header was read: the file may grow in between, and never shrinks. */
static psync_result check_header(int fd, const struct shm_place *place, struct stat *st, uint64_t *limit,
                                 psync_error *error)
{
    struct shm_header header;
    ssize_t length;
    do {
        length = pread(fd, &header, sizeof header, 0);
    } while (length < 0 && errno == EINTR);
    if (length < 0 || fstat(fd, st) != 0) return shm_system_failed(error, errno, "read", place->path);
    if ((size_t)length < sizeof header) return shm_foreign(place->path, "it is too short", error);
    if (header.magic != SHM_MAGIC) return shm_foreign(place->path, "it begins with other bytes", error);
    if (header.layout != SHM_LAYOUT || header.cell_size != SHM_CELL) {
        return shm_foreign(place->path, "another version of the library made it", error);
    }
    if (header.limit < SHM_SIZE_MIN || header.limit > SHM_SIZE_MAX || header.limit % 4096) {
        return shm_foreign(place->path, "its limit is out of range", error);
    }
    uint64_t used = (uint64_t)atomic_load_explicit(&header.cells, memory_order_relaxed) * SHM_CELL;
    if (used > (uint64_t)st->st_size || (uint64_t)st->st_size > header.limit) {
        return shm_foreign(place->path, "its length does not fit what it says of itself", error);
    }
    /* A page that was never given to the file would be missed only when it is touched: too late on a full disk. */
    if ((uint64_t)st->st_blocks * 512 < used) {
        int number = shm_room_allocate(fd, 0, used);
        if (number && number != EOPNOTSUPP)
            return shm_system_failed(error, number, "get the memory of", place->path);
    }
    *limit = header.limit;
    return PSYNC_OK;
}

static psync_result map(struct shm_file *file, int fd, const struct stat *st, uint64_t limit, psync_error *error)
{
    void *base = mmap(NULL, limit, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (base == MAP_FAILED) return shm_system_failed(error, errno, "map", file->path);
    file->header = base;
    file->limit = limit;
    file->seed = file->header->seed;
    file->fd = fd;
    file->life_fd = -1;
    atomic_init(&file->clock_ahead, SHM_CLOCK_UNKNOWN);
    file->device = st->st_dev;
    file->inode = st->st_ino;
    file->users = 1;
    atomic_init(&file->safe_cells, (uint32_t)((uint64_t)st->st_size / SHM_CELL));
    return PSYNC_OK;
}

/* Finds the file in the process's list, or maps it and puts it there. Takes fd over. Under shm_files_lock. */
static psync_result adopt(int fd, const struct shm_place *place, const struct stat *st, uint64_t limit,
                          struct shm_file **file, psync_error *error)
{
    for (struct shm_file *f = files; f; f = f->next) {
        if (f->device == st->st_dev && f->inode == st->st_ino) {
            f->users++;
            *file = f;
            close(fd);
            return PSYNC_OK;
        }
    }
    psync_result r = PSYNC_OK;
    struct shm_file *new = calloc(1, sizeof *new);
    if (new) new->path = strdup(place->path);
    if (!new || !new->path) r = psync_error_set(error, PSYNC_ERROR_FULL, ENOMEM, "out of memory");
    if (!r) r = map(new, fd, st, limit, error);
    if (r) {
        if (new) free(new->path);
        free(new);
        close(fd);
        return r;
    }
    new->name = new->path + strlen(new->path) - strlen(place->name);
    new->scoped = !place->shared_folder;
    new->next = files;
    files = new;
    *file = new;
    return PSYNC_OK;
}

static psync_result use(int fd, const struct shm_place *place, struct shm_file **file, psync_error *error)
{
    struct stat st;
    uint64_t limit = 0;
    psync_result r = PSYNC_OK;
    if (fstat(fd, &st) != 0) {
        r = shm_system_failed(error, errno, "look at", place->path);
    } else if (!S_ISREG(st.st_mode)) {
        r = shm_foreign(place->path, "it is no regular file", error);
    }
    if (!r) r = check_owner(place, &st, error);
    if (!r) r = check_header(fd, place, &st, &limit, error);
    if (r) {
        close(fd);
        return r;
    }
    shm_files_lock();
    r = adopt(fd, place, &st, limit, file, error);
    shm_files_unlock();
    return r;
}

static int open_existing(const struct shm_place *place)
{
    int fd;
    do {
        fd = open(place->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (fd < 0 && errno == EINTR);
    return psync__keep_descriptor(fd);
}

/* What open itself refuses, in words that fit: a folder, a socket. */
static psync_result open_failed(const struct shm_place *place, int number, psync_error *error)
{
    if (number == EISDIR || number == ENXIO || number == ENODEV) {
        return shm_foreign(place->path, "it is no regular file", error);
    }
    return shm_system_failed(error, number, "open", place->path);
}

psync_result shm_file_open(const psync_dsn *dsn, const psync_options *options, struct shm_file **file,
                           psync_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (watch_error) return psync_error_set(error, PSYNC_ERROR_FULL, watch_error, "out of memory");
    struct shm_place place = {.limit = 0};
    psync_result r = shm_options_read(dsn, &place, error);
    if (r) return r;
    if (options->path_check && options->path_check(place.path, options->argument)) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0, "the path %s is not allowed here", place.path);
    }
    /* Without O_CREAT first: with it, some kernels refuse a file of another user in a sticky folder. */
    for (int attempt = 0; attempt < 16; attempt++) {
        int fd = open_existing(&place);
        if (fd >= 0) return use(fd, &place, file, error);
        if (errno != ENOENT) return open_failed(&place, errno, error);
        if (place.another_user) {
            return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, ENOENT,
                                   "user %u has no space of that name (%s is missing)", (unsigned)place.uid,
                                   place.path);
        }
        r = shm_create(&place, error);
        if (r) return r;
    }
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, ENOENT, "%s keeps being removed as it is made",
                           place.path);
}

void shm_file_close(struct shm_file *file)
{
    shm_files_lock();
    if (--file->users == 0 && !file->keep) {
        struct shm_file **link = &files;
        while (*link != file) link = &(*link)->next;
        *link = file->next;
        shm_process_forget(file);
        munmap(file->header, file->limit);
        close(file->fd);
        free(file->path);
        free(file);
    }
    shm_files_unlock();
}

bool shm_file_covers(struct shm_file *file, uint64_t cells)
{
    struct stat st;
    if (cells * SHM_CELL > file->limit || fstat(file->fd, &st) != 0) return false;
    uint64_t length = (uint64_t)st.st_size;
    if (length > file->limit) length = file->limit;
    atomic_store_explicit(&file->safe_cells, (uint32_t)(length / SHM_CELL), memory_order_release);
    return cells * SHM_CELL <= length;
}

psync_result shm_file_check_linked(struct shm_file *file, psync_error *error)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0) return shm_system_failed(error, errno, "look at", file->path);
    if (st.st_nlink) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0,
                           "the file %s was removed while in use (systemd does that with RemoveIPC=yes when its "
                           "user logs out); restart to make a new space",
                           file->path);
}

psync_result shm_file_extend(struct shm_file *file, uint32_t cells, psync_error *error)
{
    uint64_t from = (uint64_t)atomic_load_explicit(&file->header->cells, memory_order_relaxed) * SHM_CELL;
    uint64_t length = (uint64_t)cells * SHM_CELL;
    if (from + length > file->limit) {
        return psync_error_set(error, PSYNC_ERROR_FULL, 0,
                               "the space has reached its limit of %llu bytes; delete keys, or make it anew with a "
                               "larger size=",
                               (unsigned long long)file->limit);
    }
    int number = shm_room_reserve(file->fd, from, length);
    if (number) return shm_system_failed(error, number, "enlarge", file->path);
    if (!shm_file_covers(file, from / SHM_CELL + cells)) return shm_damaged(file, "it did not grow", error);
    return PSYNC_OK;
}
