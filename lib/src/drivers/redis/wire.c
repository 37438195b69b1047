/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.c - a socket under hiredis' formatter and parser.
 *
 * The socket is non-blocking until it is connected (and TLS stands), then
 * blocking with time-outs of one slice: a request costs one send, a signal
 * ends a sleep with EINTR, and net_serve looks after each slice. A reply that
 * is out of step with the requests cannot be told from the right one, so a
 * wire on which anything failed is never used again.
 */
#if PSYNC_WITH_REDIS

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/resolve.h"
#include "net/spin.h"
#include "system.h"
#include "tls.h"

enum { RECEIVE_SIZE = 16384, ELEMENTS_MAX = 65536 };

/* Relaxed: all that is asked of it is that no two get the same. */
static atomic_uint_least64_t wires;

struct redis_wire {
    uint64_t number;
    int fd;
    bool local;            /* a unix socket */
    bool heard;            /* something came from the server */
    int64_t heard_at;      /* monotonic: when something last did */
    struct redis_tls *tls; /* NULL without TLS */
    redisReader *reader;
    redisReplyObjectFunctions *makers; /* of replies: the reader's own, and what it is given for them */
    redisReplyObjectFunctions bounded;
    char *out; /* what is to be sent */
    size_t length, room;
    size_t first; /* the length of the first command in out */
    net_spin spin;
    bool drained;   /* redis_wire_reply_if_there has just received all there was */
    bool transacts; /* a transaction was done on it */
};

/* ------------------------------------------------------------------------ */
/* Connecting                                                               */

