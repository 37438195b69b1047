/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * upsert - an increment on PostgreSQL, exactly once, against the barest statement that does the same: a prepared
 * upsert over libpq, on the same server (BENCH_DSN), in alternating rounds.
 */
#include "bench.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 99 };

static PGconn *connect_to(const char *dsn)
{
    PGconn *pg = PQconnectdb(dsn);
    if (PQstatus(pg) != CONNECTION_OK) bench_die("PQconnectdb: %s", PQerrorMessage(pg));
    PGresult *result = PQexec(pg, "CREATE TABLE bare (k bytea PRIMARY KEY, v bigint NOT NULL)");
    if (PQresultStatus(result) != PGRES_COMMAND_OK) bench_die("CREATE TABLE: %s", PQerrorMessage(pg));
    PQclear(result);
    result = PQprepare(
        pg, "add",
        "INSERT INTO bare VALUES ('counter', 1) ON CONFLICT (k) DO UPDATE SET v = bare.v + 1 RETURNING v", 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) bench_die("PREPARE: %s", PQerrorMessage(pg));
    PQclear(result);
    return pg;
}

static int64_t bare_add(PGconn *pg)
{
    PGresult *result = PQexecPrepared(pg, "add", 0, NULL, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) bench_die("the upsert: %s", PQerrorMessage(pg));
    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

int main(int argc, char **argv)
{
    bench_parameter parameters[] = {{"rounds", 9, 51, "of each, by turns; at most 99"},
                                    {"operations", 2000, 10000, "in a round"},
                                    {NULL, 0, 0, NULL}};
    bench_begin(argc, argv, "increments on PostgreSQL", parameters);
    const char *dsn = getenv("BENCH_DSN");
    if (!dsn) bench_die("BENCH_DSN is not set; script/bench does it");
    size_t rounds = (size_t)parameters[0].value;
    long operations = parameters[1].value;
    if (rounds > MAX_ROUNDS) bench_die("at most %d rounds", MAX_ROUNDS);
    psync_space *space;
    psync_error error;
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    psync_integer *integer = bench_integer_open(space, "counter");
    PGconn *pg = connect_to(dsn);
    double ours[MAX_ROUNDS], bare[MAX_ROUNDS];
    int64_t value = 0, bare_value = 0;
    for (size_t round = 0; round < rounds; round++) {
        int64_t start = bench_now();
        for (long i = 0; i < operations; i++) {
            bench_expect_ok(psync_integer_add(integer, 1, &value, &error), &error, "psync_integer_add");
        }
        int64_t middle = bench_now();
        for (long i = 0; i < operations; i++) bare_value = bare_add(pg);
        ours[round] = 1e9 * (double)operations / (double)(middle - start);
        bare[round] = 1e9 * (double)operations / (double)(bench_now() - middle);
    }
    bench_expect(value == (int64_t)rounds * operations && bare_value == value, "the counts are %lld and %lld",
                 (long long)value, (long long)bare_value);
    bench_print(&(bench_row){.measure = "increments, one process",
                             .ours = bench_median(ours, rounds),
                             .unit = "/s",
                             .base_name = "bare prepared upsert",
                             .base = bench_median(bare, rounds),
                             .ratio = bench_median_ratio(ours, bare, rounds),
                             .goal = BENCH_AT_LEAST,
                             .limit = 0.8});
    PQfinish(pg);
    return bench_end();
}
