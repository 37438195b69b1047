/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.c - processes, threads and fresh programs that help a test.
 *
 * A worker process is a fork that forgets what its parent had open and ends
 * with _exit, so that it leaves as abruptly as the test wants. A helper is
 * this program executed anew: it shares nothing with the test but the DSN.
 */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- processes ----------------------------------------------------------- */

pid_t process_start(worker body, int index, void *argument)
{
    fflush(NULL);
    pid_t process = fork();
    CHECK(process >= 0);
    if (process > 0) return process;
    suite_forget();
    body(index, argument);
    _exit(EXIT_SUCCESS);
}

int process_reap(pid_t process)
{
    int status = 0;
    while (waitpid(process, &status, 0) < 0) CHECK(errno == EINTR);
    return status;
}

void process_join(pid_t process)
{
    int status = process_reap(process);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CHECK_FAILED) _exit(EXIT_CHECK_FAILED);
    check_failed(__FILE__, __LINE__, "a worker ended with %s %d", WIFSIGNALED(status) ? "signal" : "code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void process_kill_unreaped(pid_t process)
{
    CHECK(kill(process, SIGKILL) == 0);
    siginfo_t info;
    while (waitid(P_PID, (id_t)process, &info, WEXITED | WNOWAIT) != 0) CHECK(errno == EINTR);
}

void process_kill(pid_t process)
{
    process_kill_unreaped(process);
    int status = process_reap(process);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CHECK_FAILED) _exit(EXIT_CHECK_FAILED);
}

/* ---- crowds -------------------------------------------------------------- */

struct member {
    worker body;
    int index;
    void *argument;
    pthread_t thread;
    pid_t id;
    sem_t known; /* the thread has told its id */
};

struct crowd {
    int count;
    bool threads;
    struct member members[];
};

static void *member_main(void *argument)
{
    struct member *member = argument;
    member->id = thread_id();
    sem_post(&member->known);
    member->body(member->index, member->argument);
    return NULL;
}

static void member_start(struct member *member, bool as_thread)
{
    if (!as_thread) {
        member->id = process_start(member->body, member->index, member->argument);
        return;
    }
    sem_init(&member->known, 0, 0);
    CHECK_EQUAL(0, pthread_create(&member->thread, NULL, member_main, member));
    while (sem_wait(&member->known) != 0) CHECK(errno == EINTR);
}

struct crowd *crowd_start(int count, worker body, void *argument)
{
    struct crowd *crowd = calloc(1, sizeof *crowd + (size_t)count * sizeof *crowd->members);
    CHECK(crowd);
    crowd->count = count;
    crowd->threads = workers_are_threads();
    for (int i = 0; i < count; i++) {
        crowd->members[i].body = body;
        crowd->members[i].index = i;
        crowd->members[i].argument = argument;
        member_start(&crowd->members[i], crowd->threads);
    }
    return crowd;
}

void crowd_join(struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        if (crowd->threads) {
            CHECK_EQUAL(0, pthread_join(crowd->members[i].thread, NULL));
            sem_destroy(&crowd->members[i].known);
        } else {
            process_join(crowd->members[i].id);
        }
    }
    free(crowd);
}

pid_t crowd_thread(const struct crowd *crowd, int index)
{
    return crowd->members[index].id;
}

/* ---- fresh programs ------------------------------------------------------ */

static const char *const helper_ends[] = {"exit", "_exit", "kill", "stay"};

