/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file.c - finds, creates, checks and maps a space's file.
 *
 * A new file gets its name only when it is whole: it is made without a name
 * (O_TMPFILE), filled, and linked; who loses the race for the name uses the
 * winner's. So nobody ever sees half a header, and a process killed here
 * leaves nothing behind.
 *
 * The whole limit is mapped at once. Pages beyond the file's end must not be
 * touched, and become usable, in place, when the file grows; safe_cells is how
 * far this process has seen it reach.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_id.h"
#include "clock.h"
#include "process.h"
#include "system.h"

/* Where a space lies and who may use it, from its DSN. */
struct place {
    char folder[PATH_MAX];
    char path[PATH_MAX];
    const char *name;
    mode_t mode;
    bool mode_given;
    bool shared_folder; /* path=: whoever may write into the folder is trusted */
    bool group_given;
    bool another_user; /* user=: never created */
    uid_t uid;
    gid_t gid;
    uint64_t limit;
};

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

/* The system's own words for an errno. */
static const char *describe(int number, char *buffer, size_t size)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(number, buffer, size);
#else
    return strerror_r(number, buffer, size) == 0 ? buffer : "unknown error";
#endif
}

psync_result shm_system_failed(psync_error *error, int number, const char *did, const char *path)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return psync_error_set(
            error, PSYNC_ERROR_PERMISSION, number,
            "cannot %s %s: permission denied; use the space as its owner, or share it with group= or mode=", did,
            path);
    case ENOENT:
    case ENOTDIR:
        return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, number,
                               "cannot %s %s: there is no such folder; make it, or name another with path=", did,
                               path);
    case ELOOP:
        return psync_error_set(error, PSYNC_ERROR_DAMAGED, number,
                               "cannot %s %s: it is a symbolic link, which is not followed; remove it", did, path);
    case ENOSPC:
    case EDQUOT:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: its file system is full; free some room, or name another folder with "
                               "path=",
                               did, path);
    case EFBIG:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: over this process's file size limit; raise it (ulimit -f)", did,
                               path);
    case EROFS:
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, number,
                               "cannot %s %s: its file system is read-only; name another folder with path=", did,
                               path);
    case ENOMEM:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: no memory or address space left; a smaller size= needs less", did,
                               path);
    case EMFILE:
    case ENFILE:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: too many open files; raise the limit (ulimit -n)", did, path);
    default: {
        char buffer[128];
        return psync_error_set(error, PSYNC_ERROR_SYSTEM, number, "cannot %s %s: %s", did, path,
                               describe(number, buffer, sizeof buffer));
    }
    }
}

psync_result shm_damaged(const struct shm_file *file, const char *what, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "the file %s is damaged: %s; stop whoever uses it and remove it", file->path, what);
}

/* ------------------------------------------------------------------------ */
/* The DSN                                                                  */

static psync_result check_name(const char *name, psync_error *error)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    if (length >= 1 && length <= 64 && strspn(name, allowed) == length) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                           "a shm:// name has 1 to 64 characters of A-Z a-z 0-9 . _ -, not \"%.80s\"", name);
}

static psync_result parse_mode(const char *text, struct place *place, psync_error *error)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);
    bool octal = *text >= '0' && *text <= '7' && !*end && mode <= 0777;
    if (!octal || (mode & 0600) != 0600) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "mode must be an octal number that lets the owner read and write, 0660 for example, "
                               "not \"%s\"",
                               text);
    }
    if ((mode & 0002) && (place->group_given || !place->shared_folder)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "mode %s would let every user of this host write; use 0660 and group=", text);
    }
    place->mode = (mode_t)mode;
    place->mode_given = true;
    return PSYNC_OK;
}

