/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_recycling.c - what happens to a call of the shared-memory driver that is
 * stopped half way, while its key's cell becomes another key's.
 *
 * The driver's system calls and clock readings go through here. A test sets a
 * trap on one of them: when the driver gets there, everything that other
 * processes could do in that moment is done, in this thread.
 */

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "drivers/shm/futex.h"
#include "drivers/shm/lock_word.h"
#include "drivers/shm/shm.h"
#include "drivers/shm/state.h"
#include "drivers/shm/waiting.h"
#include "dsn.h"

#define SECOND INT64_C(1000000000)

static const psync_driver *const shm = &psync__shm_driver;
static const struct psync_clock *system_clock;
static char folder[64];
static psync_dsn *dsn;
static void *state;
static psync_error error;

/* The traps: each springs once. */
static _Thread_local void (*on_wake)(void);
static _Thread_local void (*on_boottime)(void);
static _Thread_local void (*on_realtime)(void);
static _Thread_local bool swallow_wakes;

/* The thread that went to sleep last. */
static _Atomic pid_t sleeper;

static void spring(void (**trap)(void))
{
    void (*run)(void) = *trap;
    *trap = NULL;
    if (run) run();
}

/* Takes the C library's place for the driver, which is linked in statically. */
long syscall(long number, ...)
{
    static _Thread_local long (*real)(long, ...); /* each thread asks for itself */
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAKE_BITSET) {
        spring(&on_wake);
        if (swallow_wakes) return 1;
    }
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
        atomic_store(&sleeper, (pid_t)real(SYS_gettid, 0, 0, 0, 0, 0, 0));
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int64_t boottime(void)
{
    spring(&on_boottime);
    return system_clock->boottime();
}

/* The wall clock decides nothing but a new space's first fence: a test chooses its bits. */
static int64_t wall = INT64_C(1790000000) * SECOND;

static int64_t realtime(void)
{
    spring(&on_realtime);
    return wall;
}

static int64_t monotonic(void)
{
    return system_clock->monotonic();
}

static const struct psync_clock trapped_clock = {
    .monotonic = monotonic, .boottime = boottime, .realtime = realtime};

static void open_space(void)
{
    static int count;
    char text[128];
    snprintf(text, sizeof text, "shm://recycling%d?path=%s", count++, folder);
    static const psync_options options;
    dsn = psync__dsn_parse(text, &error);
    assert_non_null(dsn);
    assert_int_equal(shm->open(dsn, &options, &state, &error), PSYNC_OK);
    assert_int_equal(shm->set_label(state, "test", &error), PSYNC_OK);
}

static void close_space(void)
{
    shm->close(state);
    psync__dsn_free(dsn);
}

/* ------------------------------------------------------------------------ */
/* Keys                                                                     */

static uint64_t cell_of(const psync_key *key)
{
    return key->cache >> 32;
}

static psync_key key_named(const char *name)
{
    return (psync_key){.bytes = name, .length = strlen(name)};
}

static void lock(psync_key *key, const psync_take *take, uint64_t *fence)
{
    psync_lock_state now;
    assert_int_equal(shm->lock_acquire(state, key, take, &now, &error), PSYNC_OK);
    if (fence) *fence = now.fence;
}

static void unlock(psync_key *key)
{
    assert_int_equal(shm->lock_release(state, key, PSYNC_IF_ANY, 0, &error), PSYNC_OK);
}

static int64_t value_of(psync_key *key)
{
    psync_integer_state now = {.value = 0};
    shm->integer_get(state, key, &now, &error);
    return now.value;
}

/* A cell that nobody needs any more goes to a new key: makes keys until it has. They come and go. */
static void give_cell(uint64_t cell, enum shm_kind kind, psync_key *key)
{
    static const psync_take plain;
    static char names[400000][12];
    static int n;
    for (int i = 0; i < 100000; i++, n++) {
        assert_true(n < 400000);
        snprintf(names[n], sizeof names[n], "k%d", n);
        *key = key_named(names[n]);
        if (kind == SHM_LOCK) {
            lock(key, &plain, NULL);
            if (cell_of(key) == cell) return;
            unlock(key);
        } else {
            assert_int_equal(shm->integer_set(state, key, 5, &error), PSYNC_OK);
            if (cell_of(key) == cell) return;
            shm->integer_remove(state, key, &error);
        }
    }
    fail_msg("no key got cell %u", (unsigned)cell);
}

/* ------------------------------------------------------------------------ */
/* Integers                                                                 */

static psync_key victim;
static psync_key other;
static uint64_t other_fence;
static uint64_t cell;

