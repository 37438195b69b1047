/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * folder.c - folders.
 *
 * In a space that others use, a folder gets its name only when it has its
 * mode and group: it is made with a name of its own among the spare files,
 * and moved. Else another user could meet it in between, or find it so for
 * ever if its maker was killed.
 */
#include "folder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "place.h"
#include "root.h"
#include "spare.h"

psync_result file_grant(const struct file_options *options, int fd, mode_t mode, const char *path,
                        psync_error *error)
{
    struct stat st;
    if (!options->grants) return PSYNC_OK; /* made with it, and no umask takes the owner's rights away */
    if (fstat(fd, &st) != 0) return file_failed(error, errno, "look at", path);
    if (options->group && st.st_gid != options->gid && fchown(fd, (uid_t)-1, options->gid) != 0) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, errno,
                               "cannot give %s to group %u: this process is not in that group", path,
                               (unsigned)options->gid);
    }
    if ((st.st_mode & 07777) != mode && fchmod(fd, mode) != 0) {
        return file_failed(error, errno, "set the mode of", path);
    }
    return PSYNC_OK;
}

psync_result file_folder_sync(int at, const char *path, psync_error *error)
{
    int fd;
    int r = -1;
    FILE_RETRY(fd, openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd >= 0) FILE_RETRY(r, fsync(fd));
    int number = errno;
    if (fd >= 0) close(fd);
    return r < 0 ? file_failed(error, number, "flush the folder", path) : PSYNC_OK;
}

static psync_result grant_folder(const struct file_options *options, int at, const char *name, psync_error *error)
{
    int fd;
    if (!options->grants) return PSYNC_OK;
    FILE_RETRY(fd, openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0) return file_failed(error, errno, "open", name);
    psync_result r = file_grant(options, fd, options->folder_mode, name, error);
    close(fd);
    return r;
}

/* Makes it aside and moves it to its place. PSYNC_NO: errno says why not. */
static psync_result make_granted(struct file_home *home, int at, const char *name, psync_error *error)
{
    char temporary[FILE_SPARE_NAME];
    int spare_fd;
    psync_result r = file_temporary_name(home, temporary, error);
    if (!r) r = file_root_spare(home, false, &spare_fd, error);
    if (r) return r;
    while (mkdirat(spare_fd, temporary, 0700) != 0) {
        if (errno != ENOENT)
            return file_failed(error, errno, "make a folder among the spare files of", home->options.root);
        r = file_root_spare(home, true, &spare_fd, error);
        if (r) return r;
    }
    r = grant_folder(&home->options, spare_fd, temporary, error);
    int moved = -1;
    if (!r) FILE_RETRY(moved, renameat2(spare_fd, temporary, at, name, RENAME_NOREPLACE));
    int number = errno;
    if (moved < 0) unlinkat(spare_fd, temporary, AT_REMOVEDIR);
    errno = number;
    return !r && moved < 0 ? PSYNC_NO : r;
}

static psync_result make_plain(const struct file_options *options, int at, const char *name, psync_error *error)
{
    if (mkdirat(at, name, options->folder_mode & 0777) != 0) return PSYNC_NO;
    return grant_folder(options, at, name, error);
}

/*
 * The root of a space that others use, and the folders of our own in it, are made beside their place and moved:
 * others might refuse one that has not its mode and group yet. PSYNC_NO: errno says why not.
 */
static psync_result make_beside(const struct file_options *options, int at, const char *name, psync_error *error)
{
    char temporary[PATH_MAX];
    int moved = -1;
    snprintf(temporary, sizeof temporary, "%.*s.%016" PRIx64, FILE_ROOT_MAX, name, psync__random());
    if (mkdirat(at, temporary, 0700) != 0) return PSYNC_NO;
    psync_result r = grant_folder(options, at, temporary, error);
    if (!r) FILE_RETRY(moved, renameat2(at, temporary, at, name, RENAME_NOREPLACE));
    int number = errno;
    if (moved < 0) unlinkat(at, temporary, AT_REMOVEDIR);
    errno = number;
    bool unknown = !r && moved < 0 && (number == EINVAL || number == ENOSYS);
    if (unknown) return make_plain(options, at, name, error);
    return !r && moved < 0 ? PSYNC_NO : r;
}

/* A folder of the space in one that is open. PSYNC_NO: errno says why not. */
static psync_result make_one(struct file_home *home, int at, const char *name, bool own, psync_error *error)
{
    psync_result r;
    if (home->options.grants && own) {
        r = make_beside(&home->options, at, name, error);
    } else if (home->options.grants) {
        r = make_granted(home, at, name, error);
        bool unknown = r == PSYNC_NO && (errno == EINVAL || errno == ENOSYS || errno == EXDEV);
        if (unknown) r = make_plain(&home->options, at, name, error);
    } else {
        r = make_plain(&home->options, at, name, error);
    }
    if (!r && home->options.durable) r = file_folder_sync(at, ".", error);
    return r;
}