pid_t helper_run(const char *action, const char *key, enum helper_end end)
{
    int ready[2];
    CHECK(pipe(ready) == 0);
    fflush(NULL);
    pid_t process = fork();
    CHECK(process >= 0);
    if (process == 0) {
        dup2(ready[1], 3);
        if (ready[0] != 3) close(ready[0]);
        if (ready[1] != 3) close(ready[1]);
        char *arguments[] = {"conformance",
                             "--helper",
                             (char *)(uintptr_t)suite.dsn,
                             (char *)(uintptr_t)action,
                             (char *)(uintptr_t)key,
                             (char *)(uintptr_t)helper_ends[end],
                             NULL};
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    close(ready[1]);
    char byte = 0;
    ssize_t got;
    do {
        got = read(ready[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    close(ready[0]);
    if (got != 1) check_failed(__FILE__, __LINE__, "the helper program could not %s %s", action, key);
    if (end != HELPER_STAY) process_reap(process);
    return process;
}

static psync_result helper_act(psync_space *opened, const char *action, const char *key)
{
    /* Freed by this process's end alone; static, so that no leak checker minds. */
    static psync_lock *lock;
    static psync_integer *integer;
    static psync_hold *hold;
    psync_result result;
    if (strcmp(action, "add") == 0) {
        result = psync_integer_open(opened, key, strlen(key), &integer, ERR);
        if (result == PSYNC_OK) result = psync_integer_add(integer, 1, NULL, ERR);
        return result;
    }
    result = psync_lock_open(opened, key, strlen(key), &lock, ERR);
    if (result != PSYNC_OK) return result;
    if (strcmp(action, "hold") == 0) return psync_lock_hold(lock, 0, FOR_SECONDS(0), &hold, ERR);
    return psync_lock_acquire(lock, FOR_SECONDS(0), NULL, ERR);
}

/* conformance --helper DSN ACTION KEY END; tells its success with a byte on descriptor 3. */
int helper_main(int argc, char **argv)
{
    if (argc != 6) return 64;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static psync_space *opened;
    psync_result result = psync_space_open(argv[2], NULL, &opened, ERR);
    if (result == PSYNC_OK) result = helper_act(opened, argv[3], argv[4]);
    if (result != PSYNC_OK) {
        fprintf(stderr, "helper: %s %s: %s: %s\n", argv[3], argv[4], result_name(result), last_error.message);
        return 1;
    }
    const char *end = argv[5];
    if (write(3, "+", 1) != 1) return 1;
    close(3);
    if (strcmp(end, "_exit") == 0) _exit(0);
    if (strcmp(end, "kill") == 0) raise(SIGKILL);
    while (strcmp(end, "stay") == 0) pause();
    return 0;
}

/* ---- meetings ------------------------------------------------------------ */

struct stage *stage(int parties, int rounds_)
{
    struct stage *made = shared(sizeof *made);
    CHECK(sem_init(&made->ready, 1, 0) == 0 && sem_init(&made->go, 1, 0) == 0 && sem_init(&made->done, 1, 0) == 0);
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_barrier_init(&made->barrier, &attributes, (unsigned)parties) == 0);
    pthread_barrierattr_destroy(&attributes);
    made->key = fresh_key();
    made->rounds = rounds_;
    return made;
}

void meet(sem_t *semaphore)
{
    CHECK(sem_post(semaphore) == 0);
}

bool meeting_within(sem_t *semaphore, double seconds)
{
    int64_t ns = now_ns() + (int64_t)(seconds * 1e9);
    struct timespec end = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &end) != 0) {
        if (errno == ETIMEDOUT) return false;
        CHECK(errno == EINTR);
    }
    return true;
}

void expect_meeting(sem_t *semaphore, double seconds, const char *what)
{
    if (!meeting_within(semaphore, seconds)) {
        check_failed(__FILE__, __LINE__, "%s: did not happen within %.1f s", what, seconds);
    }
}

bool engine_is_far(void)
{
    return suite.operation > 15000;
}

void replace_acquisition(struct stage *a, const char *what)
{
    const bool is_far = engine_is_far();
    psync_lock *lock = lock_of(a->key);
    for (int times = is_far ? 5 : 1; times > 0; times--) {
        EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
        EXPECT(PSYNC_OK, psync_lock_acquire(lock, FOR_SECONDS(LOST), NULL, ERR));
        if (meeting_within(&a->done, is_far ? LOST / 5 : LOST)) return;
    }
    check_failed(__FILE__, __LINE__, "%s: did not happen", what);
}

/* ---- asleep -------------------------------------------------------------- */

pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static char thread_state(pid_t thread)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    ssize_t length = read(file, line, sizeof line - 1);
    close(file);
    CHECK(length > 0);
    line[length] = '\0';
    const char *end = strrchr(line, ')');
    CHECK(end && end[1] == ' ');
    return end[2];
}

bool is_asleep(pid_t thread)
{
    return thread_state(thread) == 'S';
}

/* Returns when the thread has been seen in one of these states so many times in a row. */
static void wait_for_state(pid_t thread, const char *states, int times, double pause_for)
{
    int64_t start = now_ns();
    for (int in_a_row = 0; in_a_row < times;) {
        char state = thread_state(thread);
        in_a_row = strchr(states, state) ? in_a_row + 1 : 0;
        if (since(start) > LOST) {
            check_failed(__FILE__, __LINE__, "a worker is in state %c, not in one of %s", state, states);
        }
        sleep_for(pause_for);
    }
}

/*
 * No engine tells that a caller sleeps, so its state is looked at: asleep in a row of looks that together take
 * longer than the exchanges with an engine that come before the sleep. One that ended meanwhile is the caller's to
 * notice.
 */
void wait_until_asleep(pid_t thread)
{
    double pause_for = (double)suite.operation * 5 / 1e9;
    wait_for_state(thread, "SZ", 4, pause_for < 0.0005 ? 0.0005 : pause_for);
}

void process_stop(pid_t process)
{
    CHECK(kill(process, SIGSTOP) == 0);
    wait_for_state(process, "T", 1, 0.0005);
}
