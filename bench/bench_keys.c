/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_keys.c - a space with very many keys: how many bytes of its file
 * system a key takes, and what a look-up by name costs (a fresh handle and one
 * reading call) among many keys and among few.
 *
 * The bytes are all that the file takes, its own overhead included, divided by
 * the number of keys. Look-ups go in random order; the names are written
 * outside the time that is measured.
 *
 * Among very many keys a look-up waits for memory, and no table of keys can do
 * without two reads of which the second needs the first: where the key lies,
 * and what lies there. What these two alone take on this machine is measured
 * too, so that one can tell the library's part from the memory's.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_LENGTH 1023
#define MAX_ROUNDS 999
#define BATCH      256 /* look-ups timed together */

static bench_parameter parameters[] = {
    {"keys", 1000000, 1000000, "many keys"},          {"few", 1000, 1000, "few keys"},
    {"length", 40, 40, "bytes in a key, 24 to 1023"}, {"lookups", 200000, 1000000, "look-ups in a round"},
    {"rounds", 7, 21, "rounds of look-ups"},          {NULL, 0, 0, NULL}};

/* What is done with one key; each of both kinds of key has these two. */
typedef void (*key_action)(psync_space *space, const char *key, size_t length, uint64_t number);

static void create_integer(psync_space *space, const char *key, size_t length, uint64_t number)
{
    psync_error error;
    psync_integer *integer;
    bench_expect_ok(psync_integer_open(space, key, length, &integer, &error), &error, "psync_integer_open");
    bench_expect_ok(psync_integer_set(integer, (int64_t)number, &error), &error, "psync_integer_set");
    psync_integer_close(integer);
}

static void look_up_integer(psync_space *space, const char *key, size_t length, uint64_t number)
{
    psync_error error;
    psync_integer *integer;
    int64_t value = -1;
    bench_expect_ok(psync_integer_open(space, key, length, &integer, &error), &error, "psync_integer_open");
    bench_expect_ok(psync_integer_get(integer, &value, &error), &error, "psync_integer_get");
    bench_expect(value == (int64_t)number, "Integer %llu is %lld", (unsigned long long)number, (long long)value);
    psync_integer_close(integer);
}

static void create_lock(psync_space *space, const char *key, size_t length, uint64_t number)
{
    (void)number;
    psync_error error;
    psync_lock *lock;
    bench_expect_ok(psync_lock_open(space, key, length, &lock, &error), &error, "psync_lock_open");
    bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "psync_lock_acquire");
    psync_lock_close(lock);
}

static void look_up_lock(psync_space *space, const char *key, size_t length, uint64_t number)
{
    (void)number;
    psync_error error;
    psync_lock *lock;
    bench_expect_ok(psync_lock_open(space, key, length, &lock, &error), &error, "psync_lock_open");
    bench_expect_ok(psync_lock_exists(lock, &error), &error, "psync_lock_exists");
    psync_lock_close(lock);
}

/* A kind of key and the two spaces in which it is measured. */
struct subject {
    const char *name;
    key_action create;
    key_action look_up;
    double most_bytes; /* the goal */
    psync_space *many;
    psync_space *few;
};

static double create_all(psync_space *space, key_action create, uint64_t count)
{
    char key[MAX_LENGTH];
    size_t length = (size_t)parameters[2].value;
    int64_t start = bench_now();
    for (uint64_t i = 0; i < count; i++) {
        bench_key(key, length, i);
        create(space, key, length, i);
    }
    return (double)(bench_now() - start) / (double)count;
}

/* Nanoseconds a look-up takes among count keys. */
static double time_look_ups(psync_space *space, key_action look_up, uint64_t count, uint64_t *random)
{
    static char keys[BATCH][MAX_LENGTH];
    uint64_t numbers[BATCH];
    size_t length = (size_t)parameters[2].value;
    long batches = (parameters[3].value + BATCH - 1) / BATCH;
    int64_t taken = 0;
    for (long batch = 0; batch < batches; batch++) {
        for (int i = 0; i < BATCH; i++) {
            numbers[i] = bench_random(random) % count;
            bench_key(keys[i], length, numbers[i]);
        }
        int64_t start = bench_now();
        for (int i = 0; i < BATCH; i++) look_up(space, keys[i], length, numbers[i]);
        taken += bench_now() - start;
    }
    return (double)taken / ((double)batches * BATCH);
}

