/* SPDX-License-Identifier: BSD-3-Clause */
/* line.c - the bell's connection: its reader, its loss, subscriptions on it, and what a fork means for it. */
#include "net/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/pause.h"

/* What the last try to connect has at least. */
static const int64_t LAST_TRY = PSYNC_NS_PER_S;

bool net_line_begin(net_bell *bell)
{
    if (bell->reading) return false;
    bell->reading = true;
    bell->reader = pthread_self();
    return true;
}

void net_line_end(net_bell *bell)
{
    bell->reading = false;
    pthread_cond_broadcast(&bell->turned);
}

void net_line_nudge(net_bell *bell)
{
    if (bell->nudge >= 0) (void)!write(bell->nudge, &(uint64_t){1}, sizeof(uint64_t));
}

static net_call make_call(net_home *home, psync_error *error, int64_t until)
{
    return (net_call){
        .home = home,
        .context = home->context,
        .connection = home->bell.connection,
        .client = "",
        .until = until,
        .error = error,
        .forks = atomic_load_explicit(&psync__forks, memory_order_relaxed),
        .hooked = true,
    };
}

/* The reader: the connection is of no more use. Under the mutex. */
static void lose(net_home *home, const psync_error *failure)
{
    net_bell *bell = &home->bell;
    const int64_t now = psync__clock->monotonic();
    void *connection = bell->connection;
    bell->connection = NULL;
    bell->generation++;
    if (!bell->lost_since) bell->lost_since = now;
    bell->retry_at = now + net_pause(++bell->failures, bell->lost_since + home->dsn->timeout - now);
    bell->failed_at = now;
    bell->failure = *failure;
    pthread_mutex_unlock(&bell->mutex);
    net_drop(home, connection, false);
    pthread_mutex_lock(&bell->mutex);
}

/*
 * The reader, without the mutex: connects if need be, and subscribes. *result:
 * PSYNC_OK, UNSUPPORTED (it cannot listen), or an error that no repeat mends.
 */
static net_outcome subscribe_on(net_call *call, const char *name, psync_result *result)
{
    net_home *home = call->home;
    *result = PSYNC_OK;
    if (!call->connection) {
        psync_result r = home->engine->connect(call, &call->connection);
        if (r) {
            call->connection = NULL;
            if (r < 0 && r != PSYNC_ERROR_UNAVAILABLE) *result = r;
            return NET_NOT_SENT;
        }
    }
    net_outcome outcome = home->engine->listen(call, name);
    if (outcome == NET_DONE) *result = call->result;
    if (outcome == NET_DONE && !*result)
        outcome = home->engine->hear(call); /* what came along with the confirmation */
    return outcome;
}

/* What became of it. The reader, under the mutex. */
static psync_result note_subscription(net_channel *channel, net_call *call, net_outcome outcome,
                                      psync_result result)
{
    net_bell *bell = &call->home->bell;
    const bool deaf = outcome == NET_DONE && result == PSYNC_ERROR_UNSUPPORTED;
    bell->connection = call->connection;
    if (outcome != NET_DONE || result || call->drop) lose(call->home, call->error);
    if (deaf || bell->connection) {
        bell->failures = 0;
        bell->lost_since = 0;
        bell->polling = deaf;
        channel->listened = bell->generation;
        return PSYNC_OK;
    }
    if (call->left) return PSYNC_ERROR_INTERRUPTED;
    return result;
}

psync_result net_line_subscribe(net_home *home, net_channel *channel, psync_error *error)
{
    net_bell *bell = &home->bell;
    const int64_t now = psync__clock->monotonic();
    const int64_t since = bell->lost_since ? bell->lost_since : now;
    const int64_t until = since + home->dsn->timeout;
    psync_result result;
    net_call call = make_call(home, error, until > now + LAST_TRY ? until : now + LAST_TRY);
    net_line_begin(bell);
    pthread_mutex_unlock(&bell->mutex);
    error->message[0] = '\0';
    net_outcome outcome = subscribe_on(&call, channel->name, &result);
    if (net_forked_since(call.forks)) { /* in the child the bell is new, and the channel gone */
        (void)net_home_after_fork(home, NULL);
        net_drop(home, call.connection, true);
        pthread_mutex_lock(&bell->mutex);
        return PSYNC_NO;
    }
    pthread_mutex_lock(&bell->mutex);
    psync_result r = note_subscription(channel, &call, outcome, result);
    if (bell->lost_since) bell->lost_since = since;
    net_line_end(bell);
    return r;
}

