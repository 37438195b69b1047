/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proxy - stands between clients and a server, and loses, keeps back and cuts what goes through, at seeded points.
 *
 *   proxy LISTEN SERVER [NAME=NUMBER...] [KIND...]      LISTEN and SERVER: PATH of a unix socket, or HOST:PORT
 *
 * It knows no protocol: a "chunk" is what one read brought, and clients that wait for an answer send a request in a
 * few of them. Each connection has its fault, drawn from the seed and the connection's number: a kind, how many
 * chunks of the client pass before it strikes, and a part of the chunk that it strikes:
 *
 *   before      the chunk never reaches the server; both sides are cut
 *   middle      a part of it does
 *   after       all of it does, and then the client is cut, whatever the server answers
 *   reply       the server's next chunk is lost, all of it or but a part
 *   withhold    the same, and the client hears nothing for a while before it is cut
 *   late        the client is cut; the server gets the chunk later, from a connection that is dead already
 *   repeat      the chunk passes; later the server gets all that this client said once more, from another
 * connection delay       the chunk passes later; then the connection draws its next fault blackout    as after, for
 * all connections at once; for a while nobody gets through
 *
 * Numbers: seed; odds, percent of the connections that have a fault; chunks, how many pass at most before it
 * strikes; pause, milliseconds that something is kept back at most; dark, milliseconds that a blackout lasts.
 *
 * Ends when its standard input does, and then prints how often it did what. One thread, one poll; buffers only grow
 * to what one chunk or one client said.
 */
#include "chance.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { BEFORE, MIDDLE, AFTER, REPLY, WITHHOLD, LATE, REPEAT, DELAY, BLACKOUT, KINDS, NO_FAULT = KINDS };

static const char *const kind_names[KINDS] = {"before", "middle", "after", "reply",   "withhold",
                                              "late",   "repeat", "delay", "blackout"};

enum { CHUNK = 65536, CONNECTIONS = 1024, KEPT = 1 << 20 };
static const int64_t MS = 1000000;

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
    bool struck;     /* the next chunk of the server is the one */
    int64_t ends;    /* 0: as it comes; else when all of it is cut */
    char *said;      /* all that the client said, for repeat */
    size_t said_length;
};

static struct pair pairs[CONNECTIONS];
enum { SEED, ODDS, CHUNKS, PAUSE, DARK };
static struct setting settings[] = {
    [SEED] = {"seed", 1},     [ODDS] = {"odds", 100},  [CHUNKS] = {"chunks", 12},
    [PAUSE] = {"pause", 100}, [DARK] = {"dark", 3000}, {NULL, 0},
};
static bool wanted[KINDS];
static unsigned long counts[KINDS], connections;
static int64_t dark_until;
static const char *server_address;

static long setting(int name)
{
    return settings[name].value;
}

/* ---- chance --------------------------------------------------------------- */

static unsigned draw(struct pair *pair, unsigned below)
{
    return (unsigned)chance_below(&pair->chance, below);
}

static int64_t draw_pause(struct pair *pair)
{
    return wire_now() + (1 + (int64_t)draw(pair, (unsigned)setting(PAUSE))) * MS;
}

static void draw_fault(struct pair *pair)
{
    unsigned among = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) among += wanted[kind];
    unsigned choice = draw(pair, among);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (wanted[kind] && choice-- == 0) pair->kind = (enum kind)kind;
    }
    pair->chunks = draw(pair, (unsigned)setting(CHUNKS) + 1);
    if ((long)draw(pair, 100) >= setting(ODDS)) pair->kind = NO_FAULT;
}

/* ---- flows ---------------------------------------------------------------- */

static void hang_up(int *socket)
{
    if (*socket >= 0) close(*socket);
    *socket = -1;
}

static void put(struct flow *flow, const char *data, size_t length, int64_t due)
{
    if (length == 0) return;
    flow->data = realloc(flow->data, flow->length + length);
    if (!flow->data) wire_die("no memory");
    memcpy(flow->data + flow->length, data, length);
    flow->length += length;
    if (due > flow->due) flow->due = due;
}

static bool holds(const struct flow *flow)
{
    return flow->length > 0;
}

