/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suite.h - what the conformance tests stand on.
 *
 * A test is one function named for the promise it holds up. Each runs in a
 * process group of its own under a watchdog, so that a hang is a failure with
 * a name and never a hang of the suite. Its helpers ("workers") are processes
 * that open the space afresh; a test registered with EITHER runs a second time
 * with threads on one mapping instead, and those are all that --threads-only
 * runs, without any fork.
 *
 * Checks do not return: a failed one writes down where and why, and ends the
 * process it is in with a code that every parent passes on.
 */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <phpsync/phpsync.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* ---- tests --------------------------------------------------------------- */

struct test {
    const char *name;
    void (*body)(void);
    bool threads; /* its workers are threads, and it forks nothing */
};

/* The rows of a topic's table: with processes, with threads, and with each in turn. */
#define PROCESSES(test)                                                                                            \
    {                                                                                                              \
#test, test, false                                                                                         \
    }
#define THREADS(test)                                                                                              \
    {                                                                                                              \
#test, test, true                                                                                          \
    }
#define EITHER(test)                                                                                               \
    {#test, test, false},                                                                                          \
    {                                                                                                              \
#test "_by_threads", test, true                                                                            \
    }
#define END_OF_TESTS                                                                                               \
    {                                                                                                              \
        NULL, NULL, false                                                                                          \
    }

extern const struct test space_tests[], lock_tests[], fence_tests[], wait_tests[], hold_tests[], lease_tests[],
    owner_tests[], integer_tests[], await_tests[], list_tests[], key_tests[], fork_tests[], signal_tests[],
    kill_tests[], step_tests[], error_tests[], thread_tests[];

struct suite {
    const char *dsn;
    double scale;      /* how much more (or less) than the usual amount of work */
    int processes;     /* the largest crowd */
    double liveness;   /* seconds within which a killed holder's Hold must be free */
    double limit;      /* seconds a test may take */
    int64_t operation; /* ns: the measured cost of one increment */
};
extern struct suite suite;

/* How often to repeat something of so many operations: at most `most`, less where the engine is slow. */
int rounds(int most, int operations);
/* The size of a crowd: at most `most`, and what --processes allows. */
int many(int most);

/* ---- checks -------------------------------------------------------------- */

noreturn void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_result(const char *file, int line, const char *call, psync_result expected, psync_result got);
void check_time(const char *file, int line, int64_t start, double at_least, double at_most);
const char *result_name(psync_result result);

/* The error object of the running thread; every call of a test fills this one. */
extern _Thread_local psync_error last_error;
#define ERR (&last_error)

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, "not true: %s", #condition))
#define CHECK_EQUAL(expected, got)                                                                                 \
    do {                                                                                                           \
        int64_t check_e = (int64_t)(expected), check_g = (int64_t)(got);                                           \
        if (check_e != check_g)                                                                                    \
            check_failed(__FILE__, __LINE__, "%s is %lld, expected %lld", #got, (long long)check_g,                \
                         (long long)check_e);                                                                      \
    } while (0)
/* The call's result is the expected one. */
#define EXPECT(expected, call) check_result(__FILE__, __LINE__, #call, (expected), (call))
/* Since start no less than at_least and no more than at_most seconds went by. */
#define EXPECT_TIME(start, at_least, at_most) check_time(__FILE__, __LINE__, (start), (at_least), (at_most))

/* How late anything may be on a busy machine, in seconds. */
#define LATE 30.0
/* How long nothing may happen to before it counts as lost, in seconds. */
#define LOST 45.0
/* After so many seconds a test has repeated something often enough. */
#define ENOUGH 6.0

/* ---- time ---------------------------------------------------------------- */

int64_t now_ns(void);            /* CLOCK_MONOTONIC */
int64_t now_us_wall(void);       /* CLOCK_REALTIME */
double since(int64_t start);     /* seconds */
void sleep_for(double seconds);  /* whatever signals come */
void spin_for(int64_t ns);       /* without leaving the processor */
uint64_t random_below(uint64_t); /* per process, seeded by the kernel */

/* ---- spaces, keys and handles -------------------------------------------- */

/* This process's space, opened at the first call; a forked worker opens its own. */
psync_space *space(void);
/* Another opening of the same DSN; the caller closes it. */
psync_space *space_open(void);

/* A name nobody used before, for a Lock or an Integer or both; it lives until the test ends, and its
 * Lock and Integer are removed then. Not from workers. */
const char *fresh_key(void);
/* Handles on space(), closed when the test ends. */
psync_lock *lock_of(const char *key);
psync_integer *integer_of(const char *key);
psync_lock *lock_of_bytes(const void *key, size_t length);
psync_integer *integer_of_bytes(const void *key, size_t length);
#define fresh_lock()    lock_of(fresh_key())
#define fresh_integer() integer_of(fresh_key())

/* A psync_wait that gives up after so many seconds; valid until the end of the enclosing block. */
#define FOR_SECONDS(seconds) (&(psync_wait){.timeout = (seconds)})

/* Takes the Lock now or fails; its fence. */
uint64_t take(psync_lock *lock);
/* Fails unless the Lock exists, or does not. */
void expect_locked(psync_lock *lock);
void expect_free(psync_lock *lock);
/* Fails unless the Integer has this value. */
void expect_value(psync_integer *integer, int64_t value);

/* ---- workers ------------------------------------------------------------- */

/* Memory that workers of both kinds share, zeroed; freed when the test ends. */
void *shared(size_t size);

typedef void (*worker)(int index, void *argument);

/* One process; it ends with success when body returns. */
pid_t process_start(worker body, int index, void *argument);
/* Waits for it; fails unless it ended with success. */
void process_join(pid_t process);
/* SIGKILLs and reaps it. */
void process_kill(pid_t process);
/* SIGKILLs it and returns when it is dead, but leaves the zombie. */
void process_kill_unreaped(pid_t process);
/* Stops it, and returns when it is stopped. SIGCONT lets it go on. */
void process_stop(pid_t process);
/* Reaps it however it ended; its wait status. */
int process_reap(pid_t process);

struct crowd;
/* So many workers, processes or threads as the test was registered, with the indexes 0 to count - 1. */
struct crowd *crowd_start(int count, worker body, void *argument);
/* Waits for them; fails unless all ended with success. */
void crowd_join(struct crowd *crowd);
/* The worker's thread id (a process's is its pid), for wait_until_asleep. */
pid_t crowd_thread(const struct crowd *crowd, int index);
/* True in tests whose workers are threads. */
bool workers_are_threads(void);

/* A fresh program: this one, executed anew, that does one thing to a key and ends. */
enum helper_end { HELPER_EXIT, HELPER_UNDERSCORE_EXIT, HELPER_KILL, HELPER_STAY };
/* action: "acquire", "hold" or "add". Returns when the thing is done (and the program ended, but for HELPER_STAY).
 */
pid_t helper_run(const char *action, const char *key, enum helper_end end);
int helper_main(int argc, char **argv);

/* Where the test and its workers meet, in shared(). */
struct stage {
    const char *key; /* a fresh one */
    sem_t ready, go, done;
    pthread_barrier_t barrier; /* of so many parties */
    int rounds;
    atomic_int stop;
    atomic_llong winners, turns, numbers[8];
    int64_t unprotected; /* touched under the Lock only */
};
struct stage *stage(int parties, int rounds_);
/*
 * Whether it is across a network: there who seems to sleep until an acquisition ends may be asleep for the very
 * first answer, which then names the acquisition that follows.
 */
bool engine_is_far(void);
/*
 * Frees the stage's Lock and takes it again at once, before who waits for its end can look, and waits till that one
 * is done. If the engine is far it gets a few more of them to go on after.
 */
void replace_acquisition(struct stage *a, const char *what);

void meet(sem_t *semaphore);
/* Waits for it; fails after so many seconds, saying what did not happen. */
void expect_meeting(sem_t *semaphore, double seconds, const char *what);
/* The same, but says whether it came in time. */
bool meeting_within(sem_t *semaphore, double seconds);

/* Returns when that process or thread sleeps, and has slept for a moment. */
void wait_until_asleep(pid_t thread);
/* Whether it sleeps at this moment. */
bool is_asleep(pid_t thread);
/* This thread's id. */
pid_t thread_id(void);

/* ---- the frame that runs it (main.c) -------------------------------------- */

void suite_begin(const struct test *test);
void suite_lead_group(void); /* from here on a failed check ends the whole process group */
void suite_forget(void);     /* a worker process starts with nothing: what it inherited is its parent's */
void suite_tidy(void);
const char *suite_failure(void); /* what the first failed check said, or NULL */
#define EXIT_CHECK_FAILED 99

#endif
