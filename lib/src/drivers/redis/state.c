/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c - names of keys and channels. */
#if PSYNC_WITH_REDIS

#include "state.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

size_t redis_name(const struct redis_state *state, const psync_key *key, enum redis_kind kind,
                  char name[REDIS_NAME_SIZE])
{
    size_t at = strlen(state->home.space);
    name[0] = '{';
    memcpy(name + 1, state->home.space, at++);
    name[at++] = ':';
    memcpy(name + at, key->bytes, key->length);
    at += key->length;
    name[at++] = '}';
    name[at++] = ':';
    name[at++] = (char)kind;
    return at;
}

bool redis_name_key(const struct redis_state *state, enum redis_kind kind, const char *name, size_t length,
                    psync_key *key)
{
    size_t space = strlen(state->home.space);
    if (length <= space + 5 || length > space + 5 + PSYNC_KEY_MAX) return false;
    const char *end = name + length - 3;
    if (name[0] != '{' || memcmp(name + 1, state->home.space, space) != 0 || name[space + 1] != ':') return false;
    if (end[0] != '}' || end[1] != ':' || end[2] != (char)kind) return false;
    key->bytes = name + space + 2;
    key->length = length - space - 5;
    return true;
}

static void hash(const char *text, size_t length, char hex[41])
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)text, length, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Whether a name may be that of a channel as it is: short, and without what ends a C string. */
static bool is_plain(const char *name, size_t length)
{
    return length + sizeof "phpsync:" + REDIS_SUFFIX_SIZE <= NET_CHANNEL_SIZE && !memchr(name, '\0', length);
}

void redis_channel(const struct redis_state *state, const char *name, size_t length, char channel[NET_CHANNEL_SIZE])
{
    char hex[41];
    if (is_plain(name, length)) {
        snprintf(channel, NET_CHANNEL_SIZE, "phpsync:%.*s%s", (int)length, name, state->suffix);
    } else {
        hash(name, length, hex);
        snprintf(channel, NET_CHANNEL_SIZE, "phpsync:%s%s", hex, state->suffix);
    }
}

void redis_digests(struct redis_state *state)
{
    for (int i = 0; i < REDIS_SCRIPTS; i++) {
        const char *text = redis_script_text((enum redis_script)i);
        hash(text, strlen(text), state->digests[i]);
    }
}

#endif
