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
 * Who needs the connection (line.h) for a subscription nudges its reader
 * awake, who then lets it go first. A reader whose hook comes here again
 * (while it connects) cannot have what it has itself: that await polls.
 */
#include "net/bell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/home.h"
#include "net/line.h"
#include "net/pause.h"
#include "net/request.h"

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

/* ---- listening ---------------------------------------------------------------- */

static bool is_listened(const struct await *await)
{
    const net_bell *bell = &await->home->bell;
    return await->polling || bell->polling || await->channel->listened == bell->generation;
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
        net_line_nudge(bell);
        net_cond_wait(&bell->turned, &bell->mutex, earlier(await->deadline, now + NET_SLICE));
        bell->wanted--;
        return GO_ON;
    }
    if (!bell->lost_since || now >= bell->retry_at) {
        psync_result r = net_line_subscribe(await->home, await->channel, await->error);
        return r == PSYNC_OK ? GO_ON : r;
    }
    bool signalled;
    net_line_begin(bell);
    const int64_t until = earlier(bell->retry_at, await->deadline);
    pthread_mutex_unlock(&bell->mutex);
    (void)net_line_sleep(bell, -1, until, &signalled);
    pthread_mutex_lock(&bell->mutex);
    net_line_end(bell);
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
static int64_t pause_after_look(const struct await *await)
{
    net_channel *channel = await->channel;
    const int64_t most = await->home->poll;
    if (!polls(await)) return net_jitter(await->home->cap);
    channel->pause = earlier(channel->pause ? channel->pause * 3 / 2 : NET_FIRST_POLL, most);
    return net_jitter(channel->pause);
}

/* The engine has shown this version since so many rings in that generation. */
static void note_look(net_channel *channel, const net_mark *mark, const uint64_t seen[2], int64_t pause)
{
    channel->quiet = true;
    channel->quiet_rings = mark->rings;
    channel->quiet_generation = mark->generation;
    memcpy(channel->seen, seen, sizeof channel->seen);
    channel->ask_at = psync__clock->monotonic() + pause;
}

/* Looks, without the mutex. PSYNC_OK: changed. */
static psync_result look(struct await *await, bool ask)
{
    net_bell *bell = &await->home->bell;
    net_channel *channel = await->channel;
    const net_mark mark = {.generation = bell->generation, .rings = channel->rings};
    int64_t again = PSYNC_NEVER;
    pthread_mutex_unlock(&bell->mutex);
    psync_result r = await->look(await->argument, ask, &again, await->error);
    pthread_mutex_lock(&bell->mutex);
    if (net_forked_since(await->forks)) return r < 0 ? r : PSYNC_NO;
    if (r == PSYNC_OK)
        channel->pause = 0; /* what changes all the time is looked at often: else its quick takers win */
    if (r != PSYNC_NO) return r;
    channel->look_at = again;
    if (ask) note_look(channel, &mark, await->seen, pause_after_look(await));
    return GO_ON;
}

/* ---- sleeping ----------------------------------------------------------------- */

static psync_result sleep_until_rung(struct await *await)
{
    net_home *home = await->home;
    net_bell *bell = &home->bell;
    net_channel *channel = await->channel;
    const uint64_t rings = channel->rings;
    const int64_t until = earlier(await->deadline, earlier(channel->look_at, channel->ask_at));
    bool signalled = false;
    if (await->polling || bell->wanted || !net_line_begin(bell)) {
        if (await->polling) { /* the connection is in use further up this very stack */
            pthread_mutex_unlock(&bell->mutex);
            (void)net_line_sleep(bell, -1, until, &signalled);
            pthread_mutex_lock(&bell->mutex);
        } else {
            net_cond_wait(&bell->turned, &bell->mutex, until);
        }
    } else {
        int fd = bell->connection ? home->engine->descriptor(bell->connection) : -1;
        pthread_mutex_unlock(&bell->mutex);
        bool readable = net_line_sleep(bell, fd, until, &signalled);
        pthread_mutex_lock(&bell->mutex);
        if (readable && !net_forked_since(await->forks)) net_line_hear(home);
        net_line_end(bell);
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
    channel->rings = ++bell->births << 32;
    channel->next = bell->channels;
    bell->channels = channel;
    return channel;
}

net_mark net_bell_mark(struct net_home *home, const char *name)
{
    net_bell *bell = &home->bell;
    net_mark mark = {.generation = 0};
    pthread_mutex_lock(&bell->mutex);
    const net_channel *channel = find_channel(bell, name);
    const bool is_reader = bell->reading && pthread_equal(bell->reader, pthread_self()); /* whose awaits poll */
    if (channel && !is_reader && !bell->polling && channel->listened == bell->generation)
        mark = (net_mark){.generation = bell->generation, .rings = channel->rings};
    pthread_mutex_unlock(&bell->mutex);
    return mark;
}

/* What else a look brings, when it is due again, is for the next await to find out: that asks nobody. */
void net_bell_looked(struct net_home *home, const char *name, const net_mark *mark, const uint64_t seen[2])
{
    net_bell *bell = &home->bell;
    if (!mark->generation) return;
    pthread_mutex_lock(&bell->mutex);
    net_channel *channel = find_channel(bell, name);
    if (channel && channel->listened == mark->generation) {
        note_look(channel, mark, seen, net_jitter(home->cap));
        channel->look_at = 0;
    }
    pthread_mutex_unlock(&bell->mutex);
}

bool net_bell_idles(struct net_home *home, const char *name)
{
    net_bell *bell = &home->bell;
    pthread_mutex_lock(&bell->mutex);
    const net_channel *channel = find_channel(bell, name);
    const bool idles = channel && !channel->sleepers && !bell->polling && channel->listened == bell->generation;
    pthread_mutex_unlock(&bell->mutex);
    return idles;
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
    net_line_nudge(bell);
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
    pthread_mutex_lock(&bell->mutex);
    if (net_line_begin(bell)) {
        for (net_channel *idle; (idle = take_idle(bell)); free(idle)) {
            if (!bell->connection || idle->listened != bell->generation || bell->polling) continue;
            net_line_unlisten(home, idle->name);
        }
        if (!bell->channels) { /* whoever comes next finds out for itself */
            bell->lost_since = 0;
            bell->failures = 0;
        }
        net_line_end(bell);
    }
    pthread_mutex_unlock(&bell->mutex);
}
