/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * records - that each change of an Integer has its effect once, at the statements themselves: in any order in which
 * they can come to the server, late ones included, and while another's is under way.
 *
 *   records DSN SCHEMA        our tables are in that schema already
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/postgresql/statements.h"

enum { CLIENTS = 3, NOTHING = INT32_MIN, MAX_LATE = 64 };

static const char *dsn;
static pg_prepared statements[PG_STATEMENTS];
static PGconn *pg, *other; /* two sessions: whose a client's requests are makes no difference */

/* ---- statements ----------------------------------------------------------- */

struct request {
    enum pg_statement statement;
    unsigned client;
    int64_t number, values[2];
    char key; /* 0: the usual one */
};

static PGresult *checked(PGconn *session, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool stale = state && strcmp(state, "23502") == 0;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !stale) fail_msg("%s", PQerrorMessage(session));
    return result;
}

static void sql(PGconn *session, const char *text)
{
    PQclear(checked(session, PQexec(session, text)));
}

static void send(PGconn *session, const struct request *r)
{
    static const char channel[] = "records";
    const char key = r->key ? r->key : 'k';
    const pg_prepared *what = &statements[r->statement];
    char client[16] = {(char)r->client};
    int64_t numbers[PG_PARAMETERS_MAX];
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX], binary[PG_PARAMETERS_MAX], given = 0;
    for (int i = 0; i < what->count; i++) {
        binary[i] = 1;
        lengths[i] = 8;
        values[i] = (const char *)&numbers[i];
        if (what->types[i] == 20)
            numbers[i] = (int64_t)htobe64((uint64_t)(i == 1 ? r->number : r->values[given++]));
        if (what->types[i] == 2950) values[i] = client, lengths[i] = sizeof client;
        if (what->types[i] == 17) values[i] = &key, lengths[i] = 1;
        if (what->types[i] == 25) values[i] = channel, lengths[i] = sizeof channel - 1;
    }
    assert_int_equal(PQsendQueryParams(session, what->text, what->count, what->types, values, lengths, binary, 1),
                     1);
}

static int64_t field(const PGresult *rows, int column)
{
    uint64_t number;
    if (PQntuples(rows) == 0 || PQgetisnull(rows, 0, column)) return NOTHING;
    if (PQgetlength(rows, 0, column) == 1) return *PQgetvalue(rows, 0, column);
    memcpy(&number, PQgetvalue(rows, 0, column), sizeof number);
    return (int64_t)be64toh(number);
}

static PGresult *receive(PGconn *session)
{
    PGresult *rows = checked(session, PQgetResult(session)), *next;
    while ((next = PQgetResult(session))) PQclear(next);
    return rows;
}

/* The first field, NOTHING if there is none; also of one that is refused as stale. */
static int64_t run(const struct request *r)
{
    send(pg, r);
    PGresult *rows = receive(pg);
    int64_t first = field(rows, 0);
    PQclear(rows);
    return first;
}

static int64_t add(enum pg_statement how, unsigned client, int64_t number)
{
    return run(&(struct request){how, client, number, {1}, 0});
}

static int64_t add_short(unsigned client, int64_t number)
{
    return add(PG_INTEGER_ADD_OWN, client, number);
}

static int64_t add_long(unsigned client, int64_t number)
{
    return add(PG_INTEGER_ADD, client, number);
}

static void share(void)
{
    run(&(struct request){.statement = PG_INTEGER_SHARE});
}

/* What the client learns of a request whose reply was lost: its result, or NOTHING: it is void. */
static int64_t voided(const PGresult *rows, unsigned client, int64_t number)
{
    if (field(rows, 1) != NOTHING) {
        assert_int_equal(field(rows, 1), number);
        return field(rows, 2);
    }
    if (field(rows, 0) == 1) return NOTHING;
    send(pg, &(struct request){PG_RECORD, client, 0, {0}, 0});
    PGresult *record = receive(pg);
    int64_t found = field(record, 0), result = field(record, 1);
    PQclear(record);
    assert_int_equal(found, number);
    return result;
}

/* The same of an attempt of the request that began with number first. */
static int64_t make_void_of(unsigned client, int64_t first, int64_t attempt)
{
    send(pg, &(struct request){PG_VOID, client, first, {attempt}, 0});
    PGresult *rows = receive(pg);
    int64_t result = voided(rows, client, attempt);
    PQclear(rows);
    return result;
}

