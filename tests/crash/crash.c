/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crash - SIGKILLs processes at random instants while others use the space:
 * crash DSN SECONDS [SEED].
 *
 * Workers do everything that a space can do and check each result. What must
 * be exact in the end they write into a journal in anonymous shared memory:
 * before a step that it is under way, after it that it is done, each with one
 * store. A worker that was killed leaves at most one step under way for each
 * number, so the true totals lie between what is done and that plus what was
 * under way at the kills; anything outside is a lost or a doubled change.
 *
 * The parent kills, reaps, frees the ghosts that the dead left (and counts
 * that nobody else's Lock was freed by it), starts new workers, and watches
 * that all get on. It ends with a count, as tests do.
 */
#include <phpsync/phpsync.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 6,
    INTEGERS = 6,
    LOCKS = 4,
    ANCHORS = 20,       /* keys that are there all the time */
    PRIVATE = 30,       /* keys that one worker makes and removes */
    STUCK_SECONDS = 20, /* without any step of a worker */
    FAILED = 99
};

/* A number in the journal: twice what is done, plus one while a step is under way. */
typedef atomic_llong entry;

struct slot {
    pid_t pid;
    entry added[INTEGERS]; /* what this slot's workers added */
    entry sections[LOCKS]; /* how often they were inside */
    atomic_llong by;       /* how much the step that is under way adds */
    atomic_llong steps;    /* all that they did, to see that they get on */
    uint64_t fence[LOCKS]; /* the largest they got; only looked at under the Lock */
};

static struct shared {
    atomic_bool stop;
    atomic_int failed;
    char why[1500];
    struct slot slots[WORKERS];
    long long uncertain_added[INTEGERS]; /* by workers that were killed in the middle */
    long long uncertain_sections[LOCKS];
    volatile long long unprotected[LOCKS]; /* changed under the Lock alone */
    volatile uint64_t last_fence[LOCKS];   /* the same */
} * shared;

static const char *dsn;
static char run[40]; /* what this run's keys begin with */
static psync_error error;

/* ---- small things ---------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void broken(int line, const char *format, ...)
{
    char text[sizeof shared->why];
    int length = snprintf(text, sizeof text, "crash.c:%d: ", line);
    va_list list;
    va_start(list, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, list);
    va_end(list);
    if (atomic_exchange(&shared->failed, 1) == 0) memcpy(shared->why, text, sizeof text);
    _exit(FAILED);
}

#define MUST(condition)                                                                                            \
    do {                                                                                                           \
        error.message[0] = '\0';                                                                                   \
        if (!(condition)) broken(__LINE__, "not true: %s %s", #condition, error.message);                          \
    } while (0)

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void spin_for(int64_t ns)
{
    int64_t end = now_ns() + ns;
    while (now_ns() < end) continue;
}

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t mixed = (random_state ^ (random_state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % limit;
}

static psync_space *open_space(void)
{
    psync_space *space = NULL;
    MUST(psync_space_open(dsn, NULL, &space, &error) == PSYNC_OK);
    return space;
}

static psync_lock *open_lock(psync_space *space, const char *kind, int number)
{
    char key[100];
    psync_lock *lock = NULL;
    int length = snprintf(key, sizeof key, "%s-%s-%d", run, kind, number);
    MUST(psync_lock_open(space, key, (size_t)length, &lock, &error) == PSYNC_OK);
    return lock;
}

static psync_integer *open_integer(psync_space *space, const char *kind, int number)
{
    char key[100];
    psync_integer *integer = NULL;
    int length = snprintf(key, sizeof key, "%s-%s-%d", run, kind, number);
    MUST(psync_integer_open(space, key, (size_t)length, &integer, &error) == PSYNC_OK);
    return integer;
}

/* ---- what a worker does ------------------------------------------------------------ */

struct worker {
    int number;
    struct slot *slot;
    psync_space *space;
    psync_lock *locks[LOCKS];
    psync_integer *integers[INTEGERS];
    int64_t last[INTEGERS];
};

static void begin(struct worker *w, entry *written, int64_t by)
{
    atomic_store(&w->slot->by, by);
    atomic_fetch_or(written, 1);
}

static void done(entry *written, int64_t by)
{
    atomic_store(written, (atomic_load(written) & ~1LL) + 2 * by);
}

static void count_up(struct worker *w)
{
    int i = (int)random_below(INTEGERS);
    int64_t by = 1 + (int64_t)random_below(3), result = 0;
    begin(w, &w->slot->added[i], by);
    if (random_below(2)) {
        MUST(psync_integer_add(w->integers[i], by, &result, &error) == PSYNC_OK);
    } else {
        MUST(psync_integer_subtract(w->integers[i], -by, &result, &error) == PSYNC_OK);
    }
    done(&w->slot->added[i], by);
    MUST(result >= w->last[i] + by); /* nobody ever makes it smaller */
    w->last[i] = result;
}

