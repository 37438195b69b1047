/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suite.c - checks, keys, handles and time for the conformance tests.
 *
 * What a test opens through here is written down, and closed and removed when
 * the test's own process ends it, so that the suite leaves a shared space as
 * it found it. The first failed check's text lies in memory that all processes
 * of the run share: whoever fails first says why.
 */
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

_Thread_local psync_error last_error;

static struct failure {
    atomic_int taken;
    atomic_int told;
    char text[2048];
} * failure;

static const struct test *current;
static bool leads_group;

/* ---- checks -------------------------------------------------------------- */

void check_failed(const char *file, int line, const char *format, ...)
{
    char text[sizeof failure->text];
    const char *base = strrchr(file, '/');
    int length = snprintf(text, sizeof text, "%s:%d: ", base ? base + 1 : file, line);
    va_list list;
    va_start(list, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, list);
    va_end(list);
    fprintf(stderr, "%s: %s\n", current ? current->name : "?", text);
    if (atomic_exchange(&failure->taken, 1) == 0) {
        memcpy(failure->text, text, sizeof text);
        atomic_store(&failure->told, 1);
    }
    if (leads_group) kill(0, SIGKILL);
    _exit(EXIT_CHECK_FAILED);
}

void suite_lead_group(void)
{
    leads_group = true;
}

const char *suite_failure(void)
{
    return atomic_load(&failure->told) ? failure->text : NULL;
}

const char *result_name(psync_result result)
{
    static const char *const names[] = {"OK",
                                        "ERROR_ARGUMENT",
                                        "ERROR_NO_DRIVER",
                                        "ERROR_UNSUPPORTED",
                                        "ERROR_ABSENT",
                                        "ERROR_OVERFLOW",
                                        "ERROR_LEASE_LOST",
                                        "ERROR_INTERRUPTED",
                                        "ERROR_PERMISSION",
                                        "ERROR_UNAVAILABLE",
                                        "ERROR_FULL",
                                        "ERROR_DAMAGED",
                                        "ERROR_UNKNOWN",
                                        "ERROR_SYSTEM"};
    if (result == PSYNC_NO) return "NO";
    int index = -(int)result;
    return index >= 0 && index < (int)(sizeof names / sizeof *names) ? names[index] : "no psync_result";
}

void check_result(const char *file, int line, const char *call, psync_result expected, psync_result got)
{
    if (got == expected) return;
    check_failed(file, line, "%s: %s, expected %s%s%s", call, result_name(got), result_name(expected),
                 got < 0 ? ": " : "", got < 0 ? last_error.message : "");
}

void check_time(const char *file, int line, int64_t start, double at_least, double at_most)
{
    double took = since(start);
    if (took < at_least) check_failed(file, line, "early: after %.6f s, expected at least %.6f s", took, at_least);
    if (took > at_most) check_failed(file, line, "late: after %.3f s, expected at most %.3f s", took, at_most);
}

/* ---- time ---------------------------------------------------------------- */

int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t now_us_wall(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

double since(int64_t start)
{
    return (double)(now_ns() - start) / 1e9;
}

void sleep_for(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1.0) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

void spin_for(int64_t ns)
{
    int64_t end = now_ns() + ns;
    while (now_ns() < end) continue;
}

uint64_t random_below(uint64_t limit)
{
    static _Thread_local uint64_t state;
    static _Thread_local pid_t seeded_in;
    if (seeded_in != getpid()) {
        seeded_in = getpid();
        if (getrandom(&state, sizeof state, 0) != sizeof state) state = (uint64_t)now_ns();
    }
    state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % limit;
}

int rounds(int most, int operations)
{
    double affordable = 0.5e9 * suite.scale / ((double)suite.operation * operations);
    double ceiling = most * (suite.scale > 1 ? suite.scale : 1.0);
    double floor_ = most < 4 ? most : most / 50.0 < 4 ? 4 : most / 50.0;
    return (int)(affordable > ceiling ? ceiling : affordable < floor_ ? floor_ : affordable);
}

int many(int most)
{
    return most < suite.processes ? most : suite.processes;
}

/* ---- what a test opened -------------------------------------------------- */

enum kept_kind { KEPT_KEY, KEPT_LOCK, KEPT_INTEGER, KEPT_MEMORY };

struct kept {
    enum kept_kind kind;
    void *pointer;
    size_t size;
};

static pthread_mutex_t kept_guard = PTHREAD_MUTEX_INITIALIZER;
static struct kept *kept;
static size_t kept_count, kept_room;
static psync_space *the_space;

static void keep(enum kept_kind kind, void *pointer, size_t size)
{
    pthread_mutex_lock(&kept_guard);
    if (kept_count == kept_room) {
        kept_room = kept_room ? kept_room * 2 : 64;
        kept = realloc(kept, kept_room * sizeof *kept);
        CHECK(kept);
    }
    struct kept *item = &kept[kept_count++];
    item->kind = kind;
    item->pointer = pointer;
    item->size = size;
    pthread_mutex_unlock(&kept_guard);
}

psync_space *space_open(void)
{
    psync_space *opened = NULL;
    EXPECT(PSYNC_OK, psync_space_open(suite.dsn, NULL, &opened, ERR));
    CHECK(opened);
    return opened;
}

psync_space *space(void)
{
    pthread_mutex_lock(&kept_guard);
    if (!the_space) the_space = space_open();
    psync_space *mine = the_space;
    pthread_mutex_unlock(&kept_guard);
    return mine;
}

const char *fresh_key(void)
{
    char name[64]; /* short enough to stand whole in a message */
    int length = snprintf(name, sizeof name, "conf-%.28s-%016llx", current->name,
                          (unsigned long long)random_below(UINT64_MAX));
    char *key = malloc((size_t)length + 1);
    CHECK(key);
    memcpy(key, name, (size_t)length + 1);
    keep(KEPT_KEY, key, (size_t)length);
    return key;
}

psync_lock *lock_of_bytes(const void *key, size_t length)
{
    psync_lock *lock = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(space(), key, length, &lock, ERR));
    keep(KEPT_LOCK, lock, 0);
    return lock;
}

