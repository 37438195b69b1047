/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.c - inotify, or polling where it does not help.
 *
 * A sleep adds its watches first, then looks whether it happened already, then
 * sleeps: nothing is missed. Watches are for one event each (IN_ONESHOT), so
 * none pile up while nobody reads. What is watched is the file's folder, or
 * the first one above it that exists; and the space's root, for it may be
 * moved away as a whole. Whatever the event, an overflow of the queue too, the
 * answer is the same: look again.
 *
 * To close an inotify descriptor takes the kernel milliseconds. So a few are
 * kept, for whoever sleeps next in this process.
 *
 * A user may have only so many of them (fs.inotify.max_user_instances, 128 as
 * a rule). Who gets none polls: at first after a millisecond, then ever more
 * seldom up to the space's poll interval, each pause a little random, so that
 * a crowd does not look in step.
 */
#include "watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "system.h"

enum { KEPT = 4, WATCHES = 2 };

static const int64_t FIRST_PAUSE = PSYNC_NS_PER_MS;

static const uint32_t NAME_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
static const uint32_t FOLDER_EVENTS = IN_DELETE_SELF | IN_MOVE_SELF;
static const uint32_t HOW = IN_ONESHOT | IN_ONLYDIR | IN_DONT_FOLLOW;

static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;
static int kept[KEPT];
static unsigned kept_count;

/* ------------------------------------------------------------------------ */
/* Descriptors                                                              */

static int take_descriptor(void)
{
    int fd = -1;
    pthread_mutex_lock(&kept_mutex);
    if (kept_count) fd = kept[--kept_count];
    pthread_mutex_unlock(&kept_mutex);
    return fd >= 0 ? fd : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static void drain(int fd)
{
    char events[4096] __attribute__((aligned(8)));
    while (read(fd, events, sizeof events) > 0) continue;
}

/* Watches that had no event yet are removed; the rest are gone by themselves. */
static void give_descriptor(int fd, const int *watches, unsigned count)
{
    for (unsigned i = 0; i < count; i++) inotify_rm_watch(fd, watches[i]);
    drain(fd);
    pthread_mutex_lock(&kept_mutex);
    bool full = kept_count == KEPT;
    if (!full) kept[kept_count++] = fd;
    pthread_mutex_unlock(&kept_mutex);
    if (full) close(fd);
}

void file_watch_forget(void)
{
    pthread_mutex_init(&kept_mutex, NULL);
    while (kept_count) close(kept[--kept_count]);
}

/* ------------------------------------------------------------------------ */
/* Watches                                                                  */

static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || !slash[1]) return false;
    slash[slash == path] = '\0'; /* "/" stays */
    return true;
}

/* Watches the folder or, while it is missing, the first above it that exists. The watch, or -1 and errno. */
static int watch_folder(int fd, const char *folder, uint32_t events)
{
    char path[PATH_MAX];
    char missing[PATH_MAX] = "";
    snprintf(path, sizeof path, "%s", folder);
    for (;;) {
        int watch = inotify_add_watch(fd, path, (*missing ? NAME_EVENTS : events) | FOLDER_EVENTS | HOW);
        struct stat st;
        if (watch >= 0 && (!*missing || lstat(missing, &st) != 0)) return watch;
        if (watch >= 0) {
            /* What was missing has come in the meantime. */
            inotify_rm_watch(fd, watch);
            snprintf(path, sizeof path, "%s", folder);
            *missing = '\0';
            continue;
        }
        if (errno != ENOENT) return -1;
        memcpy(missing, path, sizeof missing);
        if (!cut_last(path)) return -1;
    }
}

static unsigned add_watches(int fd, const struct file_place *place, enum file_watch_what what, int watches[WATCHES])
{
    char folder[PATH_MAX];
    file_place_folder(place, folder);
    watches[0] = watch_folder(fd, folder, what == FILE_WATCH_CONTENT ? NAME_EVENTS | IN_MODIFY : NAME_EVENTS);
    if (watches[0] < 0) return 0;
    const char *root = place->home->options.root;
    if (strcmp(root, folder) == 0) return 1;
    watches[1] = inotify_add_watch(fd, root, FOLDER_EVENTS | HOW | IN_MASK_ADD);
    return watches[1] >= 0 && watches[1] != watches[0] ? 2 : 1;
}

