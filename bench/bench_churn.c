/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_churn.c - keys that come and go: creations and deletions of keys that
 * never were there before, by several processes at once, each with a window
 * of keys that live for a while. The file must not grow, in length or in what it takes
 * of its file system, once the windows have been full: slots and bytes of deleted keys come back.
 *
 * The high-water mark is the file's size after the first hundredth.
 */
#include "bench.h"

#include <stdio.h>

#define KEY_LENGTH 40
#define WARM_PARTS 100 /* the warm-up is one of so many parts */

static bench_parameter parameters[] = {{"cycles", 2000000, 100000000, "creations and deletions, all together"},
                                       {"processes", 4, 4, "processes"},
                                       {"window", 1000, 1000, "keys of each process that live at a time"},
                                       {NULL, 0, 0, NULL}};

enum { INTEGERS, LOCKS };

struct progress {
    uint64_t next; /* the key that is created next; the one a window before it is deleted then */
    char apart[BENCH_APART];
};

struct shared {
    bench_count go;
    bench_count done;
    int order;       /* INTEGERS or LOCKS; negative: end */
    uint64_t cycles; /* for each process, this round */
};

static void create_key(psync_space *space, int kind, const char *key)
{
    psync_error error;
    if (kind == INTEGERS) {
        psync_integer *integer;
        int64_t value = 0;
        bench_expect_ok(psync_integer_open(space, key, KEY_LENGTH, &integer, &error), &error, "psync_integer_open");
        bench_expect_ok(psync_integer_add(integer, 1, &value, &error), &error, "psync_integer_add");
        bench_expect(value == 1, "a fresh Integer became %lld by increment(1)", (long long)value);
        psync_integer_close(integer);
    } else {
        psync_lock *lock;
        psync_wait at_once = {.timeout = 0};
        bench_expect_ok(psync_lock_open(space, key, KEY_LENGTH, &lock, &error), &error, "psync_lock_open");
        bench_expect_ok(psync_lock_acquire(lock, &at_once, NULL, &error), &error, "psync_lock_acquire");
        psync_lock_close(lock);
    }
}

static void delete_key(psync_space *space, int kind, const char *key)
{
    psync_error error;
    if (kind == INTEGERS) {
        psync_integer *integer;
        bench_expect_ok(psync_integer_open(space, key, KEY_LENGTH, &integer, &error), &error, "psync_integer_open");
        bench_expect_ok(psync_integer_remove(integer, &error), &error, "psync_integer_remove");
        psync_integer_close(integer);
    } else {
        psync_lock *lock;
        bench_expect_ok(psync_lock_open(space, key, KEY_LENGTH, &lock, &error), &error, "psync_lock_open");
        bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
        psync_lock_close(lock);
    }
}

/* Creates keys from *next on, and deletes each when window newer ones are there. */
static void churn(psync_space *space, int kind, uint64_t first, uint64_t *next, uint64_t cycles)
{
    char key[KEY_LENGTH];
    uint64_t window = (uint64_t)parameters[2].value;
    for (uint64_t end = *next + cycles; *next < end; ++*next) {
        bench_key(key, KEY_LENGTH, first + *next);
        create_key(space, kind, key);
        if (*next < window) continue;
        bench_key(key, KEY_LENGTH, first + *next - window);
        delete_key(space, kind, key);
    }
}

static void member(unsigned index, void *argument)
{
    struct shared *shared = argument;
    uint64_t first = (uint64_t)index << 48; /* keys of its own */
    uint64_t next[] = {0, 0};
    psync_space *space = bench_space_open("churn");
    for (uint32_t round = 1;; round++) {
        bench_count_await(&shared->go, round);
        if (shared->order < 0) break;
        churn(space, shared->order, first, &next[shared->order], shared->cycles);
        bench_count_add(&shared->done);
    }
    psync_space_close(space);
}

/* Returns how long it took, in nanoseconds. */
static int64_t run_round(struct shared *shared, uint32_t *round, int order, uint64_t cycles)
{
    uint32_t all = ++*round * (uint32_t)parameters[1].value;
    shared->order = order;
    shared->cycles = cycles;
    shared->done.wake_at = all;
    int64_t start = bench_now();
    bench_count_add(&shared->go);
    bench_count_await(&shared->done, all);
    return bench_now() - start;
}

static int count_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    (void)key;
    (void)key_length;
    (void)owner;
    ++*(long *)argument;
    return 0;
}

static int count_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    (void)key;
    (void)key_length;
    (void)value;
    ++*(long *)argument;
    return 0;
}

/* What is there at the end is the windows' keys, no more and no less. */
static void check_windows(psync_space *space, uint64_t cycles)
{
    psync_error error;
    long integers = 0, locks = 0;
    long window = (uint64_t)parameters[2].value < cycles ? parameters[2].value : (long)cycles;
    long expected = window * parameters[1].value;
    bench_expect_ok(psync_space_each_integer(space, count_integer, &integers, &error), &error, "each_integer");
    bench_expect_ok(psync_space_each_lock(space, count_lock, &locks, &error), &error, "each_lock");
    bench_expect(integers == expected && locks == expected, "%ld Integers and %ld Locks are left, not %ld each",
                 integers, locks, expected);
}

static void measure(psync_space *space, struct shared *shared, uint32_t *round, int order, uint64_t cycles)
{
    uint64_t warm = cycles / WARM_PARTS;
    run_round(shared, round, order, warm);
    bench_usage mark = bench_space_usage(space);
    int64_t taken = run_round(shared, round, order, cycles - warm);
    bench_usage end = bench_space_usage(space);

    int64_t grown = end.size - mark.size, filled = end.allocated - mark.allocated;
    if (filled > grown) grown = filled; /* a file with holes does not get away with it */

    char measure[64];
    double kib = 1024, all = (double)(cycles * (uint64_t)parameters[1].value);
    snprintf(measure, sizeof measure, "%.0f %s made and deleted: file grew", all,
             order == INTEGERS ? "Integers" : "Locks");
    bench_print(&(bench_row){
        .measure = measure, .ours = (double)grown / kib, .unit = "KiB", .goal = BENCH_AT_MOST, .limit = 0});
    bench_note("size %.0f KiB (%.0f allocated) at the mark, %.0f (%.0f) at the end; %.0f ns a cycle, all processes",
               (double)mark.size / kib, (double)mark.allocated / kib, (double)end.size / kib,
               (double)end.allocated / kib, (double)taken / (all * (WARM_PARTS - 1) / WARM_PARTS));
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "keys that come and go", parameters);
    uint64_t cycles = (uint64_t)(parameters[0].value / parameters[1].value);
    if (cycles / WARM_PARTS < (uint64_t)parameters[2].value)
        bench_die("cycles: at least %ld, so that the first hundredth fills the windows",
                  parameters[2].value * parameters[1].value * WARM_PARTS);
    psync_space *space = bench_space_open("churn");
    struct shared *shared = bench_shared(sizeof *shared);
    bench_fork((unsigned)parameters[1].value, member, shared, NULL);
    uint32_t round = 0;
    measure(space, shared, &round, INTEGERS, cycles);
    measure(space, shared, &round, LOCKS, cycles);
    check_windows(space, cycles);
    shared->order = -1;
    bench_count_add(&shared->go);
    bench_join();
    psync_space_close(space);
    return bench_end();
}