/* One step on. at is closed unless it is the root. PSYNC_NO: it is missing, or what it lies in was removed. */
static psync_result go_on(struct file_home *home, int root, int *at, const char *below, const char *name, bool make,
                          psync_error *error)
{
    /* The spare files' own folders cannot be made among them. */
    bool own = strncmp(below, FILE_OWN_FOLDER, strlen(FILE_OWN_FOLDER)) == 0;
    const int how = O_PATH | O_DIRECTORY | O_CLOEXEC | (file_root_shared(home) ? O_NOFOLLOW : 0);
    psync_result r = PSYNC_OK;
    int next;
    FILE_RETRY(next, openat(*at, name, how));
    if (next < 0 && errno == ENOENT && make) {
        r = make_one(home, *at, name, own, error);
        if (r == PSYNC_NO && errno != EEXIST && errno != ENOENT)
            r = file_failed(error, errno, "make the folder", below);
        if (r >= 0) FILE_RETRY(next, openat(*at, name, how));
    }
    int number = errno;
    if (*at != root) close(*at);
    *at = next;
    if (r < 0) {
        if (next >= 0) close(next);
        return r;
    }
    if (next >= 0) return PSYNC_OK;
    return number == ENOENT ? PSYNC_NO : file_failed(error, number, "enter the folder", below);
}

/* From the root to the folder, once. PSYNC_NO: something on the way is missing. */
static psync_result walk(struct file_home *home, int root, const char *below, bool make, int *fd,
                         psync_error *error)
{
    char parts[PATH_MAX];
    psync_result r = PSYNC_OK;
    char *rest = parts;
    memcpy(parts, below, strlen(below) + 1);
    *fd = root;
    for (char *part; !r && (part = strsep(&rest, "/"));) r = go_on(home, root, fd, below, part, make, error);
    return r;
}

psync_result file_folder_enter(struct file_home *home, const char *below, bool make, int *fd, psync_error *error)
{
    /* A folder that somebody removes while we make the next one in it is made again, but not for ever. */
    for (int attempt = 0; attempt < 100; attempt++) {
        int root;
        psync_result r = file_root(home, make, &root, error);
        if (!r) r = root < 0 ? PSYNC_NO : walk(home, root, below, make, fd, error);
        if (r == PSYNC_NO && root < 0 && make)
            r = file_folder_make_path(&home->options, home->options.root, home->options.root, error);
        else if (r != PSYNC_NO)
            return r;
        if (r < 0) return r;
        *fd = -1;
        if (!make) return PSYNC_OK;
    }
    return file_failed(error, ENOENT, "make the folder", below);
}

/* Whether path is root, or below it. */
static bool is_ours(const char *root, const char *path)
{
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) return false;
    *slash = '\0';
    return true;
}

static psync_result make_path(const struct file_options *options, const char *root, const char *path,
                              psync_error *error)
{
    char parent[PATH_MAX];
    psync_result r = PSYNC_OK;
    if (options->grants && strcmp(root, path) == 0) {
        r = make_beside(options, AT_FDCWD, path, error);
    } else if (is_ours(root, path)) {
        r = make_plain(options, AT_FDCWD, path, error);
    } else if (mkdir(path, 0777) != 0) {
        r = PSYNC_NO;
    }
    memcpy(parent, path, strlen(path) + 1);
    if (r || !options->durable || !cut_last(parent)) return r;
    return file_folder_sync(AT_FDCWD, parent, error);
}

psync_result file_folder_make_path(const struct file_options *options, const char *root, const char *path,
                                   psync_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        psync_result r = make_path(options, root, path, error);
        if (r != PSYNC_NO) return r;
        if (errno == EEXIST) {
            struct stat st;
            if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return PSYNC_OK;
            return file_failed(error, ENOTDIR, "make the folder", path);
        }
        if (errno != ENOENT) return file_failed(error, errno, "make the folder", path);
        char parent[PATH_MAX];
        memcpy(parent, path, strlen(path) + 1);
        if (!cut_last(parent)) break;
        r = file_folder_make_path(options, root, parent, error);
        if (r) return r;
    }
    return file_failed(error, ENOENT, "make the folder", path);
}

/* As the kernel gives it: linux_dirent64 of getdents64(2). */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t length; /* of this entry, the name's padding included */
    uint8_t type;
    char name[];
};

/*
 * opendir would ask for memory. This is called in forked children too, where
 * another thread of the parent may have held the allocator's lock (a sanitizer's
 * is not made anew there).
 */
static psync_result each_entry(int fd, const char *path, file_folder_visit visit, void *argument,
                               psync_error *error)
{
    char entries[4096] __attribute__((aligned(8)));
    for (;;) {
        ssize_t length;
        FILE_RETRY(length, syscall(SYS_getdents64, fd, entries, sizeof entries));
        if (length == 0 || (length < 0 && errno == ENOENT)) return PSYNC_OK; /* the folder itself was removed */
        if (length < 0) return file_failed(error, errno, "list the folder", path);
        for (ssize_t at = 0; at < length;) {
            const struct entry *entry = (const void *)(entries + at);
            at += entry->length;
            if (entry->name[0] != '.' && !visit(argument, fd, entry->name)) return PSYNC_OK;
        }
    }
}

psync_result file_folder_each(int at, const char *path, int flags, file_folder_visit visit, void *argument,
                              psync_error *error)
{
    int fd;
    FILE_RETRY(fd, openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return PSYNC_OK;
    if (fd < 0) return file_failed(error, errno, "list the folder", path);
    psync_result r = each_entry(fd, path, visit, argument, error);
    close(fd);
    return r;
}
