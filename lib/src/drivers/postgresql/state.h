/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - what the driver keeps for one space; net's context and state both are this. */
#ifndef PG_STATE_H
#define PG_STATE_H

#include <stdatomic.h>

#include "options.h"
#include "statements.h"
#include "net/home.h"

/* The atomics are relaxed: each stands for itself, and being late with one costs a try more or less. */
typedef struct pg_state {
    net_home home;
    pg_options options;
    pg_prepared statements[PG_STATEMENTS];
    char *setup;                   /* what makes our tables */
    atomic_uint turn;              /* which host to begin with */
    atomic_bool pooled;            /* a pooler betrayed itself only later */
    atomic_int_least64_t sweep_at; /* monotonic: when to look whether old rows are to be swept */
} pg_state;

#endif
