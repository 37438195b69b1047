/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * common.c - what the benchmarks share; bench.h describes it.
 *
 * Processes are real ones, made by fork; each opens the space by itself. They
 * meet in anonymous shared memory and sleep on futexes. The parent reaps its
 * children in the SIGCHLD handler; if one failed it ends the run there and
 * then (system calls only), so that no wait outlives what it waits for.
 */
#include "bench.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_SPACES 8

static struct {
    pid_t parent;
    size_t space_count;
    char files[MAX_SPACES][PATH_MAX];
    volatile sig_atomic_t children;
} run;

/* ------------------------------------------------------------------------ */
/* The program                                                              */

static void remove_spaces(void)
{
    if (getpid() != run.parent) return;
    for (size_t i = 0; i < run.space_count; i++) unlink(run.files[i]);
}

static void on_stop(int signal_number)
{
    remove_spaces();
    _exit(128 + signal_number);
}

static void on_child(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    int status;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        run.children--;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        static const char message[] = "bench: a process of the run failed\n";
        (void)!write(STDERR_FILENO, message, sizeof message - 1);
        remove_spaces();
        _exit(1); /* the other children end with their parent: PR_SET_PDEATHSIG */
    }
    errno = saved;
}

static void set_handler(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

void bench_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    remove_spaces();
    _exit(1);
}

void bench_expect_ok(psync_result result, const psync_error *error, const char *what)
{
    if (result == PSYNC_OK) return;
    if (result == PSYNC_NO) bench_die("WRONG: %s said no", what);
    bench_die("%s failed: %s", what, error->message);
}

static void print_help(const char *program, const char *title, const bench_parameter *parameters)
{
    printf("%s: %s\n\nusage: %s [--full] [NAME=NUMBER ...]\n\n", program, title, program);
    for (const bench_parameter *p = parameters; p->name; p++)
        printf("  %-12s %s (%ld; with --full %ld)\n", p->name, p->meaning, p->value, p->full);
}

static void set_parameter(const char *text, bench_parameter *parameters)
{
    const char *equals = strchr(text, '=');
    for (bench_parameter *p = parameters; equals && p->name; p++) {
        if (strlen(p->name) != (size_t)(equals - text) || strncmp(p->name, text, strlen(p->name)) != 0) continue;
        char *end;
        errno = 0;
        p->value = strtol(equals + 1, &end, 10);
        if (errno || end == equals + 1 || *end || p->value < 1)
            bench_die("%s: \"%s\" is not a number above 0", p->name, equals + 1);
        return;
    }
    bench_die("unknown argument \"%s\"; --help tells what there is", text);
}

/* The value of the first line "name ... : value" of /proc/cpuinfo. */
static void read_cpu_model(char *model, size_t size)
{
    snprintf(model, size, "unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) return;
    char line[512];
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(model, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    fclose(file);
}

static void print_heading(const char *title, const bench_parameter *parameters)
{
    struct utsname system;
    uname(&system);
    char model[128];
    read_cpu_model(model, sizeof model);
    double load = 0;
    if (getloadavg(&load, 1) != 1) load = -1;
    printf("\n## %s\n", title);
    printf("   %ld cores, %s, %s %s %s, load %.1f, php-sync %s;", sysconf(_SC_NPROCESSORS_ONLN), model,
           system.sysname, system.release, system.machine, load, psync_version());
    for (const bench_parameter *p = parameters; p->name; p++) printf(" %s=%ld", p->name, p->value);
    printf("\n   %-46s %14s  %-26s %8s  %s\n", "measure", "php-sync", "baseline", "ratio", "goal");
    fflush(stdout);
}

void bench_begin(int argc, char **argv, const char *title, bench_parameter *parameters)
{
    run.parent = getpid();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help(argv[0], title, parameters);
            exit(0);
        }
        if (strcmp(argv[i], "--full") == 0)
            for (bench_parameter *p = parameters; p->name; p++) p->value = p->full;
    }
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--full") != 0) set_parameter(argv[i], parameters);
    set_handler(SIGCHLD, on_child);
    set_handler(SIGINT, on_stop);
    set_handler(SIGTERM, on_stop);
    print_heading(title, parameters);
}

