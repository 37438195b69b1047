/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conformance - holds a driver to the contract: conformance DSN [FILTER].
 *
 * The suite knows no driver: it has a DSN and the public header. Each test is
 * one cmocka test; its body runs in a forked child that leads a process group.
 * When the child ends, or is out of time, the whole group is killed and every
 * descendant reaped before the next test starts. With --threads-only nothing
 * forks: bodies run in this process, a thread is the watchdog, and the first
 * failure ends the run.
 */
#include "suite.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct suite suite = {.scale = 1, .processes = 200, .liveness = 1, .limit = 240, .operation = 1000};

static const struct topic {
    const char *name;
    const struct test *tests;
} topics[] = {
    {"space", space_tests},   {"lock", lock_tests},   {"fence", fence_tests}, {"wait", wait_tests},
    {"hold", hold_tests},     {"lease", lease_tests}, {"owner", owner_tests}, {"integer", integer_tests},
    {"await", await_tests},   {"list", list_tests},   {"key", key_tests},     {"fork", fork_tests},
    {"signal", signal_tests}, {"kill", kill_tests},   {"step", step_tests},   {"error", error_tests},
    {"thread", thread_tests},
};

static bool threads_only, list_only;

enum { EXCEPTIONS_MAX = 16 };
static const char *exceptions[EXCEPTIONS_MAX]; /* parts of the names of tests that are left out */

/* ---- a test in a process group of its own -------------------------------- */

/* The runner's way with crashes, saved before cmocka puts handlers in: a test's own process has that one. */
static const int crash_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};
#define CRASH_SIGNALS (sizeof crash_signals / sizeof *crash_signals)
static struct sigaction crash_actions[CRASH_SIGNALS];

/* There when the program was built with a leak checker. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

noreturn static void run_in_child(const struct test *test)
{
    setpgid(0, 0);
    suite_lead_group();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < CRASH_SIGNALS; i++) sigaction(crash_signals[i], &crash_actions[i], NULL);
    test->body();
    suite_tidy();
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0) {
        check_failed(__FILE__, __LINE__, "memory was lost");
    }
    _exit(EXIT_SUCCESS);
}

/* Whether the child ended in time. */
static bool ended_in_time(pid_t child)
{
    int handle = (int)syscall(SYS_pidfd_open, child, 0);
    if (handle < 0) fail_msg("pidfd_open: %s", strerror(errno));
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int64_t end = now_ns() + (int64_t)(suite.limit * 1e9);
    int got;
    do {
        int64_t left = (end - now_ns()) / 1000000;
        got = poll(&ended, 1, left > 0 ? (int)left + 1 : 0);
    } while (got < 0 && errno == EINTR);
    close(handle);
    return got > 0;
}

static void run_in_group(const struct test *test)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) fail_msg("fork: %s", strerror(errno));
    if (child == 0) run_in_child(test);
    setpgid(child, child);
    bool in_time = ended_in_time(child);
    kill(-child, SIGKILL); /* the unreaped leader keeps the group's number from being used again */
    int status = 0;
    while (waitpid(child, &status, 0) < 0) continue;
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue; /* orphans come to us */
    if (!in_time) {
        fail_msg("%s: hung: not done within %.0f s, killed%s%s", test->name, suite.limit,
                 suite_failure() ? "; before that " : "", suite_failure() ? suite_failure() : "");
    }
    if (suite_failure()) fail_msg("%s: %s", test->name, suite_failure());
    if (WIFSIGNALED(status)) fail_msg("%s: killed by signal %d", test->name, WTERMSIG(status));
    if (WEXITSTATUS(status) != EXIT_SUCCESS) fail_msg("%s: ended without saying why", test->name);
}

/* ---- a test in this process ---------------------------------------------- */

static struct watchdog {
    pthread_mutex_t guard;
    pthread_cond_t done_changed;
    bool done;
    const struct test *test;
} watchdog = {.guard = PTHREAD_MUTEX_INITIALIZER};

static void *watch(void *argument)
{
    (void)argument;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)suite.limit;
    pthread_mutex_lock(&watchdog.guard);
    int result = 0;
    while (!watchdog.done && result == 0) {
        result = pthread_cond_timedwait(&watchdog.done_changed, &watchdog.guard, &end);
    }
    if (!watchdog.done) {
        fprintf(stderr, "[  FAILED  ] %s: hung: not done within %.0f s\n", watchdog.test->name, suite.limit);
        _exit(EXIT_FAILURE);
    }
    pthread_mutex_unlock(&watchdog.guard);
    return NULL;
}

static void run_here(const struct test *test)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog.done_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    watchdog.done = false;
    watchdog.test = test;
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, NULL) != 0) fail_msg("no watchdog thread");
    test->body();
    suite_tidy();
    pthread_mutex_lock(&watchdog.guard);
    watchdog.done = true;
    pthread_cond_signal(&watchdog.done_changed);
    pthread_mutex_unlock(&watchdog.guard);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&watchdog.done_changed);
}

static void run(void **state)
{
    const struct test *test = *state;
    suite_begin(test);
    if (threads_only) {
        run_here(test);
    } else {
        run_in_group(test);
    }
}

/* ---- choosing and measuring ---------------------------------------------- */

static bool is_left_out(const struct test *test)
{
    for (size_t i = 0; i < EXCEPTIONS_MAX && exceptions[i]; i++) {
        if (strstr(test->name, exceptions[i])) return true;
    }
    return false;
}

