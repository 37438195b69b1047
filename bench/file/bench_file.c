/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_file.c - files: on tmpfs and on the disk that out/ lies on,
 *
 * - an increment, against a bare counter file: its handle kept open, flock, pread, pwrite, unlock;
 * - lock and unlock, against what a lock that outlives its process needs at least: a file made and removed;
 * - from a release to the last of 64 waiters running, against 64 bare inotify readers of a file's removal;
 * - an increment, and lock and unlock, in a space of many keys, against the same in one of a few.
 */
#include "bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MAX_ROUNDS 999
#define WAITERS    64

static bench_parameter parameters[] = {{"rounds", 15, 51, "rounds of each"},
                                       {"operations", 5000, 20000, "operations in a round"},
                                       {"wakes", 40, 200, "times the waiters are woken"},
                                       {"keys", 20000, 100000, "Locks and Integers of the large space"},
                                       {NULL, 0, 0, NULL}};

static char base[PATH_MAX / 2];
static pid_t parent;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_base(void)
{
    if (getpid() == parent) nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static psync_space *open_space(const char *name)
{
    char dsn[PATH_MAX];
    psync_space *space;
    psync_error error;
    snprintf(dsn, sizeof dsn, "file://%s/%s", base, name);
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    return space;
}

/* ---- an increment ------------------------------------------------------- */

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

static void bench_increments(const char *where, psync_space *space, size_t rounds, long operations)
{
    static double ours[MAX_ROUNDS], bare[MAX_ROUNDS];
    char path[PATH_MAX];
    char measure[64];
    psync_integer *integer = bench_integer_open(space, "progress");
    snprintf(path, sizeof path, "%s/counter", base);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) bench_die("cannot make %s", path);
    time_increments(integer, 1);
    for (size_t i = 0; i < rounds; i++) {
        ours[i] = 1e9 / time_increments(integer, operations);
        bare[i] = 1e9 / time_bare_counter(fd, operations);
    }
    close(fd);
    psync_integer_close(integer);
    snprintf(measure, sizeof measure, "increments, %s", where);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(ours, rounds),
                             .unit = "/s",
                             .base_name = "bare flock'ed file",
                             .base = bench_median(bare, rounds),
                             .ratio = bench_median_ratio(ours, bare, rounds),
                             .goal = BENCH_AT_LEAST,
                             .limit = 0.8});
}

/* ---- lock and unlock ---------------------------------------------------- */

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

static double time_bare_locks(long operations)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/bare", base);
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, "1", 1) != 1) bench_die("cannot make %s", path);
        close(fd);
        unlink(path);
    }
    return (double)(bench_now() - start) / (double)operations;
}

static void bench_locks(const char *where, psync_space *space, size_t rounds, long operations)
{
    static double ours[MAX_ROUNDS], bare[MAX_ROUNDS];
    char measure[64];
    psync_lock *lock = bench_lock_open(space, "pause");
    time_locks(lock, 1);
    for (size_t i = 0; i < rounds; i++) {
        ours[i] = time_locks(lock, operations);
        bare[i] = time_bare_locks(operations);
    }
    psync_lock_close(lock);
    snprintf(measure, sizeof measure, "lock + unlock, %s", where);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(ours, rounds),
                             .unit = "ns",
                             .base_name = "file made, removed",
                             .base = bench_median(bare, rounds),
                             .ratio = bench_median_ratio(ours, bare, rounds)});
}

/* ---- waking -------------------------------------------------------------- */

enum { END, WAIT_OURS, WAIT_BARE };

struct wakes {
    bench_rounds rounds;
    bench_count awake; /* who has been woken, of all rounds */
    int64_t woken[WAITERS];
};

static void wait_ours(psync_lock *lock)
{
    psync_error error;
    bench_expect_ok(psync_lock_wait(lock, NULL, &error), &error, "psync_lock_wait");
}

static void wait_bare(int fd)
{
    char events[4096] __attribute__((aligned(8)));
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/bare", base);
    /* As with a Lock: watch first, then look, then sleep. */
    int watch = inotify_add_watch(fd, base, IN_DELETE | IN_ONESHOT);
    if (watch < 0) bench_die("inotify_add_watch failed");
    if (access(path, F_OK) != 0) bench_die("WRONG: the file was removed too early");
    if (read(fd, events, sizeof events) <= 0) bench_die("read of inotify failed");
}

static void waiter(unsigned index, void *argument)
{
    struct wakes *wakes = argument;
    psync_space *space = open_space("space");
    psync_lock *lock = bench_lock_open(space, "gate");
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0) bench_die("inotify_init1 failed; is fs.inotify.max_user_instances above %d?", 2 * WAITERS);
    int order;
    for (uint32_t round = 1; (order = bench_rounds_next(&wakes->rounds, round)) > 0; round++) {
        if (order == WAIT_OURS) wait_ours(lock);
        if (order == WAIT_BARE) wait_bare(fd);
        wakes->woken[index] = bench_now();
        bench_count_add(&wakes->awake);
    }
    close(fd);
    psync_lock_close(lock);
    psync_space_close(space);
}

