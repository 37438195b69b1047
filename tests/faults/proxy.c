/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proxy - stands between clients and a server, and loses, keeps back and cuts what goes through, at seeded points.
 *
 *   proxy LISTEN SERVER [NAME=NUMBER...] [ledger=FILE] [KIND...]      LISTEN, SERVER: PATH of a socket, or
 * HOST:PORT
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
 *   idle        both sides are cut after a while, whatever is said: who only listens is cut too
 *   repeat      the chunk passes; later the server gets all that this client said once more, from another
 * connection delay       the chunk passes later; then the connection draws its next fault blackout    as after, for
 * all connections at once; for a while nobody gets through
 *
 * Numbers: seed; odds, percent of the connections that have a fault; chunks, how many pass at most before it
 * strikes; pause, milliseconds that something is kept back, or an idle connection lives, at most; dark,
 * milliseconds that a blackout lasts. ledger: where it writes down which of its clients' requests it has seen, and
 * which were answered (ledger.h).
 *
 * Ends when its standard input does, and then prints how often it did what. One thread, one poll; buffers only grow
 * to what one chunk or one client said.
 */
#include "strike.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static unsigned long connections;
static struct ledger *ledger;

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

/* Passes on what the server said. */
static bool answer(struct pair *pair)
{
    if (pair->client < 0 || !pair_holds(&pair->down)) return true;
    if (!pair_pass(&pair->down, pair->client)) return false;
    if (!pair_holds(&pair->down) && !pair->struck) pair_answered(pair);
    return true;
}

static bool is_over(const struct pair *pair)
{
    if (pair->ends) return wire_now() >= pair->ends || pair->down.ended;
    return (pair->up.ended && !pair_holds(&pair->up)) || (pair->down.ended && !pair_holds(&pair->down));
}

static void serve(struct pair *pair, short client, short server)
{
    if (client && pair->client >= 0 && !pair->up.ended) take(pair, pair->client, &pair->up, strike_from_client);
    if (server && pair->used && pair->server >= 0 && !pair->down.ended) {
        take(pair, pair->server, &pair->down, strike_from_server);
    }
    if (!pair->used) return;
    bool lives = (pair->server < 0 || pair_pass(&pair->up, pair->server)) && answer(pair);
    if (!lives || is_over(pair)) {
        pair_forget(pair);
    } else if (pair->strikes && wire_now() >= pair->strikes) {
        strike_idle(pair);
    }
}

static struct ledger_line *line_of(int client)
{
    struct ucred peer = {.pid = 0};
    socklen_t length = sizeof peer;
    if (!ledger || getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid <= 0) return NULL;
    return ledger_of(ledger, peer.pid);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return;
    int server = strike_is_dark() ? -1 : wire_connect(pair_server);
    if (server < 0) {
        shutdown(client, SHUT_RD);
        close(client);
        return;
    }
    struct pair *pair = pair_new();
    pair->client = client;
    pair->server = server;
    pair->line = line_of(client);
    pair->chance.state = (uint64_t)settings[SEED].value * 1000003 + ++connections;
    strike_draw(pair);
}

/* When something happens although nobody says anything; ms as poll takes them, -1: never. */
static int next_moment(void)
{
    int64_t now = wire_now(), next = ledger ? now + 10 * WIRE_MS : INT64_MAX;
    EACH_PAIR(pair)
    {
        if (pair->ends && pair->ends < next) next = pair->ends;
        if (pair->strikes && pair->strikes < next) next = pair->strikes;
        if (pair_holds(&pair->up) && pair->up.due && pair->up.due < next) next = pair->up.due;
    }
    if (next == INT64_MAX) return -1;
    return next <= now ? 0 : (int)((next - now) / WIRE_MS) + 1;
}

static short events(const struct flow *in, const struct flow *out)
{
    short wanted_events = 0;
    if (!in->ended && !pair_holds(in)) wanted_events |= POLLIN;
    if (pair_holds(out) && out->due <= wire_now()) wanted_events |= POLLOUT;
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
    EACH_PAIR(pair)
    {
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
    if (ledger) atomic_fetch_add(&ledger->turns, 1);
    return true;
}

static void choose(const char *word)
{
    if (strncmp(word, "ledger=", 7) == 0) {
        ledger = ledger_open(word + 7);
    } else if (!strike_want(word) && !wire_set(settings, word)) {
        wire_die("unknown argument '%s'", word);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) wire_die("usage: proxy LISTEN SERVER [NAME=NUMBER...] [ledger=FILE] KIND...");
    signal(SIGPIPE, SIG_IGN);
    pair_server = argv[2];
    for (int i = 3; i < argc; i++) choose(argv[i]);
    int listener = wire_listen(argv[1]);
    puts("ready");
    fflush(stdout);
    while (turn(listener)) continue;
    printf("connections=%lu", connections);
    strike_report();
    putchar('\n');
    return EXIT_SUCCESS;
}
