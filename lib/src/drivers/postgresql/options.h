/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - what a postgresql:// DSN says: ours, and libpq's parameters as they are. */
#ifndef PG_OPTIONS_H
#define PG_OPTIONS_H

#include <phpsync/driver.h>

/* As PQconnectStartParams takes them: both end with NULL. */
typedef struct pg_parameters {
    char **names;
    char **values;
} pg_parameters;

typedef struct pg_options {
    pg_parameters parameters;
    size_t hosts;            /* how many the DSN names; 1 if it names none */
    int64_t connect_timeout; /* ns: how long one try at a server may take; 0: the DSN does not say */
    char schema[66];         /* quoted as an identifier */
} pg_options;

/* ARGUMENT if an option is neither ours nor libpq's. */
psync_result pg_options_read(const psync_dsn *dsn, pg_options *options, psync_error *error);
void pg_options_free(pg_options *options);

/* A copy of the parameters, which the caller frees; NULL names: out of memory. */
pg_parameters pg_options_copy(const pg_options *options);
/*
 * Lets the list of hosts begin with the turn-th one, so that a server that does not answer at all is not the first
 * to be tried each time. False: out of memory.
 */
bool pg_parameters_turn(pg_parameters *parameters, unsigned turn);
/* How many hosts they name; 1 if none. */
size_t pg_parameters_hosts(const pg_parameters *parameters);
/* A parameter's value, NULL without one; how many items with commas it has, 0 without one. */
const char *pg_parameters_get(const pg_parameters *parameters, const char *name);
size_t pg_parameters_items(const pg_parameters *parameters, const char *name);
/* Gives one a copy of a value. False: out of memory. */
bool pg_parameters_set(pg_parameters *parameters, const char *name, const char *value);
void pg_parameters_free(pg_parameters *parameters);

#endif
