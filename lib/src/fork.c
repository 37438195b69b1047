/* SPDX-License-Identifier: BSD-3-Clause */
/* fork.c - counts forks by pthread_atfork. */
#include "fork.h"

#include <pthread.h>

atomic_uint psync__forks;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_error;

void psync__fork_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void psync__fork_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static void in_child(void)
{
    atomic_fetch_add_explicit(&psync__forks, 1, memory_order_relaxed);
    psync__fork_unlock();
}

static void install(void)
{
    once_error = pthread_atfork(psync__fork_lock, psync__fork_unlock, in_child);
}

int psync__fork_watch(void)
{
    pthread_once(&once, install);
    return once_error;
}
