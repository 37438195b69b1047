/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_increment_contended.c - increments of one key by several processes at
 * once: their total a second, against the bare 16-byte compare-and-swap loop
 * and the bare fetch-and-add by the same processes. Every result must have
 * been given out exactly once: the results' sum tells.
 */
#include "bench.h"
#include "cas16.h"

#define MAX_ROUNDS 499
#define BATCH      256 /* increments between two looks whether the round is over */

static bench_parameter parameters[] = {{"rounds", 9, 31, "rounds of each that count: the calmer half"},
                                       {"processes", 8, 8, "processes"},
                                       {"ms", 200, 1000, "length of a round in milliseconds"},
                                       {NULL, 0, 0, NULL}};

enum { INTEGER, BARE_CAS, BARE_ADD, KINDS };

struct tally {
    uint64_t count;
    uint64_t sum; /* of the results, modulo 2^64 */
    char apart[BENCH_APART];
};

struct shared {
    bench_rounds rounds;
    _Alignas(BENCH_APART) bench_pair pair;
    _Alignas(BENCH_APART) uint64_t word;
    _Alignas(BENCH_APART) struct tally tallies[]; /* [process * KINDS + kind] */
};

static void add_integer(psync_integer *integer, const bench_rounds *rounds, struct tally *tally)
{
    psync_error error;
    uint64_t count = 0, sum = 0;
    while (!bench_stopped(rounds)) {
        for (int i = 0; i < BATCH; i++) {
            int64_t result;
            psync_result done = psync_integer_add(integer, 1, &result, &error);
            if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_integer_add");
            sum += (uint64_t)result;
        }
        count += BATCH;
    }
    tally->count += count;
    tally->sum += sum;
}

static void add_bare_cas(bench_pair *pair, const bench_rounds *rounds, struct tally *tally)
{
    uint64_t count = 0, sum = 0;
    while (!bench_stopped(rounds)) {
        for (int i = 0; i < BATCH; i++) sum += bench_cas16_increment(pair);
        count += BATCH;
    }
    tally->count += count;
    tally->sum += sum;
}

static void add_bare_add(uint64_t *word, const bench_rounds *rounds, struct tally *tally)
{
    uint64_t count = 0, sum = 0;
    while (!bench_stopped(rounds)) {
        for (int i = 0; i < BATCH; i++) sum += __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
        count += BATCH;
    }
    tally->count += count;
    tally->sum += sum;
}

static void member(unsigned index, void *argument)
{
    struct shared *shared = argument;
    struct tally *tallies = &shared->tallies[index * KINDS];
    psync_space *space = bench_space_open("contended");
    psync_integer *integer = bench_integer_open(space, "progress");
    int order;
    for (uint32_t round = 1; (order = bench_rounds_next(&shared->rounds, round)) >= 0; round++) {
        if (order == INTEGER) add_integer(integer, &shared->rounds, &tallies[INTEGER]);
        if (order == BARE_CAS) add_bare_cas(&shared->pair, &shared->rounds, &tallies[BARE_CAS]);
        if (order == BARE_ADD) add_bare_add(&shared->word, &shared->rounds, &tallies[BARE_ADD]);
    }
    psync_integer_close(integer);
    psync_space_close(space);
}

static struct tally sum_up(const struct shared *shared, unsigned processes, int kind)
{
    struct tally all = {0};
    for (unsigned i = 0; i < processes; i++) {
        all.count += shared->tallies[i * KINDS + (unsigned)kind].count;
        all.sum += shared->tallies[i * KINDS + (unsigned)kind].sum;
    }
    return all;
}

/* 1 + 2 + ... + n, modulo 2^64. */
static uint64_t sum_to(uint64_t n)
{
    return n % 2 ? n * ((n + 1) / 2) : n / 2 * (n + 1);
}

static void check_exact(const struct shared *shared, unsigned processes, int kind, uint64_t value, const char *what)
{
    struct tally all = sum_up(shared, processes, kind);
    bench_expect(value == all.count, "%s is %llu after %llu increments", what, (unsigned long long)value,
                 (unsigned long long)all.count);
    bench_expect(all.sum == sum_to(all.count), "%s did not give each result exactly once", what);
}

static void check_all(const struct shared *shared, unsigned processes, psync_integer *integer)
{
    psync_error error;
    int64_t value = 0;
    bench_expect_ok(psync_integer_get(integer, &value, &error), &error, "psync_integer_get");
    check_exact(shared, processes, INTEGER, (uint64_t)value, "the Integer");
    check_exact(shared, processes, BARE_CAS, shared->pair.low, "the bare CAS loop");
    check_exact(shared, processes, BARE_ADD, shared->word, "the bare fetch-and-add");
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "increment, one key, several processes", parameters);
    size_t rounds = (size_t)parameters[0].value;
    if (rounds > MAX_ROUNDS) bench_die("rounds: at most %d", MAX_ROUNDS);
    unsigned processes = (unsigned)parameters[1].value;

    psync_space *space = bench_space_open("contended");
    psync_integer *integer = bench_integer_open(space, "progress");
    struct shared *shared = bench_shared(sizeof *shared + processes * KINDS * sizeof(struct tally));
    bench_fork(processes, member, shared, NULL);
    static double rate[KINDS][2 * MAX_ROUNDS]; /* millions a second */
    static double others[2 * MAX_ROUNDS];
    for (size_t i = 0; i < 2 * rounds; i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            uint64_t before = sum_up(shared, processes, kind).count;
            bench_round round = bench_rounds_run(&shared->rounds, processes, kind, parameters[2].value * 1000000);
            rate[kind][i] = (double)(sum_up(shared, processes, kind).count - before) * 1e3 / (double)round.lasted;
            if (round.others > others[i]) others[i] = round.others;
        }
    }
    bench_keep_calmest(others, rate[0], KINDS, 2 * MAX_ROUNDS, 2 * rounds, rounds);
    bench_rounds_end(&shared->rounds);
    check_all(shared, processes, integer);
    psync_integer_close(integer);
    psync_space_close(space);

    bench_row row = {.measure = "increments by all, total",
                     .ours = bench_median(rate[INTEGER], rounds),
                     .unit = "M/s",
                     .base_name = "bare 16-byte CAS",
                     .base = bench_median(rate[BARE_CAS], rounds),
                     .ratio = bench_median_ratio(rate[INTEGER], rate[BARE_CAS], rounds),
                     .goal = BENCH_AT_LEAST,
                     .limit = 1.0};
    bench_print(&row);
    row.base_name = "bare fetch-and-add";
    row.base = bench_median(rate[BARE_ADD], rounds);
    row.ratio = bench_median_ratio(rate[INTEGER], rate[BARE_ADD], rounds);
    row.goal = BENCH_NO_GOAL;
    bench_print(&row);
    bench_note("others kept at most %.2f processors busy in a round that counts", others[rounds - 1]);
    bench_note("exact: %llu increments, each result given out once",
               (unsigned long long)sum_up(shared, processes, INTEGER).count);
    return bench_end();
}
