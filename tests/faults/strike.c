/* SPDX-License-Identifier: BSD-3-Clause */
/* strike.c - the proxy's faults; proxy.c describes them. */
#include "strike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[KINDS] = {"before", "middle", "after",  "reply", "withhold",
                                              "late",   "idle",   "repeat", "delay", "blackout"};

enum { KEPT = 1 << 20 };

struct setting settings[] = {
    [SEED] = {"seed", 1},     [ODDS] = {"odds", 100},  [CHUNKS] = {"chunks", 12},
    [PAUSE] = {"pause", 100}, [DARK] = {"dark", 3000}, {NULL, 0},
};
static bool wanted[KINDS];
static unsigned long counts[KINDS], darkened;
static int64_t dark_until;

static long setting(int name)
{
    return settings[name].value;
}

bool strike_want(const char *name)
{
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (strcmp(name, kind_names[kind]) != 0) continue;
        wanted[kind] = true;
        return true;
    }
    return false;
}

/* ---- chance --------------------------------------------------------------- */

static unsigned draw(struct pair *pair, unsigned below)
{
    return (unsigned)chance_below(&pair->chance, below);
}

static int64_t draw_pause(struct pair *pair)
{
    return wire_now() + (1 + (int64_t)draw(pair, (unsigned)setting(PAUSE))) * WIRE_MS;
}

void strike_draw(struct pair *pair)
{
    unsigned among = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) among += wanted[kind];
    unsigned choice = among ? draw(pair, among) : 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (wanted[kind] && choice-- == 0) pair->kind = (enum kind)kind;
    }
    pair->chunks = draw(pair, (unsigned)setting(CHUNKS) + 1);
    if ((long)draw(pair, 100) >= setting(ODDS)) pair->kind = NO_FAULT;
    if (pair->kind == IDLE) pair->strikes = draw_pause(pair);
}

/* ---- faults --------------------------------------------------------------- */

/* The client is cut; the server's side lives on until it has answered, so that what it got takes effect. */
static void orphan(struct pair *pair, int64_t from)
{
    pair_cut_client(pair);
    pair->ends = from + 2000 * WIRE_MS;
}

/* Says all that this client said on a connection of its own. */
static void repeat(struct pair *pair)
{
    int server = wire_connect(pair_server);
    if (server < 0) return;
    struct pair *twin = pair_new();
    twin->server = server;
    pair_put(&twin->up, pair->said, pair->said_length, draw_pause(pair));
    twin->ends = twin->up.due + 500 * WIRE_MS;
}

static void black_out(void)
{
    EACH_PAIR(pair)
    {
        if (pair->client < 0) continue;
        darkened++;
        orphan(pair, wire_now());
    }
    dark_until = wire_now() + setting(DARK) * WIRE_MS;
}

bool strike_is_dark(void)
{
    return dark_until > wire_now();
}

void strike_idle(struct pair *pair)
{
    counts[IDLE]++;
    pair_forget(pair);
}

/* A chunk of the client is the one that the fault strikes. */
static void strike(struct pair *pair, const char *data, size_t length)
{
    enum kind kind = pair->kind;
    counts[kind]++;
    pair->kind = NO_FAULT;
    switch (kind) {
    case BEFORE:
        pair_forget(pair);
        return;
    case MIDDLE:
        pair_put(&pair->up, data, draw(pair, (unsigned)length), 0);
        pair_pass(&pair->up, pair->server);
        pair_forget(pair);
        return;
    case AFTER:
        pair_put(&pair->up, data, length, 0);
        orphan(pair, wire_now());
        return;
    case REPLY:
    case WITHHOLD:
        pair_put(&pair->up, data, length, 0);
        pair->kind = kind;
        pair->struck = true;
        return;
    case LATE:
        pair_put(&pair->up, data, length, draw_pause(pair));
        orphan(pair, pair->up.due);
        return;
    case REPEAT:
        pair_put(&pair->up, data, length, 0);
        repeat(pair);
        strike_draw(pair);
        return;
    case DELAY:
        pair_put(&pair->up, data, length, draw_pause(pair));
        strike_draw(pair);
        return;
    case BLACKOUT:
        pair_put(&pair->up, data, length, 0);
        black_out();
        return;
    case IDLE: /* strikes by itself */
    case KINDS:
        return;
    }
}

static void remember(struct pair *pair, const char *data, size_t length)
{
    if (!wanted[REPEAT]) return;
    if (pair->said_length + length > KEPT) {
        if (pair->kind == REPEAT) pair->kind = NO_FAULT;
        return;
    }
    pair->said = realloc(pair->said, pair->said_length + length);
    if (!pair->said) wire_die("no memory");
    memcpy(pair->said + pair->said_length, data, length);
    pair->said_length += length;
}

void strike_from_client(struct pair *pair, const char *data, size_t length)
{
    pair_heard(pair, data, length);
    remember(pair, data, length);
    if (pair->kind == NO_FAULT || pair->kind == IDLE || pair->struck) {
        pair_put(&pair->up, data, length, 0);
    } else if (pair->chunks == 0) {
        strike(pair, data, length);
    } else {
        pair->chunks--;
        pair_put(&pair->up, data, length, 0);
    }
}

void strike_from_server(struct pair *pair, const char *data, size_t length)
{
    if (pair->client < 0) {
        /* An orphan has its answer: what was asked has happened. */
        if (pair->kind == NO_FAULT && !pair_holds(&pair->up)) pair->ends = wire_now() + 100 * WIRE_MS;
        return;
    }
    if (!pair->struck) {
        pair_put(&pair->down, data, length, 0);
        return;
    }
    if (pair->ends) return; /* withheld */
    pair_put(&pair->down, data, draw(pair, (unsigned)length), 0);
    if (pair->kind == WITHHOLD) {
        pair->ends = draw_pause(pair);
        return;
    }
    pair_pass(&pair->down, pair->client);
    pair_forget(pair);
}

void strike_report(void)
{
    for (unsigned kind = 0; kind < KINDS; kind++) printf(" %s=%lu", kind_names[kind], counts[kind]);
    printf(" darkened=%lu", darkened);
}
