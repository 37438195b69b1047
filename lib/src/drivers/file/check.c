/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.c - psync_space_check: every file in its place, and whole.
 *
 * It takes no flock: a process that is stopped in the middle of a change must
 * not stop the check too. So what is read may be half of a change, and is read
 * again before it counts as damaged; what has gone meanwhile does not count.
 * Links are not followed, and what is no regular file is never opened for long.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "fence.h"
#include "finding.h"
#include "identity.h"
#include "number.h"
#include "place.h"
#include "record.h"
#include "spare.h"

enum {
    READS = 20,      /* of what looks damaged */
    TOLD_MAX = 50,   /* the rest is only counted */
    FILES_BELOW = 2, /* folders above a file, below its category */
    NAME = 2 * FILE_DIGEST
};

static const int64_t READ_PAUSE = 5 * PSYNC_NS_PER_MS;
static const char SUFFIX[] = ".key";

struct check {
    struct file_home *home;
    struct psync_report *report;
    const char *category;
    unsigned told;
    unsigned untold;
    unsigned strays;
    unsigned left; /* by the dead, among the spares */
};

/* A folder on the way; its path is below the root. */
struct folder {
    int fd;
    unsigned depth; /* of folders between it and the category */
    char path[64];
};

__attribute__((format(printf, 3, 4))) static void wrong(struct check *check, const char *advice, const char *format,
                                                        ...)
{
    char what[PSYNC_MESSAGE_SIZE];
    va_list arguments;
    if (check->told++ >= TOLD_MAX) {
        check->untold++;
        return;
    }
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    psync__report(check->report, PSYNC_WRONG, advice, "%s", what);
}

static bool is_hex(const char *name, size_t length)
{
    return strspn(name, "0123456789abcdef") >= length;
}

/* ------------------------------------------------------------------------ */
/* Reading                                                                  */

