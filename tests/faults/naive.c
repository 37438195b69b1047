/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * naive.c - the client that the judge has to object to: Redis commands over a socket, tried again whenever a
 * connection is lost. Its DSN is the socket's path.
 */
#include "faults.h"
#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct naive {
    char address[256];
    int socket; /* -1: none */
};

/* The first line of the answer, as often tried as it takes. */
static void ask(struct naive *naive, const char *command, char answer[256])
{
    for (;; pause_ns(5000000)) {
        if (naive->socket < 0) naive->socket = wire_connect(naive->address);
        if (naive->socket < 0) continue;
        size_t length = 0;
        ssize_t got = send(naive->socket, command, strlen(command), MSG_NOSIGNAL);
        while (got > 0 && (length == 0 || answer[length - 1] != '\n')) {
            got = recv(naive->socket, answer + length, 255 - length, 0);
            if (got > 0) length += (size_t)got;
        }
        answer[length] = '\0';
        if (got > 0) return;
        close(naive->socket);
        naive->socket = -1;
    }
}

static void *naive_open(const char *dsn)
{
    struct naive *naive = calloc(1, sizeof *naive);
    if (!naive) exit(EXIT_FAILURE);
    snprintf(naive->address, sizeof naive->address, "%s", dsn);
    naive->socket = -1;
    return naive;
}

/* The number that a command on a key answers; -1: none. */
static int64_t number(struct naive *naive, const char *name, const char *kind, unsigned key, const char *by)
{
    char command[256], answer[256];
    snprintf(command, sizeof command, "%s %s-%u%s\r\n", name, kind, key, by);
    ask(naive, command, answer);
    return answer[0] == ':' ? strtoll(answer + 1, NULL, 10) : -1;
}

static enum outcome naive_add(void *state, unsigned key, int64_t *result)
{
    *result = number(state, "INCRBY", "key", key, " 1");
    return DONE;
}

static enum outcome naive_swap(void *state, unsigned key, int64_t *result)
{
    *result = number(state, "INCRBY", "swapped", key, " 1");
    return DONE;
}

static enum outcome naive_acquire(void *state, unsigned key, uint64_t *fence)
{
    if (number(state, "SETNX", "lock", key, " 1") != 1) return SAID_NO;
    *fence = (uint64_t)number(state, "INCRBY", "fence", key, " 1");
    return DONE;
}

static enum outcome naive_release(void *state, unsigned key)
{
    return number(state, "DEL", "lock", key, "") == 1 ? DONE : SAID_NO;
}

static enum outcome naive_release_if(void *state, unsigned key, uint64_t fence)
{
    (void)fence;
    return naive_release(state, key);
}

static int64_t naive_value(void *state, bool swapped, unsigned key)
{
    return number(state, "INCRBY", swapped ? "swapped" : "key", key, " 0");
}

static bool naive_is_free(void *state, unsigned key)
{
    return number(state, "EXISTS", "lock", key, "") == 0;
}

static void naive_begin(void *state)
{
    (void)state; /* what is missing counts as 0 */
}

static void naive_leave(void *state)
{
    struct naive *naive = state;
    if (naive->socket >= 0) close(naive->socket);
    free(naive);
}

const struct client naive_client = {
    .open = naive_open,
    .begin = naive_begin,
    .add = naive_add,
    .swap = naive_swap,
    .acquire = naive_acquire,
    .release = naive_release,
    .release_if = naive_release_if,
    .value = naive_value,
    .is_free = naive_is_free,
    .leave = naive_leave,
};