psync_integer *integer_of_bytes(const void *key, size_t length)
{
    psync_integer *integer = NULL;
    EXPECT(PSYNC_OK, psync_integer_open(space(), key, length, &integer, ERR));
    keep(KEPT_INTEGER, integer, 0);
    return integer;
}

psync_lock *lock_of(const char *key)
{
    return lock_of_bytes(key, strlen(key));
}

psync_integer *integer_of(const char *key)
{
    return integer_of_bytes(key, strlen(key));
}

void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    keep(KEPT_MEMORY, memory, size);
    return memory;
}

/* The keys' Locks and Integers go first, while the space is open. */
static void remove_keys(void)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].kind != KEPT_KEY) continue;
        psync_lock *lock = NULL;
        psync_integer *integer = NULL;
        if (psync_lock_open(space(), kept[i].pointer, kept[i].size, &lock, NULL) == PSYNC_OK)
            psync_lock_release(lock, NULL);
        if (psync_integer_open(space(), kept[i].pointer, kept[i].size, &integer, NULL) == PSYNC_OK)
            psync_integer_remove(integer, NULL);
        psync_lock_close(lock);
        psync_integer_close(integer);
    }
}

void suite_tidy(void)
{
    remove_keys();
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].kind == KEPT_KEY) free(kept[i].pointer);
        if (kept[i].kind == KEPT_LOCK) psync_lock_close(kept[i].pointer);
        if (kept[i].kind == KEPT_INTEGER) psync_integer_close(kept[i].pointer);
        if (kept[i].kind == KEPT_MEMORY) munmap(kept[i].pointer, kept[i].size);
    }
    free(kept);
    kept = NULL;
    kept_count = kept_room = 0;
    psync_space_close(the_space);
    the_space = NULL;
}

void suite_forget(void)
{
    pthread_mutex_init(&kept_guard, NULL);
    kept = NULL;
    kept_count = kept_room = 0;
    the_space = NULL;
}

void suite_begin(const struct test *test)
{
    if (!failure) {
        failure = mmap(NULL, sizeof *failure, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (failure == MAP_FAILED) abort();
    }
    memset(failure, 0, sizeof *failure);
    current = test;
}

bool workers_are_threads(void)
{
    return current->threads;
}

/* ---- short cuts ---------------------------------------------------------- */

uint64_t take(psync_lock *lock)
{
    uint64_t fence = 0;
    EXPECT(PSYNC_OK, psync_lock_acquire(lock, FOR_SECONDS(0), &fence, ERR));
    CHECK(fence != 0);
    return fence;
}

void expect_locked(psync_lock *lock)
{
    EXPECT(PSYNC_OK, psync_lock_exists(lock, ERR));
}

void expect_free(psync_lock *lock)
{
    EXPECT(PSYNC_NO, psync_lock_exists(lock, ERR));
}

void expect_value(psync_integer *integer, int64_t value)
{
    int64_t actual = ~value;
    EXPECT(PSYNC_OK, psync_integer_get(integer, &actual, ERR));
    CHECK_EQUAL(value, actual);
}
