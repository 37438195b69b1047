/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bell.c - subscriptions, and who sleeps on them.
 *
 * A channel is *listened* to when its subscription was confirmed on the
 * connection that the bell has now (its generation). It is *quiet* for a
 * version of the key when, listened to, somebody looked and saw that version,
 * and it has not rung since. net_await brings its channel to be listened to,
 * then to be quiet, in that order, and then sleeps until it is not.
 *
 * The connection is used by one thread at a time, the reader, and without the
 * mutex. Who needs it for a subscription nudges the reader awake, who then
 * lets it go first. A reader whose hook comes here again (while it connects)
 * cannot have what it has itself: that await polls.
 */
#include "net/bell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/home.h"
#include "net/pause.h"
#include "net/request.h"

/* What the last try to connect has at least. */
static const int64_t LAST_TRY = PSYNC_NS_PER_S;

static const int64_t FIRST_POLL = 20 * PSYNC_NS_PER_MS;

struct net_channel {
    net_channel *next;
    unsigned sleepers; /* threads in net_await */
    uint64_t listened; /* the generation of the subscription; 0: none */
    uint64_t rings;
    char news[NET_NEWS_SIZE]; /* of the last ring */
    bool quiet;               /* with what follows: as above */
    uint64_t seen[2];
    uint64_t quiet_rings;
    uint64_t quiet_generation;
    int64_t look_at; /* monotonic: when to look again, without asking the engine */
    int64_t ask_at;  /* monotonic: when to ask it */
    int64_t pause;   /* the last one, where it polls */
    char name[NET_CHANNEL_SIZE];
};

/* One net_await. */
struct await {
    net_home *home;
    net_channel *channel;
    const uint64_t *seen;
    net_look *look;
    void *argument;
    int64_t deadline;
    uint64_t wakes;
    unsigned forks;
    bool polling;
    char *news;
    psync_error *error;
};

/* A step of net_await that has not ended it: no result of ours, and no error. */
static const psync_result GO_ON = (psync_result)2;

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- the reader --------------------------------------------------------------- */

/* All under the mutex. */
static bool begin_reading(net_bell *bell)
{
    if (bell->reading) return false;
    bell->reading = true;
    bell->reader = pthread_self();
    return true;
}

static void end_reading(net_bell *bell)
{
    bell->reading = false;
    pthread_cond_broadcast(&bell->turned);
}

static void nudge(net_bell *bell)
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

/* ---- listening ---------------------------------------------------------------- */