static void count_by_comparing(struct worker *w)
{
    int i = (int)random_below(INTEGERS);
    int64_t value = 0;
    if (psync_integer_get(w->integers[i], &value, &error) != PSYNC_OK) return;
    begin(w, &w->slot->added[i], 1);
    psync_result result = psync_integer_compare_set(w->integers[i], value, value + 1, &error);
    MUST(result == PSYNC_OK || result == PSYNC_NO);
    done(&w->slot->added[i], result == PSYNC_OK);
}

/* The part that only one may be in. */
static void section(struct worker *w, int l, uint64_t fence)
{
    MUST(fence > shared->last_fence[l]);
    shared->last_fence[l] = fence;
    begin(w, &w->slot->sections[l], 1);
    long long value = shared->unprotected[l];
    spin_for((int64_t)random_below(3000));
    shared->unprotected[l] = value + 1;
    done(&w->slot->sections[l], 1);
    MUST(shared->last_fence[l] == fence);
}

static void enter_by_lock(struct worker *w)
{
    int l = (int)random_below(LOCKS);
    uint64_t fence = 0;
    psync_wait wait = {.timeout = (double)random_below(50) / 1000};
    psync_result result = psync_lock_acquire(w->locks[l], &wait, &fence, &error);
    MUST(result == PSYNC_OK || result == PSYNC_NO);
    if (result == PSYNC_NO) return;
    section(w, l, fence);
    /* Nobody else frees it: we live. */
    if (random_below(2)) {
        MUST(psync_lock_release(w->locks[l], &error) == PSYNC_OK);
    } else {
        MUST(psync_lock_release_if(w->locks[l], fence, &error) == PSYNC_OK);
    }
}

static void enter_by_hold(struct worker *w)
{
    int l = (int)random_below(LOCKS);
    psync_hold *hold = NULL;
    psync_wait wait = {.timeout = (double)random_below(50) / 1000};
    psync_result result = psync_lock_hold(w->locks[l], random_below(2) ? 0 : 60, &wait, &hold, &error);
    MUST(result == PSYNC_OK || result == PSYNC_NO);
    if (result == PSYNC_NO) return;
    section(w, l, psync_hold_fence(hold));
    if (random_below(3) == 0) MUST(psync_hold_renew(hold, 60, &error) == PSYNC_OK);
    MUST(psync_hold_is_valid(hold, &error) == PSYNC_OK);
    if (random_below(2)) MUST(psync_hold_release(hold, &error) == PSYNC_OK);
    psync_hold_free(hold);
}

static void wait_for_something(struct worker *w)
{
    psync_wait wait = {.timeout = (double)random_below(20) / 1000};
    int i = (int)random_below(INTEGERS);
    psync_result result;
    if (random_below(2)) {
        result = psync_lock_wait(w->locks[random_below(LOCKS)], &wait, &error);
    } else {
        result = psync_integer_await_change(w->integers[i], &wait, &error);
    }
    MUST(result == PSYNC_OK || result == PSYNC_NO);
}

/* Keys that nobody else uses: every result is known. Their last user may have been killed in the middle. */
static void make_and_remove(struct worker *w)
{
    char kind[40];
    snprintf(kind, sizeof kind, "%s%d", random_below(4) ? "p" : "a-private-key-that-is-rather-long", w->number);
    int number = (int)random_below(PRIVATE);
    psync_integer *integer = open_integer(w->space, kind, number);
    psync_lock *lock = open_lock(w->space, kind, number);
    MUST(psync_integer_remove(integer, &error) >= PSYNC_OK);
    int64_t result = -1, value = (int64_t)random_below(1000);
    MUST(psync_integer_add(integer, value, &result, &error) == PSYNC_OK && result == value);
    MUST(psync_integer_get(integer, &result, &error) == PSYNC_OK && result == value);
    MUST(psync_lock_release(lock, &error) >= PSYNC_OK);
    psync_wait at_once = {.timeout = 0};
    MUST(psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK);
    MUST(psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_NO);
    MUST(psync_lock_release(lock, &error) == PSYNC_OK);
    MUST(psync_lock_exists(lock, &error) == PSYNC_NO);
    MUST(psync_integer_remove(integer, &error) == PSYNC_OK);
    MUST(psync_integer_exists(integer, &error) == PSYNC_NO);
    psync_lock_close(lock);
    psync_integer_close(integer);
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    char prefix[60];
    size_t size = (size_t)snprintf(prefix, sizeof prefix, "%s-anchor-", run);
    if (length <= size || memcmp(key, prefix, size) != 0) return 0;
    MUST(value >= 0 && value < ANCHORS);
    ((int *)argument)[value]++;
    return 0;
}

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    char prefix[60];
    size_t size = (size_t)snprintf(prefix, sizeof prefix, "%s-anchor-", run);
    if (length <= size || memcmp(key, prefix, size) != 0) return 0;
    MUST(owner->pid == getppid() && owner->alive == PSYNC_ALIVE_YES);
    ++*(int *)argument;
    return 0;
}

