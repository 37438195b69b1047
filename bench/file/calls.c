/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.c - single calls, nobody else there:
 *
 * - an increment, against a bare counter file (its handle kept open: flock, pread, pwrite, unlock), and against
 *   php-sync-fs;
 * - lock and unlock, against a file made and removed, which is the least that outlives its process without a
 *   daemon, and against php-sync-fs.
 *
 * Each round runs every subject once, one after the other.
 */
#include "file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static double time_increments(psync_integer *integer, long operations)
{
    psync_error error;
    int64_t before = psync_integer_known(integer);
    int64_t value = 0;
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        psync_result done = psync_integer_add(integer, 1, &value, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_integer_add");
    }
    int64_t taken = bench_now() - start;
    bench_expect(value == before + operations, "the Integer is %lld", (long long)value);
    return (double)taken / (double)operations;
}

static double time_bare_counter(int fd, long operations)
{
    char text[32];
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        if (flock(fd, LOCK_EX) != 0) bench_die("flock failed");
        ssize_t length = pread(fd, text, sizeof text - 1, 0);
        if (length < 0) bench_die("pread failed");
        text[length] = '\0';
        length = snprintf(text, sizeof text, "%lld", strtoll(text, NULL, 10) + 1);
        if (pwrite(fd, text, (size_t)length, 0) != length) bench_die("pwrite failed");
        flock(fd, LOCK_UN);
    }
    return (double)(bench_now() - start) / (double)operations;
}

static double time_locks(psync_lock *lock, long operations)
{
    psync_error error;
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        psync_result done = psync_lock_acquire(lock, NULL, NULL, &error);
        if (done == PSYNC_OK) done = psync_lock_release(lock, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "lock and unlock");
    }
    return (double)(bench_now() - start) / (double)operations;
}

static double time_bare_locks(const char *path, long operations)
{
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, "1", 1) != 1) bench_die("cannot make %s", path);
        close(fd);
        unlink(path);
    }
    return (double)(bench_now() - start) / (double)operations;
}

/* Times of one operation in each round, ns. */
struct times {
    double ours[MAX_ROUNDS], bare[MAX_ROUNDS], php[MAX_ROUNDS], extension[MAX_ROUNDS], classes[MAX_ROUNDS];
};

/* A row of rates. goal 0: none. */
static void print(const struct place *place, const char *what, const double *ours, const char *base_name,
                  const double *base, double goal)
{
    char measure[64];
    snprintf(measure, sizeof measure, "%s, %s", what, place->name);
    bench_print(&(bench_row){.measure = measure,
                             .ours = 1e9 / bench_median(ours, place->rounds),
                             .unit = "/s",
                             .base_name = base_name,
                             .base = 1e9 / bench_median(base, place->rounds),
                             .ratio = bench_median_ratio(base, ours, place->rounds),
                             .goal = goal > 0 ? BENCH_AT_LEAST : BENCH_NO_GOAL,
                             .limit = goal});
}

static void print_php(const struct place *place, const struct php *php, const char *what, const struct times *times,
                      double goal)
{
    char from_php[64];
    if (!php) return;
    print(place, what, times->ours, "php-sync-fs's way", times->php, goal);
    snprintf(from_php, sizeof from_php, "%s from PHP", what);
    if (!php_has_extension(php)) return;
    print(place, from_php, times->extension, "php-sync-fs's way", times->php, goal);
    snprintf(from_php, sizeof from_php, "%s, its classes", what);
    print(place, from_php, times->classes, "php-sync-fs's way", times->php, goal);
}

static double time_task(struct php *php, const char *way, const char *task, long operations)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", way, task);
    return php_time(php, name, operations);
}

static void time_php(struct php *php, const char *task, size_t round, long operations, struct times *times)
{
    if (!php) return;
    times->php[round] = php_time(php, task, operations);
    if (!php_has_extension(php)) return;
    times->extension[round] = time_task(php, "extension-", task, operations);
    times->classes[round] = time_task(php, "classes-", task, operations);
}

static void bench_increments(const struct place *place, psync_space *space, struct php *php, struct times *times)
{
    char path[PATH_MAX];
    psync_integer *integer = bench_integer_open(space, "progress");
    snprintf(path, sizeof path, "%s/counter", place->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) bench_die("cannot make %s", path);
    time_increments(integer, 1);
    for (size_t i = 0; i < place->rounds; i++) {
        times->ours[i] = time_increments(integer, place->operations);
        times->bare[i] = time_bare_counter(fd, place->operations);
        time_php(php, "increment", i, place->operations, times);
    }
    close(fd);
    psync_integer_close(integer);
    print(place, "increments", times->ours, "bare flock'ed file", times->bare, 0.8);
    print_php(place, php, "increments", times, place->memory ? 4 : 20);
}

static void bench_locks(const struct place *place, psync_space *space, struct php *php, struct times *times)
{
    char path[PATH_MAX];
    psync_lock *lock = bench_lock_open(space, "pause");
    snprintf(path, sizeof path, "%s/bare", place->folder);
    time_locks(lock, 1);
    for (size_t i = 0; i < place->rounds; i++) {
        times->ours[i] = time_locks(lock, place->operations);
        times->bare[i] = time_bare_locks(path, place->operations);
        time_php(php, "lock", i, place->operations, times);
    }
    psync_lock_close(lock);
    print(place, "lock + unlock", times->ours, "file made, removed", times->bare, 0);
    print_php(place, php, "lock + unlock", times, 3);
}

void bench_calls(const struct place *place)
{
    static struct times times;
    psync_space *space = open_space(place, "space");
    struct php *php = php_start(place);
    bench_increments(place, space, php, &times);
    bench_locks(place, space, php, &times);
    php_end(php);
    psync_space_close(space);
}
