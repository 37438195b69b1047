/* SPDX-License-Identifier: BSD-3-Clause */
/* workload.c - see workload.h. */
#include "workload.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct arena *arena;
char dsn[512];
psync_error error;

static char run[40]; /* what this run's keys begin with */
static uint64_t random_state;

/* ---- small things ---------------------------------------------------------------- */

void arena_begin(void)
{
    if (!arena) {
        arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED) exit(EXIT_FAILURE);
    }
    memset(arena, 0, sizeof *arena);
    snprintf(run, sizeof run, "crash-%016" PRIx64, random_below(UINT64_MAX) ^ (uint64_t)now_ns());
}

void broken(const char *file, int line, const char *format, ...)
{
    char text[sizeof arena->why];
    int length = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list list;
    va_start(list, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, list);
    va_end(list);
    if (atomic_exchange(&arena->failed, 1) == 0) memcpy(arena->why, text, sizeof text);
    _exit(FAILED);
}

int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void sleep_for(int64_t ns)
{
    struct timespec time = {ns / 1000000000, ns % 1000000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) continue;
}

void spin_for(int64_t ns)
{
    int64_t end = now_ns() + ns;
    while (now_ns() < end) continue;
}

void random_seed(uint64_t seed)
{
    random_state = seed;
}

uint64_t random_below(uint64_t limit)
{
    random_state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t mixed = (random_state ^ (random_state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % limit;
}

psync_space *open_space(void)
{
    psync_space *space = NULL;
    MUST(psync_space_open(dsn, NULL, &space, &error) == PSYNC_OK);
    return space;
}

psync_lock *open_lock(psync_space *space, const char *kind, int number)
{
    char key[100];
    psync_lock *lock = NULL;
    int length = snprintf(key, sizeof key, "%s-%s-%d", run, kind, number);
    MUST(psync_lock_open(space, key, (size_t)length, &lock, &error) == PSYNC_OK);
    return lock;
}

psync_integer *open_integer(psync_space *space, const char *kind, int number)
{
    char key[100];
    psync_integer *integer = NULL;
    int length = snprintf(key, sizeof key, "%s-%s-%d", run, kind, number);
    MUST(psync_integer_open(space, key, (size_t)length, &integer, &error) == PSYNC_OK);
    return integer;
}

/* ---- what a worker does ------------------------------------------------------------ */

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
    MUST(fence > arena->last_fence[l]);
    arena->last_fence[l] = fence;
    begin(w, &w->slot->sections[l], 1);
    long long value = arena->unprotected[l];
    spin_for((int64_t)random_below(3000));
    arena->unprotected[l] = value + 1;
    done(&w->slot->sections[l], 1);
    MUST(arena->last_fence[l] == fence);
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

/*
 * A Hold that may run out at any time, as this process may be stopped. Whoever was given a larger fence before a
 * call of ours began has taken the Lock from us; no call may then say that it is still ours.
 */
void hold_for_a_moment(struct worker *w)
{
    psync_hold *hold = NULL;
    psync_wait wait = {.timeout = (double)random_below(50) / 1000};
    unsigned long long largest = arena->lease_fence;
    psync_result result = psync_lock_hold(w->lease, LEASE, &wait, &hold, &error);
    MUST(result == PSYNC_OK || result == PSYNC_NO);
    if (result == PSYNC_NO) return;
    unsigned long long fence = psync_hold_fence(hold);
    MUST(fence > largest);
    while (largest < fence && !atomic_compare_exchange_weak(&arena->lease_fence, &largest, fence)) continue;
    largest = arena->lease_fence;
    MUST(psync_hold_is_valid(hold, &error) == PSYNC_NO || largest == fence);
    largest = arena->lease_fence;
    result = psync_hold_renew(hold, LEASE, &error);
    MUST(result == PSYNC_ERROR_LEASE_LOST || (result == PSYNC_OK && largest == fence));
    largest = arena->lease_fence;
    result = psync_hold_release(hold, &error);
    MUST(result == PSYNC_NO || (result == PSYNC_OK && largest == fence));
    psync_hold_free(hold);
}

/* Keys that nobody else uses: every result is known. Their last user may have been killed in the middle. */
void make_and_remove(struct worker *w)
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

void worker_step(struct worker *w)
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
    else if (what < 93)
        make_and_remove(w);
    else if (what < 97)
        hold_for_a_moment(w);
    else if (what < 99)
        list(w);
    else
        open_once_more(w);
    atomic_fetch_add(&w->slot->steps, 1);
}

void worker_open(struct worker *w, int number)
{
    *w = (struct worker){.number = number, .slot = &arena->slots[number], .space = open_space()};
    for (int l = 0; l < LOCKS; l++) w->locks[l] = open_lock(w->space, "lock", l);
    for (int i = 0; i < INTEGERS; i++) w->integers[i] = open_integer(w->space, "integer", i);
    w->lease = open_lock(w->space, "lease", 0);
}

/* ---- the parent ------------------------------------------------------------------------ */

void start_process(int number, void (*body)(struct worker *))
{
    uint64_t seed = random_below(UINT64_MAX);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        struct worker w;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        random_seed(seed);
        worker_open(&w, number);
        body(&w);
        _exit(EXIT_SUCCESS);
    }
    arena->slots[number].pid = pid;
}