/* Somebody waits for victim's value to be another than 5; joined by the value's change. */
static void *wait_for_change(void *argument)
{
    (void)argument;
    psync_key own = {.bytes = victim.bytes, .length = victim.length};
    psync_integer_state seen = {.exists = true, .value = 5};
    shm->integer_await(state, &own, &seen, system_clock->monotonic() + 5 * SECOND, NULL);
    return NULL;
}

/* Whether a thread is in a system call that sleeps. */
static bool is_asleep(pid_t thread)
{
    char path[64];
    char text[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *stat = fopen(path, "re");
    if (!stat) return false;
    bool told = fgets(text, sizeof text, stat) != NULL;
    fclose(stat);
    const char *name_end = strrchr(text, ')');
    return told && name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

/* One that is only about to sleep would find what changed by itself, and ring in the waker's place. */
static pthread_t begin_waiting(void)
{
    pthread_t thread;
    struct shm_cell *at = shm_cell_at(((struct shm_state *)state)->file, (uint32_t)cell);
    atomic_store(&sleeper, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_change, NULL), 0);
    while (!atomic_load(&sleeper) || !is_asleep(atomic_load(&sleeper))) usleep(1000);
    assert_true(atomic_load(&at->word.futex) & SHM_FUTEX_SET);
    return thread;
}

static void make_victim(void)
{
    victim = key_named("victim");
    assert_int_equal(shm->integer_set(state, &victim, 5, &error), PSYNC_OK);
    cell = cell_of(&victim);
}

static void remove_victim_and_lock_its_cell(void)
{
    psync_key same = key_named("victim");
    psync_lock_state now;
    shm->integer_remove(state, &same, &error);
    give_cell(cell, SHM_LOCK, &other);
    assert_int_equal(shm->lock_inspect(state, &other, &now, NULL, &error), PSYNC_OK);
    other_fence = now.fence;
}

static void the_rest_of_a_change_leaves_a_lock_in_its_cell_alone(void **unused)
{
    (void)unused;
    wall = INT64_C(0x6500060000000) * 1000; /* the first fence: bits 29 and 30 are set */
    open_space();
    make_victim();
    pthread_t waiter = begin_waiting();
    on_wake = remove_victim_and_lock_its_cell;
    int64_t result;
    assert_int_equal(shm->integer_add(state, &victim, 1, false, &result, &error), PSYNC_OK);
    assert_int_equal(result, 6);
    psync_lock_state now;
    assert_int_equal(shm->lock_inspect(state, &other, &now, NULL, &error), PSYNC_OK);
    assert_int_equal(now.fence, other_fence);
    pthread_join(waiter, NULL);
    close_space();
}

static void unlock_other(void)
{
    remove_victim_and_lock_its_cell();
    unlock(&other);
}

/* Runs within the removal's wake-up, so it finds RING and has to wake as well; there the cell changes hands. */
static void wait_for_the_removed(void)
{
    psync_integer_state seen = {.exists = false};
    psync_key same = key_named("victim");
    on_wake = unlock_other;
    shm->integer_await(state, &same, &seen, system_clock->monotonic() + SECOND / 10, &error);
}

static void a_waiter_never_sleeps_on_a_lock_in_its_cell(void **unused)
{
    (void)unused;
    static const psync_take plain;
    uint64_t fence;
    wall = INT64_C(0x6500000000000) * 1000; /* the first fence: bits 29 and 30 are not set */
    open_space();
    make_victim();
    pthread_t waiter = begin_waiting();
    on_wake = wait_for_the_removed;
    assert_int_equal(shm->integer_remove(state, &victim, &error), PSYNC_OK);
    lock(&other, &plain, &fence);
    assert_int_equal(fence, other_fence + 1);
    pthread_join(waiter, NULL);
    close_space();
}

static void no_word_of_an_integer_comes_back_after_its_cell_was_a_locks(void **unused)
{
    (void)unused;
    open_space();
    make_victim();
    struct shm_cell *at = shm_cell_at(((struct shm_state *)state)->file, (uint32_t)cell);
    shm_pair before = shm_read(&at->word);
    unlock_other();
    give_cell(cell, SHM_INTEGER, &other);
    assert_int_equal(value_of(&other), 5);
    assert_false(shm_swap_once(&at->word, before, (shm_pair){before.low, 6}));
    close_space();
}

static void what_is_told_of_a_missing_integer_is_no_other_keys_value(void **unused)
{
    (void)unused;
    psync_integer_state now = {.exists = false};
    open_space();
    make_victim();
    psync_key same = {.bytes = victim.bytes, .length = victim.length};
    assert_int_equal(value_of(&same), 5);
    assert_int_equal(shm->integer_remove(state, &victim, &error), PSYNC_OK);
    victim.cache = same.cache;
    give_cell(cell, SHM_INTEGER, &other);
    assert_int_equal(shm->integer_compare_set(state, &same, 5, 6, &now, &error), PSYNC_NO);
    assert_false(now.exists);
    assert_int_equal(shm->integer_get(state, &victim, &now, &error), PSYNC_NO);
    assert_false(now.exists);
    assert_int_equal(value_of(&other), 5);
    close_space();
}

/* ------------------------------------------------------------------------ */
/* Locks                                                                    */

static void let_the_lease_end_and_lock_its_cell(void)
{
    usleep(20000);
    psync_key same = key_named("victim");
    psync_lock_state now;
    assert_int_equal(shm->lock_inspect(state, &same, &now, NULL, &error), PSYNC_NO);
    give_cell(cell, SHM_LOCK, &other);
}

static void a_release_never_frees_a_lock_in_its_cell(void **unused)
{
    (void)unused;
    const psync_take hold = {.hold = true, .lease = SECOND / 100};
    open_space();
    victim = key_named("victim");
    lock(&victim, &hold, NULL);
    cell = cell_of(&victim);
    on_boottime = let_the_lease_end_and_lock_its_cell;
    assert_int_equal(shm->lock_release(state, &victim, PSYNC_IF_ANY, 0, &error), PSYNC_NO);
    psync_lock_state now;
    assert_int_equal(shm->lock_inspect(state, &other, &now, NULL, &error), PSYNC_OK);
    close_space();
}

/* Gives the cell to another Lock, which nobody has taken yet. */
static void give_cell_to_a_fresh_lock(void)
{
    struct shm_file *file = ((struct shm_state *)state)->file;
    struct shm_cell *at = NULL;
    static char names[5000][12];
    for (int i = 0; i < 5000; i++) {
        uint32_t generation;
        snprintf(names[i], sizeof names[i], "f%d", i);
        other = key_named(names[i]);
        assert_int_equal(shm_cells_find(file, &other, SHM_LOCK, true, SECOND, &at, &generation, &error), PSYNC_OK);
        if (cell_of(&other) == cell) return;
    }
    fail_msg("no key got the cell");
}

/* Its fences are the largest there are: a new Lock's begin behind them. */
static void a_taker_never_takes_a_fresh_lock_in_its_cell(void **unused)
{
    (void)unused;
    static const psync_take plain, lease = {.hold = true, .lease = SECOND};
    open_space();
    victim = key_named("victim");
    lock(&victim, &plain, NULL);
    cell = cell_of(&victim);
    unlock(&victim);
    on_boottime = give_cell_to_a_fresh_lock;
    lock(&victim, &lease, NULL);
    psync_lock_state now;
    assert_int_equal(shm->lock_inspect(state, &other, &now, NULL, &error), PSYNC_NO);
    psync_key same = key_named("victim");
    assert_int_equal(shm->lock_inspect(state, &same, &now, NULL, &error), PSYNC_OK);
    close_space();
}

enum { LONG_KEYS = 3000, LONG = 1023 };
static char long_keys[LONG_KEYS][LONG];

/* Keys of zeros, since their bytes look like a fence that is smaller than any. */
static void free_the_hold_and_make_long_keys(void)
{
    psync_key same = key_named("victim");
    unlock(&same);
    for (int i = 0; i < LONG_KEYS; i++) {
        memcpy(long_keys[i], &i, sizeof i);
        psync_key key = {.bytes = long_keys[i], .length = LONG};
        assert_int_equal(shm->integer_set(state, &key, i, &error), PSYNC_OK);
    }
}

static void the_note_of_a_holds_taking_changes_no_key_in_its_cell(void **unused)
{
    (void)unused;
    const psync_take hold = {.hold = true, .lease = 60 * SECOND};
    open_space();
    victim = key_named("victim");
    on_realtime = free_the_hold_and_make_long_keys;
    lock(&victim, &hold, NULL);
    for (int i = 0; i < LONG_KEYS; i++) {
        psync_key key = {.bytes = long_keys[i], .length = LONG};
        psync_integer_state now;
        assert_int_equal(shm->integer_get(state, &key, &now, &error), PSYNC_OK);
        assert_int_equal(now.value, i);
    }
    close_space();
}

static _Atomic int taken;

static void *take(void *argument)
{
    (void)argument;
    psync_key own = key_named("victim");
    psync_take blocking = {.may_wait = true};
    psync_lock_state now;
    psync_result r = shm->lock_acquire(state, &own, &blocking, &now, NULL);
    blocking.waiting_since = system_clock->monotonic();
    int64_t deadline = blocking.waiting_since + 5 * SECOND;
    while (r == PSYNC_NO && system_clock->monotonic() < deadline) {
        r = shm->lock_await(state, &own, &now, PSYNC_ROLE_TAKER, deadline, NULL);
        if (!r) r = shm->lock_acquire(state, &own, &blocking, &now, NULL);
    }
    if (!r && system_clock->monotonic() < deadline) atomic_store(&taken, 1);
    return NULL;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static void a_sweep_that_is_killed_leaves_no_taker_asleep(void **unused)
{
    (void)unused;
    static const psync_take plain;
    open_space();
    victim = key_named("victim");
    lock(&victim, &plain, NULL);
    cell = cell_of(&victim);
    struct shm_cell *at = shm_cell_at(((struct shm_state *)state)->file, (uint32_t)cell);
    pthread_t taker;
    assert_int_equal(pthread_create(&taker, NULL, take, NULL), 0);
    while (!(atomic_load(&at->word.half.low) >> 61)) usleep(1000);
    usleep(50000); /* it sleeps */
    /* The one that was woken is on its way, and not there yet: the taker sleeps beside a free Lock. */
    swallow_wakes = true;
    unlock(&victim);
    swallow_wakes = false;
    pid_t child = fork();
    if (child == 0) {
        on_wake = die;
        shm->after_fork(state, NULL);
        give_cell(cell, SHM_LOCK, &other);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    psync_key new = key_named("new");
    assert_int_equal(shm->integer_set(state, &new, 1, &error), PSYNC_OK);
    pthread_join(taker, NULL);
    assert_int_equal(atomic_load(&taken), 1);
    close_space();
}

/* ------------------------------------------------------------------------ */

static int set_up(void **unused)
{
    (void)unused;
    snprintf(folder, sizeof folder, "/dev/shm/phpsync-recycling-%d.XXXXXX", (int)getpid());
    system_clock = psync__clock;
    psync__clock = &trapped_clock;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **unused)
{
    (void)unused;
    char command[128];
    psync__clock = system_clock;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Somebody waits for the end of victim's acquisition; joined by that. */
static void *wait_for_the_end(void *argument)
{
    psync_key own = {.bytes = victim.bytes, .length = victim.length};
    psync_lock_state seen = {.exists = true, .fence = *(uint64_t *)argument};
    shm->lock_await(state, &own, &seen, PSYNC_ROLE_WAITER, system_clock->monotonic() + 60 * SECOND, NULL);
    return NULL;
}

static void a_waiter_is_counted_whatever_the_bits_of_the_fence(void **unused)
{
    (void)unused;
    static const psync_take plain;
    static const int64_t walls[] = {INT64_C(204) << 43, INT64_C(205) << 43};
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        wall = walls[i] * 1000;
        open_space();
        victim = key_named("victim");
        uint64_t fence;
        lock(&victim, &plain, &fence);
        struct shm_cell *at = shm_cell_at(((struct shm_state *)state)->file, (uint32_t)cell_of(&victim));
        pthread_t waiter;
        assert_int_equal(pthread_create(&waiter, NULL, wait_for_the_end, &fence), 0);
        while (!(shm_read(&at->word).low & LOCK_WAITERS)) usleep(1000);
        assert_int_equal(atomic_load(&at->waiting), waiting_none(fence) + WAITING_ONE);
        unlock(&victim);
        pthread_join(waiter, NULL);
        assert_int_equal(atomic_load(&at->waiting), waiting_none(fence));
        close_space();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_of_a_change_leaves_a_lock_in_its_cell_alone),
        cmocka_unit_test(a_waiter_never_sleeps_on_a_lock_in_its_cell),
        cmocka_unit_test(no_word_of_an_integer_comes_back_after_its_cell_was_a_locks),
        cmocka_unit_test(what_is_told_of_a_missing_integer_is_no_other_keys_value),
        cmocka_unit_test(a_taker_never_takes_a_fresh_lock_in_its_cell),
        cmocka_unit_test(a_release_never_frees_a_lock_in_its_cell),
        cmocka_unit_test(the_note_of_a_holds_taking_changes_no_key_in_its_cell),
        cmocka_unit_test(a_sweep_that_is_killed_leaves_no_taker_asleep),
        cmocka_unit_test(a_waiter_is_counted_whatever_the_bits_of_the_fence),
    };
    return cmocka_run_group_tests_name("recycling", tests, set_up, tear_down);
}
