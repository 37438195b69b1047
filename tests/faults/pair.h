/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair.h - the proxy's connections: a client, the server's side of it, and what passes between them.
 *
 * pair.c keeps them and moves what they say; strike.c decides what becomes of it; proxy.c has the loop.
 */
#ifndef FAULTS_PAIR_H
#define FAULTS_PAIR_H

#include "chance.h"
#include "ledger.h"
#include "wire.h"

#include <stddef.h>

enum kind { BEFORE, MIDDLE, AFTER, REPLY, WITHHOLD, LATE, IDLE, REPEAT, DELAY, BLACKOUT, KINDS, NO_FAULT = KINDS };

enum { CONNECTIONS = 1024 };
#define WIRE_MS ((int64_t)1000000)

/* What passes one way. A chunk that waits keeps further ones in their socket. */
struct flow {
    char *data;
    size_t length, sent;
    int64_t due; /* when it may be sent */
    bool ended;  /* its source has ended */
};

/* A client and the server's side of it; either may be gone while the other lives on. */
struct pair {
    bool used;
    int client, server; /* -1: gone */
    struct flow up, down;
    struct chance chance;
    enum kind kind;
    unsigned chunks; /* of the client that pass before it strikes */
    int64_t strikes; /* 0: not by itself; else when it does, whatever is said */
    bool struck;     /* the next chunk of the server is the one */
    int64_t ends;    /* 0: as it comes; else when all of it is cut */
    char *said;      /* all that the client said, for repeat */
    size_t said_length;
    struct ledger_line *line; /* what is written down of this client; NULL: nothing */
    unsigned open;            /* a bit for each kind of key that it asked about and has no answer to */
};

extern struct pair pairs[CONNECTIONS];
/* The address that the proxy goes to. */
extern const char *pair_server;

/* For each pair in use. */
#define EACH_PAIR(pair)                                                                                            \
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++)                                            \
        if (pair->used)

/* An unused one. */
struct pair *pair_new(void);
void pair_put(struct flow *flow, const char *data, size_t length, int64_t due);
bool pair_holds(const struct flow *flow);
/* Sends what is due; false: nobody takes it any more. */
bool pair_pass(struct flow *flow, int to);
/* The client has said this. */
void pair_heard(struct pair *pair, const char *data, size_t length);
/* All that the server said has reached the client. */
void pair_answered(struct pair *pair);
/* The client is cut; what it has sent by then is written down, and later sends fail at once. */
void pair_cut_client(struct pair *pair);
/* Both sides are cut. */
void pair_forget(struct pair *pair);

#endif
