/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * statements.h - every statement that this driver sends, in one place.
 *
 * Each is one round trip and one implicit transaction. Parameters and results
 * are in binary format.
 */
#ifndef PG_STATEMENTS_H
#define PG_STATEMENTS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The layout of our tables; another number there was written by another version of this library. */
enum { PG_LAYOUT = 2 };

enum pg_statement {
    PG_HELLO,
    PG_VOID,
    PG_RECORD,
    PG_LOCK_TAKE,
    PG_LOCK_CREATE,
    PG_LOCK_RELEASE,
    PG_LOCK_RENEW,
    PG_LOCK_INSPECT,
    PG_LOCK_ARM,
    PG_LOCK_LIST,
    PG_INTEGER_GET,
    PG_INTEGER_SET,
    PG_INTEGER_ADD,
    PG_INTEGER_ADD_OWN,
    PG_INTEGER_SHARE,
    PG_INTEGER_ADD_SMALLEST,
    PG_INTEGER_COMPARE_SET,
    PG_INTEGER_REMOVE,
    PG_INTEGER_ARM,
    PG_INTEGER_EXPECT,
    PG_INTEGER_LIST,
    PG_SWEEP_CLAIM,
    PG_SWEEP_REQUESTS,
    PG_SWEEP_LOCKS,
    PG_SWEEP_INTEGERS,
    PG_INFO,
    PG_STATEMENTS
};

enum { PG_PARAMETERS_MAX = 8, PG_STATEMENT_NAME_SIZE = 32 };

/* A statement with its schema and space filled in. */
typedef struct pg_prepared {
    char *text;
    char name[PG_STATEMENT_NAME_SIZE]; /* says the text: whoever prepared it, it is the same */
    int count;
    Oid types[PG_PARAMETERS_MAX];
} pg_prepared;

/*
 * schema: quoted as an identifier. space: a name that needs no quotes of its
 * own. False: out of memory; what was made is to be freed all the same.
 */
bool pg_statements_make(pg_prepared all[PG_STATEMENTS], const char *schema, const char *space);
void pg_statements_free(pg_prepared all[PG_STATEMENTS]);

/*
 * What makes our schema and tables, as several statements; the caller frees it. NULL: out of memory. Does nothing
 * where they are already.
 */
char *pg_layout_sql(const char *schema);

#endif
