/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ear.h - one inotify instance for all threads of this process that sleep.
 *
 * A user may have only so many instances (fs.inotify.max_user_instances, 128
 * as a rule), so a process has one, from its first sleep on.
 */
#ifndef PSYNC_FILE_EAR_H
#define PSYNC_FILE_EAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { FILE_EAR_WATCHES = 2 };

/* One thread's sleep. All but word is under the ear's mutex. */
struct file_sleeper {
    struct file_sleeper *next;
    unsigned generation; /* of the ear; another one: this process was forked in the middle of the sleep */
    int watches[FILE_EAR_WATCHES];
    const char *names[FILE_EAR_WATCHES]; /* not NULL: only events with this name count */
    unsigned count;
    bool rung;
    atomic_uint word; /* what it sleeps on while another thread listens: not 0 when it is to look up */
};

/* Begins a sleep that watches nothing yet. False: there is no instance to be had. */
bool file_ear_begin(struct file_sleeper *sleeper);
/* Watches a folder for these inotify events; false and errno: it cannot. name outlives the sleep. */
bool file_ear_watch(struct file_sleeper *sleeper, const char *folder, uint32_t events, const char *name);
/* Stops watching what was watched last. */
void file_ear_unwatch(struct file_sleeper *sleeper);
/* Sleeps until an event since the watches began, a signal was handled, or until (monotonic). */
void file_ear_sleep(struct file_sleeper *sleeper, int64_t until);
void file_ear_end(struct file_sleeper *sleeper);

/* In a forked child: gives up what the parent slept with. */
void file_ear_forget(void);

#endif
