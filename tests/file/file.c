/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file - does one thing to the key "k" of a space, between two calls of getppid(2) that the tests find in a trace:
 *
 *     file DSN ACTION [twice]
 *
 * ACTION is one of the table below, or
 *
 * - wait, await: for the Lock's end, for the Integer to be at least 1; at most two minutes. Says "waits" before;
 * - stay: takes, frees, counts; after a line from its input holds and counts; stays until the next line;
 * - move: is busy with the Lock, puts an empty folder in the space's place, holds; stays until a line;
 * - vanish: the same, but moves the space's folder away only, and counts before it holds;
 * - close: takes, frees, counts; closes all its descriptors, opens others, counts and holds; stays until a line;
 * - roots: uses 50 folders below the space's; prints how many descriptors are open, beside one for each;
 * - spin: looks whether the Lock exists, again and again, until a line comes;
 * - releases: takes and frees many times; prints how many looks of those who spin fell into a release;
 * - state: prints "lock=absent|alive|ended integer=VALUE|none";
 * - prove: takes, frees and counts, then says "works".
 *
 * Prints the result's number, and for an error its message. With "twice" it then prints the state as this process
 * sees it, does the same again, and prints result and state once more.
 *
 * With SHORT_WRITE=N in its environment the Nth pwrite(2) writes half of what it should. With SWAP_ROOT=N the
 * space's folder gives way to the one that lies beside it with ".new" behind its name, just before the Nth
 * inotify_add_watch(2).
 */
#include <phpsync/phpsync.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *dsn;
static psync_space *space;
static psync_lock *lock;
static psync_integer *integer;
static psync_hold *hold;
static psync_error error;

static psync_result open_key(void)
{
    psync_result r = psync_space_open(dsn, NULL, &space, &error);
    if (!r) r = psync_lock_open(space, "k", 1, &lock, &error);
    if (!r) r = psync_integer_open(space, "k", 1, &integer, &error);
    return r;
}

/* ---- actions --------------------------------------------------------------- */

static psync_result acquire(void)
{
    return psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, NULL, &error);
}

static psync_result take_hold(void)
{
    return psync_lock_hold(lock, 3600, &(psync_wait){.timeout = 0}, &hold, &error);
}

static psync_result renew(void)
{
    return psync_hold_renew(hold, 1800, &error);
}

static psync_result release_hold(void)
{
    return psync_hold_release(hold, &error);
}

static psync_result release(void)
{
    return psync_lock_release(lock, &error);
}

static psync_result add(void)
{
    return psync_integer_add(integer, 1, NULL, &error);
}

static psync_result set(void)
{
    return psync_integer_set(integer, 5, &error);
}

/* Numbers of several digits, whose halves are not each other's: what a short write leaves of them shows. */
static psync_result count(void)
{
    return psync_integer_add(integer, 1234, NULL, &error);
}

static psync_result put(void)
{
    return psync_integer_set(integer, 5678, &error);
}

static psync_result swap(void)
{
    return psync_integer_compare_set(integer, 1234, 5678, &error);
}

static psync_result remove_it(void)
{
    return psync_integer_remove(integer, &error);
}

static psync_result look(void)
{
    psync_owner owner;
    int64_t value;
    psync_result r = psync_lock_inspect(lock, &owner, &error);
    return r < 0 ? r : psync_integer_get(integer, &value, &error);
}

static int keep_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)owner;
    strncat(argument, key, length < 40 ? length : 40);
    return 0;
}

static int keep_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)value;
    strncat(argument, key, length < 40 ? length : 40);
    return 0;
}

/* A list of the one key that there is. */
static psync_result list(void)
{
    char keys[128] = "";
    psync_result r = psync_space_each_lock(space, keep_lock, keys, &error);
    if (!r) r = psync_space_each_integer(space, keep_integer, keys, &error);
    if (!r && strcmp(keys, "kk") != 0) {
        printf("WRONG: the list is \"%s\"\n", keys);
        exit(EXIT_FAILURE);
    }
    return r;
}

static psync_result wait_for_end(void)
{
    return psync_lock_wait(lock, &(psync_wait){.timeout = 120}, &error);
}

static psync_result await(void)
{
    return psync_integer_await_at_least(integer, 1, &(psync_wait){.timeout = 120}, &error);
}

/* ---- what is printed -------------------------------------------------------- */

static int say(psync_result result)
{
    printf("%d %s\n", (int)result, result < 0 ? error.message : "");
    fflush(stdout);
    return 0;
}