/* One round: all sleep, the thing happens, the last of them wakes. Nanoseconds. */
static double time_wake(struct wakes *wakes, const pid_t *pids, int order, psync_lock *lock, uint32_t round)
{
    psync_error error;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/bare", base);
    if (order == WAIT_OURS) bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "acquire");
    if (order == WAIT_BARE) close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    wakes->rounds.order = order;
    bench_count_add(&wakes->rounds.go);
    bench_sleep(20000000);
    bench_await_asleep(pids, WAITERS);
    int64_t start = bench_now();
    if (order == WAIT_OURS) bench_expect_ok(psync_lock_release(lock, &error), &error, "release");
    if (order == WAIT_BARE) unlink(path);
    bench_count_await(&wakes->awake, round * WAITERS);
    int64_t last = start;
    for (unsigned i = 0; i < WAITERS; i++) last = wakes->woken[i] > last ? wakes->woken[i] : last;
    return (double)(last - start);
}

static void bench_wakes(psync_space *space, size_t count)
{
    static double ours[MAX_ROUNDS], bare[MAX_ROUNDS];
    pid_t pids[WAITERS];
    struct wakes *wakes = bench_shared(sizeof *wakes);
    psync_lock *lock = bench_lock_open(space, "gate");
    bench_fork(WAITERS, waiter, wakes, pids);
    uint32_t round = 0;
    for (size_t i = 0; i < count; i++) {
        ours[i] = time_wake(wakes, pids, WAIT_OURS, lock, ++round) / 1000;
        bare[i] = time_wake(wakes, pids, WAIT_BARE, lock, ++round) / 1000;
    }
    bench_rounds_end(&wakes->rounds);
    bench_join();
    psync_lock_close(lock);
    bench_print(&(bench_row){.measure = "64 waiters, the last one woken",
                             .ours = bench_median(ours, count),
                             .unit = "us",
                             .base_name = "bare inotify readers",
                             .base = bench_median(bare, count),
                             .ratio = bench_median_ratio(ours, bare, count),
                             .goal = BENCH_AT_MOST,
                             .limit = 3.0});
}

/* ---- many keys ------------------------------------------------------------ */

static void fill(psync_space *space, long keys)
{
    for (long i = 0; i < keys; i++) {
        char key[64];
        psync_error error;
        bench_key(key, 40, (uint64_t)i);
        key[40] = '\0';
        psync_lock *lock = bench_lock_open(space, key);
        psync_integer *integer = bench_integer_open(space, key);
        bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
        bench_expect_ok(psync_integer_set(integer, i, &error), &error, "psync_integer_set");
        psync_lock_close(lock);
        psync_integer_close(integer);
    }
}

/* Every key's Integer is counted up and its Lock freed and taken, through handles made anew. */
static double time_keys(psync_space *space, long keys, long operations, uint64_t *random)
{
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        char key[64];
        psync_error error;
        bench_key(key, 40, bench_random(random) % (uint64_t)keys);
        key[40] = '\0';
        psync_lock *lock = bench_lock_open(space, key);
        psync_integer *integer = bench_integer_open(space, key);
        bench_expect_ok(psync_integer_add(integer, 1, NULL, &error), &error, "psync_integer_add");
        bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
        bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
        psync_lock_close(lock);
        psync_integer_close(integer);
    }
    return (double)(bench_now() - start) / (double)operations;
}

static void bench_many(const char *where, size_t rounds, long operations, long keys)
{
    static double many[MAX_ROUNDS], few[MAX_ROUNDS];
    char measure[64];
    uint64_t random = 1;
    psync_space *large = open_space("large");
    psync_space *small = open_space("small");
    long few_keys = 1000;
    fill(large, keys);
    fill(small, few_keys);
    for (size_t i = 0; i < rounds; i++) {
        many[i] = time_keys(large, keys, operations / 10, &random);
        few[i] = time_keys(small, few_keys, operations / 10, &random);
    }
    psync_space_close(large);
    psync_space_close(small);
    snprintf(measure, sizeof measure, "a key of %ld, %s", keys, where);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(many, rounds),
                             .unit = "ns",
                             .base_name = "of 1000 keys",
                             .base = bench_median(few, rounds),
                             .ratio = bench_median_ratio(many, few, rounds),
                             .goal = BENCH_AT_MOST,
                             .limit = 1.5});
}

static void bench_place(const char *folder, const char *where)
{
    size_t rounds = (size_t)parameters[0].value;
    long operations = parameters[1].value;
    snprintf(base, sizeof base, "%s/phpsync-bench.XXXXXX", folder);
    if (!mkdtemp(base)) bench_die("cannot make a folder in %s", folder);
    psync_space *space = open_space("space");
    bench_increments(where, space, rounds, operations);
    bench_locks(where, space, rounds, operations);
    if (strcmp(where, "tmpfs") == 0) bench_wakes(space, (size_t)parameters[2].value);
    bench_many(where, rounds, operations, parameters[3].value);
    psync_space_close(space);
    remove_base();
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "files", parameters);
    if (parameters[0].value > MAX_ROUNDS || parameters[2].value > MAX_ROUNDS) {
        bench_die("rounds, wakes: at most %d", MAX_ROUNDS);
    }
    parent = getpid();
    atexit(remove_base);
    bench_place("/dev/shm", "tmpfs");
    char here[PATH_MAX / 4];
    if (!getcwd(here, sizeof here)) bench_die("the path of this folder is too long");
    bench_place(here, "disk");
    return bench_end();
}
