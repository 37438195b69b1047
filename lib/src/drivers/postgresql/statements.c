/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * statements.c - the tables, and every statement on them.
 *
 * requests  one row a client: the number and the result of the last change it
 *           made, unless that stands in an Integer's own row. A change and its record
 *           commit together. A number that is
 *           not larger than the one on record becomes NULL there, which is not
 *           allowed, and all that the statement did is undone: so a request that was
 *           sent twice, or that gets out of a dead connection late, has its
 *           effect once, whatever runs beside it. result NULL: that number
 *           was voided, it never took effect and never will.
 * locks     one row a Lock, which stays when the Lock is freed, so that taking
 *           and freeing change no index, and the next fence is known. A fence
 *           is the time in microseconds since 1970, or one more than the
 *           last if that is more: it grows also when the clock was set back,
 *           or when a standby took over that lacked the last rows.
 * integers  one row an Integer; value NULL: there is none, but somebody waits.
 *           client, number: who changed it last. own: see below.
 * layout    one row: the layout's version, the largest fence that was swept
 *           away, when it was swept last.
 *
 * Who waits writes so into the row (waiting), after it has subscribed and
 * before it looks; who changes the row finds that under the row's lock and
 * notifies. So nothing is missed, and a change that nobody waits for, which
 * is the usual one, does not pay for a notification: these queue up behind a
 * lock of the whole database until their commit. rung says whether the last
 * change notified, because RETURNING cannot see what was there before.
 *
 * A row of its client's own
 *
 * Who changes an Integer again, and was the last to change it before, gets the
 * row for its own: from then on (client, number) there is the record of its
 * last change of it, value is that change's result, and an increment
 * touches that one row and no other (PG_INTEGER_ADD_OWN). Why this is exactly once:
 * - While the row is somebody's own, nobody else's change applies to it. Who
 *   wants to change it first moves the record to requests (PG_INTEGER_SHARE), in one
 *   transaction with the end of own: so a record is never in neither place, and
 *   whoever moves it, and how late, it is the same. There the larger number stays:
 *   a client asks for its last request alone. Then it is nobody's own for a
 *   second at least, so that a crowd, whose changes are those of the other statements,
 *   is bothered with this once a second at most.
 * - All other changes write their record to requests, also the owner's.
 * - PG_VOID takes the row under its lock before it looks in requests. It finds the record
 *   where it is: in the row; or in requests, where who moved it committed before
 *   the row's lock was free. If it is in neither, PG_VOID ends own, and writes the
 *   void into requests. An increment that arrives after that does
 *   not apply: the row is not its own, or is it again with a larger number. One that
 *   was under way is waited for, at the row or, where the row was not this client's
 *   when PG_VOID began, in requests, for then it was no increment of an own row.
 * - A later number in requests does not stop an increment of an own row.
 *   So a change whose outcome was given up is voided before its client asks
 *   for anything else (net's debts).
 * A mark of a waiter also keeps an increment off its short way.
 *
 * All times are clock_timestamp(), since now() is when the transaction began,
 * which may have waited for a row since.
 */
#if PSYNC_WITH_POSTGRESQL

#include "statements.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/hash.h"

/*
 * Pieces that several statements have. clang-format would tear them up: a clause
 * a line, continued at the line's end.
 */
/* clang-format off */

/* What every change is told first. */
#define CHANGE "uib" /* $1 client, $2 number, $3 key */

/* Puts a change on record: a row of source is a change that was made, result its outcome. */
#define RECORD(source, result, condition) \
    " INSERT INTO @.requests AS r (client, number, result, seen)" \
    " SELECT $1, $2, " result ", clock_timestamp() FROM " source condition \
    " ON CONFLICT (client) DO UPDATE" \
    " SET number = CASE WHEN r.number < EXCLUDED.number THEN EXCLUDED.number END," \
    " result = EXCLUDED.result, seen = EXCLUDED.seen" \
    " RETURNING result"

/*
 * Notifies who waits, if anybody does. A change without anything else to tell
 * ends so: with its record, and the one column result, or no row at all.
 */
#define RUNG(row) " rung = " row ".waiting IS NOT NULL, waiting = NULL"
#define IS_TOLD(source, news) /* $4 channel */ \
    "(" source ".rung IS NOT TRUE OR pg_notify($4, " news ") IS NOT NULL)"
#define TELL_AND_RECORD(source, result, news) RECORD(source, result, " WHERE " IS_TOLD(source, news))

/* A change of an Integer's row by $1, number $2, where the row is nobody else's own. */
#define SHARED "(i.own IS NOT TRUE OR i.client = $1 AND i.number < $2)"
/* Whether a time is at least so long ago, or still to come: then it is of before the clock was set back. */
#define IS_PAST(time, period) \
    "(" time " < clock_timestamp() - interval '" period "' OR " time " > clock_timestamp())"
#define LEAVE_MARK \
    RUNG("i") "," \
    " client = $1, number = $2," \
    " own = i.client = $1 AND (i.own OR " IS_PAST("i.shared", "1 second") ")"
#define UPSERT(sum) \
    "WITH change AS (" \
    "INSERT INTO @.integers AS i (space, key, value, client, number) VALUES (~, $3, $5, $1, $2)" \
    " ON CONFLICT (space, key) DO UPDATE SET value = " sum "," LEAVE_MARK \
    " WHERE " SHARED \
    " RETURNING value, rung)" \
    TELL_AND_RECORD("change", "value", "''")
/* The rest of one that does nothing where there is none. Whether it was done, and its result; if not, the value. */
#define OR_LOOK(result, rung) \
    " RETURNING " result " AS result, " rung " AS rung)," \
    " record AS (" RECORD("change", "result", "") ")" \
    " SELECT c.rung IS NOT NULL, coalesce(c.result, i.value), " IS_TOLD("c", "''") \
    " FROM (SELECT) AS one" \
    " LEFT JOIN @.integers AS i ON i.space = ~ AND i.key = $3" \
    " LEFT JOIN change AS c ON true"

/* Whether a row of locks is an acquisition: one whose lease ran out counts as absent. */
#define LOCKED "(l.held AND (l.expires IS NULL OR l.expires > clock_timestamp()))"
/* What is told of a Lock; locks.c reads it. */
#define STATE \
    " " LOCKED ", l.fence, l.hold, l.leased," \
    " (date_part('epoch', l.expires - clock_timestamp()) * 1000000)::bigint, l.owner"
#define NOW_US "(date_part('epoch', clock_timestamp()) * 1000000)::bigint"

/* Marks are renewed long before they may be swept away. */
#define MARK_IS_OLD "(i.waiting IS NULL OR i.waiting < clock_timestamp() - interval '10 minutes')"

#define AN_HOUR_AGO  "clock_timestamp() - interval '1 hour'"
#define WINDOW       " ctid >= format('(%s,0)', $1)::tid AND ctid < format('(%s,0)', $2)::tid"
#define PAGES(table) " pg_relation_size('@." table "'::regclass) / current_setting('block_size')::bigint"

/*
 * The first column of our tables that is not as we make it, and how to mend that; NULL if all are. Somebody may
 * have altered them, and a result of another type would be read wrongly. What makes a number of requests that is
 * not new an error (NULL is not allowed there) is looked at, too.
 */
#define COLUMNS \
    "('requests','client'::name,2950),('requests','number',20),('requests','result',20)," \
    "('requests','seen',1184)," \
    "('locks','space',25),('locks','key',17),('locks','fence',20),('locks','held',16)," \
    "('locks','hold',16),('locks','leased',16),('locks','rung',16)," \
    "('locks','expires',1184),('locks','changed',1184),('locks','waiting',1184)," \
    "('locks','owner',17)," \
    "('integers','space',25),('integers','key',17),('integers','value',20)," \
    "('integers','rung',16),('integers','waiting',1184),('integers','client',2950)," \
    "('integers','number',20),('integers','own',16),('integers','shared',1184)," \
    "('layout','one',16),('layout','version',20),('layout','fence',20)," \
    "('layout','swept',1184)"
#define FLAW \
    " (SELECT format(CASE WHEN a.attname IS NULL THEN" \
    " '%1$s lacks the column %2$s; put it back (ALTER TABLE @.%1$s ADD %2$s %3$s)'" \
    " WHEN a.atttypid <> c.type THEN" \
    " '%1$s has %2$s as %4$s; change it back (ALTER TABLE @.%1$s ALTER %2$s TYPE %3$s)'" \
    " ELSE '%1$s takes NULL as %2$s; forbid that (ALTER TABLE @.%1$s ALTER %2$s SET NOT NULL)' END," \
    " c.of, c.name, c.type::regtype, a.atttypid::regtype) FROM (VALUES " COLUMNS ") AS c (of, name, type)" \
    " LEFT JOIN (SELECT * FROM pg_attribute WHERE attrelid IN (to_regclass('@.requests')," \
    " to_regclass('@.locks'), to_regclass('@.integers'), to_regclass('@.layout'))) AS a" \
    " ON a.attrelid = to_regclass('@.' || c.of) AND a.attname = c.name" \
    " WHERE a.attname IS NULL OR a.atttypid <> c.type" \
    " OR (c.of = 'requests' AND c.name = 'number' AND NOT a.attnotnull) LIMIT 1)"

static const struct {
    const char *types; /* a letter a parameter: uuid, int8, text, bytes, truth */
    const char *text;  /* "@" stands for the schema, "~" for the space */
} sources[PG_STATEMENTS] = {
    /* $1 the server process's pid as told at the login. A pooler tells another one; then nothing may be set, as the
     * session is somebody else's next. tables.c reads the rest. */
    [PG_HELLO] = {"i",
        "SELECT h.direct, (SELECT (to_jsonb(l)->>'version')::bigint FROM @.layout AS l), to_regclass('@.requests') IS NOT NULL"
        " AND to_regclass('@.locks') IS NOT NULL AND to_regclass('@.integers') IS NOT NULL," FLAW ", CASE WHEN h.direct THEN"
        " set_config('default_transaction_isolation', 'read committed', false)"
        " || set_config('enable_seqscan', 'off', false) || set_config('jit', 'off', false)"
        " || set_config('plan_cache_mode', 'force_generic_plan', false) END"
        " FROM (SELECT pg_backend_pid() = $1 AS direct) AS h"},

    /* $2 the first number of the request, $3 the one to void, $4 key. Whether it is void from now on; the number and
     * the result that stand in the Integer's own row. */
    [PG_VOID] = {"uiib",
        "WITH own AS (UPDATE @.integers AS i SET own = i.number >= $2"
        " WHERE space = ~ AND key = $4 AND client = $1 AND own RETURNING own, number, value),"
        " void AS (INSERT INTO @.requests AS r (client, number, result, seen)"
        " SELECT $1, $3, NULL, clock_timestamp() WHERE NOT EXISTS (SELECT FROM own WHERE own)"
        " ON CONFLICT (client) DO UPDATE"
        " SET number = EXCLUDED.number, result = NULL, seen = EXCLUDED.seen"
        " WHERE r.number < $2 OR (r.result IS NULL AND r.number < $3) RETURNING number)"
        " SELECT v.number IS NOT NULL, o.number, o.value FROM (SELECT) AS one"
        " LEFT JOIN void AS v ON true LEFT JOIN own AS o ON o.own"},
    [PG_RECORD] = {"u",
        "SELECT number, result FROM @.requests WHERE client = $1"},

    /* $4 hold, $5 lease in us or NULL, $6 whether that is the user's, $7 owner. The first column: taken. */
    [PG_LOCK_TAKE] = {CHANGE "titb",
        "WITH taken AS (UPDATE @.locks AS l SET held = true, fence = greatest(l.fence + 1, " NOW_US "),"
        " hold = $4, leased = $6, expires = clock_timestamp() + $5 * interval '1 microsecond',"
        " changed = clock_timestamp(), owner = $7"
        " WHERE space = ~ AND key = $3 AND NOT " LOCKED " RETURNING fence),"
        " record AS (" RECORD("taken", "fence", "") ")"
        " SELECT true, true, fence, $4, $6, NULL, NULL FROM taken UNION ALL"
        " SELECT false," STATE " FROM @.locks AS l"
        " WHERE space = ~ AND key = $3 AND NOT EXISTS (SELECT FROM taken)"},
    [PG_LOCK_CREATE] = {"b",
        "INSERT INTO @.locks (space, key, fence, changed) SELECT ~, $1, fence, clock_timestamp() FROM @.layout WHERE one"
        " ON CONFLICT (space, key) DO NOTHING"},
    /* $5 fence: so a release that arrives late frees no later acquisition. The second column: whether anybody is told. */
    [PG_LOCK_RELEASE] = {CHANGE "si",
        "WITH freed AS (UPDATE @.locks AS l SET held = false, changed = clock_timestamp()," RUNG("l")
        " WHERE space = ~ AND key = $3 AND " LOCKED " AND fence = $5"
        " RETURNING fence, rung)" TELL_AND_RECORD("freed", "fence", "fence::text") ", (SELECT rung FROM freed)"},
    /* $5 fence, $6 lease in us, $7 whether it is the user's. An earlier end is what waiters must hear of. */
    [PG_LOCK_RENEW] = {CHANGE "siit",
        "WITH kept AS (UPDATE @.locks AS l SET leased = l.leased OR $7,"
        " expires = clock_timestamp() + $6 * interval '1 microsecond', rung = l.waiting IS NOT NULL AND"
        " (l.expires IS NULL OR l.expires > clock_timestamp() + $6 * interval '1 microsecond')"
        " WHERE space = ~ AND key = $3 AND " LOCKED " AND l.hold AND fence = $5"
        " RETURNING fence, rung)" TELL_AND_RECORD("kept", "fence", "''")},
    [PG_LOCK_INSPECT] = {"b",
        "SELECT true," STATE " FROM @.locks AS l WHERE space = ~ AND key = $1"},
    /* $2 fence, $3 whatever there is. The first column: whether it is known now that somebody waits. */
    [PG_LOCK_ARM] = {"bit",
        "WITH armed AS (UPDATE @.locks AS l SET waiting = clock_timestamp()"
        " WHERE space = ~ AND key = $1 AND (" LOCKED " AND fence = $2 OR $3) AND waiting IS NULL"
        " RETURNING true," STATE ") SELECT * FROM armed UNION ALL"
        " SELECT waiting IS NOT NULL," STATE " FROM @.locks AS l"
        " WHERE space = ~ AND key = $1 AND NOT EXISTS (SELECT FROM armed)"},
    /* $1 the key before the first, $2 how many. */
    [PG_LOCK_LIST] = {"bi",
        "SELECT key," STATE " FROM @.locks AS l WHERE space = ~ AND key > $1 AND " LOCKED " ORDER BY key LIMIT $2"},

    [PG_INTEGER_GET] = {"b",
        "SELECT value FROM @.integers WHERE space = ~ AND key = $1 AND value IS NOT NULL"},
    /* $5 value. No row: it is somebody else's own. */
    [PG_INTEGER_SET] = {CHANGE "si", UPSERT("EXCLUDED.value")},
    /* $5 by. The same. */
    [PG_INTEGER_ADD] = {CHANGE "si", UPSERT("coalesce(i.value, 0) + EXCLUDED.value")},
    /* $4 by. No row: it is not this client's own, or somebody waits. */
    [PG_INTEGER_ADD_OWN] = {CHANGE "i",
        "UPDATE @.integers SET value = value + $4, number = $2 WHERE space = ~ AND key = $3"
        " AND client = $1 AND own AND number < $2 AND waiting IS NULL RETURNING value"},
    /* Moves the record of whoever has the row for its own. */
    [PG_INTEGER_SHARE] = {"b",
        "WITH own AS (UPDATE @.integers SET own = false, shared = clock_timestamp()"
        " WHERE space = ~ AND key = $1 AND own RETURNING client, number, value)"
        " INSERT INTO @.requests AS r (client, number, result, seen)"
        " SELECT client, number, value, clock_timestamp() FROM own ON CONFLICT (client) DO UPDATE"
        " SET number = EXCLUDED.number, result = EXCLUDED.result, seen = EXCLUDED.seen"
        " WHERE r.number < EXCLUDED.number"},
    /* Subtracts the smallest bigint, whose opposite is none. It can be right for a negative value only. */
    [PG_INTEGER_ADD_SMALLEST] = {CHANGE "s",
        "WITH change AS (UPDATE @.integers AS i SET value = i.value + 9223372036854775807 + 1," LEAVE_MARK
        " WHERE space = ~ AND key = $3 AND value IS NOT NULL AND " SHARED OR_LOOK("value", "rung")},
    /* $5 expected, $6 desired. */
    [PG_INTEGER_COMPARE_SET] = {CHANGE "sii",
        "WITH change AS (UPDATE @.integers AS i SET value = $6," LEAVE_MARK
        " WHERE space = ~ AND key = $3 AND value = $5 AND " SHARED OR_LOOK("value", "rung")},
    [PG_INTEGER_REMOVE] = {CHANGE "s",
        "WITH change AS (DELETE FROM @.integers AS i WHERE space = ~ AND key = $3 AND value IS NOT NULL AND "
        SHARED OR_LOOK("value", "waiting IS NOT NULL")},
    /* Whether it is known now that somebody waits, and the value. */
    [PG_INTEGER_ARM] = {"b",
        "WITH armed AS (UPDATE @.integers AS i SET waiting = clock_timestamp()"
        " WHERE space = ~ AND key = $1 AND " MARK_IS_OLD " RETURNING value)"
        " SELECT true, value FROM armed UNION ALL SELECT NOT " MARK_IS_OLD ", value FROM @.integers AS i"
        " WHERE space = ~ AND key = $1 AND NOT EXISTS (SELECT FROM armed)"},
    /* A row for an Integer that does not exist, so that a mark can be put there. */
    [PG_INTEGER_EXPECT] = {"b",
        "INSERT INTO @.integers (space, key) VALUES (~, $1) ON CONFLICT (space, key) DO NOTHING"},
    [PG_INTEGER_LIST] = {"bi",
        "SELECT key, value FROM @.integers WHERE space = ~ AND key > $1 AND value IS NOT NULL"
        " ORDER BY key LIMIT $2"},

    /* The tables' sizes in pages, unless somebody swept just now. */
    [PG_SWEEP_CLAIM] = {"",
        "UPDATE @.layout SET swept = clock_timestamp() WHERE one AND " IS_PAST("swept", "1 minute")
        " RETURNING" PAGES("requests") "," PAGES("locks") "," PAGES("integers")},
    /* $1 and $2: from this page to before that one. */
    [PG_SWEEP_REQUESTS] = {"ii",
        "DELETE FROM @.requests WHERE" WINDOW " AND seen < " AN_HOUR_AGO},
    [PG_SWEEP_LOCKS] = {"ii",
        "WITH gone AS (DELETE FROM @.locks WHERE" WINDOW
        " AND (NOT held OR expires < " AN_HOUR_AGO ") AND changed < " AN_HOUR_AGO " RETURNING fence)"
        " UPDATE @.layout AS t SET fence = greatest(t.fence, g.fence)"
        " FROM (SELECT max(fence) AS fence FROM gone) AS g WHERE t.one AND g.fence > t.fence"},
    [PG_SWEEP_INTEGERS] = {"ii",
        "DELETE FROM @.integers WHERE" WINDOW
        " AND value IS NULL AND (waiting IS NULL OR waiting < " AN_HOUR_AGO ")"},

    [PG_INFO] = {"",
        "SELECT current_setting('server_version'), current_database()::text, current_user::text,"
        " (SELECT count(*)::text FROM @.locks AS l WHERE space = ~ AND " LOCKED "),"
        " (SELECT count(*)::text FROM @.integers WHERE space = ~ AND value IS NOT NULL),"
        " (SELECT sum(pg_total_relation_size(oid))::text FROM pg_class"
        " WHERE oid IN ('@.requests'::regclass, '@.locks'::regclass, '@.integers'::regclass))"},
};
/* clang-format on */

static const char layout[] =
    "BEGIN;\n"
    "SELECT pg_advisory_xact_lock(7308604759796115312);\n" /* others make them at the same time */
    "DO $$ BEGIN IF to_regnamespace('@') IS NULL THEN CREATE SCHEMA @; END IF; END $$;\n"
    "CREATE TABLE IF NOT EXISTS @.requests (\n"
    "    client uuid PRIMARY KEY, number bigint NOT NULL, result bigint, seen timestamptz NOT NULL\n"
    ") WITH (fillfactor = 50);\n"
    "CREATE TABLE IF NOT EXISTS @.locks (\n"
    "    space text COLLATE \"C\", key bytea, fence bigint NOT NULL, held boolean NOT NULL DEFAULT false,\n"
    "    hold boolean NOT NULL DEFAULT false, leased boolean NOT NULL DEFAULT false,\n"
    "    rung boolean NOT NULL DEFAULT false, expires timestamptz, changed timestamptz NOT NULL,\n"
    "    waiting timestamptz, owner bytea, PRIMARY KEY (space, key)\n"
    ") WITH (fillfactor = 50);\n"
    "CREATE TABLE IF NOT EXISTS @.integers (\n"
    "    space text COLLATE \"C\", key bytea, value bigint, rung boolean NOT NULL DEFAULT false,\n"
    "    waiting timestamptz, client uuid, number bigint, own boolean,\n"
    "    shared timestamptz NOT NULL DEFAULT '-infinity', PRIMARY KEY (space, key)\n"
    ") WITH (fillfactor = 50);\n"
    "CREATE TABLE IF NOT EXISTS @.layout (\n"
    "    one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL, fence bigint NOT NULL,\n"
    "    swept timestamptz NOT NULL\n"
    ");\n"
    "INSERT INTO @.layout (version, fence, swept) VALUES (2, 0, clock_timestamp()) ON CONFLICT DO NOTHING;\n"
    "COMMIT;\n";

static const Oid type_ids[] = {['u'] = 2950, ['i'] = 20, ['s'] = 25, ['b'] = 17, ['t'] = 16};

/* The text with its schema and space; NULL: out of memory. */
static char *fill_in(const char *text, const char *schema, const char *space)
{
    size_t size = strlen(text) + 1;
    for (const char *c = text; *c; c++) size += *c == '@' ? strlen(schema) : *c == '~' ? strlen(space) : 0;
    char *filled = malloc(size);
    char *end = filled;
    for (const char *c = text; filled && *c; c++) {
        if (*c == '@' || *c == '~') {
            end = stpcpy(end, *c == '@' ? schema : space);
        } else {
            *end++ = *c;
        }
    }
    if (filled) *end = '\0';
    return filled;
}

bool pg_statements_make(pg_prepared all[PG_STATEMENTS], const char *schema, const char *space)
{
    char literal[80];
    snprintf(literal, sizeof literal, "'%s'", space);
    for (size_t i = 0; i < PG_STATEMENTS; i++) {
        all[i].text = fill_in(sources[i].text, schema, literal);
        if (!all[i].text) return false;
        snprintf(all[i].name, sizeof all[i].name, "phpsync_%016" PRIx64,
                 net_hash(NET_HASH_START, all[i].text, strlen(all[i].text)));
        all[i].count = (int)strlen(sources[i].types);
        for (int p = 0; p < all[i].count; p++) all[i].types[p] = type_ids[(unsigned char)sources[i].types[p]];
    }
    return true;
}

void pg_statements_free(pg_prepared all[PG_STATEMENTS])
{
    for (size_t i = 0; i < PG_STATEMENTS; i++) free(all[i].text);
}

char *pg_layout_sql(const char *schema)
{
    return fill_in(layout, schema, "");
}

#endif
