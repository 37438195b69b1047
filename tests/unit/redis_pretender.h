/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * redis_pretender.h - a server of one thread that confirms the login and then says to whatever it is asked what a
 * test wants it to say. For cmocka.
 */
#ifndef PSYNC_TESTS_REDIS_PRETENDER_H
#define PSYNC_TESTS_REDIS_PRETENDER_H

#include "fake.h"

#if PSYNC_WITH_REDIS
#include <stdatomic.h>

struct redis_pretender {
    const char *says;       /* what it answers */
    const char *waits;      /* what it answers to the first WAIT; to others that one replica has it */
    const char *multi;      /* what it answers to MULTI, */
    const char *exec;       /* and to EXEC */
    bool hangs_up;          /* when it has answered EXEC */
    bool closes;            /* when it answers EXEC: nobody may log in from then on */
    const char *full;       /* what it says to refuse a connection */
    const char *looks_for;  /* a text in requests */
    atomic_int refusals;    /* connections that it refuses yet; below 0: all */
    atomic_int connections; /* those it took */
    atomic_int waited;      /* WAITs */
    atomic_int trials;      /* MULTIs that came alone */
    atomic_int executed;    /* EXECs */
    atomic_bool is_mute;    /* it answers no more, once somebody has logged in */
    atomic_bool is_closed;  /* nobody may log in */
    atomic_bool has_found_integer, has_found_lock; /* looks_for, in a request about "k" while it is not mute */
};
extern struct redis_pretender pretender;

extern psync_space *pretender_space;
extern psync_lock *pretender_lock; /* "k" */

/* Group fixtures. */
int pretender_set_up(void **state);
int pretender_tear_down(void **state);
/* A test's: it starts anew, and stops; what is open is closed. */
int pretender_start(void **state);
int pretender_stop(void **state);

/* Opens what a test asks it by; timeout: the DSN's, and options that follow. */
void pretender_open(const char *timeout, psync_error *error);
void pretender_close(void);
#endif

#endif
