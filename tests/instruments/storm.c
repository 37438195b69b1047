/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * storm.c - preloaded: a signal every 100 us, or $STORM_MICROSECONDS, in every thread of every process.
 *
 * The handler does nothing and is installed without SA_RESTART, so every
 * system call that can be interrupted is. A timer belongs to one thread and is
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

static pthread_key_t timer_key;

static int storm_signal(void)
{
    return SIGRTMIN + 7; /* no test's own */
}

static void do_nothing(int number)
{
    (void)number;
}

static void disarm(void *timer)
{
    timer_delete(timer);
}

static void arm(void)
{
    const char *text = getenv("STORM_MICROSECONDS");
    long pause = (text ? atol(text) : 100) * 1000;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = storm_signal()};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    const struct itimerspec often = {.it_value.tv_nsec = pause, .it_interval.tv_nsec = pause};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return;
    timer_settime(timer, 0, &often, NULL);
    pthread_setspecific(timer_key, timer);
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = do_nothing};
    sigaction(storm_signal(), &action, NULL);
    pthread_key_create(&timer_key, disarm);
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