/* Sends what is due; false: nobody takes it any more. */
static bool pass(struct flow *flow, int to)
{
    if (!holds(flow) || flow->due > wire_now()) return true;
    ssize_t got = send(to, flow->data + flow->sent, flow->length - flow->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    flow->sent += (size_t)got;
    if (flow->sent < flow->length) return true;
    free(flow->data);
    *flow = (struct flow){.ended = flow->ended};
    return true;
}

static void forget(struct pair *pair)
{
    hang_up(&pair->client);
    hang_up(&pair->server);
    free(pair->up.data);
    free(pair->down.data);
    free(pair->said);
    *pair = (struct pair){.client = -1, .server = -1};
}

static struct pair *new_pair(void)
{
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) {
        if (pair->used) continue;
        *pair = (struct pair){.used = true, .client = -1, .server = -1};
        return pair;
    }
    wire_die("too many connections");
}

/* ---- faults --------------------------------------------------------------- */

/* The client is cut; the server's side lives on until it has answered, so that what it got takes effect. */
static void orphan(struct pair *pair, int64_t from)
{
    hang_up(&pair->client);
    pair->ends = from + 2000 * MS;
}

/* Says all that this client said on a connection of its own. */
static void repeat(struct pair *pair)
{
    int server = wire_connect(server_address);
    if (server < 0) return;
    struct pair *twin = new_pair();
    twin->server = server;
    twin->kind = NO_FAULT;
    put(&twin->up, pair->said, pair->said_length, draw_pause(pair));
    twin->ends = twin->up.due + 500 * MS;
}

static void black_out(void)
{
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) {
        if (pair->used && pair->client >= 0) orphan(pair, wire_now());
    }
    dark_until = wire_now() + setting(DARK) * MS;
}

