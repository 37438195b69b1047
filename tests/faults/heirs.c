/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * heirs - children of a process that has everything open on an engine: whatever they do, and however they end, its
 * connections stay, and its Hold too.
 *
 *   heirs DSN [ROUNDS]
 *
 * The parent has a connection for its requests, one that a thread of its sleeps on, and a Hold that the library's
 * thread keeps alive. A connection that a child spoke on or ended would have been made anew: so what is compared is
 * which sockets the parent has. Ends with 0 if all went well; else it says what did not.
 */
#include <phpsync/phpsync.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dsn;
static psync_space *space;
static psync_integer *count;
static psync_lock *locked; /* plainly, by the parent: what is waited for */
static psync_lock *held;
static psync_hold *hold;
static psync_error error;
static int rounds = 3;
static int expected; /* what the Integer is by now */

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

static void good(psync_result result, const char *what)
{
    if (result) fail("%s: %d %s", what, result, result < 0 ? error.message : "");
}

static void add_one(void)
{
    int64_t value;
    good(psync_integer_add(count, 1, &value, &error), "add");
    if (value != ++expected) fail("the Integer is %lld, not %d", (long long)value, expected);
}

/* ---- the parent's sockets ------------------------------------------------------ */

struct sockets {
    int number;
    unsigned long inodes[64];
};

static int compare(const void *a, const void *b)
{
    const unsigned long one = *(const unsigned long *)a, two = *(const unsigned long *)b;
    return one < two ? -1 : one > two;
}

static struct sockets open_sockets(void)
{
    struct sockets sockets = {.number = 0};
    char name[300], target[64];
    DIR *folder = opendir("/proc/self/fd");
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(name, sizeof name, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(name, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = '\0';
        if (sscanf(target, "socket:[%lu]", &sockets.inodes[sockets.number]) == 1) sockets.number++;
    }
    closedir(folder);
    qsort(sockets.inodes, (size_t)sockets.number, sizeof *sockets.inodes, compare);
    return sockets;
}

static bool same_sockets(const struct sockets *before)
{
    const struct sockets now = open_sockets();
    return now.number == before->number &&
           memcmp(now.inodes, before->inodes, (size_t)now.number * sizeof *now.inodes) == 0;
}

/* ---- what children do ----------------------------------------------------------- */

static void end_at_once(void)
{
    exit(EXIT_SUCCESS); /* with destructors, and what libraries do at an exit */
}

static void use_and_end(void)
{
    add_one();
    if (psync_hold_is_valid(hold, NULL) != PSYNC_NO) fail("a child has its parent's Hold");
    if (psync_hold_release(hold, NULL) != PSYNC_NO) fail("a child freed its parent's Hold");
    exit(EXIT_SUCCESS);
}

static void close_and_end(void)
{
    psync_hold_free(hold);
    psync_lock_close(held);
    psync_integer_close(count);
    psync_space_close(space);
    exit(EXIT_SUCCESS);
}

static void use_close_and_end(void)
{
    add_one();
    close_and_end();
}

static void wait_and_end(void)
{
    const psync_wait wait = {.timeout = 0.01};
    add_one();
    if (psync_lock_wait(locked, &wait, &error) != PSYNC_NO) fail("a child's wait: %s", error.message);
    close_and_end();
}

static void hold_and_end(void)
{
    psync_lock *own;
    psync_hold *mine;
    good(psync_lock_open(space, "own", 3, &own, &error), "open");
    good(psync_lock_hold(own, 0, NULL, &mine, &error), "hold");
    good(psync_hold_is_valid(mine, &error), "is valid");
    good(psync_hold_release(mine, &error), "release");
    add_one();
    exit(EXIT_SUCCESS);
}

static void be_killed(void)
{
    add_one();
    kill(getpid(), SIGKILL);
}

static void run_another_program(void)
{
    add_one();
    execlp("true", "true", (char *)NULL);
    fail("there is no program \"true\"");
}

static void have_a_child(void)
{
    pid_t child = fork();
    if (!child) {
        add_one();
        close_and_end();
    }
    waitpid(child, NULL, 0);
    expected++;
    add_one();
    exit(EXIT_SUCCESS);
}

static const struct way {
    const char *name;
    void (*body)(void);
    int adds; /* how often it adds 1 */
} ways[] = {
    {"ends at once", end_at_once, 0}, {"uses what is open", use_and_end, 1},
    {"closes all", close_and_end, 0}, {"uses and closes all", use_close_and_end, 1},
    {"waits", wait_and_end, 1},       {"has a Hold of its own", hold_and_end, 1},
    {"is killed", be_killed, 1},      {"runs another program", run_another_program, 1},
    {"has a child", have_a_child, 2},
};

/* ---- the parent ----------------------------------------------------------------- */

static void *sleeper(void *argument)
{
    (void)argument;
    psync_error own;
    psync_lock *lock;
    if (psync_lock_open(space, "locked", 6, &lock, &own) || psync_lock_wait(lock, NULL, &own))
        fail("the thread that waits: %s", own.message);
    psync_lock_close(lock);
    return NULL;
}

static void expect_well(pid_t child, const char *name)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child) fail("no child that %s", name);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (status && !killed) fail("the child that %s ended with status %d", name, status);
}

