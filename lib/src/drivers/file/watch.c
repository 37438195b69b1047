/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.c - inotify, or polling where it does not help.
 *
 * A sleep adds its watches first, then looks whether it happened already, then
 * sleeps: nothing is missed. What is watched is the file's folder, or the first
 * one above it that exists; and the name of the space's own folder, which may be
 * removed or moved away as a whole. (The folder itself would not tell: every
 * process keeps it open.) Whatever the event, an overflow of the queue too,
 * the answer is the same: look again.
 *
 * Who gets no inotify instance (ear.h) polls: at first after a millisecond,
 * then ever more seldom up to the space's poll interval, each pause a little
 * random, so that a crowd does not look in step.
 */
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <time.h>

#include "clock.h"
#include "ear.h"
#include "failure.h"
#include "system.h"

static const int64_t FIRST_PAUSE = PSYNC_NS_PER_MS;

static const uint32_t NAME_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
static const uint32_t FOLDER_EVENTS = IN_DELETE_SELF | IN_MOVE_SELF;

/* ------------------------------------------------------------------------ */
/* Watches                                                                  */

static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || !slash[1]) return false;
    slash[slash == path] = '\0'; /* "/" stays */
    return true;
}

/* Watches the folder or, while it is missing, the first above it that exists. */
static bool watch_folder(struct file_sleeper *sleeper, const char *folder, uint32_t events)
{
    char path[PATH_MAX];
    char missing[PATH_MAX] = "";
    snprintf(path, sizeof path, "%s", folder);
    for (;;) {
        bool watched = file_ear_watch(sleeper, path, (*missing ? NAME_EVENTS : events) | FOLDER_EVENTS, NULL);
        struct file_id id;
        if (watched && (!*missing || file_stat_path(AT_FDCWD, missing, &id) != 0)) return true;
        if (watched) {
            /* What was missing has come in the meantime. */
            file_ear_unwatch(sleeper);
            snprintf(path, sizeof path, "%s", folder);
            *missing = '\0';
            continue;
        }
        if (errno != ENOENT) return false;
        memcpy(missing, path, sizeof missing);
        if (!cut_last(path)) return false;
    }
}

/* Where what the root lies in may not be read, only a move of the root is seen. */
static void watch_root(struct file_sleeper *sleeper, const char *root)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", root);
    bool watched =
        cut_last(parent) && file_ear_watch(sleeper, parent, IN_DELETE | IN_MOVED_FROM, strrchr(root, '/') + 1);
    if (!watched) (void)file_ear_watch(sleeper, root, FOLDER_EVENTS, NULL);
}

/* PSYNC_NO: no watch is to be had. */
static psync_result watch(struct file_home *home, const char *folder, enum file_watch_what what,
                          file_watch_check changed, void *argument, int64_t until, psync_error *error)
{
    struct file_sleeper sleeper;
    psync_result r = PSYNC_NO;
    if (!file_ear_begin(&sleeper)) return PSYNC_NO;
    if (watch_folder(&sleeper, folder, what == FILE_WATCH_CONTENT ? NAME_EVENTS | IN_MODIFY : NAME_EVENTS)) {
        watch_root(&sleeper, home->options.root);
        r = changed(argument, error);
        if (r == PSYNC_NO) {
            file_ear_sleep(&sleeper, until);
            r = PSYNC_OK;
        }
    }
    file_ear_end(&sleeper);
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

static void begin_rhythm(const uint8_t digest[FILE_DIGEST], int64_t longest)
{
    int64_t now = psync__clock->monotonic();
    bool goes_on = memcmp(rhythm.digest, digest, FILE_DIGEST) == 0 && now - rhythm.last < 2 * longest;
    if (!goes_on) rhythm.pause = FIRST_PAUSE < longest ? FIRST_PAUSE : longest;
    memcpy(rhythm.digest, digest, FILE_DIGEST);
}

/* The next pause, between three quarters of its length and the whole. */
static int64_t next_pause(int64_t longest)
{
    int64_t pause = rhythm.pause;
    rhythm.pause = pause + pause / 2;
    if (rhythm.pause > longest) rhythm.pause = longest;
    return pause - (int64_t)(psync__random() % (uint64_t)(pause / 4 + 1));
}

static psync_result poll_file(const struct file_home *home, const uint8_t digest[FILE_DIGEST],
                              file_watch_check changed, void *argument, int64_t until, psync_error *error)
{
    const int64_t longest = home->options.poll;
    begin_rhythm(digest, longest);
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

psync_result file_watch(struct file_place *place, enum file_watch_what what, file_watch_check changed,
                        void *argument, int64_t look, int64_t until, psync_error *error)
{
    struct file_home *home = place->home;
    char folder[PATH_MAX];
    file_place_folder(place, folder);
    file_place_leave(place); /* of an open folder nobody is told that it was removed */
    if (!home->options.polling) {
        psync_result r = watch(home, folder, what, changed, argument, look < until ? look : until, error);
        if (r != PSYNC_NO) return r;
    }
    return poll_file(home, place->digest, changed, argument, until, error);
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