/* A chunk of the client is the one that the fault strikes. */
static void strike(struct pair *pair, const char *data, size_t length)
{
    enum kind kind = pair->kind;
    counts[kind]++;
    pair->kind = NO_FAULT;
    switch (kind) {
    case BEFORE:
        forget(pair);
        return;
    case MIDDLE:
        put(&pair->up, data, draw(pair, (unsigned)length), 0);
        pass(&pair->up, pair->server);
        forget(pair);
        return;
    case AFTER:
        put(&pair->up, data, length, 0);
        orphan(pair, wire_now());
        return;
    case REPLY:
    case WITHHOLD:
        put(&pair->up, data, length, 0);
        pair->kind = kind;
        pair->struck = true;
        return;
    case LATE:
        put(&pair->up, data, length, draw_pause(pair));
        orphan(pair, pair->up.due);
        return;
    case REPEAT:
        put(&pair->up, data, length, 0);
        repeat(pair);
        draw_fault(pair);
        return;
    case DELAY:
        put(&pair->up, data, length, draw_pause(pair));
        draw_fault(pair);
        return;
    case BLACKOUT:
        put(&pair->up, data, length, 0);
        black_out();
        return;
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

static void from_client(struct pair *pair, const char *data, size_t length)
{
    remember(pair, data, length);
    if (pair->kind == NO_FAULT || pair->struck) {
        put(&pair->up, data, length, 0);
    } else if (pair->chunks == 0) {
        strike(pair, data, length);
    } else {
        pair->chunks--;
        put(&pair->up, data, length, 0);
    }
}

static void from_server(struct pair *pair, const char *data, size_t length)
{
    if (pair->client < 0) {
        /* An orphan has its answer: what was asked has happened. */
        if (pair->kind == NO_FAULT && !holds(&pair->up)) pair->ends = wire_now() + 100 * MS;
        return;
    }
    if (!pair->struck) {
        put(&pair->down, data, length, 0);
        return;
    }
    if (pair->ends) return; /* withheld */
    put(&pair->down, data, draw(pair, (unsigned)length), 0);
    if (pair->kind == WITHHOLD) {
        pair->ends = draw_pause(pair);
        return;
    }
    pass(&pair->down, pair->client);
    forget(pair);
}

/* ---- one turn ------------------------------------------------------------- */

static void take(struct pair *pair, int from, struct flow *flow, void use(struct pair *, const char *, size_t))
{
    static char chunk[CHUNK];
    ssize_t got = recv(from, chunk, sizeof chunk, MSG_DONTWAIT);
    if (got > 0) {
        use(pair, chunk, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        flow->ended = true;
    }
}

static void serve(struct pair *pair, short client, short server)
{
    if (client && pair->client >= 0 && !pair->up.ended) take(pair, pair->client, &pair->up, from_client);
    if (server && pair->used && pair->server >= 0 && !pair->down.ended) {
        take(pair, pair->server, &pair->down, from_server);
    }
    if (!pair->used) return;
    if (pair->server >= 0 && !pass(&pair->up, pair->server)) forget(pair);
    if (!pair->used) return;
    if (pair->client >= 0 && !pass(&pair->down, pair->client)) forget(pair);
    if (!pair->used) return;
    bool over = pair->ends ? wire_now() >= pair->ends || pair->down.ended
                           : (pair->up.ended && !holds(&pair->up)) || (pair->down.ended && !holds(&pair->down));
    if (over) forget(pair);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return;
    if (dark_until > wire_now()) {
        close(client);
        return;
    }
    int server = wire_connect(server_address);
    if (server < 0) {
        close(client);
        return;
    }
    struct pair *pair = new_pair();
    pair->client = client;
    pair->server = server;
    pair->chance.state = (uint64_t)setting(SEED) * 1000003 + ++connections;
    draw_fault(pair);
}

/* When something happens although nobody says anything; ms as poll takes them, -1: never. */
static int next_moment(void)
{
    int64_t next = INT64_MAX, now = wire_now();
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) {
        if (!pair->used) continue;
        if (pair->ends && pair->ends < next) next = pair->ends;
        if (holds(&pair->up) && pair->up.due && pair->up.due < next) next = pair->up.due;
    }
    if (next == INT64_MAX) return -1;
    return next <= now ? 0 : (int)((next - now) / MS) + 1;
}

static short events(const struct flow *in, const struct flow *out)
{
    short wanted_events = 0;
    if (!in->ended && !holds(in)) wanted_events |= POLLIN;
    if (holds(out) && out->due <= wire_now()) wanted_events |= POLLOUT;
    return wanted_events;
}

/* One poll over all; false: the input has ended. */
static bool turn(int listener)
{
    static struct pollfd polled[2 + 2 * CONNECTIONS];
    static struct pair *owners[1 + CONNECTIONS];
    nfds_t count = 0;
    polled[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    polled[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) {
        if (!pair->used) continue;
        owners[count / 2] = pair;
        polled[count++] =
            (struct pollfd){.fd = pair->up.ended ? -1 : pair->client, .events = events(&pair->up, &pair->down)};
        polled[count++] = (struct pollfd){.fd = pair->server, .events = events(&pair->down, &pair->up)};
    }
    if (poll(polled, count, next_moment()) < 0 && errno != EINTR) wire_die("poll: %s", strerror(errno));
    if (polled[0].revents) return false;
    for (nfds_t i = 2; i < count; i += 2) {
        if (owners[i / 2]->used) serve(owners[i / 2], polled[i].revents, polled[i + 1].revents);
    }
    if (polled[1].revents) welcome(listener);
    return true;
}

static void choose(const char *word)
{
    for (unsigned kind = 0; kind < KINDS; kind++) {
        if (strcmp(word, kind_names[kind]) != 0) continue;
        wanted[kind] = true;
        return;
    }
    if (!wire_set(settings, word)) wire_die("unknown argument '%s'", word);
}

int main(int argc, char **argv)
{
    if (argc < 4) wire_die("usage: proxy LISTEN SERVER [NAME=NUMBER...] KIND...");
    signal(SIGPIPE, SIG_IGN);
    server_address = argv[2];
    for (int i = 3; i < argc; i++) choose(argv[i]);
    for (struct pair *pair = pairs; pair < pairs + CONNECTIONS; pair++) pair->client = pair->server = -1;
    int listener = wire_listen(argv[1]);
    puts("ready");
    fflush(stdout);
    while (turn(listener)) continue;
    printf("connections=%lu", connections);
    for (unsigned kind = 0; kind < KINDS; kind++) printf(" %s=%lu", kind_names[kind], counts[kind]);
    putchar('\n');
    return EXIT_SUCCESS;
}
