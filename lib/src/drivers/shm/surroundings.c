/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * surroundings.c - for psync_space_check: the file system that the file lies
 * in, namesakes of other users, systemd's habit of removing files at logout,
 * and what processes that were killed while making the file have left beside it.
 */
#include "surroundings.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#ifndef CEPH_SUPER_MAGIC /* Linux 5.10's headers lack it */
#define CEPH_SUPER_MAGIC 0x00c36400
#endif

/* So old is no file that somebody is still making. */
enum { LEFTOVER_SECONDS = 3600 };

/* The smallest step that the file grows by. */
static const uint64_t STEP = (uint64_t)SHM_PAGE_CELLS * SHM_CELL;

/* ------------------------------------------------------------------------ */
/* The file system                                                          */

static void tell_room(const struct shm_file *file, const struct statfs *fs, struct psync_report *report)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0) return;
    uint64_t has = (uint64_t)st.st_blocks * 512;
    uint64_t wants = file->limit > has ? file->limit - has : 0;
    uint64_t room = (uint64_t)fs->f_bavail * (uint64_t)fs->f_bsize;
    if (room >= wants) return;
    static const char more[] =
        "give it more (docker run --shm-size, mount -o remount,size=), or put the space elsewhere "
        "with path=";
    if (room < STEP) {
        psync__report(report, PSYNC_WRONG, more, "the file system of %s is full: new keys will fail", file->path);
    } else {
        psync__report(report, PSYNC_NOTE, more,
                      "the file system of %s has %" PRIu64 " KiB left, the space may still grow by %" PRIu64 " KiB",
                      file->path, room / 1024, wants / 1024);
    }
}

static void tell_kind(const struct shm_file *file, const struct statfs *fs, struct psync_report *report)
{
    switch ((unsigned)fs->f_type) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
        return;
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case 0xfe534d42u: /* SMB2 */
    case 0xff534d42u: /* CIFS */
    case CEPH_SUPER_MAGIC:
    case V9FS_MAGIC:
        psync__report(report, PSYNC_WRONG, "use a file:// space there, or a server for several hosts",
                      "%s lies on a network file system, where other hosts see changes late or never", file->path);
        return;
    default:
        psync__report(report, PSYNC_NOTE, "a tmpfs such as /dev/shm is better",
                      "%s lies on a disk, to which the kernel writes its pages now and then", file->path);
    }
}

/* ------------------------------------------------------------------------ */
/* Namesakes and leftovers                                                  */

/* The file's folder and its name in there. False: the path is too long. */
static bool split_path(const struct shm_file *file, char folder[PATH_MAX], const char **name)
{
    const char *slash = strrchr(file->path, '/');
    if (!slash || (size_t)(slash - file->path) >= PATH_MAX) return false;
    snprintf(folder, PATH_MAX, "%.*s", (int)(slash - file->path), file->path);
    *name = slash + 1;
    return true;
}

bool shm_namesakes(const struct shm_file *file, char *list, size_t room)
{
    char folder[PATH_MAX];
    const char *own;
    *list = '\0';
    if (!file->scoped || !split_path(file, folder, &own)) return false;
    DIR *entries = opendir(folder);
    if (!entries) return false;
    size_t used = 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char scope;
        unsigned id;
        int end = 0;
        if (strcmp(entry->d_name, own) == 0) continue;
        if (sscanf(entry->d_name, SHM_FILE_PREFIX "%c%u.%n", &scope, &id, &end) != 2 || !end) continue;
        if ((scope != 'u' && scope != 'g') || strcmp(entry->d_name + end, file->name) != 0) continue;
        int n = snprintf(list + used, room - used, "%s%s %u", used ? ", " : "", scope == 'u' ? "uid" : "gid", id);
        if (n < 0 || (size_t)n >= room - used) break;
        used += (size_t)n;
    }
    closedir(entries);
    return used > 0;
}