bool net_line_sleep(const net_bell *bell, int fd, int64_t until, bool *signalled)
{
    struct pollfd both[] = {{.fd = bell->nudge, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    const int64_t now = psync__clock->monotonic();
    int ready = psync__clock->poll(both, fd >= 0 ? 2 : 1, until > now ? until - now : 0);
    *signalled = ready < 0 && errno == EINTR;
    if (ready <= 0) return false;
    if (both[0].revents) (void)!read(bell->nudge, &(uint64_t){0}, sizeof(uint64_t));
    return fd >= 0 && both[1].revents;
}

void net_line_hear(net_home *home)
{
    net_bell *bell = &home->bell;
    psync_error failure = {.message = ""};
    net_call call = make_call(home, &failure, psync__clock->monotonic());
    pthread_mutex_unlock(&bell->mutex);
    net_outcome outcome = home->engine->hear(&call);
    pthread_mutex_lock(&bell->mutex);
    if (outcome != NET_DONE || call.drop) lose(home, &failure);
}

void net_line_unlisten(net_home *home, const char *name)
{
    net_bell *bell = &home->bell;
    psync_error failure = {.message = ""};
    net_call call = make_call(home, &failure, psync__clock->monotonic() + home->dsn->timeout);
    call.hooked = false;
    pthread_mutex_unlock(&bell->mutex);
    net_outcome outcome = home->engine->unlisten(&call, name);
    pthread_mutex_lock(&bell->mutex);
    if (outcome != NET_DONE || call.drop) lose(home, &failure);
}

/* ---- life --------------------------------------------------------------------- */

psync_result net_bell_init(net_bell *bell, psync_error *error)
{
    bell->nudge = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell->nudge < 0) {
        const int number = errno;
        return psync_error_set(error, PSYNC_ERROR_FULL, number, "cannot make an eventfd: %s", strerror(number));
    }
    bell->generation = 1;
    pthread_mutex_init(&bell->mutex, NULL);
    net_cond_init(&bell->turned);
    return PSYNC_OK;
}

static void free_channels(net_bell *bell)
{
    for (net_channel *channel = bell->channels, *next; channel; channel = next) {
        next = channel->next;
        free(channel);
    }
    bell->channels = NULL;
}

void net_bell_close(struct net_home *home)
{
    net_bell *bell = &home->bell;
    net_drop(home, bell->connection, false);
    free_channels(bell);
    if (bell->nudge >= 0) close(bell->nudge);
    pthread_cond_destroy(&bell->turned);
    pthread_mutex_destroy(&bell->mutex);
}

/*
 * A connection that another thread was reading is only unplugged: it may be
 * half changed. One that this thread was making, in whose hook it forked, is
 * dropped by net_line_subscribe.
 */
void net_bell_after_fork(struct net_home *home)
{
    net_bell *bell = &home->bell;
    bool mine = bell->reading && pthread_equal(bell->reader, pthread_self());
    if (!bell->reading) net_drop(home, bell->connection, true);
    if (bell->reading && !mine && bell->connection) (void)net_unplug(home, bell->connection);
    free_channels(bell);
    if (bell->nudge >= 0) close(bell->nudge);
    bell->nudge =
        eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); /* the parent's would be shared; without one sleeps are not cut */
    bell->connection = NULL;
    bell->reading = false;
    bell->wanted = 0;
    bell->generation = 1;
    bell->lost_since = 0;
    bell->failures = 0;
    pthread_mutex_init(&bell->mutex, NULL);
    net_cond_init(&bell->turned);
}