static struct timespec left_until(int64_t until)
{
    int64_t left = until - psync__clock->monotonic();
    if (left < 0) left = 0;
    return (struct timespec){.tv_sec = left / PSYNC_NS_PER_S, .tv_nsec = left % PSYNC_NS_PER_S};
}

static void sleep_on(int fd, int64_t until)
{
    struct pollfd events = {.fd = fd, .events = POLLIN};
    struct timespec left = left_until(until == PSYNC_NEVER ? 0 : until);
    (void)ppoll(&events, 1, until == PSYNC_NEVER ? NULL : &left, NULL); /* a signal ends it: as it should */
}

/* PSYNC_NO: no watch is to be had. */
static psync_result watch(const struct file_place *place, enum file_watch_what what, file_watch_check changed,
                          void *argument, int64_t until, psync_error *error)
{
    int watches[WATCHES];
    int fd = take_descriptor();
    if (fd < 0) return PSYNC_NO;
    unsigned count = add_watches(fd, place, what, watches);
    if (!count) {
        give_descriptor(fd, watches, 0);
        return PSYNC_NO;
    }
    psync_result r = changed(argument, error);
    if (r == PSYNC_NO) {
        sleep_on(fd, until);
        r = PSYNC_OK;
    }
    give_descriptor(fd, watches, count);
    return r;
}

/* ------------------------------------------------------------------------ */
/* Polling                                                                  */

/* How this thread polled last: one wait is many calls, and its pauses go on growing. */
struct rhythm {
    uint8_t digest[FILE_DIGEST];
    int64_t pause;
    int64_t last;
};

static _Thread_local struct rhythm rhythm;

static void begin_rhythm(const struct file_place *place, int64_t longest)
{
    int64_t now = psync__clock->monotonic();
    bool goes_on = memcmp(rhythm.digest, place->digest, FILE_DIGEST) == 0 && now - rhythm.last < 2 * longest;
    if (!goes_on) rhythm.pause = FIRST_PAUSE < longest ? FIRST_PAUSE : longest;
    memcpy(rhythm.digest, place->digest, FILE_DIGEST);
}

/* The next pause, between three quarters of its length and the whole. */
static int64_t next_pause(int64_t longest)
{
    int64_t pause = rhythm.pause;
    rhythm.pause = pause + pause / 2;
    if (rhythm.pause > longest) rhythm.pause = longest;
    return pause - (int64_t)(psync__random() % (uint64_t)(pause / 4 + 1));
}

static psync_result poll_file(const struct file_place *place, file_watch_check changed, void *argument,
                              int64_t until, psync_error *error)
{
    const int64_t longest = place->home->options.poll;
    begin_rhythm(place, longest);
    for (;;) {
        psync_result r = changed(argument, error);
        int64_t now = psync__clock->monotonic();
        rhythm.last = now;
        if (r != PSYNC_NO) return r;
        if (now >= until) return PSYNC_OK;
        int64_t pause = next_pause(longest);
        if (pause > until - now) pause = until - now;
        struct timespec length = {.tv_sec = pause / PSYNC_NS_PER_S, .tv_nsec = pause % PSYNC_NS_PER_S};
        if (clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL) == EINTR) return PSYNC_OK;
    }
}

psync_result file_watch(const struct file_place *place, enum file_watch_what what, file_watch_check changed,
                        void *argument, int64_t look, int64_t until, psync_error *error)
{
    if (!place->home->options.polling) {
        psync_result r = watch(place, what, changed, argument, look < until ? look : until, error);
        if (r != PSYNC_NO) return r;
    }
    return poll_file(place, changed, argument, until, error);
}

/* ------------------------------------------------------------------------ */
/* File systems                                                             */

bool file_watch_sees(const char *folder, bool *remote)
{
    static const uint32_t blind[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x65735546, /* FUSE */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x73757245, /* Coda */
        0x0bd00bd0, /* Lustre */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
        0x786f4256, /* VirtualBox shared folders */
        0xbacbacbc, /* VMware shared folders */
    };
    struct statfs fs;
    *remote = false;
    if (statfs(folder, &fs) != 0) return true;
    for (size_t i = 0; i < sizeof blind / sizeof *blind; i++) {
        if ((uint32_t)fs.f_type == blind[i]) *remote = true;
    }
    return !*remote;
}
