/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * storm.c - preloaded: a signal every 100 us in every thread of every process.
 *
 * The handler does nothing and is installed without SA_RESTART, so every
 * system call that can be interrupted is. After a hundred there is a pause of
 * a few milliseconds: tests see by it that a process sleeps. A timer belongs to one thread and is
 * not inherited: a new thread and a forked child arm their own, and a program
 * that is executed does when it begins.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { GUST = 100 };
static const struct itimerspec often = {.it_value.tv_nsec = 100000, .it_interval.tv_nsec = 100000},
                               after_a_pause = {.it_value.tv_nsec = 6000000, .it_interval.tv_nsec = 100000};

static _Thread_local timer_t timer;
static _Thread_local int signals;
static pthread_key_t ended;

static int storm_signal(void)
{
    return SIGRTMIN + 7; /* no test's own */
}

static void handle(int number)
{
    (void)number;
    int before = errno;
    if (++signals % GUST == 0) timer_settime(timer, 0, &after_a_pause, NULL);
    errno = before;
}

static void disarm(void *unused)
{
    (void)unused;
    timer_delete(timer);
}

static void arm(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = storm_signal()};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
    timer_settime(timer, 0, &often, NULL);
    pthread_setspecific(ended, &signals); /* so that disarm is called */
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = handle};
    sigaction(storm_signal(), &action, NULL);
    pthread_key_create(&ended, disarm);
    pthread_atfork(NULL, NULL, arm);
    arm();
}

/* What a new thread runs, and with what. */
struct start {
    void *(*body)(void *);
    void *argument;
};

static void *run(void *opaque)
{
    struct start start = *(struct start *)opaque;
    free(opaque);
    arm();
    return start.body(start.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument)
{
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
    struct start *start = malloc(sizeof *start);
    if (!start) return EAGAIN;
    *start = (struct start){body, argument};
    int result = next(thread, attributes, run, start);
    if (result) free(start);
    return result;
}