static int64_t make_void(unsigned client, int64_t number)
{
    return make_void_of(client, number, number);
}

static int64_t value(void)
{
    return run(&(struct request){.statement = PG_INTEGER_GET});
}

static void set_time(const char *table, const char *column, const char *time)
{
    char text[200];
    snprintf(text, sizeof text, "UPDATE %s.%s SET %s = %s", getenv("SCHEMA"), table, column, time);
    sql(pg, text);
}

/* As if a second and more had gone by since a record was last moved. */
static void let_time_pass(void)
{
    set_time("integers", "shared", "'-infinity'");
}

/* Whether less than a second has gone by since. */
static bool was_shared_just_now(void)
{
    char text[200];
    snprintf(text, sizeof text, "SELECT FROM %s.integers WHERE shared > clock_timestamp() - interval '1 second'",
             getenv("SCHEMA"));
    PGresult *rows = checked(pg, PQexec(pg, text));
    bool was = PQntuples(rows) > 0;
    PQclear(rows);
    return was;
}

/* Client 1's by numbers 1 and 2. */
static void make_own(void)
{
    assert_int_equal(add_long(1, 1), 1);
    assert_int_equal(add_short(1, 2), NOTHING);
    assert_int_equal(add_long(1, 2), 2);
    assert_int_equal(add_short(1, 3), 3);
}

/* ---- a statement under way ------------------------------------------------ */

static void begin(const struct request *r)
{
    sql(other, "BEGIN");
    send(other, r);
    PQclear(receive(other));
}

static void commit(void)
{
    sql(other, "COMMIT");
}

/* Sends on pg what has to wait for the other session's transaction. */
static void send_and_block(const struct request *r)
{
    char text[160];
    PGconn *third = PQconnectdb(dsn);
    snprintf(text, sizeof text, "SELECT FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'",
             PQbackendPID(pg));
    send(pg, r);
    for (bool waits = false; !waits;) {
        PGresult *rows = checked(third, PQexec(third, text));
        waits = PQntuples(rows) > 0;
        PQclear(rows);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (!PQconsumeInput(pg) || !PQisBusy(pg)) fail_msg("it did not wait");
    }
    PQfinish(third);
}

/* ---- tests ---------------------------------------------------------------- */

static int fresh(void **state)
{
    (void)state;
    char text[200];
    snprintf(text, sizeof text, "TRUNCATE %s.integers, %s.requests", getenv("SCHEMA"), getenv("SCHEMA"));
    sql(other, "ROLLBACK");
    sql(pg, text);
    return 0;
}

static void who_changes_it_twice_has_the_row_for_its_own(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(add_short(2, 1), NOTHING);
    assert_int_equal(add_short(1, 3), NOTHING);
    assert_int_equal(add_short(1, 4), 4);
    assert_int_equal(add_long(1, 5), 5);
    assert_int_equal(add_short(1, 6), 6);
}

static void nobody_elses_change_applies_to_an_own_row(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(add_long(2, 1), NOTHING);
    assert_int_equal(run(&(struct request){PG_INTEGER_SET, 2, 2, {7}, 0}), NOTHING);
    assert_int_equal(run(&(struct request){PG_INTEGER_ADD_SMALLEST, 2, 3, {0}, 0}), 0);
    assert_int_equal(run(&(struct request){PG_INTEGER_COMPARE_SET, 2, 4, {3, 7}, 0}), 0);
    assert_int_equal(run(&(struct request){PG_INTEGER_REMOVE, 2, 5, {0}, 0}), 0);
    assert_int_equal(value(), 3);
    share();
    assert_int_equal(run(&(struct request){PG_INTEGER_COMPARE_SET, 2, 6, {3, 7}, 0}), 1);
    assert_int_equal(add_long(2, 7), 8);
    assert_int_equal(run(&(struct request){PG_INTEGER_REMOVE, 2, 8, {0}, 0}), 1);
    assert_int_equal(value(), NOTHING);
}

static void a_row_that_was_shared_is_nobodys_for_a_while(void **state)
{
    (void)state;
    bool was_quick = false;
    while (!was_quick) {
        fresh(state);
        make_own();
        share();
        assert_int_equal(add_long(1, 4), 4);
        assert_int_equal(add_long(1, 5), 5);
        was_quick = was_shared_just_now();
        const int64_t shortly = add_short(1, 6);
        if (was_quick) assert_int_equal(shortly, NOTHING);
    }
    let_time_pass();
    assert_int_equal(add_long(1, 6), 6);
    assert_int_equal(add_short(1, 7), 7);
}

