/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * faults.h - what many processes do through a proxy that loses what they say, and the judge of what came of it.
 *
 * The arena is memory that all processes share: what each was told is noted there, and compared at the end with
 * what the engine has. A process that sees a promise broken says so there and the run ends.
 */
#ifndef FAULTS_FAULTS_H
#define FAULTS_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <phpsync/phpsync.h>

enum { KEYS = 2, WAITERS = 4, WORKERS = 64, RESULTS = 1 << 20 };

/* How a call ended, seen by who knows nothing of the engine. */
enum outcome {
    DONE,
    SAID_NO,
    UNKNOWN,    /* it may have been done */
    UNREACHABLE /* it was not done */
};

/* A client: the library, or the naive one that proves that the judge can object. */
struct client {
    void *(*open)(const char *dsn);
    void (*begin)(void *state); /* makes what is to be swapped */
    enum outcome (*add)(void *state, unsigned key, int64_t *result);
    enum outcome (*swap)(void *state, unsigned key, int64_t *result); /* adds 1 by compare and set */
    enum outcome (*acquire)(void *state, unsigned key, uint64_t *fence);
    enum outcome (*release)(void *state, unsigned key); /* as unlock() */
    enum outcome (*release_if)(void *state, unsigned key, uint64_t fence);
    int64_t (*value)(void *state, bool swapped, unsigned key); /* at the end */
    bool (*is_free)(void *state, unsigned key);                /* within a second */
    /* Makes a last request, so that what was given up before is undone, and frees the state. */
    void (*leave)(void *state);
    /* The process that took the Lock and has ended; 0: there is none. NULL: unknown, then nobody may be killed. */
    pid_t (*dead_holder)(void *state, unsigned key, uint64_t *fence);
};

extern const struct client library_client, naive_client;

/* What is known of one counter. */
struct tally {
    atomic_uint done, unknown;
    atomic_bool given[RESULTS]; /* whether somebody got that result */
};

/* What is known of one Lock. */
struct guard {
    atomic_uint owner; /* who believes to have it, counted from 1; 0: nobody */
    atomic_uint_least64_t fence;
    atomic_uint acquired, unknown_acquired, released, unknown_released;
};

/* What a worker is at, for who has killed it. */
struct duty {
    enum task { NOTHING, ADDS, SWAPS, LOCKS } _Atomic task;
    atomic_uint key;
    atomic_uint operations; /* how many it has begun, all its lives together */
};

/* Locks and Integers that one opens, again and again, for others who wait. */
struct gate {
    atomic_uint round; /* rounds begun */
    atomic_uint
        stage[WAITERS]; /* of each waiter: 2r - 1 when it is about to wait in round r, 2r when it has passed */
    atomic_uint opened; /* the last round whose gate was opened, or is about to be */
    atomic_int_least64_t opened_at;
};

struct arena {
    bool dark; /* there are blackouts: calls may end without an outcome */
    unsigned workers, operations;
    unsigned kills;   /* one process is killed about every so many milliseconds; 0: none ever */
    int64_t patience; /* the space's timeout, ns */
    struct duty duties[WORKERS];
    struct tally added[KEYS], swapped[KEYS];
    struct guard guards[KEYS];
    struct gate gate;
    atomic_uint unreachable, killed;
    atomic_uint_least64_t slowest; /* of those who waited, ns */
    atomic_bool over;              /* the workers have ended, or a promise was broken */
    atomic_bool broken;
    char why[512];
};

extern struct arena *arena;

/* Notes the first broken promise, for all to stop. */
__attribute__((format(printf, 1, 2))) void broken(const char *format, ...);
int64_t now_ns(void);
void pause_ns(int64_t ns);

/* A process's part: workers count from 1, waiters from 0. A waiter or worker goes on where its predecessor was
 * killed.
 */
void work(const struct client *client, const char *dsn, unsigned number, uint64_t seed);
/* The gate's keeper, and who waits at it; the library alone. */
void keep_gate(const char *dsn, uint64_t seed, unsigned rounds);
void wait_at_gate(const char *dsn, unsigned number, uint64_t seed);

/* Whether this worker may be killed. Its unlock() would come at any time after that: it uses unlockIf() alone. */
static inline bool is_mortal(unsigned worker)
{
    return arena->kills && worker > arena->workers / 2;
}

/* How the processes are run: who is killed, started again, and what the dead leave behind (crew.c). */
struct crew {
    const char *dsn;
    const struct client *client;
    void *direct; /* a state of the client's that does not go through the proxy */
    uint64_t seed;
    unsigned rounds; /* of the gate; 0: there is none */
};
void crew_run(const struct crew *crew);
/* Frees what those who were killed have taken, whenever they took it. */
void crew_free_ghosts(const struct crew *crew);

/* Compares the arena with what the engine has. */
void judge(const struct crew *crew);

/* Opens the space; ends the process if it cannot. */
psync_space *open_space(const char *dsn);
enum outcome outcome_of(psync_result result, const psync_error *error, const char *call);

#endif
