/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - what an open space of this driver consists of, and how it names things on the server. */
#ifndef PSYNC_REDIS_STATE_H
#define PSYNC_REDIS_STATE_H

#include <stdatomic.h>

#include "net/home.h"
#include "options.h"
#include "scripts.h"

enum { REDIS_SUFFIX_SIZE = 16 };

struct redis_state {
    net_home home;
    struct redis_options options;
    atomic_uint turn;                /* which sentinel is asked first; relaxed: each one is right */
    atomic_bool may_not_announce;    /* announce.c's */
    char suffix[REDIS_SUFFIX_SIZE];  /* "@" and the database: channels know no databases */
    char digests[REDIS_SCRIPTS][41]; /* what the server knows the scripts by */
};

/* The two kinds of keys. */
enum redis_kind { REDIS_LOCK = 'l', REDIS_INTEGER = 'i' };

enum { REDIS_NAME_SIZE = NET_SPACE_MAX + PSYNC_KEY_MAX + 8 };

/* A key's name on the server, "{SPACE:KEY}:l" or "...:i": all of one key in one slot. Returns its length. */
size_t redis_name(const struct redis_state *state, const psync_key *key, enum redis_kind kind,
                  char name[REDIS_NAME_SIZE]);

/* The channel that its changes are told on: "phpsync:", the name or the digest of one that will not do, the suffix.
 */
void redis_channel(const struct redis_state *state, const char *name, size_t length,
                   char channel[NET_CHANNEL_SIZE]);

/* Finds the key in a name. False: it is no name of this space and kind. */
bool redis_name_key(const struct redis_state *state, enum redis_kind kind, const char *name, size_t length,
                    psync_key *key);

/* Fills in the digests of the scripts. */
void redis_digests(struct redis_state *state);

#endif
