/* SPDX-License-Identifier: BSD-3-Clause */
/* pair.c - the proxy's connections; pair.h describes them. */
#include "pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair pairs[CONNECTIONS];
const char *pair_server;

struct pair *pair_new(void)
{
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) {
        if (pair->used) continue;
        *pair = (struct pair){.used = true, .client = -1, .server = -1, .kind = NO_FAULT};
        return pair;
    }
    wire_die("too many connections");
}

void pair_put(struct flow *flow, const char *data, size_t length, int64_t due)
{
    if (length == 0) return;
    flow->data = realloc(flow->data, flow->length + length);
    if (!flow->data) wire_die("no memory");
    memcpy(flow->data + flow->length, data, length);
    flow->length += length;
    if (due > flow->due) flow->due = due;
}

bool pair_holds(const struct flow *flow)
{
    return flow->length > 0;
}

bool pair_pass(struct flow *flow, int to)
{
    if (!pair_holds(flow) || flow->due > wire_now()) return true;
    ssize_t got = send(to, flow->data + flow->sent, flow->length - flow->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    flow->sent += (size_t)got;
    if (flow->sent < flow->length) return true;
    free(flow->data);
    *flow = (struct flow){.ended = flow->ended};
    return true;
}

void pair_heard(struct pair *pair, const char *data, size_t length)
{
    if (pair->line) pair->open |= ledger_asked(pair->line, data, length);
}

void pair_answered(struct pair *pair)
{
    if (pair->open) ledger_answered(pair->line, pair->open);
    pair->open = 0;
}

static void hang_up(int *socket)
{
    if (*socket >= 0) close(*socket);
    *socket = -1;
}

void pair_cut_client(struct pair *pair)
{
    char chunk[4096];
    ssize_t got = 0;
    if (pair->client < 0) return;
    /* On a unix socket nothing can be sent from here on, and what was sent before can be read. */
    shutdown(pair->client, SHUT_RD);
    while (pair->line && (got = recv(pair->client, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
        pair_heard(pair, chunk, (size_t)got);
    hang_up(&pair->client);
    if (pair->line) ledger_cut(pair->line, pair->open);
    pair->open = 0;
}

void pair_forget(struct pair *pair)
{
    pair_cut_client(pair);
    hang_up(&pair->server);
    free(pair->up.data);
    free(pair->down.data);
    free(pair->said);
    *pair = (struct pair){.client = -1, .server = -1};
}