static void list(struct worker *w)
{
    int times[ANCHORS] = {0}, locks = 0;
    MUST(psync_space_each_integer(w->space, hear_integer, times, &error) == PSYNC_OK);
    for (int i = 0; i < ANCHORS; i++) MUST(times[i] == 1);
    MUST(psync_space_each_lock(w->space, hear_lock, &locks, &error) == PSYNC_OK);
    MUST(locks == ANCHORS);
}

static void open_once_more(struct worker *w)
{
    psync_space *other = open_space();
    psync_integer *integer = open_integer(other, "anchor", 3);
    int64_t value = -1;
    (void)w;
    MUST(psync_integer_get(integer, &value, &error) == PSYNC_OK && value == 3);
    psync_integer_close(integer);
    psync_space_close(other);
}

static void step(struct worker *w)
{
    uint64_t what = random_below(100);
    if (what < 40)
        count_up(w);
    else if (what < 45)
        count_by_comparing(w);
    else if (what < 60)
        enter_by_lock(w);
    else if (what < 70)
        enter_by_hold(w);
    else if (what < 75)
        wait_for_something(w);
    else if (what < 95)
        make_and_remove(w);
    else if (what < 97)
        list(w);
    else
        open_once_more(w);
    atomic_fetch_add(&w->slot->steps, 1);
}

static void work(int number, uint64_t seed)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    random_state = seed;
    struct worker w = {.number = number, .slot = &shared->slots[number], .space = open_space()};
    for (int l = 0; l < LOCKS; l++) w.locks[l] = open_lock(w.space, "lock", l);
    for (int i = 0; i < INTEGERS; i++) w.integers[i] = open_integer(w.space, "integer", i);
    while (!shared->stop) step(&w);
    _exit(EXIT_SUCCESS);
}

/* ---- the parent ------------------------------------------------------------------------ */

static void start(int number)
{
    uint64_t seed = random_below(UINT64_MAX);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) work(number, seed);
    shared->slots[number].pid = pid;
}

/* Reaps a worker; it must have been killed by us or have ended well. */
static void reap(int number)
{
    int status = 0;
    while (waitpid(shared->slots[number].pid, &status, 0) < 0) MUST(errno == EINTR);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) return;
    if (!shared->failed) broken(__LINE__, "a worker ended with status %#x", (unsigned)status);
    _exit(FAILED);
}

/* What the dead left under way is uncertain from now on: it happened or not. */
static void absorb(struct slot *slot)
{
    for (int i = 0; i < INTEGERS; i++) {
        if (slot->added[i] & 1) shared->uncertain_added[i] += slot->by;
        atomic_fetch_and(&slot->added[i], ~1LL);
    }
    for (int l = 0; l < LOCKS; l++) {
        if (slot->sections[l] & 1) shared->uncertain_sections[l]++;
        atomic_fetch_and(&slot->sections[l], ~1LL);
    }
}

/* Frees what the dead worker still had. */
static int free_ghosts(psync_lock **locks, pid_t dead)
{
    int freed = 0;
    for (int l = 0; l < LOCKS; l++) {
        psync_owner owner;
        psync_result result = psync_lock_inspect(locks[l], &owner, &error);
        MUST(result == PSYNC_OK || result == PSYNC_NO);
        if (result == PSYNC_NO || owner.pid != dead) continue;
        MUST(owner.alive == PSYNC_ALIVE_NO && !owner.is_hold);
        MUST(psync_lock_release_ghost(locks[l], &error) == PSYNC_OK);
        freed++;
    }
    return freed;
}

static long long all_steps(void)
{
    long long steps = 0;
    for (int i = 0; i < WORKERS; i++) steps += shared->slots[i].steps;
    return steps;
}

static void watch_progress(void)
{
    static long long last;
    static int64_t last_change;
    long long steps = all_steps();
    int64_t now = now_ns();
    if (steps != last || last_change == 0) {
        last = steps;
        last_change = now;
    }
    if (now - last_change > STUCK_SECONDS * INT64_C(1000000000)) {
        broken(__LINE__, "no worker got on for %d s", STUCK_SECONDS);
    }
}