/* Opens a regular file of the folder. -1: it has gone. -2: it is none. */
static int open_regular(const struct folder *folder, const char *name)
{
    struct stat st;
    int fd;
    FILE_RETRY(fd, openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (fd < 0) return errno == ENOENT ? -1 : -2;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
    close(fd);
    return -2;
}

static bool digest_is(const char *key, size_t length, const char *name)
{
    uint8_t digest[FILE_DIGEST];
    char text[NAME + 1];
    file_md5(key, length, digest);
    for (size_t i = 0; i < FILE_DIGEST; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return strncmp(text, name, NAME) == 0;
}

/* What a file says of itself: NULL if all is well, else what is wrong. */
typedef const char *(*judge)(int fd, const char *name);

/* No step of ours leaves a Lock like this: its file is written before it gets its name. */
static const char EMPTY_LOCK[] = "is empty: it does not say who took the Lock";

static const char *judge_lock(int fd, const char *name)
{
    char text[FILE_RECORD_MAX + 1];
    struct file_record record;
    ssize_t length;
    FILE_RETRY(length, pread(fd, text, FILE_RECORD_MAX, 0));
    if (length < 0) return "cannot be read";
    if (length == 0) return EMPTY_LOCK;
    text[length] = '\0';
    if (!file_record_parse(text, (size_t)length, &record)) return "does not say who took the Lock";
    return digest_is(record.key, record.key_length, name) ? NULL : "is the Lock of another key";
}

static const char *judge_integer(int fd, const char *name)
{
    struct file_number number;
    (void)name;
    return file_number_read(fd, "", &number, NULL) ? "does not hold a 64-bit number in decimal" : NULL;
}

static const char *judge_fences(int fd, const char *name)
{
    struct file_number text;
    struct file_fences fences;
    bool good = !file_number_read_text(fd, "", &text, NULL) && file_fence_parse(text.text, &fences);
    return good ? NULL : judge_integer(fd, name);
}

static const char *judge_key(int fd, const char *name)
{
    char key[PSYNC_KEY_MAX + 2];
    ssize_t length;
    FILE_RETRY(length, pread(fd, key, sizeof key, 0));
    if (length < 0) return "cannot be read";
    if (length < 1 || length > PSYNC_KEY_MAX) return "does not hold a key";
    return digest_is(key, (size_t)length, name) ? NULL : "holds another file's key";
}

static void judge_file(struct check *check, const struct folder *folder, const char *name, judge judge_it,
                       const char *advice)
{
    const struct timespec pause = {.tv_nsec = READ_PAUSE};
    const char *trouble = NULL;
    for (int i = 0; i < READS; i++) {
        int fd = open_regular(folder, name);
        if (fd == -1) return;
        trouble = fd < 0 ? "is no regular file that can be opened" : judge_it(fd, name);
        if (fd >= 0) close(fd);
        if (!trouble) return;
        if (trouble == EMPTY_LOCK) break; /* php-sync-fs may have left a great many */
        nanosleep(&pause, NULL);
    }
    wrong(check, advice, "%s/%s/%s %s", check->home->options.root, folder->path, name, trouble);
}

/* A key's Integer is made before it, and removed after it: a key that stays without one is an orphan. */
static bool is_orphan(const struct folder *folder, const char *name)
{
    char integer[NAME + 1];
    struct stat before;
    struct stat after;
    struct stat st;
    snprintf(integer, sizeof integer, "%.*s", NAME, name);
    if (fstatat(folder->fd, name, &before, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (fstatat(folder->fd, integer, &st, AT_SYMLINK_NOFOLLOW) == 0) return false;
    if (fstatat(folder->fd, name, &after, AT_SYMLINK_NOFOLLOW) != 0) return false;
    return before.st_ino == after.st_ino && before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
           before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
}

/* ------------------------------------------------------------------------ */
/* Walking                                                                  */

static void check_key(struct check *check, const struct folder *folder, const char *name)
{
    judge_file(check, folder, name, judge_key, "remove it; the next change of its Integer writes it anew");
    if (!is_orphan(folder, name)) return;
    wrong(check, "remove it", "%s/%s/%s is the key of no Integer", check->home->options.root, folder->path, name);
}

/* A file where files are: "abcd..." below "ab/cd", or an Integer's key beside it. */
static void check_file(struct check *check, const struct folder *folder, const char *name)
{
    const char *digits = folder->path + strlen(check->category) + 1; /* "ab/cd" */
    bool integers = strcmp(check->category, FILE_INTEGERS) == 0;
    bool key = integers && strlen(name) == NAME + strlen(SUFFIX) && strcmp(name + NAME, SUFFIX) == 0;
    bool ours = (key || strlen(name) == NAME) && is_hex(name, NAME) && strncmp(name, digits, 2) == 0 &&
                strncmp(name + 2, digits + 3, 2) == 0;
    if (!ours) {
        check->strays++;
    } else if (key) {
        check_key(check, folder, name);
    } else if (integers) {
        judge_file(check, folder, name, judge_integer, "write the right number into it, or remove it");
    } else {
        judge_file(check, folder, name, judge_lock,
                   "remove it if nobody has that Lock; php-sync-fs's own PHP code leaves empty ones");
    }
}

static void walk(struct check *check, const struct folder *folder);

static void enter(struct check *check, const struct folder *folder, const char *name)
{
    struct folder next = {.depth = folder->depth + 1};
    if (strlen(name) != 2 || !is_hex(name, 2)) {
        check->strays++;
        return;
    }
    next.fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next.fd < 0) {
        if (errno == ENOENT) return; /* an empty one may be removed at any time */
        wrong(check, "remove it, or let this user in", "%s/%s/%s is no folder that can be opened",
              check->home->options.root, folder->path, name);
        return;
    }
    snprintf(next.path, sizeof next.path, "%.40s/%.2s", folder->path, name);
    walk(check, &next);
}

/* Closes the folder. */
static void walk(struct check *check, const struct folder *folder)
{
    DIR *entries = fdopendir(folder->fd);
    if (!entries) {
        close(folder->fd);
        return;
    }
    for (struct dirent *entry; !check->report->stopped && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (folder->depth == FILES_BELOW) {
            check_file(check, folder, entry->d_name);
        } else {
            enter(check, folder, entry->d_name);
        }
    }
    closedir(entries);
}

static void check_category(struct check *check, const char *category)
{
    char path[PATH_MAX];
    struct folder folder = {.depth = 0};
    check->category = category;
    snprintf(path, sizeof path, "%.*s/%s", FILE_ROOT_MAX, check->home->options.root, category);
    snprintf(folder.path, sizeof folder.path, "%s", category);
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder.fd >= 0) {
        walk(check, &folder);
    } else if (errno != ENOENT) {
        wrong(check, "remove it, or let this user in", "%s is no folder that can be opened", path);
    }
}

/* ------------------------------------------------------------------------ */
/* Our own folder                                                           */

static void check_fence(struct check *check)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/" FILE_OWN_FOLDER, FILE_ROOT_MAX, check->home->options.root);
    struct folder folder = {.path = FILE_OWN_FOLDER};
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder.fd < 0) return;
    judge_file(check, &folder, "fence", judge_fences, "remove it; fences go on from the time of day then");
    close(folder.fd);
}

