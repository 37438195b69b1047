/* SPDX-License-Identifier: BSD-3-Clause */
/* redis_server.h - a real server for one test program, asked from beside the library. For cmocka. */
#ifndef PSYNC_TESTS_REDIS_SERVER_H
#define PSYNC_TESTS_REDIS_SERVER_H

#include "fake.h"

#if PSYNC_WITH_REDIS
#include <hiredis.h>

#include "drivers/redis/scripts.h"

#define ONE   "11111111111111111111111111111111" /* clients */
#define TWO   "22222222222222222222222222222222"
#define THREE "33333333333333333333333333333333"
#define KEY_I "{s:k}:i"
#define KEY_L "{s:k}:l"

extern char redis_socket[64];
extern redisContext *redis; /* NULL: there is no server */

/* Group fixtures; without a server they succeed all the same. */
int redis_set_up(void **state);
int redis_tear_down(void **state);
/* A test's: an empty server. */
int redis_fresh(void **state);
/* Skips the test without one. True: it is to return. */
bool redis_is_missing(void);

/* Runs a script; the answer as text, "(nil)" without one. count: arguments behind the key. */
const char *redis_script(enum redis_script script, const char *key, int count, const char *const *arguments);

/* A request about the Lock KEY_L. */
const char *lock_request(enum redis_script script, const char *client, int number, const char *one, const char *two,
                         const char *three);
/* A plain one, lease "0", or with a lease in microseconds. */
const char *redis_take(const char *client, int number, const char *lease);
/* Frees what there is. */
void redis_free(const char *client, int number);

/* Takes it, without a lease; the fence. */
const char *redis_taken(const char *client, int number);
bool redis_is_locked(void);
/* How many fields the Lock's hash has. */
long long redis_fields(void);

/* The number that a command answers; 0 for none. */
long long redis_ask(const char *command);
#endif

#endif
