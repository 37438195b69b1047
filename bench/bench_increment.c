/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_increment.c - what one increment costs a process that has the key to
 * itself: psync_integer_add through a handle, against a bare 16-byte
 * compare-and-swap loop on shared memory.
 */
#include "bench.h"
#include "cas16.h"

#define MAX_ROUNDS 999

static bench_parameter parameters[] = {{"rounds", 21, 101, "rounds of each"},
                                       {"operations", 2000000, 10000000, "increments in a round"},
                                       {NULL, 0, 0, NULL}};

static double time_integer(psync_integer *integer, uint64_t *total, long operations)
{
    psync_error error;
    int64_t result = 0;
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        psync_result done = psync_integer_add(integer, 1, &result, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_integer_add");
    }
    int64_t taken = bench_now() - start;
    *total += (uint64_t)operations;
    bench_expect((uint64_t)result == *total, "the Integer is %lld after %llu increments", (long long)result,
                 (unsigned long long)*total);
    return (double)taken / (double)operations;
}

static double time_bare(bench_pair *pair, uint64_t *total, long operations)
{
    uint64_t result = 0;
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) result = bench_cas16_increment(pair);
    int64_t taken = bench_now() - start;
    *total += (uint64_t)operations;
    bench_expect(result == *total, "the bare loop counted %llu", (unsigned long long)result);
    return (double)taken / (double)operations;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "increment, one process", parameters);
    size_t rounds = (size_t)parameters[0].value;
    if (rounds > MAX_ROUNDS) bench_die("rounds: at most %d", MAX_ROUNDS);
    long operations = parameters[1].value;

    psync_space *space = bench_space_open("increment");
    psync_integer *integer = bench_integer_open(space, "progress");
    bench_pair *pair = bench_shared(sizeof *pair);
    static double ours[MAX_ROUNDS], bare[MAX_ROUNDS];
    uint64_t our_total = 0, bare_total = 0;
    for (size_t i = 0; i < rounds; i++) {
        ours[i] = time_integer(integer, &our_total, operations);
        bare[i] = time_bare(pair, &bare_total, operations);
    }
    psync_integer_close(integer);
    psync_space_close(space);

    bench_print(&(bench_row){.measure = "increment through a handle",
                             .ours = bench_median(ours, rounds),
                             .unit = "ns",
                             .base_name = "bare 16-byte CAS",
                             .base = bench_median(bare, rounds),
                             .ratio = bench_median_ratio(ours, bare, rounds),
                             .goal = BENCH_AT_MOST,
                             .limit = 1.5});
    return bench_end();
}