static void a_clock_that_is_set_back_keeps_nothing_shut(void **state)
{
    (void)state;
    make_own();
    share();
    set_time("integers", "shared", "clock_timestamp() + interval '1 day'");
    assert_int_equal(add_long(1, 4), 4);
    assert_int_equal(add_short(1, 5), 5);
    const struct request sweep = {.statement = PG_SWEEP_CLAIM};
    set_time("layout", "swept", "clock_timestamp() + interval '1 day'");
    assert_int_not_equal(run(&sweep), NOTHING);
    assert_int_equal(run(&sweep), NOTHING); /* it was just now */
    set_time("layout", "swept", "clock_timestamp() - interval '2 minutes'");
    assert_int_not_equal(run(&sweep), NOTHING);
}

static void who_waits_keeps_an_increment_off_the_short_way(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(run(&(struct request){.statement = PG_INTEGER_ARM}), 1);
    assert_int_equal(add_short(1, 4), NOTHING);
    sql(pg, "LISTEN records");
    assert_int_equal(add_long(1, 4), 4);
    PGnotify *notify = PQnotifies(pg);
    assert_non_null(notify);
    PQfreemem(notify);
    sql(pg, "UNLISTEN records");
    assert_int_equal(add_short(1, 5), 5);
}

static void a_late_increment_of_an_own_row_has_no_effect(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(make_void(1, 4), NOTHING);
    assert_int_equal(add_short(1, 4), NOTHING);
    assert_int_equal(add_long(1, 4), NOTHING);
    assert_int_equal(add_long(1, 5), 4);
    assert_int_equal(add_short(1, 4), NOTHING);
    assert_int_equal(add_short(1, 6), 5);
    assert_int_equal(value(), 5);
}

static void a_void_finds_what_was_done(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(make_void(1, 3), 3);
    assert_int_equal(add_short(1, 4), 4); /* and has changed nothing */
    assert_int_equal(make_void(1, 4), 4);
    share();
    assert_int_equal(make_void(1, 4), 4);
    assert_int_equal(add_long(2, 1), 5);
    assert_int_equal(make_void(1, 4), 4);
    assert_int_equal(make_void(2, 1), 5);
}

static void each_attempt_of_a_request_is_voided(void **state)
{
    (void)state;
    make_own();
    assert_int_equal(make_void_of(1, 4, 4), NOTHING);
    assert_int_equal(make_void_of(1, 4, 5), NOTHING);
    assert_int_equal(make_void_of(1, 4, 5), NOTHING); /* its own reply was lost */
    assert_int_equal(add_long(1, 5), NOTHING);
    assert_int_equal(add_long(1, 6), 4);
    assert_int_equal(make_void_of(1, 4, 6), 4);
}

static void a_record_that_is_moved_late_hides_none(void **state)
{
    (void)state;
    make_own();
    share();
    assert_int_equal(add_long(1, 4), 4);
    share();
    assert_int_equal(make_void(1, 4), 4);
    let_time_pass();
    assert_int_equal(add_long(1, 5), 5);
    assert_int_equal(run(&(struct request){PG_VOID, 1, 6, {6}, 'j'}), 1);
    share();
    assert_int_equal(run(&(struct request){PG_INTEGER_ADD, 1, 6, {1}, 'j'}), NOTHING);
}

/* What is under way at the row, and what a void of client 1's request 4 has to learn when it is through. */
static void void_during(const struct request *under_way, int64_t learns)
{
    begin(under_way);
    send_and_block(&(struct request){PG_VOID, 1, 4, {4}, 0});
    commit();
    PGresult *rows = receive(pg);
    assert_int_equal(voided(rows, 1, 4), learns);
    PQclear(rows);
}

static void a_void_waits_for_what_is_under_way(void **state)
{
    (void)state;
    make_own();
    void_during(&(struct request){PG_INTEGER_ADD_OWN, 1, 4, {1}, 0}, 4);
    fresh(state);
    make_own();
    void_during(&(struct request){PG_INTEGER_ADD, 1, 4, {1}, 0}, 4);
    fresh(state);
    make_own();
    share();
    let_time_pass();
    void_during(&(struct request){PG_INTEGER_ADD, 1, 4, {1}, 0}, 4); /* which makes the row its own again */
    fresh(state);
    make_own();
    assert_int_equal(add_short(1, 4), 4);
    void_during(&(struct request){.statement = PG_INTEGER_SHARE}, 4);
    fresh(state);
    make_own();
    void_during(&(struct request){.statement = PG_INTEGER_SHARE}, NOTHING);
    assert_int_equal(add_long(1, 4), NOTHING);
}

