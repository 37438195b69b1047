/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ledger.h - what the proxy saw of each client's requests, in memory that the clients read.
 *
 * It knows requests that may change something by the names of the keys in them (ledger.c), and clients by the
 * process at the other end of a unix socket. A line is written by the proxy alone. Clients ask one question at a
 * time.
 */
#ifndef FAULTS_LEDGER_H
#define FAULTS_LEDGER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a request is about. */
enum about { ABOUT_INTEGERS, ABOUT_LOCKS, ABOUTS };

enum { LEDGER_LINES = 16384 };

struct ledger_line {
    atomic_int pid;              /* 0: unused */
    atomic_int_least64_t cut_at; /* when one of its connections was cut last (wire_now) */
    struct ledger_sum {
        atomic_uint asked;                /* requests that the client has sent, whatever became of them */
        atomic_uint answered;             /* those whose answer has reached it */
        atomic_uint lost;                 /* those whose connection went before that */
        atomic_int_least64_t answered_at; /* when the last request's answer did (wire_now); 0: it has not */
    } sums[ABOUTS];
};

struct ledger {
    atomic_uint
        turns; /* how often the proxy has looked at all that its clients sent; often, also when they say nothing */
    struct ledger_line lines[LEDGER_LINES];
};

/* Makes or joins it. */
struct ledger *ledger_open(const char *path);
struct ledger_line *ledger_of(struct ledger *ledger, pid_t pid);

/* The proxy: it has got this from the client. A bit for each kind of key that it asks about. */
unsigned ledger_asked(struct ledger_line *line, const char *data, size_t length);
/* The answer to that has reached the client. */
void ledger_answered(struct ledger_line *line, unsigned abouts);
/* A connection of its is gone, and no answer to that will reach it. */
void ledger_cut(struct ledger_line *line, unsigned abouts);

#endif
