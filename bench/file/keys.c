/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys.c - a space of many keys, each a Lock and an Integer, against one of a thousand: every operation on keys
 * chosen at random, through handles made anew; and on keys that are fresh, which it makes and removes again.
 */
#include "file.h"

#include <stdio.h>
#include <unistd.h>

enum { FEW = 1000, KEY = 40, FRESH = 1 << 30 };

struct many {
    psync_space *space;
    uint64_t keys;
    uint64_t random;
    uint64_t fresh; /* keys from FRESH up to it have been made */
};

/* A key's handles. */
struct handles {
    psync_lock *lock;
    psync_integer *integer;
};

static struct handles open_key(const struct many *many, uint64_t number)
{
    char key[KEY + 1];
    bench_key(key, KEY, number);
    key[KEY] = '\0';
    return (struct handles){bench_lock_open(many->space, key), bench_integer_open(many->space, key)};
}

static void close_key(struct handles *handles)
{
    psync_lock_close(handles->lock);
    psync_integer_close(handles->integer);
}

static psync_result increment(struct handles *at, psync_error *error)
{
    return psync_integer_add(at->integer, 1, NULL, error);
}

static psync_result read_integer(struct handles *at, psync_error *error)
{
    int64_t value;
    return psync_integer_get(at->integer, &value, error);
}

static psync_result remove_integer(struct handles *at, psync_error *error)
{
    return psync_integer_remove(at->integer, error);
}

static psync_result acquire(struct handles *at, psync_error *error)
{
    return psync_lock_acquire(at->lock, NULL, NULL, error);
}

static psync_result release(struct handles *at, psync_error *error)
{
    return psync_lock_release(at->lock, error);
}

static psync_result release_acquire(struct handles *at, psync_error *error)
{
    psync_result r = release(at, error);
    return r ? r : acquire(at, error);
}

static psync_result inspect(struct handles *at, psync_error *error)
{
    psync_owner owner;
    return psync_lock_inspect(at->lock, &owner, error);
}

/* Which keys an operation is for. */
enum which { ANY, MAKES, REMOVES };

static const struct operation {
    const char *name;
    psync_result (*call)(struct handles *at, psync_error *error);
    enum which which;
} operations[] = {
    {"increment", increment, ANY},
    {"an Integer read", read_integer, ANY},
    {"unlock + lock", release_acquire, ANY},
    {"a Lock looked at", inspect, ANY},
    {"an Integer made", increment, MAKES},
    {"an Integer removed", remove_integer, REMOVES}, /* those that were just made */
    {"a Lock made", acquire, MAKES},
    {"a Lock removed", release, REMOVES},
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

/* Nanoseconds of one, of count of them. */
static double time_operation(struct many *many, const struct operation *operation, long count)
{
    psync_error error;
    int64_t taken = 0;
    if (operation->which == REMOVES) many->fresh -= (uint64_t)count;
    for (long i = 0; i < count; i++) {
        uint64_t number =
            operation->which == ANY ? bench_random(&many->random) % many->keys : FRESH + many->fresh + (uint64_t)i;
        struct handles handles = open_key(many, number);
        int64_t start = bench_now();
        psync_result done = operation->call(&handles, &error);
        taken += bench_now() - start;
        bench_expect_ok(done, &error, operation->name);
        close_key(&handles);
    }
    if (operation->which == MAKES) many->fresh += (uint64_t)count;
    return (double)taken / (double)count;
}

static int count_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)key, (void)length, (void)owner;
    ++*(uint64_t *)argument;
    return 0;
}

/* Nanoseconds of one key in a list of the Locks. */
static double time_list(const struct many *many)
{
    psync_error error;
    uint64_t count = 0;
    int64_t start = bench_now();
    bench_expect_ok(psync_space_each_lock(many->space, count_lock, &count, &error), &error, "the list of Locks");
    int64_t taken = bench_now() - start;
    bench_expect(count == many->keys, "%llu Locks are listed", (unsigned long long)count);
    return (double)taken / (double)count;
}

static void fill(struct many *many)
{
    for (uint64_t i = 0; i < many->keys; i++) {
        psync_error error;
        struct handles handles = open_key(many, i);
        bench_expect_ok(acquire(&handles, &error), &error, "psync_lock_acquire");
        bench_expect_ok(increment(&handles, &error), &error, "psync_integer_add");
        close_key(&handles);
    }
}

static void print(const struct place *place, const struct many *large, const char *what, const double *many,
                  const double *few, size_t rounds)
{
    char measure[80];
    snprintf(measure, sizeof measure, "%llu keys, %s: %s", (unsigned long long)large->keys, place->name, what);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(many, rounds) / 1000,
                             .unit = "us",
                             .base_name = "of 1000 keys",
                             .base = bench_median(few, rounds) / 1000,
                             .ratio = bench_median_ratio(many, few, rounds),
                             .goal = BENCH_AT_MOST,
                             .limit = 1.5});
}

void bench_many(const struct place *place, long keys)
{
    static double many[OPERATIONS + 1][MAX_ROUNDS], few[OPERATIONS + 1][MAX_ROUNDS];
    struct many large = {.space = open_space(place, "large"), .keys = (uint64_t)keys, .random = 1};
    struct many small = {.space = open_space(place, "small"), .keys = FEW, .random = 1};
    long count = place->operations / 10 + 1;
    fill(&small);
    fill(&large);
    sync(); /* what is still to be written of it would slow down whoever comes next */
    for (size_t i = 0; i < place->rounds; i++) {
        for (int o = 0; o < OPERATIONS; o++) {
            many[o][i] = time_operation(&large, &operations[o], count);
            few[o][i] = time_operation(&small, &operations[o], count);
        }
    }
    size_t lists = place->rounds / 5 + 1;
    for (size_t i = 0; i < lists; i++) {
        many[OPERATIONS][i] = time_list(&large);
        few[OPERATIONS][i] = time_list(&small);
    }
    for (int o = 0; o < OPERATIONS; o++) print(place, &large, operations[o].name, many[o], few[o], place->rounds);
    print(place, &large, "a Lock in a list", many[OPERATIONS], few[OPERATIONS], lists);
    psync_space_close(large.space);
    psync_space_close(small.space);
}