static void what_comes_during_a_void_has_no_effect(void **state)
{
    static const enum pg_statement ways[] = {PG_INTEGER_ADD_OWN, PG_INTEGER_ADD};
    for (size_t i = 0; i < 2; i++) {
        fresh(state);
        make_own();
        begin(&(struct request){PG_VOID, 1, 4, {4}, 0});
        send_and_block(&(struct request){ways[i], 1, 4, {1}, 0});
        commit();
        PGresult *rows = receive(pg);
        assert_int_equal(PQntuples(rows), 0);
        PQclear(rows);
        assert_int_equal(value(), 3);
    }
}

/* ---- any order ------------------------------------------------------------ */

static struct {
    uint64_t chance;
    int64_t numbers[CLIENTS], expected;
    struct request late[MAX_LATE];
    unsigned late_count;
} play;

static unsigned below(unsigned bound)
{
    play.chance = play.chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(play.chance >> 33) % bound;
}

/* One statement of a client: it is done and answered, done and its reply lost, or only comes later. */
enum fate { ANSWERED, UNHEARD, LATE };

static bool sends(struct request *r, int64_t *result)
{
    enum fate fate = below(5) ? ANSWERED : below(2) ? UNHEARD : LATE;
    *result = fate == LATE ? NOTHING : run(r);
    if (*result != NOTHING) play.expected++;
    if (fate == LATE) play.late[play.late_count++ % MAX_LATE] = *r;
    if (fate == ANSWERED) return true;
    int64_t told = make_void(r->client, r->number);
    assert_int_equal(told, *result);
    *result = told;
    return told != NOTHING;
}

static void increments(unsigned client)
{
    int64_t result = NOTHING;
    bool short_way = below(2);
    while (result == NOTHING) {
        struct request r = {
            short_way ? PG_INTEGER_ADD_OWN : PG_INTEGER_ADD, client, ++play.numbers[client], {1}, 0};
        bool answered = sends(&r, &result);
        if (answered && result == NOTHING && !short_way) share();
        short_way = false;
    }
    assert_int_equal(result, play.expected);
}

/* Whatever is lost, late, moved and sent again: each increment is done once, and nothing that was voided. */
static void in_any_order_each_is_done_once(void **state)
{
    (void)state;
    play.chance = 7;
    for (int step = 0; step < 3000; step++) {
        unsigned what = below(16);
        if (what == 0) let_time_pass();
        if (what == 1) share();
        if (what == 2 && play.late_count)
            run(&play.late[below(play.late_count < MAX_LATE ? play.late_count : MAX_LATE)]);
        if (what > 2) increments(step / 40 % 2 ? 1 : below(CLIENTS)); /* a crowd, and one alone, by turns */
        assert_int_equal(value(), play.expected ? play.expected : NOTHING);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_changes_it_twice_has_the_row_for_its_own), TEST(nobody_elses_change_applies_to_an_own_row),
        TEST(a_row_that_was_shared_is_nobodys_for_a_while), TEST(who_waits_keeps_an_increment_off_the_short_way),
        TEST(a_clock_that_is_set_back_keeps_nothing_shut),  TEST(each_attempt_of_a_request_is_voided),
        TEST(a_late_increment_of_an_own_row_has_no_effect), TEST(a_void_finds_what_was_done),
        TEST(a_record_that_is_moved_late_hides_none),       TEST(a_void_waits_for_what_is_under_way),
        TEST(what_comes_during_a_void_has_no_effect),       TEST(in_any_order_each_is_done_once),
    };
    if (argc != 3) return 64;
    dsn = argv[1];
    setenv("SCHEMA", argv[2], 1);
    pg = PQconnectdb(dsn);
    other = PQconnectdb(dsn);
    if (PQstatus(pg) != CONNECTION_OK || PQstatus(other) != CONNECTION_OK) return 1;
    if (!pg_statements_make(statements, argv[2], "default")) return 1;
    sql(other, "SET client_min_messages = error");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_statements_free(statements);
    PQfinish(pg);
    PQfinish(other);
    return failed;
}