int bench_end(void)
{
    remove_spaces();
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ------------------------------------------------------------------------ */
/* Spaces                                                                   */

static int keep_file_name(void *argument, const char *name, const char *value)
{
    if (strcmp(name, "file") != 0) return 0;
    snprintf(argument, PATH_MAX, "%s", value);
    return 1;
}

static void find_file(psync_space *space, char path[PATH_MAX])
{
    psync_error error;
    if (psync_space_info(space, keep_file_name, path, &error) == PSYNC_NO) return;
    bench_die("psync_space_info of %s names no file", psync_space_dsn(space));
}

psync_space *bench_space_open(const char *tag)
{
    char dsn[64];
    snprintf(dsn, sizeof dsn, "shm://bench-%ld-%s", (long)run.parent, tag);
    psync_space *space;
    psync_error error;
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    if (getpid() != run.parent) return space;
    if (run.space_count == MAX_SPACES) bench_die("more than %d spaces in a run", MAX_SPACES);
    find_file(space, run.files[run.space_count]);
    run.space_count++;
    return space;
}

psync_integer *bench_integer_open(psync_space *space, const char *key)
{
    psync_integer *integer;
    psync_error error;
    bench_expect_ok(psync_integer_open(space, key, strlen(key), &integer, &error), &error, "psync_integer_open");
    return integer;
}

psync_lock *bench_lock_open(psync_space *space, const char *key)
{
    psync_lock *lock;
    psync_error error;
    bench_expect_ok(psync_lock_open(space, key, strlen(key), &lock, &error), &error, "psync_lock_open");
    return lock;
}

bench_usage bench_space_usage(psync_space *space)
{
    char path[PATH_MAX];
    struct stat status;
    find_file(space, path);
    if (stat(path, &status) != 0) bench_die("stat %s: %s", path, strerror(errno));
    return (bench_usage){.size = (int64_t)status.st_size, .allocated = (int64_t)status.st_blocks * 512};
}

/* ------------------------------------------------------------------------ */
/* Time                                                                     */

int64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void bench_sleep(int64_t nanoseconds)
{
    int64_t end = bench_now() + nanoseconds;
    struct timespec until = {.tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void bench_work(unsigned steps)
{
    uint64_t x = steps;
    for (unsigned i = 0; i < steps; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x)); /* each step needs the one before, and none can be left out */
    }
}

unsigned bench_calibrate(int64_t nanoseconds)
{
    const unsigned steps = 100000;
    int64_t best = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        int64_t start = bench_now();
        bench_work(steps);
        int64_t taken = bench_now() - start;
        if (taken < best) best = taken;
    }
    return (unsigned)((double)steps * (double)nanoseconds / (double)best);
}

/* ------------------------------------------------------------------------ */
/* Processes                                                                */

void *bench_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) bench_die("mmap of %zu bytes: %s", size, strerror(errno));
    return memory;
}

void bench_futex_wait(const uint32_t *word, uint32_t seen)
{
    /* Acquire: what was written before the word was is seen after the wait. */
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == seen)
        syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

void bench_futex_wake_all(const uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void bench_count_add(bench_count *count)
{
    /* Release, with the acquire in bench_count_await: hands over what this process wrote before. */
    uint32_t value = __atomic_add_fetch(&count->value, 1, __ATOMIC_RELEASE);
    if (value >= __atomic_load_n(&count->wake_at, __ATOMIC_RELAXED)) bench_futex_wake_all(&count->value);
}

void bench_count_await(bench_count *count, uint32_t target)
{
    for (;;) {
        uint32_t value = __atomic_load_n(&count->value, __ATOMIC_ACQUIRE);
        if (value >= target) return;
        bench_futex_wait(&count->value, value);
    }
}

static void block_child_signal(sigset_t *before)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, before);
}

static _Noreturn void be_member(unsigned index, bench_member member, void *argument, const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != run.parent) _exit(1);
    set_handler(SIGCHLD, SIG_DFL);
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    member(index, argument);
    _exit(0);
}

