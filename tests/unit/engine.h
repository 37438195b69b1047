/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine.h - a network engine that does what a test says and writes down what it was asked.
 *
 * A connection is one end of a socket pair; the test has the other: what the
 * library says there, a goodbye above all, can be read, and what is written
 * there ("CHANNEL" or "CHANNEL TEXT", and a newline) rings. Requests come and
 * go without it: a script says how each try of a step ends.
 */
#ifndef UNIT_ENGINE_H
#define UNIT_ENGINE_H

#include "child.h"
#include "fake.h"

#include <pthread.h>

#include "net/request.h"

enum ask { A_CONNECT, A_DISCONNECT, A_STEP, A_SETTLE, A_RENEW, A_LISTEN, A_UNLISTEN, A_LOOK, A_HOOK };

/* One thing that was asked, in order. */
struct asked {
    enum ask what;
    int connection; /* its number, from 1 on */
    char client[NET_CLIENT_SIZE];
    uint64_t number; /* a renewal: the fence */
    int64_t at;      /* monotonic */
    char name[NET_CHANNEL_SIZE];
};

/* How something ends that the engine is asked. */
struct ending {
    net_outcome outcome;
    psync_result result;
    int64_t takes;           /* ns on the fake clock */
    bool serves;             /* it looks at signals (net_serve) first, and obeys */
    void (*meanwhile)(void); /* called before all that; may be NULL */
};

enum { ASKED_MAX = 4096, ENDINGS_MAX = 64, CONNECTIONS_MAX = 64 };

struct engine {
    pthread_mutex_t mutex; /* of what follows, for tests with threads */
    struct asked asked[ASKED_MAX];
    int count;
    struct ending steps[ENDINGS_MAX]; /* the first tries of steps; the last entry goes on for ever */
    int steps_given, steps_done;
    psync_result connects; /* what connect returns, with a connection if PSYNC_OK */
    net_outcome settles;
    psync_result settled;
    psync_result renews;
    bool renewals_hang; /* a renewal waits for its answer until net wants it to leave */
    net_outcome listens;
    psync_result listened;
    int ends[CONNECTIONS_MAX]; /* the test's ends */
    int connections;
    int (*on_hook)(void);
    bool connects_slowly; /* connect serves the hook */
};
extern struct engine engine;
extern net_home home;

/* Setup for cmocka: fake clock, everything at its start, a home that has a hook. */
int engine_reset(void **state);
/* Teardown: closes the home, and all that is open. */
int engine_close(void **state);
/* Closes the home and opens it anew with other options, "space=x&timeout=9" for example; NULL: without a hook too.
 */
void engine_reopen(const char *options, bool hook);

/* Says how the next tries of steps end. The last one repeats. */
void engine_script(int count, const struct ending *endings);
#define SCRIPT(...)                                                                                                \
    engine_script((int)(sizeof(struct ending[]){__VA_ARGS__} / sizeof(struct ending)),                             \
                  (struct ending[]){__VA_ARGS__})
/* clang-format off */
#define DONE     {.outcome = NET_DONE}
#define LOST     {.outcome = NET_LOST}
#define NOT_SENT {.outcome = NET_NOT_SENT}
#define RETRY    {.outcome = NET_RETRY}
/* clang-format on */

/* Runs one request by that script. */
psync_result engine_run(net_kind kind);
#define ENGINE_KEY (&(psync_key){.bytes = "a\0key", .length = 5})

/* What the test says on a connection, by its number: "CHANNEL" or "CHANNEL TEXT", and a newline. */
void engine_ring(int connection, const char *text);
/* The test hangs up. */
void engine_hang_up(int connection);

/* Whether nothing came to the test's end of a connection, neither words nor a goodbye. */
bool engine_hears_nothing(int connection);

/* How often something was asked, the so-many-th time (from 0; below 0: from the end), forgetting all. */
int engine_count(enum ask what);
const struct asked *engine_asked(enum ask what, int index);
void engine_forget(void);
/* Writes down what no slot of the engine does. */
void engine_note(enum ask what);

/* Fails the test if two tries were not of one request, by client and number. */
void engine_same_request(const struct asked *a, const struct asked *b);

/* Hooks: one that wants to leave; one that takes more than the time-out, once. */
int engine_hook_leaves(void);
int engine_hook_takes_long(void);

/* Puts the keeper's thread out of the way: it counts as running, and the test does its work. */
void engine_without_keeper(void);

#endif
