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
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "place.h"
#include "spare.h"

psync_result file_grant(const struct file_options *options, int fd, mode_t mode, const char *path,
                        psync_error *error)
{
    struct stat st;
    if (!options->shared) return PSYNC_OK; /* made with it, and no umask takes the owner's rights away */
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

psync_result file_folder_sync(const char *path, psync_error *error)
{
    int fd;
    int r = -1;
    FILE_RETRY(fd, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd >= 0) FILE_RETRY(r, fsync(fd));
    int number = errno;
    if (fd >= 0) close(fd);
    return r < 0 ? file_failed(error, number, "flush the folder", path) : PSYNC_OK;
}

static psync_result grant_folder(const struct file_options *options, const char *path, psync_error *error)
{
    int fd;
    if (!options->shared) return PSYNC_OK;
    FILE_RETRY(fd, open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0) return file_failed(error, errno, "open", path);
    psync_result r = file_grant(options, fd, options->folder_mode, path, error);
    close(fd);
    return r;
}

/* Whether the folder lies where ours do, and not among what makes them: the spare files need their own folder
 * first.
 */
static bool is_inner(const struct file_options *options, const char *path)
{
    size_t length = strlen(options->root);
    return strncmp(path, options->root, length) == 0 && path[length] == '/' &&
           strncmp(path + length + 1, FILE_OWN_FOLDER, strlen(FILE_OWN_FOLDER)) != 0;
}

/* Makes it aside and moves it to its place. EEXIST and ENOENT come back in errno with PSYNC_NO. */
static psync_result make_granted(const struct file_home *home, const char *path, psync_error *error)
{
    char temporary[PATH_MAX];
    psync_result r = file_temporary_name((struct file_home *)home, temporary, error);
    if (r) return r;
    while (mkdir(temporary, 0700) != 0) {
        if (errno != ENOENT) return file_failed(error, errno, "make the folder", temporary);
        r = file_spares_make(home, error);
        if (r) return r;
    }
    r = grant_folder(&home->options, temporary, error);
    int moved = -1;
    if (!r) FILE_RETRY(moved, renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE));
    int number = errno;
    if (moved < 0) rmdir(temporary);
    errno = number;
    return !r && moved < 0 ? PSYNC_NO : r;
}

/* The folder itself, its parent being there. PSYNC_NO: errno says why not. */
static psync_result make_one(const struct file_home *home, const char *path, psync_error *error)
{
    const struct file_options *options = &home->options;
    if (options->shared && is_inner(options, path)) {
        psync_result r = make_granted(home, path, error);
        bool unknown = r == PSYNC_NO && (errno == EINVAL || errno == ENOSYS || errno == EXDEV);
        if (!unknown) return r;
    }
    size_t root = strlen(options->root);
    bool ours = strncmp(path, options->root, root) == 0 && (path[root] == '/' || !path[root]);
    if (mkdir(path, ours ? options->folder_mode & 0777 : 0777) != 0) return PSYNC_NO;
    return ours ? grant_folder(options, path, error) : PSYNC_OK;
}

static psync_result made_durable(const struct file_home *home, const char *path, psync_error *error)
{
    char parent[PATH_MAX];
    if (!home->options.durable) return PSYNC_OK;
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash || slash == parent) return PSYNC_OK;
    *slash = '\0';
    return file_folder_sync(parent, error);
}

psync_result file_folder_make(const struct file_home *home, const char *path, psync_error *error)
{
    /* A folder that somebody removes while we make the next one in it is made again, but not for ever. */
    for (int attempt = 0; attempt < 100; attempt++) {
        psync_result r = make_one(home, path, error);
        if (r == PSYNC_OK) return made_durable(home, path, error);
        if (r != PSYNC_NO) return r;
        if (errno == EEXIST) {
            struct stat st;
            if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return PSYNC_OK;
            return file_failed(error, ENOTDIR, "make the folder", path);
        }
        if (errno != ENOENT) return file_failed(error, errno, "make the folder", path);
        char parent[PATH_MAX];
        snprintf(parent, sizeof parent, "%s", path);
        char *slash = strrchr(parent, '/');
        if (!slash || slash == parent) break;
        *slash = '\0';
        r = file_folder_make(home, parent, error);
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
static psync_result each_entry(int fd, const char *path, bool (*visit)(void *argument, const char *name),
                               void *argument, psync_error *error)
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
            if (entry->name[0] != '.' && !visit(argument, entry->name)) return PSYNC_OK;
        }
    }
}

psync_result file_folder_each(const char *path, bool (*visit)(void *argument, const char *name), void *argument,
                              psync_error *error)
{
    int fd;
    FILE_RETRY(fd, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return PSYNC_OK;
    if (fd < 0) return file_failed(error, errno, "list the folder", path);
    psync_result r = each_entry(fd, path, visit, argument, error);
    close(fd);
    return r;
}