static void check_totals(psync_space *space, psync_lock **locks)
{
    for (int i = 0; i < INTEGERS; i++) {
        long long sum = 0;
        int64_t value = 0;
        for (int w = 0; w < WORKERS; w++) sum += shared->slots[w].added[i] / 2;
        (void)psync_integer_get(open_integer(space, "integer", i), &value, &error);
        if (value < sum || value > sum + shared->uncertain_added[i]) {
            broken(__LINE__, "Integer %d is %" PRId64 ", but was counted to %lld, at most %lld more", i, value, sum,
                   shared->uncertain_added[i]);
        }
    }
    for (int l = 0; l < LOCKS; l++) {
        long long sum = 0;
        for (int w = 0; w < WORKERS; w++) sum += shared->slots[w].sections[l] / 2;
        if (shared->unprotected[l] < sum || shared->unprotected[l] > sum + shared->uncertain_sections[l]) {
            broken(__LINE__, "under Lock %d was counted %lld, but was done %lld, at most %lld more", l,
                   shared->unprotected[l], sum, shared->uncertain_sections[l]);
        }
        psync_wait soon = {.timeout = 2};
        MUST(psync_lock_acquire(locks[l], &soon, NULL, &error) ==
             PSYNC_OK); /* free, or a Hold of one just killed */
        MUST(psync_lock_release(locks[l], &error) == PSYNC_OK);
    }
}

/* Every key that was ever used works, and so do new ones; then they are removed. */
static void check_keys(psync_space *space)
{
    struct worker w = {.space = space};
    for (w.number = 0; w.number < WORKERS; w.number++) {
        for (int i = 0; i < 200; i++) make_and_remove(&w);
    }
    w.number = WORKERS;
    for (int i = 0; i < 1000; i++) make_and_remove(&w);
    for (int i = 0; i < ANCHORS; i++) {
        int64_t value = -1;
        psync_integer *integer = open_integer(space, "anchor", i);
        MUST(psync_integer_get(integer, &value, &error) == PSYNC_OK && value == i);
        MUST(psync_integer_remove(integer, &error) == PSYNC_OK);
        MUST(psync_lock_release(open_lock(space, "anchor", i), &error) == PSYNC_OK);
    }
    for (int i = 0; i < INTEGERS; i++) (void)psync_integer_remove(open_integer(space, "integer", i), &error);
}

/* In a process of its own, so that a broken promise can end it anywhere. */
static void run_all(double seconds)
{
    psync_space *space = open_space();
    psync_lock *locks[LOCKS];
    long kills = 0, ghosts = 0;
    for (int l = 0; l < LOCKS; l++) locks[l] = open_lock(space, "lock", l);
    for (int i = 0; i < ANCHORS; i++) {
        MUST(psync_integer_set(open_integer(space, "anchor", i), i, &error) == PSYNC_OK);
        MUST(psync_lock_acquire(open_lock(space, "anchor", i), NULL, NULL, &error) == PSYNC_OK);
    }
    for (int i = 0; i < WORKERS; i++) start(i);
    int64_t end = now_ns() + (int64_t)(seconds * 1e9);
    while (now_ns() < end && !shared->failed) {
        int victim = (int)random_below(WORKERS);
        uint64_t pause = random_below(4000); /* us; some die while they start */
        struct timespec time = {0, (long)pause * 1000};
        nanosleep(&time, NULL);
        pid_t pid = shared->slots[victim].pid;
        MUST(kill(pid, SIGKILL) == 0);
        reap(victim);
        absorb(&shared->slots[victim]);
        ghosts += free_ghosts(locks, pid);
        kills++;
        watch_progress();
        start(victim);
    }
    shared->stop = true;
    for (int i = 0; i < WORKERS; i++) reap(i);
    if (shared->failed) _exit(FAILED);
    check_totals(space, locks);
    check_keys(space);
    printf("crash: %ld kills, %ld ghosts freed, %lld steps\n", kills, ghosts, all_steps());
    fflush(stdout);
    _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    char *rest = NULL;
    double seconds = argc >= 3 ? strtod(argv[2], &rest) : 0;
    if (argc < 3 || argc > 4 || *rest || !(seconds > 0)) {
        fprintf(stderr, "Usage: crash DSN SECONDS [SEED]\n");
        return 64;
    }
    dsn = argv[1];
    unsigned long long seed = argc == 4 ? strtoull(argv[3], NULL, 0)
                                        : (unsigned long long)time(NULL) << 20 ^ (unsigned long long)getpid();
    random_state = seed;
    snprintf(run, sizeof run, "crash-%016" PRIx64, random_below(UINT64_MAX) ^ (uint64_t)now_ns());
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return EXIT_FAILURE;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        run_all(seconds);
    }
    /* A hang of the parent's own calls is a failure too. */
    int64_t end = now_ns() + (int64_t)((seconds + 120) * 1e9);
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && now_ns() < end) usleep(10000);
    kill(-pid, SIGKILL);
    bool well = ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && !shared->failed;
    if (!well) {
        printf("crash: seed %llu: %s\n", seed,
               shared->failed ? shared->why
               : ended == pid ? "the checker crashed"
                              : "the checker hung");
    }
    printf("%d passed, %d failed, 0 skipped\n", well, !well);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
