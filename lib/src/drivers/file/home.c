/* SPDX-License-Identifier: BSD-3-Clause */
/* home.c - the list of homes, and what a fork does to them. */
#include "home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ear.h"
#include "identity.h"
#include "place.h"
#include "root.h"
#include "spare.h"

static pthread_mutex_t homes_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct file_home *homes;

static void homes_lock(void)
{
    pthread_mutex_lock(&homes_mutex);
}

static void homes_unlock(void)
{
    pthread_mutex_unlock(&homes_mutex);
}

static void init_counter(struct file_counter *counter)
{
    pthread_mutex_init(&counter->mutex, NULL);
    counter->fd = -1;
    counter->bound = false;
    counter->binding++; /* what a handle noted of the parent's is void in a child */
}

static void close_counter(struct file_counter *counter)
{
    file_close_if_ours(counter->fd, &counter->id);
    counter->fd = -1;
    counter->bound = false;
}

/* Everything as in a process that has opened nothing; but a child keeps its parent's folders, which lock nothing.
 */
static void begin(struct file_home *home)
{
    pthread_mutex_init(&home->mutex, NULL);
    pthread_mutex_init(&home->root.mutex, NULL);
    home->life_fd = -1;
    home->nonce = 0;
    home->keep = false;
    for (size_t i = 0; i < FILE_SPARES; i++) home->spares[i] = (struct file_spare){.fd = -1};
    for (size_t i = 0; i < FILE_COUNTERS; i++) init_counter(&home->counters[i]);
    init_counter(&home->fence);
}

static void close_files(struct file_home *home)
{
    for (size_t i = 0; i < FILE_SPARES; i++) file_close_if_ours(home->spares[i].fd, &home->spares[i].id);
    for (size_t i = 0; i < FILE_COUNTERS; i++) file_close_if_ours(home->counters[i].fd, &home->counters[i].id);
    file_close_if_ours(home->fence.fd, &home->fence.id);
    file_close_if_ours(home->life_fd, &home->life_id);
}

/*
 * In a forked child, which has one thread: mutexes that other threads of the
 * parent held are made anew. The copies of descriptors are closed at once:
 * with them a flock or a sign of life of the parent would outlive it.
 */
static void forget(void)
{
    for (struct file_home *home = homes; home; home = home->next) {
        close_files(home);
        begin(home);
    }
    file_ear_forget();
    homes_unlock();
}

static int watch_error;

static void watch_forks(void)
{
    watch_error = pthread_atfork(homes_lock, homes_unlock, forget);
}

static void destroy(struct file_home *home)
{
    struct file_home **link = &homes;
    while (*link != home) link = &(*link)->next;
    *link = home->next;
    close_files(home);
    file_root_close(home);
    free(home);
}

/* Ends homes that nobody uses and whose folder is gone, so that nobody asks whether their owner lives. */
static void prune(void)
{
    struct file_home *next;
    for (struct file_home *home = homes; home; home = next) {
        next = home->next;
        if (home->users == 0 && !file_identity_linked(home)) destroy(home);
    }
}

struct file_home *file_home_get(const struct file_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (watch_error) return NULL;
    homes_lock();
    struct file_home *home = homes;
    while (home && memcmp(&home->options, options, sizeof *options) != 0) home = home->next;
    if (!home) {
        prune();
        home = calloc(1, sizeof *home);
        if (home) {
            home->options = *options;
            home->root_length = strlen(options->root);
            snprintf(home->fence_path, sizeof home->fence_path, "%.*s/" FILE_FENCE, FILE_ROOT_MAX, options->root);
            atomic_init(&home->root.fd, -1);
            atomic_init(&home->root.spare_fd, -1);
            begin(home);
            home->next = homes;
            homes = home;
        }
    }
    if (home) home->users++;
    homes_unlock();
    return home;
}

/* Closes all but the sign of life: that others see that this process lives needs one descriptor. */
static void rest(struct file_home *home)
{
    for (size_t i = 0; i < FILE_COUNTERS; i++) close_counter(&home->counters[i]);
    close_counter(&home->fence);
    file_root_close(home);
}

void file_home_put(struct file_home *home)
{
    homes_lock();
    if (--home->users == 0) {
        file_spares_drop(home);
        if (home->keep) {
            rest(home);
        } else {
            destroy(home);
        }
    }
    homes_unlock();
}