static bool is_listened(const struct await *await)
{
    const net_bell *bell = &await->home->bell;
    return await->polling || bell->polling || await->channel->listened == bell->generation;
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
static psync_result note_subscription(struct await *await, net_call *call, net_outcome outcome, psync_result result)
{
    net_bell *bell = &await->home->bell;
    const bool deaf = outcome == NET_DONE && result == PSYNC_ERROR_UNSUPPORTED;
    bell->connection = call->connection;
    if (outcome != NET_DONE || result || call->drop) lose(await->home, call->error);
    if (deaf || bell->connection) {
        bell->failures = 0;
        bell->lost_since = 0;
        bell->polling = deaf;
        await->channel->listened = bell->generation;
        return GO_ON;
    }
    if (call->left) return PSYNC_ERROR_INTERRUPTED;
    return result ? result : GO_ON;
}

static psync_result subscribe(struct await *await)
{
    net_home *home = await->home;
    net_bell *bell = &home->bell;
    net_channel *channel = await->channel;
    const int64_t now = psync__clock->monotonic();
    const int64_t since = bell->lost_since ? bell->lost_since : now;
    const int64_t until = since + home->dsn->timeout;
    psync_result result;
    net_call call = make_call(home, await->error, until > now + LAST_TRY ? until : now + LAST_TRY);
    begin_reading(bell);
    pthread_mutex_unlock(&bell->mutex);
    await->error->message[0] = '\0';
    net_outcome outcome = subscribe_on(&call, channel->name, &result);
    if (net_forked_since(await->forks)) { /* in the child the bell is new, and the channel gone */
        (void)net_home_after_fork(home, NULL);
        net_drop(home, call.connection, true);
        pthread_mutex_lock(&bell->mutex);
        return PSYNC_NO;
    }
    pthread_mutex_lock(&bell->mutex);
    psync_result r = note_subscription(await, &call, outcome, result);
    if (bell->lost_since) bell->lost_since = since;
    end_reading(bell);
    return r;
}

/* Sleeps as the reader, without the mutex: until it is nudged, or fd (-1: none) is readable. */
static bool sleep_as_reader(const net_bell *bell, int fd, int64_t until, bool *signalled)
{
    struct pollfd both[] = {{.fd = bell->nudge, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    const int64_t now = psync__clock->monotonic();
    int ready = psync__clock->poll(both, fd >= 0 ? 2 : 1, until > now ? until - now : 0);
    *signalled = ready < 0 && errno == EINTR;
    if (ready <= 0) return false;
    if (both[0].revents) (void)!read(bell->nudge, &(uint64_t){0}, sizeof(uint64_t));
    return fd >= 0 && both[1].revents;
}

/* Whether the tries went on for the whole time: between two slices a hook may have taken it. */
static bool tried_to_the_end(const net_bell *bell, int64_t timeout)
{
    return bell->failed_at - bell->lost_since >= timeout - 2 * NET_PAUSE_MIN;
}

/* Brings the channel nearer to being listened to. */
static psync_result come_to_listen(struct await *await)
{
    net_bell *bell = &await->home->bell;
    const int64_t now = psync__clock->monotonic();
    const int64_t timeout = await->home->dsn->timeout;
    if (bell->lost_since && now - bell->lost_since >= timeout && tried_to_the_end(bell, timeout)) {
        *await->error = bell->failure;
        return net_out_of_reach(await->home, now - bell->lost_since, await->error);
    }
    if (bell->reading) {
        if (pthread_equal(bell->reader, pthread_self())) {
            await->polling = true;
            return GO_ON;
        }
        bell->wanted++;
        nudge(bell);
        net_cond_wait(&bell->turned, &bell->mutex, earlier(await->deadline, now + NET_SLICE));
        bell->wanted--;
        return GO_ON;
    }
    if (!bell->lost_since || now >= bell->retry_at) return subscribe(await);
    bool signalled;
    begin_reading(bell);
    const int64_t until = earlier(bell->retry_at, await->deadline);
    pthread_mutex_unlock(&bell->mutex);
    (void)sleep_as_reader(bell, -1, until, &signalled);
    pthread_mutex_lock(&bell->mutex);
    end_reading(bell);
    return signalled ? PSYNC_NO : GO_ON;
}

/* ---- looking ------------------------------------------------------------------ */

static bool polls(const struct await *await)
{
    return await->polling || await->home->bell.polling;
}

/* Whether what a look found still holds, but for the time that has passed. */
static bool is_quiet(const struct await *await)
{
    const net_channel *channel = await->channel;
    return channel->quiet && channel->quiet_rings == channel->rings && channel->seen[0] == await->seen[0] &&
           channel->seen[1] == await->seen[1] &&
           (polls(await) || channel->quiet_generation == await->home->bell.generation);
}

/* How long a look holds. */
static int64_t pause_after_look(const struct await *await, bool asked)
{
    net_channel *channel = await->channel;
    const int64_t most = await->home->poll;
    if (!polls(await)) return net_jitter(await->home->cap);
    if (asked) channel->pause = earlier(channel->pause ? channel->pause * 3 / 2 : FIRST_POLL, most);
    return net_jitter(channel->pause);
}

/* Looks, without the mutex. PSYNC_OK: changed. */
static psync_result look(struct await *await, bool ask)
{
    net_bell *bell = &await->home->bell;
    net_channel *channel = await->channel;
    const uint64_t rings = channel->rings;
    const uint64_t generation = bell->generation;
    int64_t again = PSYNC_NEVER;
    pthread_mutex_unlock(&bell->mutex);
    psync_result r = await->look(await->argument, ask, &again, await->error);
    pthread_mutex_lock(&bell->mutex);
    if (net_forked_since(await->forks)) return r < 0 ? r : PSYNC_NO;
    if (r != PSYNC_NO) return r;
    channel->look_at = again;
    if (ask) {
        channel->quiet = true;
        channel->quiet_rings = rings;
        channel->quiet_generation = generation;
        memcpy(channel->seen, await->seen, sizeof channel->seen);
        channel->ask_at = psync__clock->monotonic() + pause_after_look(await, true);
    }
    return GO_ON;
}

/* ---- sleeping ----------------------------------------------------------------- */

/* The reader, under the mutex: takes what has come. */
static void hear(net_home *home)
{
    net_bell *bell = &home->bell;
    psync_error failure = {.message = ""};
    net_call call = make_call(home, &failure, psync__clock->monotonic());
    pthread_mutex_unlock(&bell->mutex);
    net_outcome outcome = home->engine->hear(&call);
    pthread_mutex_lock(&bell->mutex);
    if (outcome != NET_DONE || call.drop) lose(home, &failure);
}

static psync_result sleep_until_rung(struct await *await)
{
    net_home *home = await->home;
    net_bell *bell = &home->bell;
    net_channel *channel = await->channel;
    const uint64_t rings = channel->rings;
    const int64_t until = earlier(await->deadline, earlier(channel->look_at, channel->ask_at));
    bool signalled = false;
    if (await->polling || bell->wanted || !begin_reading(bell)) {
        if (await->polling) { /* the connection is in use further up this very stack */
            pthread_mutex_unlock(&bell->mutex);
            (void)sleep_as_reader(bell, -1, until, &signalled);
            pthread_mutex_lock(&bell->mutex);
        } else {
            net_cond_wait(&bell->turned, &bell->mutex, until);
        }
    } else {
        int fd = bell->connection ? home->engine->descriptor(bell->connection) : -1;
        pthread_mutex_unlock(&bell->mutex);
        bool readable = sleep_as_reader(bell, fd, until, &signalled);
        pthread_mutex_lock(&bell->mutex);
        if (readable) hear(home);
        end_reading(bell);
    }
    if (channel->rings != rings) {
        if (await->news) memcpy(await->news, channel->news, NET_NEWS_SIZE);
        return PSYNC_OK;
    }
    return signalled ? PSYNC_NO : GO_ON;
}

/* ---- awaits ------------------------------------------------------------------- */

/* Under the mutex. */
static net_channel *find_channel(net_bell *bell, const char *name)
{
    net_channel *channel = bell->channels;
    while (channel && strcmp(channel->name, name) != 0) channel = channel->next;
    return channel;
}

static net_channel *find_or_add_channel(net_bell *bell, const char *name)
{
    net_channel *channel = find_channel(bell, name);
    if (channel) return channel;
    channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    snprintf(channel->name, sizeof channel->name, "%s", name);
    channel->next = bell->channels;
    bell->channels = channel;
    return channel;
}

static psync_result turn(struct await *await)
{
    const net_channel *channel = await->channel;
    const int64_t now = psync__clock->monotonic();
    if (now >= await->deadline || await->home->bell.wakes != await->wakes) return PSYNC_NO;
    if (!is_listened(await)) return come_to_listen(await);
    if (!is_quiet(await) || now >= channel->ask_at) return look(await, true);
    if (now >= channel->look_at) return look(await, false);
    return sleep_until_rung(await);
}

psync_result net_await(struct net_home *home, const char *channel, const uint64_t seen[2], net_look *look_,
                       void *argument, int64_t deadline, char news[NET_NEWS_SIZE], psync_error *error)
{
    net_bell *bell = &home->bell;
    psync_error own = {.result = PSYNC_OK}; /* a user's is left alone where all ends well */
    struct await await = {
        .home = home,
        .seen = seen,
        .look = look_,
        .argument = argument,
        .deadline = deadline,
        .forks = atomic_load_explicit(&psync__forks, memory_order_relaxed),
        .news = news,
        .error = &own,
    };
    if (news) news[0] = '\0';
    pthread_mutex_lock(&bell->mutex);
    await.channel = find_or_add_channel(bell, channel);
    await.wakes = bell->wakes;
    if (await.channel) await.channel->sleepers++;
    psync_result r = await.channel ? GO_ON : psync_error_set(&own, PSYNC_ERROR_FULL, 0, "out of memory");
    while (r == GO_ON) r = turn(&await);
    /* In the child of a hook that forked the channel is gone; the core calls again. */
    if (await.channel && !net_forked_since(await.forks)) await.channel->sleepers--;
    if (!bell->reading)
        pthread_cond_broadcast(&bell->turned); /* the connection may have been left to this thread */
    pthread_mutex_unlock(&bell->mutex);
    if (r < 0 && error) *error = own;
    return r;
}

void net_bell_rung(struct net_home *home, const char *channel, const char *text)
{
    net_bell *bell = &home->bell;
    pthread_mutex_lock(&bell->mutex);
    net_channel *found = find_channel(bell, channel);
    if (found) {
        found->rings++;
        snprintf(found->news, sizeof found->news, "%s", text);
        pthread_cond_broadcast(&bell->turned);
    }
    pthread_mutex_unlock(&bell->mutex);
}

void net_bell_wake(struct net_home *home)
{
    net_bell *bell = &home->bell;
    pthread_mutex_lock(&bell->mutex);
    bell->wakes++;
    nudge(bell);
    pthread_cond_broadcast(&bell->turned);
    pthread_mutex_unlock(&bell->mutex);
}

/* Takes a channel that nobody sleeps on out of the list. Under the mutex. */
static net_channel *take_idle(net_bell *bell)
{
    for (net_channel **at = &bell->channels; *at; at = &(*at)->next) {
        net_channel *channel = *at;
        if (channel->sleepers) continue;
        *at = channel->next;
        return channel;
    }
    return NULL;
}

void net_awaited(struct net_home *home)
{
    net_bell *bell = &home->bell;
    psync_error failure = {.message = ""};
    pthread_mutex_lock(&bell->mutex);
    if (begin_reading(bell)) {
        for (net_channel *idle; (idle = take_idle(bell)); free(idle)) {
            if (!bell->connection || idle->listened != bell->generation || bell->polling) continue;
            net_call call = make_call(home, &failure, psync__clock->monotonic() + home->dsn->timeout);
            call.hooked = false;
            pthread_mutex_unlock(&bell->mutex);
            net_outcome outcome = home->engine->unlisten(&call, idle->name);
            pthread_mutex_lock(&bell->mutex);
            if (outcome != NET_DONE || call.drop) lose(home, &failure);
        }
        if (!bell->channels) { /* whoever comes next finds out for itself */
            bell->lost_since = 0;
            bell->failures = 0;
        }
        end_reading(bell);
    }
    pthread_mutex_unlock(&bell->mutex);
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
 * dropped by subscribe.
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