static int state(void)
{
    psync_owner owner;
    int64_t value;
    psync_result r = psync_lock_inspect(lock, &owner, &error);
    if (r < 0) return say(r);
    printf("lock=%s ", r == PSYNC_NO ? "absent" : owner.alive == PSYNC_ALIVE_NO ? "ended" : "alive");
    r = psync_integer_get(integer, &value, &error);
    if (r < 0) return say(r);
    if (r == PSYNC_NO) {
        puts("integer=none");
    } else {
        printf("integer=%" PRId64 "\n", value);
    }
    return 0;
}

/* A process that lives on while its folder is changed. */
static int stay(void)
{
    char line[8];
    psync_result r = acquire();
    if (!r) r = release();
    if (!r) r = add();
    if (!r) r = add();
    say(r);
    if (!fgets(line, sizeof line, stdin)) return 64;
    r = take_hold();
    if (!r) r = add();
    say(r);
    if (!fgets(line, sizeof line, stdin)) return 64;
    return say(psync_hold_release(hold, &error));
}

static int stay_on(psync_result r)
{
    char line[8];
    say(r);
    return fgets(line, sizeof line, stdin) ? 0 : 64;
}

static int move_and_hold(bool vanish)
{
    char root[PATH_MAX];
    char moved[PATH_MAX + 8];
    psync_result r = PSYNC_OK;
    if (sscanf(dsn, "file://%4000[^?]", root) != 1) return 64;
    snprintf(moved, sizeof moved, "%s.moved", root);
    for (int i = 0; !r && i < 100; i++) {
        r = acquire();
        if (!r) r = release();
    }
    if (rename(root, moved) != 0) return 64;
    if (!vanish && mkdir(root, 0700) != 0) return 64;
    if (!r && vanish) r = add();
    return stay_on(r ? r : take_hold());
}

enum { OTHERS = 40 };

/* What was opened in the closed files' places is neither closed, nor replaced, nor written to. */
static bool others_are_left(const struct stat *other)
{
    struct stat st;
    for (int fd = 3; fd < 3 + OTHERS; fd++) {
        if (fstat(fd, &st) != 0 || st.st_ino != other->st_ino || st.st_size != 0) return false;
    }
    return true;
}

static int close_and_hold(void)
{
    char path[PATH_MAX];
    struct stat other;
    psync_result r = acquire();
    if (!r) r = release();
    if (!r) r = add();
    for (int fd = 3; fd < 256; fd++) close(fd);
    snprintf(path, sizeof path, "%s.other", dsn + strlen("file://"));
    for (int i = 0; i < OTHERS; i++) {
        if (open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) < 0) return 64;
    }
    if (stat(path, &other) != 0) return 64;
    usleep(1000); /* in the midst of a burst the files are not looked at each time */
    if (!r) r = take_hold();
    if (!r) r = add();
    if (!others_are_left(&other)) return 64;
    return stay_on(r);
}

/* The looks of all who spin lie in a file beside the space, a number each. */
static _Atomic long *shared_looks(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s.looks", dsn + strlen("file://"));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0) abort();
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) abort();
    return page;
}

static int spin(void)
{
    _Atomic long *looks = shared_looks();
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    puts("spins");
    fflush(stdout);
    psync_result r = PSYNC_OK;
    while (r >= 0 && poll(&input, 1, 0) == 0) {
        for (int i = 0; r >= 0 && i < 100; i++) {
            r = psync_lock_exists(lock, &error);
            atomic_fetch_add(looks, 1);
        }
    }
    return say(r < 0 ? r : PSYNC_OK);
}

static int compare_numbers(const void *one, const void *other)
{
    long a = *(const long *)one;
    long b = *(const long *)other;
    return (a > b) - (a < b);
}

/* How many looks there were during the release of a Lock that many look at, in half of the cases at most. */
static int releases(void)
{
    enum { TIMES = 51, BEFORE = 200 };
    static long during[TIMES];
    _Atomic long *looks = shared_looks();
    psync_result r = PSYNC_OK;
    for (int i = 0; !r && i < TIMES; i++) {
        r = acquire();
        for (long start = atomic_load(looks); atomic_load(looks) < start + BEFORE;) sched_yield();
        long start = atomic_load(looks);
        if (!r) r = release();
        during[i] = atomic_load(looks) - start;
    }
    if (r) return say(r);
    qsort(during, TIMES, sizeof *during, compare_numbers);
    printf("%ld\n", during[TIMES / 2]);
    return 0;
}