static void count_left(struct check *check, DIR *entries)
{
    for (struct dirent *entry; (entry = readdir(entries));) {
        uint64_t nonce;
        int end = 0;
        if (entry->d_name[0] == '.') continue;
        if (sscanf(entry->d_name, "%16" SCNx64 "-%n", &nonce, &end) != 1 || end != 17) {
            check->strays++;
        } else if (file_identity_alive(check->home, nonce) == PSYNC_ALIVE_NO) {
            check->left++;
        }
    }
}

static void check_spares(struct check *check, bool repair)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/" FILE_SPARE_FOLDER, FILE_ROOT_MAX, check->home->options.root);
    DIR *entries = opendir(path);
    if (!entries) return;
    count_left(check, entries);
    unsigned before = check->left;
    if (before && repair) {
        file_spares_clean(check->home);
        rewinddir(entries);
        check->left = 0;
        count_left(check, entries);
    }
    closedir(entries);
    if (before > check->left) {
        psync__report(check->report, PSYNC_MENDED, "", "files of processes that have ended, removed: %u",
                      before - check->left);
    }
    if (check->left) {
        psync__report(check->report, PSYNC_NOTE,
                      "they do no harm: the next process that comes removes them, as does --repair",
                      "files of processes that have ended: %u", check->left);
    }
}

/* ------------------------------------------------------------------------ */
/* What is around it                                                        */

static long read_limit(const char *path)
{
    long value = -1;
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    if (fscanf(file, "%ld", &value) != 1) value = -1;
    fclose(file);
    return value;
}

static void check_waiting(struct check *check)
{
    const struct file_options *options = &check->home->options;
    if (options->remote) {
        psync__report(check->report, PSYNC_NOTE, "a server is better for several hosts",
                      "%s lies on a network or user space file system: who waits looks every %g s", options->root,
                      (double)options->poll / (double)PSYNC_NS_PER_S);
    }
    if (options->polling) return;
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    } else if (errno == EMFILE) {
        psync__report(check->report, PSYNC_NOTE, "raise fs.inotify.max_user_instances (sysctl)",
                      "this user has no inotify instance left of %ld: who waits looks every %g s",
                      read_limit("/proc/sys/fs/inotify/max_user_instances"),
                      (double)options->poll / (double)PSYNC_NS_PER_S);
    }
}

static void check_room(struct check *check)
{
    struct statvfs fs;
    const char *root = check->home->options.root;
    if (statvfs(root, &fs) != 0) return;
    if (fs.f_bavail == 0) {
        psync__report(check->report, PSYNC_WRONG, "free some room", "the file system of %s is full", root);
    } else if (fs.f_files && fs.f_favail == 0) {
        psync__report(check->report, PSYNC_WRONG, "remove some files",
                      "the file system of %s can hold no more files", root);
    }
    if (fs.f_flag & ST_RDONLY) {
        psync__report(check->report, PSYNC_WRONG, "mount it for writing", "the file system of %s is read-only",
                      root);
    }
}

/* fs.protected_regular keeps PHP's fopen(..., 'c') from files of other users in a sticky folder that all may write
 * to; this library opens them otherwise. */
static void check_sticky(struct check *check)
{
    struct stat st;
    if (stat(check->home->options.root, &st) != 0 || !(st.st_mode & S_ISVTX) || !(st.st_mode & S_IWOTH)) return;
    if (read_limit("/proc/sys/fs/protected_regular") < 1) return;
    psync__report(
        check->report, PSYNC_NOTE, "use a folder without the sticky bit (chmod -t)",
        "%s is sticky and fs.protected_regular is on: php-sync-fs's own PHP code cannot open other users' "
        "files there",
        check->home->options.root);
}

psync_result file_check(void *opaque, bool repair, psync_check_callback callback, void *argument,
                        psync_error *error)
{
    struct file_state *state = opaque;
    struct psync_report report = {callback, argument, false};
    struct check check = {.home = state->home, .report = &report};
    struct stat st;
    const char *root = state->home->options.root;
    if (stat(root, &st) != 0) return file_failed(error, errno, "look at", root);
    check_category(&check, FILE_LOCKS);
    check_category(&check, FILE_INTEGERS);
    check_fence(&check);
    if (check.untold) psync__report(&report, PSYNC_WRONG, "", "and %u more of these", check.untold);
    check_spares(&check, repair);
    if (check.strays) {
        psync__report(&report, PSYNC_NOTE, "", "files or folders below %s that are not this library's: %u", root,
                      check.strays);
    }
    check_waiting(&check);
    check_room(&check);
    check_sticky(&check);
    return report.stopped ? PSYNC_NO : PSYNC_OK;
}