static void set_number(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

/* A peer that vanished without a word is noticed within half a minute: by probes while all that was sent is
 * confirmed, else by the user time-out (ms), since nothing probes then. */
static void set_tcp_options(int fd)
{
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

static psync_result unreachable(net_call *call, int number)
{
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, number, "cannot connect: %s", strerror(number));
}

/* Waits for a connect in progress, but not longer than to the moment at. */
static psync_result await_connected(net_call *call, int fd, int64_t at)
{
    psync_result r = net_poll_until(call, fd, POLLOUT, at);
    if (r == PSYNC_NO) return unreachable(call, ETIMEDOUT);
    if (r) return r;
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    return number ? unreachable(call, number) : PSYNC_OK;
}

static psync_result connect_to(net_call *call, const struct sockaddr *address, socklen_t length, int64_t at,
                               int *fd)
{
    int new = psync__keep_descriptor(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (new < 0) return unreachable(call, errno);
    if (address->sa_family != AF_UNIX) set_tcp_options(new);
    psync_result r = PSYNC_OK;
    if (connect(new, address, length) != 0) {
        r = errno == EINPROGRESS || errno == EINTR ? await_connected(call, new, at) : unreachable(call, errno);
    }
    if (r) {
        close(new);
        return r;
    }
    *fd = new;
    return PSYNC_OK;
}

static psync_result connect_socket(net_call *call, const char *path, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strnlen(path, sizeof address.sun_path - 1)); /* options.c has checked it */
    psync_result r = connect_to(call, (const struct sockaddr *)&address, sizeof address, call->until, fd);
    if (r == PSYNC_ERROR_UNAVAILABLE && call->error->system_code == EACCES) {
        return psync_error_set(call->error, PSYNC_ERROR_PERMISSION, EACCES,
                               "the socket may not be used by this user; see the server's unixsocketperm");
    }
    return r;
}

/* Each address gets its share of the time that is left, the last one all of it. */
static psync_result connect_any(net_call *call, const struct addrinfo *list, int *fd)
{
    int left = 0;
    psync_result r = PSYNC_ERROR_UNAVAILABLE;
    for (const struct addrinfo *a = list; a; a = a->ai_next) left++;
    for (const struct addrinfo *a = list; a; a = a->ai_next, left--) {
        int64_t now = psync__clock->monotonic();
        r = connect_to(call, a->ai_addr, a->ai_addrlen, now + (call->until - now) / left, fd);
        if (r != PSYNC_ERROR_UNAVAILABLE) return r;
    }
    return r;
}

static psync_result connect_host(net_call *call, const struct redis_host *host, int *fd)
{
    net_lookup *lookup;
    psync_result r = net_resolve(call, host->name, host->port, call->until, &lookup);
    if (r) return r;
    r = connect_any(call, net_addresses(lookup), fd);
    net_resolved(lookup);
    return r;
}

/* From here on receives and sends block for a slice at most. */
static void make_blocking(int fd)
{
    const struct timeval slice = {.tv_usec = (suseconds_t)(NET_SLICE / 1000)};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &slice, sizeof slice);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

#if HIREDIS_MAJOR >= 1
typedef size_t array_length;
#else
typedef int array_length;
#endif

/* Memory for an array is taken as soon as its length is said, whoever says it. No answer of ours has so many. */
static void *make_array(const redisReadTask *task, array_length length)
{
    const struct redis_wire *wire = task->privdata;
    return (size_t)length <= ELEMENTS_MAX ? wire->makers->createArray(task, length) : NULL;
}

static bool make_reader(struct redis_wire *wire)
{
    wire->reader = redisReaderCreate();
    if (!wire->reader) return false;
    wire->makers = wire->reader->fn;
    wire->bounded = *wire->makers;
    wire->bounded.createArray = make_array;
    wire->reader->fn = &wire->bounded;
    wire->reader->privdata = wire;
    return true;
}

psync_result redis_wire_open(net_call *call, const struct redis_options *options, const struct redis_host *host,
                             struct redis_wire **wire)
{
    struct redis_wire *new = calloc(1, sizeof *new);
    if (!new || !make_reader(new)) {
        free(new);
        return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    }
    new->fd = -1;
    new->local = !*host->port;
    new->number = atomic_fetch_add_explicit(&wires, 1, memory_order_relaxed) + 1;
    psync_result r = new->local ? connect_socket(call, host->name, &new->fd) : connect_host(call, host, &new->fd);
    if (!r && options->tls) r = redis_tls_open(call, new->fd, options, host->name, &new->tls);
    if (r) {
        redis_wire_close(new);
        return r;
    }
    make_blocking(new->fd);
    *wire = new;
    return PSYNC_OK;
}

void redis_wire_close(struct redis_wire *wire)
{
    if (!wire) return;
    redis_tls_close(wire->tls);
    if (wire->fd >= 0) close(wire->fd);
    redisReaderFree(wire->reader);
    free(wire->out);
    free(wire);
}

uint64_t redis_wire_number(const struct redis_wire *wire)
{
    return wire->number;
}

int64_t redis_wire_idle(const struct redis_wire *wire)
{
    return psync__clock->monotonic() - wire->heard_at;
}

int redis_wire_descriptor(const struct redis_wire *wire)
{
    return wire->fd;
}

bool redis_wire_transacts(const struct redis_wire *wire)
{
    return wire->transacts;
}

void redis_wire_set_transacts(struct redis_wire *wire)
{
    wire->transacts = true;
}

/* ------------------------------------------------------------------------ */
/* Commands out                                                             */

bool redis_wire_put(struct redis_wire *wire, int count, const char *const *arguments, const size_t *lengths)
{
    char *text = NULL;
    int length = redisFormatCommandArgv(&text, count, (const char **)arguments, lengths);
    if (length < 0) return false;
    size_t needed = wire->length + (size_t)length;
    if (needed > wire->room) {
        char *grown = realloc(wire->out, needed * 2);
        if (!grown) {
            redisFreeCommand(text);
            return false;
        }
        wire->out = grown;
        wire->room = needed * 2;
    }
    memcpy(wire->out + wire->length, text, (size_t)length);
    if (!wire->length) wire->first = (size_t)length;
    wire->length = needed;
    redisFreeCommand(text);
    return true;
}

bool redis_wire_put_words(struct redis_wire *wire, int count, const char *const *words)
{
    size_t lengths[8];
    for (int i = 0; i < count; i++) lengths[i] = strlen(words[i]);
    return redis_wire_put(wire, count, words, lengths);
}

static net_outcome broken(net_call *call, const struct redis_wire *wire, net_outcome outcome, int number)
{
    const char *hint =
        wire->heard || wire->tls || wire->local ? "" : "; if it wants TLS, the DSN needs rediss:// or tls=yes";
    if (number == EPROTO && wire->tls) {
        redis_tls_broken(call, wire->tls);
    } else if (number) {
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, number, "the connection broke: %s%s",
                        strerror(number), hint);
    } else {
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "the server closed the connection%s", hint);
    }
    return outcome;
}

/*
 * A server that refuses a connection says why and closes it, perhaps before it was sent anything. What it said
 * tells more than the broken pipe.
 */
static net_outcome sent_in_vain(net_call *call, struct redis_wire *wire, net_outcome outcome, int number)
{
    redisReply *reply = NULL;
    net_outcome heard = redis_wire_reply_if_there(call, wire, &reply); /* if it fails, it tells why */
    if (heard == NET_DONE && reply && reply->type == REDIS_REPLY_ERROR) {
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "the server closed the connection: %.160s",
                        reply->str);
    } else if (heard == NET_DONE) {
        broken(call, wire, outcome, number);
    }
    if (reply) freeReplyObject(reply);
    return outcome;
}

