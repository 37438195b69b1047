/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ear.c - who listens, and how the others are woken.
 *
 * One of the sleeping threads listens: it polls the instance, reads what
 * comes, and rings the sleepers that watch for it. The others sleep on a futex
 * of their own. A listener that ends its sleep wakes one of the others, which
 * listens next. Two threads that watch one folder share the kernel's watch;
 * the last one removes it.
 *
 * Nothing is missed: watches begin before their thread looks whether what it
 * waits for has happened, and what is read rings everybody it concerns, asleep or not.
 */
#include "ear.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <phpsync/driver.h>

#include "clock.h"
#include "system.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int ear = -1; /* this and the rest: under the mutex */
static unsigned generation;
static struct file_sleeper *sleepers;
static bool listening; /* one of them polls */

static struct timespec time_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / PSYNC_NS_PER_S, .tv_nsec = ns % PSYNC_NS_PER_S};
}

bool file_ear_begin(struct file_sleeper *sleeper)
{
    pthread_mutex_lock(&mutex);
    if (ear < 0) ear = psync__keep_descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    bool begun = ear >= 0;
    if (begun) {
        *sleeper = (struct file_sleeper){.next = sleepers, .generation = generation};
        sleepers = sleeper;
    }
    pthread_mutex_unlock(&mutex);
    return begun;
}

/* IN_MASK_ADD: another thread may watch the same folder for something else. */
bool file_ear_watch(struct file_sleeper *sleeper, const char *folder, uint32_t events, const char *name)
{
    const uint32_t how = IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_ADD;
    pthread_mutex_lock(&mutex);
    int watch = inotify_add_watch(ear, folder, events | how);
    int number = errno;
    if (watch >= 0) {
        sleeper->watches[sleeper->count] = watch;
        sleeper->names[sleeper->count++] = name;
    }
    pthread_mutex_unlock(&mutex);
    errno = number;
    return watch >= 0;
}

static bool is_watched(int watch)
{
    for (const struct file_sleeper *s = sleepers; s; s = s->next) {
        for (unsigned i = 0; i < s->count; i++) {
            if (s->watches[i] == watch) return true;
        }
    }
    return false;
}

static void unwatch_last(struct file_sleeper *sleeper)
{
    int watch = sleeper->watches[--sleeper->count];
    if (!is_watched(watch)) inotify_rm_watch(ear, watch);
}

void file_ear_unwatch(struct file_sleeper *sleeper)
{
    pthread_mutex_lock(&mutex);
    unwatch_last(sleeper);
    pthread_mutex_unlock(&mutex);
}

/*
 * Makes a sleeping thread look up. The mutex orders all else; the word only has
 * to be seen not to be 0 by a futex call that comes later, which the kernel orders: relaxed.
 */
static void wake(struct file_sleeper *sleeper)
{
    if (atomic_exchange_explicit(&sleeper->word, 1, memory_order_relaxed) == 0) {
        syscall(SYS_futex, &sleeper->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static bool concerns(const struct file_sleeper *sleeper, const struct inotify_event *event)
{
    if (event->wd == -1) return true; /* the queue ran over */
    for (unsigned i = 0; i < sleeper->count; i++) {
        if (sleeper->watches[i] != event->wd) continue;
        if (!sleeper->names[i] || !event->len || strcmp(sleeper->names[i], event->name) == 0) return true;
    }
    return false;
}

static void ring(const struct inotify_event *event)
{
    for (struct file_sleeper *s = sleepers; s; s = s->next) {
        if (s->rung || !concerns(s, event)) continue;
        s->rung = true;
        wake(s);
    }
}

/* Reads all that has come. */
static void hear(void)
{
    char events[4096] __attribute__((aligned(8)));
    ssize_t length;
    while ((length = read(ear, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(events + at);
            at += (ssize_t)(sizeof *event + event->len);
            ring(event);
        }
    }
}

/* Both are called with the mutex and give it up meanwhile. False: a signal was handled, or the time is over. */

static bool listen_until(int64_t until)
{
    struct pollfd events = {.fd = ear, .events = POLLIN};
    listening = true;
    pthread_mutex_unlock(&mutex);
    int64_t left = until == PSYNC_NEVER ? 0 : until - psync__clock->monotonic();
    struct timespec length = time_of(left > 0 ? left : 0);
    int came = ppoll(&events, 1, until == PSYNC_NEVER ? NULL : &length, NULL);
    pthread_mutex_lock(&mutex);
    listening = false;
    if (came > 0) hear();
    return came > 0;
}

static bool sleep_until(struct file_sleeper *sleeper, int64_t until)
{
    struct timespec at = time_of(until);
    pthread_mutex_unlock(&mutex);
    long r = syscall(SYS_futex, &sleeper->word, FUTEX_WAIT_BITSET_PRIVATE, 0, until == PSYNC_NEVER ? NULL : &at,
                     NULL, FUTEX_BITSET_MATCH_ANY);
    bool on = r == 0 || errno == EAGAIN;
    pthread_mutex_lock(&mutex);
    return on;
}

void file_ear_sleep(struct file_sleeper *sleeper, int64_t until)
{
    pthread_mutex_lock(&mutex);
    bool on = true;
    while (on && !sleeper->rung && sleeper->generation == generation) {
        atomic_store_explicit(&sleeper->word, 0, memory_order_relaxed); /* nobody wakes it without the mutex */
        on = listening ? sleep_until(sleeper, until) : listen_until(until);
    }
    pthread_mutex_unlock(&mutex);
}

void file_ear_end(struct file_sleeper *sleeper)
{
    pthread_mutex_lock(&mutex);
    struct file_sleeper **link = &sleepers;
    while (*link && *link != sleeper) link = &(*link)->next;
    if (*link) {
        *link = sleeper->next;
        while (sleeper->count) unwatch_last(sleeper);
        if (!listening && sleepers) wake(sleepers);
    }
    pthread_mutex_unlock(&mutex);
}

void file_ear_forget(void)
{
    pthread_mutex_init(&mutex, NULL);
    if (ear >= 0) close(ear);
    ear = -1;
    generation++;
    sleepers = NULL;
    listening = false;
}