static void try_way(const struct way *way, const struct sockets *before)
{
    pid_t child = fork();
    if (!child) way->body();
    expect_well(child, way->name);
    expected += way->adds;
    add_one();
    if (!same_sockets(before)) fail("a child that %s cost its parent a connection", way->name);
}

static pid_t child_of_hook;

static int fork_once(void *argument)
{
    pid_t *forked = argument;
    if (*forked < 0) {
        *forked = fork();
        return 0;
    }
    return 1;
}

/* A hook forks in the midst of a wait, and both sides then leave it. */
static void fork_in_a_hook(const struct sockets *before)
{
    pid_t forked = -1;
    const psync_wait wait = {.timeout = 3600, .interrupt = fork_once, .argument = &forked};
    if (psync_lock_wait(locked, &wait, &error) != PSYNC_ERROR_INTERRUPTED) fail("the wait was not left");
    if (!forked) use_and_end();
    child_of_hook = forked;
    expect_well(child_of_hook, "was forked by a hook");
    expected++;
    add_one();
    if (!same_sockets(before)) fail("a child that a hook forked cost its parent a connection");
}

static void open_all(void)
{
    good(psync_space_open(dsn, NULL, &space, &error), "open");
    good(psync_integer_open(space, "count", 5, &count, &error), "open");
    good(psync_lock_open(space, "locked", 6, &locked, &error), "open");
    good(psync_lock_open(space, "held", 4, &held, &error), "open");
    good(psync_integer_set(count, 0, &error), "set");
    good(psync_lock_acquire(locked, NULL, NULL, &error), "acquire");
    good(psync_lock_hold(held, 0, NULL, &hold, &error), "hold");
}

int main(int argc, char **argv)
{
    if (argc < 2) return 64;
    dsn = argv[1];
    if (argc > 2) rounds = atoi(argv[2]);
    pthread_t thread;
    open_all();
    const struct sockets one = open_sockets();
    if (pthread_create(&thread, NULL, sleeper, NULL) != 0) fail("no thread");
    struct sockets both;
    while ((both = open_sockets()).number == one.number) usleep(1000);
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) try_way(&ways[i], &both);
        fork_in_a_hook(&both);
    }
    good(psync_hold_is_valid(hold, &error), "the Hold is not valid any more");
    good(psync_lock_release(locked, &error), "release");
    pthread_join(thread, NULL);
    good(psync_hold_release(hold, &error), "release of the Hold");
    printf("%d children\n", rounds * (int)(sizeof ways / sizeof *ways + 1));
    return EXIT_SUCCESS;
}