static psync_result parse_size(const char *text, struct place *place, psync_error *error)
{
    static const char units[] = "KMG";
    uint64_t number = 0;
    char digits[24] = "";
    size_t length = strlen(text);
    const char *unit = length ? strchr(units, text[length - 1]) : NULL;
    if (unit) length--;
    bool good = length && length < sizeof digits;
    if (good) {
        memcpy(digits, text, length);
        good = psync__parse_number(digits, &number);
    }
    for (const char *u = units; good && unit && u <= unit; u++) {
        good = number <= SHM_SIZE_MAX;
        number *= 1024;
    }
    if (!good || number < SHM_SIZE_MIN || number > SHM_SIZE_MAX) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "size must be a number of bytes from 128K to 64G, with K, M or G behind it if you "
                               "like, not \"%s\"",
                               text);
    }
    place->limit = number & ~(uint64_t)4095;
    return PSYNC_OK;
}

static psync_result parse_users(const psync_dsn *dsn, struct place *place, psync_error *error)
{
    const char *group = psync_dsn_get(dsn, "group");
    const char *user = psync_dsn_get(dsn, "user");
    place->uid = geteuid();
    place->group_given = group != NULL;
    if (group && !psync__find_group(group, &place->gid)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "there is no group \"%s\" on this host", group);
    }
    if (!user) return PSYNC_OK;
    if (group || place->shared_folder) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "user= names another user's private space; it does not go with group= or path=");
    }
    if (!psync__find_user(user, &place->uid)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "there is no user \"%s\" on this host", user);
    }
    place->another_user = place->uid != geteuid();
    return PSYNC_OK;
}

static psync_result make_path(const psync_dsn *dsn, struct place *place, psync_error *error)
{
    const char *folder = psync_dsn_get(dsn, "path");
    if (!folder) folder = "/dev/shm";
    if (*folder != '/') {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "path must be an absolute folder, not \"%s\"",
                               folder);
    }
    char scope[32] = "";
    if (place->shared_folder) {
        scope[0] = '\0';
    } else if (place->group_given) {
        snprintf(scope, sizeof scope, "g%u.", (unsigned)place->gid);
    } else {
        snprintf(scope, sizeof scope, "u%u.", (unsigned)place->uid);
    }
    int a = snprintf(place->folder, sizeof place->folder, "%s", folder);
    int b = snprintf(place->path, sizeof place->path, "%s/" SHM_FILE_PREFIX "%s%s", folder, scope, dsn->authority);
    place->name = dsn->authority;
    if (a < 0 || b < 0 || (size_t)b >= sizeof place->path) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "path is too long: at most %d bytes",
                               PATH_MAX - 128);
    }
    return PSYNC_OK;
}

static psync_result parse_place(const psync_dsn *dsn, struct place *place, psync_error *error)
{
    static const char *const allowed[] = {"path", "mode", "group", "user", "size", NULL};
    psync_result r = psync_dsn_allow(dsn, allowed, error);
    if (!r && (*dsn->path || *dsn->user || *dsn->password)) {
        r = psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                            "a shm:// DSN is shm://NAME?OPTION=VALUE; a folder goes into path=, a user into user=");
    }
    if (!r) r = check_name(dsn->authority, error);
    place->limit = SHM_SIZE_DEFAULT;
    place->shared_folder = psync_dsn_get(dsn, "path") != NULL;
    if (!r) r = parse_users(dsn, place, error);
    place->mode = place->group_given ? 0660 : 0600;
    const char *mode = psync_dsn_get(dsn, "mode");
    const char *size = psync_dsn_get(dsn, "size");
    if (!r && mode) r = parse_mode(mode, place, error);
    if (!r && size) r = parse_size(size, place, error);
    if (!r) r = make_path(dsn, place, error);
    return r;
}

/* ------------------------------------------------------------------------ */
/* A new file                                                               */