/* How many descriptors are open after many folders were used, one after the other. */
static int roots(void)
{
    enum { ROOTS = 50 };
    char path[PATH_MAX];
    int open_now = 0;
    const char *base = dsn;
    for (int i = 0; i < ROOTS; i++) {
        snprintf(path, sizeof path, "%s/%d", base, i);
        dsn = path;
        psync_result r = open_key();
        if (!r) r = acquire();
        if (!r) r = release();
        if (!r) r = add();
        if (r) return say(r);
        psync_lock_close(lock);
        psync_integer_close(integer);
        psync_space_close(space);
    }
    for (int fd = 0; fd < 1024; fd++) open_now += fcntl(fd, F_GETFD) >= 0;
    printf("%d\n", open_now - ROOTS);
    return 0;
}

/* Whatever was left behind, all calls work. */
static int prove(void)
{
    int64_t before = 0;
    int64_t after;
    uint64_t first;
    uint64_t second;
    psync_owner owner = {.fence = 0};
    psync_result r = psync_lock_inspect(lock, &owner, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r >= 0) r = psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, &first, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r == PSYNC_OK) r = psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, &second, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r == PSYNC_OK) r = psync_integer_get(integer, &before, &error);
    if (r >= 0) r = psync_integer_add(integer, 7, &after, &error);
    if (r) return say(r);
    bool good = first > owner.fence && second > first && after == before + 7;
    puts(good ? "works" : "does not add up");
    return 0;
}

/* ---- what goes wrong in the middle of a call ---------------------------------- */

/* These stand before the C library's for the library under test. */

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    static long number;
    const char *shortened = getenv("SHORT_WRITE");
    if (shortened && ++number == atol(shortened)) length /= 2;
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

static void swap_roots(void)
{
    char root[PATH_MAX];
    char moved[PATH_MAX + 8];
    char new[PATH_MAX + 8];
    if (sscanf(dsn, "file://%4000[^?]", root) != 1) abort();
    snprintf(moved, sizeof moved, "%s.moved", root);
    snprintf(new, sizeof new, "%s.new", root);
    if (rename(root, moved) != 0 || rename(new, root) != 0) abort();
}

int inotify_add_watch(int fd, const char *path, uint32_t events)
{
    static long number;
    const char *swapped = getenv("SWAP_ROOT");
    if (swapped && ++number == atol(swapped)) swap_roots();
    return (int)syscall(SYS_inotify_add_watch, fd, path, events);
}

/* ------------------------------------------------------------------------------ */

static const struct action {
    const char *name;
    psync_result (*before)(void); /* outside what is traced */
    psync_result (*call)(void);
} actions[] = {
    {"acquire", NULL, acquire},
    {"hold", NULL, take_hold},
    {"renew", take_hold, renew},
    {"release", NULL, release},
    {"release_hold", take_hold, release_hold},
    {"add", NULL, add},
    {"set", NULL, set},
    {"count", NULL, count},
    {"put", NULL, put},
    {"swap", NULL, swap},
    {"remove", NULL, remove_it},
    {"look", NULL, look},
    {"list", NULL, list},
    {"wait", NULL, wait_for_end},
    {"await", NULL, await},
};

static const struct action *find(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    }
    return NULL;
}

static int act(const struct action *action, bool twice)
{
    if (action->before && action->before()) return say(error.result);
    if (action->call == wait_for_end || action->call == await) {
        puts("waits");
        fflush(stdout);
    }
    (void)getppid();
    psync_result r = action->call();
    (void)getppid();
    say(r);
    if (!twice) return 0;
    state();
    say(action->call());
    return state();
}

/* The opening itself is what is traced. */
static int open_only(bool twice)
{
    (void)getppid();
    psync_result r = open_key();
    (void)getppid();
    say(r);
    return twice ? say(open_key()) : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 64;
    dsn = argv[1];
    bool twice = argc == 4;
    if (strcmp(argv[2], "open") == 0) return open_only(twice);
    if (open_key()) return say(error.result);
    if (strcmp(argv[2], "state") == 0) return state();
    if (strcmp(argv[2], "stay") == 0) return stay();
    if (strcmp(argv[2], "move") == 0) return move_and_hold(false);
    if (strcmp(argv[2], "vanish") == 0) return move_and_hold(true);
    if (strcmp(argv[2], "close") == 0) return close_and_hold();
    if (strcmp(argv[2], "spin") == 0) return spin();
    if (strcmp(argv[2], "roots") == 0) return roots();
    if (strcmp(argv[2], "releases") == 0) return releases();
    if (strcmp(argv[2], "prove") == 0) {
        int status = prove();
        psync_space_close(space);
        return status;
    }
    const struct action *action = find(argv[2]);
    return action ? act(action, twice) : 64;
}
