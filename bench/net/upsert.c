/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * upsert - increments on PostgreSQL, exactly once, against the barest statement that does the same: a prepared
 * upsert over libpq, on the same server (BENCH_DSN), in alternating rounds. By one process, and by several on one
 * key.
 */
#include "bench.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 99, TWO = 2 };
enum { OURS, BARE, KINDS };

static const char *dsn;

/* What a process has on the server. */
struct client {
    psync_integer *integer;
    PGconn *pg;
};

static struct team {
    bench_rounds rounds;
    long counts[]; /* [process * KINDS + kind]: increments in the last round */
} * team;

static void run_sql(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) bench_die("%s: %s", text, PQerrorMessage(pg));
    PQclear(result);
}

static struct client connect_client(const char *key)
{
    struct client client;
    psync_space *space;
    psync_error error;
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    client.integer = bench_integer_open(space, key);
    client.pg = PQconnectdb(dsn);
    if (PQstatus(client.pg) != CONNECTION_OK) bench_die("PQconnectdb: %s", PQerrorMessage(client.pg));
    char text[160];
    snprintf(
        text, sizeof text,
        "PREPARE add AS INSERT INTO bare VALUES ('%s', 1) ON CONFLICT (k) DO UPDATE SET v = bare.v + 1 RETURNING v",
        key);
    run_sql(client.pg, text);
    return client;
}

/* An earlier run on this server may have left it. */
static void begin_at_nothing(struct client *client)
{
    psync_error error;
    if (psync_integer_remove(client->integer, &error) < 0) bench_die("psync_integer_remove: %s", error.message);
}

static int64_t add_bare(struct client *client)
{
    PGresult *result = PQexecPrepared(client->pg, "add", 0, NULL, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) bench_die("the upsert: %s", PQerrorMessage(client->pg));
    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

static int64_t add(struct client *client, int kind)
{
    if (kind == BARE) return add_bare(client);
    psync_error error;
    int64_t value = 0;
    bench_expect_ok(psync_integer_add(client->integer, 1, &value, &error), &error, "psync_integer_add");
    return value;
}

static void print(const char *measure, const double *ours, const double *bare, size_t rounds, bench_goal goal)
{
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(ours, rounds),
                             .unit = "/s",
                             .base_name = "bare prepared upsert",
                             .base = bench_median(bare, rounds),
                             .ratio = bench_median_ratio(ours, bare, rounds),
                             .goal = goal,
                             .limit = 0.8});
}

static void measure_one(size_t rounds, long operations)
{
    static double rates[KINDS][MAX_ROUNDS];
    struct client client = connect_client("one");
    begin_at_nothing(&client);
    for (size_t round = 0; round < rounds; round++) {
        for (int kind = 0; kind < KINDS; kind++) {
            int64_t value = 0, start = bench_now();
            for (long i = 0; i < operations; i++) value = add(&client, kind);
            rates[kind][round] = 1e9 * (double)operations / (double)(bench_now() - start);
            bench_expect(value == (int64_t)(round + 1) * operations, "the count is %lld", (long long)value);
        }
    }
    PQfinish(client.pg);
    print("increments, one process", rates[OURS], rates[BARE], rounds, BENCH_AT_LEAST);
}

static void member(unsigned index, void *argument)
{
    struct client client = connect_client(argument);
    int kind;
    for (uint32_t round = 1; (kind = bench_rounds_next(&team->rounds, round)) >= 0; round++) {
        long *count = &team->counts[index * KINDS + (unsigned)kind];
        for (*count = 0; !bench_stopped(&team->rounds); ++*count) add(&client, kind);
    }
    PQfinish(client.pg);
}

static void measure_team(unsigned processes, size_t rounds, long ms)
{
    static double rates[KINDS][MAX_ROUNDS];
    char key[24], measure[64];
    long totals[KINDS] = {0};
    snprintf(key, sizeof key, "team of %u", processes);
    struct client client = connect_client(key);
    begin_at_nothing(&client);
    team = bench_shared(sizeof *team + processes * KINDS * sizeof *team->counts);
    bench_fork(processes, member, key, NULL);
    for (size_t round = 0; round < rounds; round++) {
        for (int kind = 0; kind < KINDS; kind++) {
            bench_round ran = bench_rounds_run(&team->rounds, processes, kind, ms * 1000000);
            long count = 0;
            for (unsigned i = 0; i < processes; i++) count += team->counts[i * KINDS + (unsigned)kind];
            totals[kind] += count;
            rates[kind][round] = 1e9 * (double)count / (double)ran.lasted;
        }
    }
    bench_rounds_end(&team->rounds);
    for (int kind = 0; kind < KINDS; kind++) {
        int64_t value = add(&client, kind);
        bench_expect(value == totals[kind] + 1, "the count is %lld after %ld", (long long)value, totals[kind] + 1);
    }
    PQfinish(client.pg);
    snprintf(measure, sizeof measure, "increments of one key, %u processes", processes);
    print(measure, rates[OURS], rates[BARE], rounds, BENCH_NO_GOAL);
}

int main(int argc, char **argv)
{
    bench_parameter parameters[] = {{"rounds", 9, 51, "of each, by turns; at most 99"},
                                    {"operations", 2000, 10000, "in a round of one process"},
                                    {"ms", 100, 500, "length of a round of several, in milliseconds"},
                                    {"processes", 8, 8, "that many; and two"},
                                    {NULL, 0, 0, NULL}};
    bench_begin(argc, argv, "increments on PostgreSQL", parameters);
    dsn = getenv("BENCH_DSN");
    if (!dsn) bench_die("BENCH_DSN is not set; script/bench does it");
    size_t rounds = (size_t)parameters[0].value;
    if (rounds > MAX_ROUNDS) bench_die("at most %d rounds", MAX_ROUNDS);
    PGconn *pg = PQconnectdb(dsn);
    run_sql(pg, "SET client_min_messages = error");
    run_sql(pg, "DROP TABLE IF EXISTS bare");
    run_sql(pg, "CREATE TABLE bare (k bytea PRIMARY KEY, v bigint NOT NULL)");
    PQfinish(pg);
    measure_one(rounds, parameters[1].value);
    measure_team(TWO, rounds, parameters[2].value);
    measure_team((unsigned)parameters[3].value, rounds, parameters[2].value);
    return bench_end();
}