static size_t choose(const char *filter, struct CMUnitTest *chosen)
{
    size_t count = 0;
    for (size_t t = 0; t < sizeof topics / sizeof *topics; t++) {
        for (const struct test *test = topics[t].tests; test->name; test++) {
            if ((threads_only && !test->threads) || is_left_out(test)) continue;
            if (filter && strcmp(filter, topics[t].name) != 0 && !strstr(test->name, filter)) continue;
            if (list_only) printf("%s: %s\n", topics[t].name, test->name);
            if (chosen) {
                chosen[count] = (struct CMUnitTest){
                    .name = test->name, .test_func = run, .initial_state = (void *)(uintptr_t)test};
            }
            count++;
        }
    }
    return count;
}

static const struct test measuring = {"measuring", NULL, true};

/* The price of one increment, so that a slow engine gets fewer of them. In the calling process. */
static int64_t measure(void)
{
    enum { BATCH = 20, BATCHES = 9 };
    suite_begin(&measuring);
    psync_integer *integer = fresh_integer();
    int64_t best = INT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        int64_t start = now_ns();
        for (int i = 0; i < BATCH; i++) EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
        int64_t took = (now_ns() - start) / BATCH;
        if (took < best) best = took;
    }
    suite_tidy();
    return best > 100 ? best : 100;
}

static void measure_in_child(void)
{
    int answer[2];
    if (pipe(answer) != 0) exit(EXIT_FAILURE);
    pid_t child = fork();
    if (child == 0) {
        int64_t cost = measure();
        _exit(write(answer[1], &cost, sizeof cost) == sizeof cost ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(answer[1]);
    ssize_t got = -1;
    do {
        if (child > 0) got = read(answer[0], &suite.operation, sizeof suite.operation);
    } while (child > 0 && got < 0 && errno == EINTR);
    bool told = got == sizeof suite.operation;
    close(answer[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    if (!told) {
        fprintf(stderr, "conformance: cannot use %s\n", suite.dsn);
        exit(EXIT_FAILURE);
    }
}

static void usage(FILE *out)
{
    fprintf(out, "Usage: conformance [OPTION...] DSN [FILTER]\n"
                 "Runs the tests that every driver must pass on the space at DSN; FILTER is a topic\n"
                 "or a part of a test's name.\n\n"
                 "  --scale=FACTOR      how much to repeat what is repeated (default 1)\n"
                 "  --processes=COUNT   the largest crowd (default 200)\n"
                 "  --liveness=SECONDS  how soon a killed holder's Hold must be free (default 1)\n"
                 "  --limit=SECONDS     how long one test may take (default 240)\n"
                 "  --except=PART       without the tests whose names have PART (may be repeated)\n"
                 "  --threads-only      only tests made of threads, without fork\n"
                 "  --list              names the tests and runs none\n");
}

static double positive(const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end == '\0' && value > 0) return value;
    fprintf(stderr, "conformance: %s wants a number above 0, not '%s'\n", option, text);
    exit(64);
}

static void leave_out(const char *part)
{
    size_t count = 0;
    while (count < EXCEPTIONS_MAX && exceptions[count]) count++;
    if (count == EXCEPTIONS_MAX) {
        fprintf(stderr, "conformance: more than %d times --except\n", EXCEPTIONS_MAX);
        exit(64);
    }
    exceptions[count] = part;
}

static const struct option long_options[] = {
    {"scale", required_argument, NULL, 's'},
    {"processes", required_argument, NULL, 'p'},
    {"liveness", required_argument, NULL, 'v'},
    {"limit", required_argument, NULL, 'l'},
    {"except", required_argument, NULL, 'e'},
    {"threads-only", no_argument, NULL, 't'},
    {"list", no_argument, NULL, 'L'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void parse(int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (option) {
        case 's':
            suite.scale = positive("--scale", optarg);
            break;
        case 'p':
            suite.processes = (int)positive("--processes", optarg);
            break;
        case 'v':
            suite.liveness = positive("--liveness", optarg);
            break;
        case 'l':
            suite.limit = positive("--limit", optarg);
            break;
        case 'e':
            leave_out(optarg);
            break;
        case 't':
            threads_only = true;
            break;
        case 'L':
            list_only = true;
            break;
        case 'h':
            usage(stdout);
            exit(EXIT_SUCCESS);
        default:
            usage(stderr);
            exit(64);
        }
    }
    if (optind >= argc || optind + 2 < argc) {
        usage(stderr);
        exit(64);
    }
    suite.dsn = argv[optind];
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--helper") == 0) return helper_main(argc, argv);
    parse(argc, argv);
    const char *filter = optind + 1 < argc ? argv[optind + 1] : NULL;
    size_t count = choose(filter, NULL);
    if (list_only) return EXIT_SUCCESS;
    if (count == 0) {
        fprintf(stderr, "conformance: no test matches '%s'\n", filter);
        return 64;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (size_t i = 0; i < CRASH_SIGNALS; i++) sigaction(crash_signals[i], NULL, &crash_actions[i]);
    if (threads_only) {
        suite.operation = measure();
    } else {
        measure_in_child();
    }
    fprintf(stderr, "conformance: %zu tests on %s, %.1f us an increment\n", count, suite.dsn,
            (double)suite.operation / 1e3);
    struct CMUnitTest *chosen = calloc(count, sizeof *chosen);
    if (!chosen) return EXIT_FAILURE;
    choose(filter, chosen);
    int failed = _cmocka_run_group_tests("conformance", chosen, count, NULL, NULL);
    free(chosen);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