static void work(struct worker *w)
{
    while (!arena->stop) {
        worker_step(w);
        if (arena->pause_us) sleep_for((int64_t)random_below((uint64_t)arena->pause_us) * 1000);
    }
}

void start_worker(int number)
{
    start_process(number, work);
}

void reap_worker(int number)
{
    int status = 0;
    while (waitpid(arena->slots[number].pid, &status, 0) < 0) MUST(errno == EINTR);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) return;
    if (!arena->failed) broken(__FILE__, __LINE__, "a worker ended with status %#x", (unsigned)status);
    _exit(FAILED);
}

void absorb(int number)
{
    struct slot *slot = &arena->slots[number];
    for (int i = 0; i < INTEGERS; i++) {
        if (slot->added[i] & 1) arena->uncertain_added[i] += slot->by;
        atomic_fetch_and(&slot->added[i], ~1LL);
    }
    for (int l = 0; l < LOCKS; l++) {
        if (slot->sections[l] & 1) arena->uncertain_sections[l]++;
        atomic_fetch_and(&slot->sections[l], ~1LL);
    }
}

int free_ghosts(psync_lock *const *locks, int count, pid_t dead)
{
    int freed = 0;
    for (int l = 0; l < count; l++) {
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

long long all_steps(void)
{
    long long steps = 0;
    for (int i = 0; i < SLOTS; i++) steps += arena->slots[i].steps;
    return steps;
}

void set_anchors(psync_space *space)
{
    for (int i = 0; i < ANCHORS; i++) {
        MUST(psync_integer_set(open_integer(space, "anchor", i), i, &error) == PSYNC_OK);
        MUST(psync_lock_acquire(open_lock(space, "anchor", i), NULL, NULL, &error) == PSYNC_OK);
    }
}

static int hear_finding(void *argument, const psync_finding *finding)
{
    (void)argument;
    if (finding->severity == PSYNC_WRONG) broken(__FILE__, __LINE__, "the audit: %s", finding->what);
    return 0;
}

void check_space(psync_space *space)
{
    MUST(psync_space_check(space, false, hear_finding, NULL, &error) == PSYNC_OK);
}

static void check_totals(psync_space *space)
{
    for (int i = 0; i < INTEGERS; i++) {
        long long sum = 0;
        int64_t value = 0;
        for (int w = 0; w < SLOTS; w++) sum += arena->slots[w].added[i] / 2;
        (void)psync_integer_get(open_integer(space, "integer", i), &value, &error);
        if (value < sum || value > sum + arena->uncertain_added[i]) {
            broken(__FILE__, __LINE__, "Integer %d is %" PRId64 ", but was counted to %lld, at most %lld more", i,
                   value, sum, arena->uncertain_added[i]);
        }
    }
    for (int l = 0; l < LOCKS; l++) {
        long long sum = 0;
        for (int w = 0; w < SLOTS; w++) sum += arena->slots[w].sections[l] / 2;
        if (arena->unprotected[l] < sum || arena->unprotected[l] > sum + arena->uncertain_sections[l]) {
            broken(__FILE__, __LINE__, "under Lock %d was counted %lld, but was done %lld, at most %lld more", l,
                   arena->unprotected[l], sum, arena->uncertain_sections[l]);
        }
        psync_lock *lock = open_lock(space, "lock", l);
        psync_wait soon = {.timeout = STUCK_SECONDS};
        MUST(psync_lock_acquire(lock, &soon, NULL, &error) == PSYNC_OK); /* free, or a Hold of one just killed */
        MUST(psync_lock_release(lock, &error) == PSYNC_OK);
    }
}

static void check_keys(psync_space *space, int rounds, int extra)
{
    struct worker w = {.space = space};
    for (w.number = 0; w.number < SLOTS; w.number++) {
        for (int i = 0; i < rounds; i++) make_and_remove(&w);
    }
    w.number = SLOTS;
    for (int i = 0; i < extra; i++) make_and_remove(&w);
    for (int i = 0; i < ANCHORS; i++) {
        int64_t value = -1;
        psync_integer *integer = open_integer(space, "anchor", i);
        MUST(psync_integer_get(integer, &value, &error) == PSYNC_OK && value == i);
        MUST(psync_integer_remove(integer, &error) == PSYNC_OK);
        MUST(psync_lock_release(open_lock(space, "anchor", i), &error) == PSYNC_OK);
    }
    for (int i = 0; i < INTEGERS; i++) (void)psync_integer_remove(open_integer(space, "integer", i), &error);
}

void check_end(psync_space *space, int rounds, int extra)
{
    check_totals(space);
    check_keys(space, rounds, extra);
}