/* A process that is killed while it makes the file leaves one beside it only where there are no unnamed files. */
static void tell_leftovers(const struct shm_file *file, bool repair, struct psync_report *report)
{
    char folder[PATH_MAX];
    const char *name;
    if (!split_path(file, folder, &name)) return;
    DIR *entries = opendir(*folder ? folder : "/");
    if (!entries) return;
    size_t length = strlen(name);
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat st;
        if (strncmp(entry->d_name, name, length) != 0 || strncmp(entry->d_name + length, ".new.", 5) != 0) continue;
        if (strspn(entry->d_name + length + 5, "0123456789abcdef") != strlen(entry->d_name + length + 5)) continue;
        if (fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
        if (st.st_mtime + LEFTOVER_SECONDS > time(NULL)) continue;
        bool gone = repair && unlinkat(dirfd(entries), entry->d_name, 0) == 0;
        psync__report(report, gone ? PSYNC_MENDED : PSYNC_WRONG, gone ? "" : "phpsync doctor --repair removes it",
                      "a process that was killed left %s/%s behind", folder, entry->d_name);
    }
    closedir(entries);
}

/* ------------------------------------------------------------------------ */
/* systemd                                                                  */

/* The last setting of RemoveIPC in a file, into *on. */
static void read_setting(const char *path, bool *on)
{
    FILE *file = fopen(path, "re");
    char line[256];
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        char value[16];
        if (sscanf(line, " RemoveIPC = %15s", value) != 1) continue;
        static const char *const no[] = {"no", "false", "off", "0", "n", "f"};
        *on = true;
        for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) *on = *on && strcasecmp(value, no[i]) != 0;
    }
    fclose(file);
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(strrchr(*x, '/'), strrchr(*y, '/'));
}

/* Drop-ins apply in the order of their names, whichever folder they lie in. */
static void read_drop_ins(const char *root, bool *on)
{
    static const char *const folders[] = {"usr/lib", "run", "etc"};
    enum { MOST = 64 };
    char *paths[MOST];
    size_t n = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%s/%s/systemd/logind.conf.d", root, folders[i]);
        DIR *entries = opendir(folder);
        for (struct dirent *entry; entries && (entry = readdir(entries)) && n < MOST;) {
            size_t length = strlen(entry->d_name);
            if (length < 5 || strcmp(entry->d_name + length - 5, ".conf") != 0) continue;
            if (asprintf(&paths[n], "%s/%s", folder, entry->d_name) > 0) n++;
        }
        if (entries) closedir(entries);
    }
    qsort(paths, n, sizeof paths[0], by_name);
    for (size_t i = 0; i < n; i++) {
        read_setting(paths[i], on);
        free(paths[i]);
    }
}

/* The user's name, where it has one. */
static bool lingers(const char *root, uid_t uid)
{
    char buffer[4096];
    char path[PATH_MAX];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || !found) return false;
    snprintf(path, sizeof path, "%s/var/lib/systemd/linger/%s", root, entry.pw_name);
    return access(path, F_OK) == 0;
}

bool shm_logout_removes(const char *root, uid_t uid)
{
    enum { FIRST_LOGIN_UID = 1000 }; /* systemd spares the users of the system */
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/run/systemd/system", root);
    if (uid < FIRST_LOGIN_UID || access(path, F_OK) != 0) return false;
    bool on = true; /* systemd's own default, and Debian's */
    snprintf(path, sizeof path, "%s/etc/systemd/logind.conf", root);
    read_setting(path, &on);
    read_drop_ins(root, &on);
    return on && !lingers(root, uid);
}

static void tell_logout(const struct shm_file *file, struct psync_report *report)
{
    struct stat st;
    if (strncmp(file->path, "/dev/shm/", 9) != 0 || fstat(file->fd, &st) != 0) return;
    if (!shm_logout_removes("", st.st_uid)) return;
    psync__report(report, PSYNC_NOTE,
                  "set RemoveIPC=no in /etc/systemd/logind.conf, or loginctl enable-linger that user, or use path=",
                  "systemd removes %s when user %u has logged out everywhere", file->path, (unsigned)st.st_uid);
}

/* ------------------------------------------------------------------------ */

void shm_surroundings(const struct shm_file *file, bool repair, struct psync_report *report)
{
    struct statfs fs;
    char namesakes[512];
    if (fstatfs(file->fd, &fs) == 0) {
        tell_kind(file, &fs, report);
        tell_room(file, &fs, report);
    }
    if (shm_namesakes(file, namesakes, sizeof namesakes)) {
        psync__report(report, PSYNC_NOTE, "to meet processes of other users, share a space: shm://NAME?group=GROUP",
                      "others have a space of the same name, which is not this one: %s", namesakes);
    }
    tell_logout(file, report);
    tell_leftovers(file, repair, report);
}