net_outcome redis_wire_send(net_call *call, struct redis_wire *wire)
{
    size_t done = 0;
    while (done < wire->length) {
        const char *rest = wire->out + done;
        size_t left = wire->length - done;
        ssize_t sent = wire->tls ? redis_tls_send(wire->tls, rest, left) : send(wire->fd, rest, left, MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
            continue;
        }
        int number = sent < 0 ? errno : 0;
        /* What TLS has taken in parts may be out as a whole. */
        net_outcome failed = done >= wire->first || wire->tls ? NET_LOST : NET_NOT_SENT;
        if (number != EAGAIN && number != EINTR) return sent_in_vain(call, wire, failed, number);
        if (net_serve(call)) return failed;
    }
    wire->length = 0;
    return NET_DONE;
}

/* ------------------------------------------------------------------------ */
/* Replies in                                                               */

static ssize_t receive(struct redis_wire *wire, char *bytes, int flags)
{
    if (wire->tls) return redis_tls_receive(wire->tls, bytes, RECEIVE_SIZE, flags);
    return recv(wire->fd, bytes, RECEIVE_SIZE, flags);
}

/*
 * Sleeps for a slice at most. In poll: who sleeps in a receive on a unix socket is woken, for nothing, also when
 * the server takes what was sent; and at that moment it stands in the way of those whom the server is about to
 * wake.
 */
static ssize_t receive_later(struct redis_wire *wire, char *bytes)
{
    struct pollfd one = {.fd = wire->fd, .events = POLLIN};
    if (wire->tls) return receive(wire, bytes, 0);
    const int ready = poll(&one, 1, (int)(NET_SLICE / PSYNC_NS_PER_MS));
    if (ready == 0) errno = EAGAIN;
    return ready > 0 ? receive(wire, bytes, MSG_DONTWAIT) : -1;
}

/* Looks for what comes at once, then sleeps. By TLS a look is no cheap one. */
static ssize_t receive_soon(struct redis_wire *wire, char *bytes)
{
    if (wire->tls || !net_spin_begin(&wire->spin)) return receive_later(wire, bytes);
    for (int i = 0; i < NET_SPIN_TRIES; i++) {
        ssize_t got = receive(wire, bytes, MSG_DONTWAIT);
        if (got >= 0 || errno != EAGAIN) {
            net_spin_end(&wire->spin, true);
            return got;
        }
    }
    net_spin_end(&wire->spin, false);
    return receive_later(wire, bytes);
}

/* A reply that is whole already, or NULL. */
static net_outcome parse(net_call *call, struct redis_wire *wire, redisReply **reply)
{
    void *whole = NULL;
    if (redisReaderGetReply(wire->reader, &whole) != REDIS_OK) {
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0,
                        "what answers there does not speak the Redis protocol: %.80s", wire->reader->errstr);
        return NET_LOST;
    }
    *reply = whole;
    return NET_DONE;
}

static net_outcome feed(net_call *call, struct redis_wire *wire, const char *bytes, ssize_t length)
{
    wire->heard = true;
    wire->heard_at = psync__clock->monotonic();
    if (redisReaderFeed(wire->reader, bytes, (size_t)length) == REDIS_OK) return NET_DONE;
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "an answer cannot be read: %.80s",
                    wire->reader->errstr);
    return NET_LOST;
}

net_outcome redis_wire_reply(net_call *call, struct redis_wire *wire, redisReply **reply)
{
    char bytes[RECEIVE_SIZE];
    for (;;) {
        net_outcome o = parse(call, wire, reply);
        if (o != NET_DONE || *reply) return o;
        ssize_t got = receive_soon(wire, bytes);
        if (got > 0) {
            o = feed(call, wire, bytes, got);
            if (o != NET_DONE) return o;
        } else if (got == 0) {
            return broken(call, wire, NET_LOST, 0);
        } else if (errno != EAGAIN && errno != EINTR) {
            return broken(call, wire, NET_LOST, errno);
        } else if (net_serve(call)) {
            return NET_LOST;
        }
    }
}

net_outcome redis_wire_reply_if_there(net_call *call, struct redis_wire *wire, redisReply **reply)
{
    char bytes[RECEIVE_SIZE];
    for (;;) {
        net_outcome o = parse(call, wire, reply);
        if (o != NET_DONE || *reply) return o;
        if (wire->drained) { /* what comes from now on can be polled for */
            wire->drained = false;
            return NET_DONE;
        }
        ssize_t got = receive(wire, bytes, MSG_DONTWAIT);
        wire->drained = !wire->tls && got > 0 && got < RECEIVE_SIZE;
        if (got > 0) {
            o = feed(call, wire, bytes, got);
            if (o != NET_DONE) return o;
        } else if (got == 0) {
            return broken(call, wire, NET_LOST, 0);
        } else if (errno == EAGAIN) {
            return NET_DONE;
        } else if (errno != EINTR) {
            return broken(call, wire, NET_LOST, errno);
        }
    }
}

#endif