/* Nanoseconds that an index of twice count numbers, and then one of count cells of 128 bytes, take to be read. */
static double time_bare_reads(uint64_t count, uint64_t *random)
{
    const uint64_t reads = 200000;
    uint64_t slots = 1;
    while (slots < 2 * count) slots *= 2;
    uint32_t *index = bench_shared(slots * sizeof *index);
    uint64_t(*cells)[16] = bench_shared(count * sizeof *cells);
    for (uint64_t i = 0; i < slots; i++) index[i] = (uint32_t)(bench_random(random) % count);
    for (uint64_t i = 0; i < count; i++) cells[i][0] = bench_random(random);
    uint64_t slot = 0;
    int64_t start = bench_now();
    for (uint64_t i = 0; i < reads; i++) slot = (cells[index[slot % slots]][0] + i) ^ (slot << 7);
    double taken = (double)(bench_now() - start) / (double)reads;
    bench_expect(slot != 0, "no slot was read");
    munmap(index, slots * sizeof *index);
    munmap(cells, count * sizeof *cells);
    return taken;
}

static void report_bytes(const struct subject *subject, uint64_t count)
{
    char measure[64];
    bench_usage usage = bench_space_usage(subject->many);
    snprintf(measure, sizeof measure, "%llu %ss of %ld bytes: each takes", (unsigned long long)count, subject->name,
             parameters[2].value);
    bench_print(&(bench_row){.measure = measure,
                             .ours = (double)usage.allocated / (double)count,
                             .unit = "bytes",
                             .goal = BENCH_AT_MOST,
                             .limit = subject->most_bytes});
}

static void report_look_ups(const struct subject *subject)
{
    static double many[MAX_ROUNDS], few[MAX_ROUNDS];
    size_t rounds = (size_t)parameters[4].value;
    uint64_t random = 1;
    for (size_t i = 0; i < rounds; i++) {
        many[i] = time_look_ups(subject->many, subject->look_up, (uint64_t)parameters[0].value, &random);
        few[i] = time_look_ups(subject->few, subject->look_up, (uint64_t)parameters[1].value, &random);
    }
    char measure[64], base[32];
    snprintf(measure, sizeof measure, "%s looked up among %ld", subject->name, parameters[0].value);
    snprintf(base, sizeof base, "among %ld", parameters[1].value);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(many, rounds),
                             .unit = "ns",
                             .base_name = base,
                             .base = bench_median(few, rounds),
                             .ratio = bench_median_ratio(many, few, rounds),
                             .goal = BENCH_AT_MOST,
                             .limit = 3.0});
}

static void measure(const struct subject *subject)
{
    uint64_t count = (uint64_t)parameters[0].value;
    double each = create_all(subject->many, subject->create, count);
    create_all(subject->few, subject->create, (uint64_t)parameters[1].value);
    report_bytes(subject, count);
    bench_note("created in %.0f ns each", each);
    report_look_ups(subject);
}

static int count_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    (void)key;
    (void)key_length;
    (void)owner;
    ++*(uint64_t *)argument;
    return 0;
}

static int count_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    (void)key;
    (void)key_length;
    (void)value;
    ++*(uint64_t *)argument;
    return 0;
}

static void check_lists(psync_space *integers, psync_space *locks)
{
    psync_error error;
    uint64_t integer_count = 0, lock_count = 0, count = (uint64_t)parameters[0].value;
    bench_expect_ok(psync_space_each_integer(integers, count_integer, &integer_count, &error), &error,
                    "psync_space_each_integer");
    bench_expect_ok(psync_space_each_lock(locks, count_lock, &lock_count, &error), &error, "psync_space_each_lock");
    bench_expect(integer_count == count && lock_count == count, "the lists have %llu Integers and %llu Locks",
                 (unsigned long long)integer_count, (unsigned long long)lock_count);
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "many keys", parameters);
    if (parameters[2].value < 24 || parameters[2].value > MAX_LENGTH) bench_die("length: 24 to %d", MAX_LENGTH);
    if (parameters[4].value > MAX_ROUNDS) bench_die("rounds: at most %d", MAX_ROUNDS);
    struct subject integers = {.name = "Integer",
                               .create = create_integer,
                               .look_up = look_up_integer,
                               .most_bytes = 160,
                               .many = bench_space_open("integers"),
                               .few = bench_space_open("few-integers")};
    struct subject locks = {.name = "Lock",
                            .create = create_lock,
                            .look_up = look_up_lock,
                            .most_bytes = 512,
                            .many = bench_space_open("locks"),
                            .few = bench_space_open("few-locks")};
    measure(&integers);
    measure(&locks);
    check_lists(integers.many, locks.many);
    uint64_t random = 2;
    double bare_many = time_bare_reads((uint64_t)parameters[0].value, &random);
    double bare_few = time_bare_reads((uint64_t)parameters[1].value, &random);
    bench_note("a bare index and a bare cell, read one after the other: %.0f ns among %ld, %.1f ns among %ld",
               bare_many, parameters[0].value, bare_few, parameters[1].value);
    bench_note("every key was found with its own value; the lists are complete");
    psync_space_close(integers.many);
    psync_space_close(integers.few);
    psync_space_close(locks.many);
    psync_space_close(locks.few);
    return bench_end();
}