/* Writes what a space begins as. Cells behind the blocks are zeros, which is what a free cell is. */
static void fill_header(struct shm_header *header, uint64_t limit)
{
    const uint32_t buckets = SHM_HEADER_CELLS;
    const uint32_t processes = buckets + SHM_FIRST_BUCKETS / SHM_BUCKETS_PER_CELL;
    const uint32_t end = processes + SHM_FIRST_PROCESSES * SHM_CELLS_PER_PROCESS;
    int64_t now = psync__clock->realtime() / 1000;
    *header = (struct shm_header){
        .magic = SHM_MAGIC,
        .layout = SHM_LAYOUT,
        .cell_size = SHM_CELL,
        .limit = limit,
        .seed = psync__random(),
        .created = now,
        .id = psync__random(),
    };
    shm_boot_id(header->boot_id);
    atomic_init(&header->cells, (end + SHM_PAGE_CELLS - 1) / SHM_PAGE_CELLS * SHM_PAGE_CELLS);
    atomic_init(&header->fence, (uint64_t)now);
    atomic_init(&header->bucket_blocks, 1);
    atomic_init(&header->process_blocks, 1);
    atomic_init(&header->bucket_block[0], buckets);
    atomic_init(&header->process_block[0], processes);
    atomic_init(&header->dirty, 1); /* the first guard's holder makes the free list */
}

/*
 * fallocate, without the signal that a process over its file size limit would be
 * killed by. What the file has already stays as it is. Returns 0 or an errno.
 * Signals wait: a kernel may undo all that a call has done on tmpfs when one
 * comes, and with a timer that is quicker than the call it would never be done.
 */
static int allocate(int fd, uint64_t from, uint64_t length)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && from + length > limit.rlim_cur) {
        return EFBIG;
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number;
    do {
        number = fallocate(fd, 0, (off_t)from, (off_t)length) == 0 ? 0 : errno;
    } while (number == EINTR);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

/* The same for the file's end, whatever the file system. Returns 0 or an errno. */
static int reserve(int fd, uint64_t from, uint64_t length)
{
    int number = allocate(fd, from, length);
    if (number != EOPNOTSUPP) return number;
    /* A file system without fallocate: write the zeros. Only ever beyond what others use. */
    static const char zeros[4096];
    for (uint64_t at = from; at < from + length; at += sizeof zeros) {
        ssize_t n;
        do {
            n = pwrite(fd, zeros, sizeof zeros, (off_t)at);
        } while (n < 0 && errno == EINTR);
        if (n < 0) return errno;
        if (n != (ssize_t)sizeof zeros) return ENOSPC;
    }
    return 0;
}

static psync_result grant(int fd, const struct place *place, psync_error *error)
{
    if (place->group_given && fchown(fd, (uid_t)-1, place->gid) != 0) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, errno,
                               "cannot give %s to group %u: this process is not in that group", place->path,
                               (unsigned)place->gid);
    }
    if (fchmod(fd, place->mode) != 0) return shm_system_failed(error, errno, "set the mode of", place->path);
    return PSYNC_OK;
}

static psync_result fill(int fd, const struct place *place, psync_error *error)
{
    struct shm_header header;
    fill_header(&header, place->limit);
    uint64_t length = (uint64_t)atomic_load_explicit(&header.cells, memory_order_relaxed) * SHM_CELL;
    int number = reserve(fd, 0, length);
    if (number) return shm_system_failed(error, number, "create", place->path);
    ssize_t written;
    do {
        written = pwrite(fd, &header, sizeof header, 0);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof header) {
        return shm_system_failed(error, written < 0 ? errno : ENOSPC, "create", place->path);
    }
    return grant(fd, place, error);
}