void bench_fork(unsigned count, bench_member member, void *argument, pid_t *pids)
{
    sigset_t before;
    fflush(stdout);
    block_child_signal(&before); /* its handler counts children too */
    for (unsigned i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0) bench_die("fork of process %u: %s", i, strerror(errno));
        if (pid == 0) be_member(i, member, argument, &before);
        run.children++;
        if (pids) pids[i] = pid;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void bench_join(void)
{
    sigset_t before;
    block_child_signal(&before);
    while (run.children > 0) sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

bool bench_is_asleep(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file) bench_die("%s: %s", path, strerror(errno));
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

void bench_await_asleep(const pid_t *pids, unsigned count)
{
    /* Nothing tells when another process falls asleep: this has to look. It is not part of any measured time. */
    for (unsigned i = 0; i < count;) {
        if (bench_is_asleep(pids[i])) {
            i++;
        } else {
            bench_sleep(100000);
        }
    }
}

/* Time for which the machine's processors were not idle since it started, what a hypervisor took included. */
static int64_t busy_time(void)
{
    long long user, nice, kernel, idle, wait, irq, softirq, steal;
    FILE *file = fopen("/proc/stat", "re");
    if (!file) return 0;
    int fields = fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &kernel, &idle, &wait,
                        &irq, &softirq, &steal);
    fclose(file);
    if (fields != 8) return 0;
    return (user + nice + kernel + irq + softirq + steal) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static int64_t own_cpu_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

bench_round bench_rounds_run(bench_rounds *rounds, unsigned members, int order, int64_t nanoseconds)
{
    uint32_t round = rounds->go.value + 1;
    rounds->order = order;
    rounds->stop = false;
    rounds->done.wake_at = round * members;
    int64_t busy = busy_time(), cpu = rounds->cpu;
    bench_count_add(&rounds->go);
    int64_t start = bench_now();
    bench_sleep(nanoseconds);
    __atomic_store_n(&rounds->stop, true, __ATOMIC_RELAXED);
    int64_t lasted = bench_now() - start;
    bench_count_await(&rounds->done, round * members);
    int64_t others = (busy_time() - busy) - (rounds->cpu - cpu);
    return (bench_round){.lasted = lasted, .others = others > 0 ? (double)others / (double)lasted : 0};
}

void bench_rounds_end(bench_rounds *rounds)
{
    rounds->order = -1;
    bench_count_add(&rounds->go);
    bench_join();
}

int bench_rounds_next(bench_rounds *rounds, uint32_t round)
{
    static int64_t before;
    if (round > 1) {
        __atomic_add_fetch(&rounds->cpu, own_cpu_time() - before, __ATOMIC_RELAXED);
        bench_count_add(&rounds->done);
    }
    bench_count_await(&rounds->go, round);
    before = own_cpu_time();
    return rounds->order;
}

/* ------------------------------------------------------------------------ */
/* Figures                                                                  */

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_percentile(double *values, size_t count, double percent)
{
    qsort(values, count, sizeof *values, compare_doubles);
    size_t rank = (size_t)((double)count * percent / 100.0);
    return values[rank < count ? rank : count - 1];
}

double bench_median(const double *values, size_t count)
{
    double *sorted = malloc(count * sizeof *sorted);
    if (!sorted) bench_die("no memory");
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    double median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    free(sorted);
    return median;
}

double bench_median_ratio(const double *ours, const double *base, size_t count)
{
    double *ratios = malloc(count * sizeof *ratios);
    if (!ratios) bench_die("no memory");
    for (size_t i = 0; i < count; i++) ratios[i] = ours[i] / base[i];
    double median = bench_median(ratios, count);
    free(ratios);
    return median;
}

void bench_keep_calmest(double *others, double *rows, size_t row_count, size_t stride, size_t count, size_t keep)
{
    for (size_t i = 0; i < keep && i < count; i++) {
        size_t calmest = i;
        for (size_t j = i + 1; j < count; j++)
            if (others[j] < others[calmest]) calmest = j;
        double swap = others[i];
        others[i] = others[calmest];
        others[calmest] = swap;
        for (size_t row = 0; row < row_count; row++) {
            double *values = rows + row * stride;
            swap = values[i];
            values[i] = values[calmest];
            values[calmest] = swap;
        }
    }
}

/* A number with three digits that mean something, or all of them before the point. */
static void format_value(char *text, size_t size, double value, const char *unit)
{
    int decimals = value == 0 || value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    snprintf(text, size, "%.*f %s", decimals, value, unit);
}

void bench_print(const bench_row *row)
{
    char ours[32], base[64] = "", ratio[32] = "", goal[64] = "";
    format_value(ours, sizeof ours, row->ours, row->unit);
    if (row->base_name) {
        format_value(base, sizeof base, row->base, row->unit);
        size_t length = strlen(base);
        snprintf(base + length, sizeof base - length, " %s", row->base_name);
    }
    if (row->ratio > 0) snprintf(ratio, sizeof ratio, "%.2f x", row->ratio);
    if (row->goal != BENCH_NO_GOAL) {
        double value = row->ratio > 0 ? row->ratio : row->ours;
        bool met = row->goal == BENCH_AT_MOST ? value <= row->limit : value >= row->limit;
        snprintf(goal, sizeof goal, "%s %g%s: %s", row->goal == BENCH_AT_MOST ? "at most" : "at least", row->limit,
                 row->ratio > 0 ? " x" : "", met ? "met" : "NOT MET");
    }
    printf("   %-46s %14s  %-26s %8s  %s\n", row->measure, ours, base, ratio, goal);
    fflush(stdout);
}

void bench_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("     ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    fflush(stdout);
}

uint64_t bench_random(uint64_t *state)
{
    /* splitmix64, by Sebastiano Vigna */
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void bench_key(char *key, size_t length, uint64_t number)
{
    static const char prefix[] = "job:";
    uint64_t state = number;
    size_t at = sizeof prefix - 1;
    memcpy(key, prefix, at);
    for (int shift = 60; shift >= 0; shift -= 4) key[at++] = "0123456789abcdef"[(number >> shift) & 15];
    while (at < length) {
        uint64_t bits = bench_random(&state);
        for (int i = 0; i < 16 && at < length; i++, bits >>= 4) key[at++] = "0123456789abcdef"[bits & 15];
    }
}