/* Links a file without a name. Returns 0 or an errno; EEXIST: another was quicker. */
static int name_unnamed(int fd, const char *path)
{
    char link_path[64];
    snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link_path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* As create_unnamed, where the file system knows no unnamed files or /proc is missing. */
static psync_result create_beside(const struct place *place, psync_error *error)
{
    char temporary[PATH_MAX + 32];
    snprintf(temporary, sizeof temporary, "%s.new.%016llx", place->path, (unsigned long long)psync__random());
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return shm_system_failed(error, errno, "create", place->path);
    psync_result r = fill(fd, place, error);
    if (!r && link(temporary, place->path) != 0 && errno != EEXIST) {
        r = shm_system_failed(error, errno, "create", place->path);
    }
    unlink(temporary);
    close(fd);
    return r;
}

/* Makes the file, unless somebody else just did; either way it is there afterwards. */
static psync_result create(const struct place *place, psync_error *error)
{
    int fd = open(place->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) return create_beside(place, error);
    if (fd < 0) return shm_system_failed(error, errno, "create", place->path);
    psync_result r = fill(fd, place, error);
    int number = r ? 0 : name_unnamed(fd, place->path);
    close(fd);
    if (number == ENOENT) return create_beside(place, error);
    if (number && number != EEXIST) return shm_system_failed(error, number, "create", place->path);
    return r;
}

/* ------------------------------------------------------------------------ */
/* An existing file                                                         */

static psync_result foreign(const char *path, const char *what, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "%s is not a space of this library: %s; remove it or choose another name", path, what);
}

static psync_result check_owner(const struct place *place, const struct stat *st, psync_error *error)
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
static psync_result check_header(int fd, const struct place *place, struct stat *st, uint64_t *limit,
                                 psync_error *error)
{
    struct shm_header header;
    ssize_t length;
    do {
        length = pread(fd, &header, sizeof header, 0);
    } while (length < 0 && errno == EINTR);
    if (length < 0 || fstat(fd, st) != 0) return shm_system_failed(error, errno, "read", place->path);
    if ((size_t)length < sizeof header) return foreign(place->path, "it is too short", error);
    if (header.magic != SHM_MAGIC) return foreign(place->path, "it begins with other bytes", error);
    if (header.layout != SHM_LAYOUT || header.cell_size != SHM_CELL) {
        return foreign(place->path, "another version of the library made it", error);
    }
    if (header.limit < SHM_SIZE_MIN || header.limit > SHM_SIZE_MAX || header.limit % 4096) {
        return foreign(place->path, "its limit is out of range", error);
    }
    uint64_t used = (uint64_t)atomic_load_explicit(&header.cells, memory_order_relaxed) * SHM_CELL;
    if (used > (uint64_t)st->st_size || (uint64_t)st->st_size > header.limit) {
        return foreign(place->path, "its length does not fit what it says of itself", error);
    }
    /* A page that was never given to the file would be missed only when it is touched: too late on a full disk. */
    if ((uint64_t)st->st_blocks * 512 < used) {
        int number = allocate(fd, 0, used);
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
static psync_result adopt(int fd, const struct place *place, const struct stat *st, uint64_t limit,
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

static psync_result use(int fd, const struct place *place, struct shm_file **file, psync_error *error)
{
    struct stat st;
    uint64_t limit = 0;
    psync_result r = PSYNC_OK;
    if (fstat(fd, &st) != 0) {
        r = shm_system_failed(error, errno, "look at", place->path);
    } else if (!S_ISREG(st.st_mode)) {
        r = foreign(place->path, "it is no regular file", error);
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

static int open_existing(const struct place *place)
{
    int fd;
    do {
        fd = open(place->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (fd < 0 && errno == EINTR);
    return psync__keep_descriptor(fd);
}

/* What open itself refuses, in words that fit: a folder, a socket. */
static psync_result open_failed(const struct place *place, int number, psync_error *error)
{
    if (number == EISDIR || number == ENXIO || number == ENODEV) {
        return foreign(place->path, "it is no regular file", error);
    }
    return shm_system_failed(error, number, "open", place->path);
}

psync_result shm_file_open(const psync_dsn *dsn, const psync_options *options, struct shm_file **file,
                           psync_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (watch_error) return psync_error_set(error, PSYNC_ERROR_FULL, watch_error, "out of memory");
    struct place place = {.limit = 0};
    psync_result r = parse_place(dsn, &place, error);
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
        r = create(&place, error);
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
    int number = reserve(file->fd, from, length);
    if (number) return shm_system_failed(error, number, "enlarge", file->path);
    if (!shm_file_covers(file, from / SHM_CELL + cells)) return shm_damaged(file, "it did not grow", error);
    return PSYNC_OK;
}
