/* SPDX-License-Identifier: BSD-3-Clause */
/* home.c - a home's options, its life, and what a fork means for it. */
#include "net/home.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsn.h"
#include "fork.h"
#include "net/request.h"

static const int64_t DEFAULT_LIVENESS = 10 * PSYNC_NS_PER_S;
static const int64_t DEFAULT_POLL = PSYNC_NS_PER_S;

/* Rings may be lost with a connection that dies unnoticed: so the engine is asked again now and then. */
static const int64_t CAP = 30 * PSYNC_NS_PER_S;

/* How long a close tries to settle debts. */
static const int64_t LAST_TRY = PSYNC_NS_PER_S;

/* ---- small helpers ------------------------------------------------------------ */

void net_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void net_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until)
{
    if (until == PSYNC_NEVER) {
        pthread_cond_wait(cond, mutex);
        return;
    }
    const struct timespec at = {.tv_sec = until / PSYNC_NS_PER_S, .tv_nsec = until % PSYNC_NS_PER_S};
    pthread_cond_timedwait(cond, mutex, &at);
}

bool net_unplug(net_home *home, void *connection)
{
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (other < 0) return false;
    int put = dup3(other, home->engine->descriptor(connection), O_CLOEXEC);
    close(other);
    return put >= 0;
}

void net_drop(net_home *home, void *connection, bool inherited)
{
    /* One that cannot be unplugged stays open: a goodbye on it would end the parent's. */
    if (connection && (!inherited || net_unplug(home, connection))) home->engine->disconnect(connection);
}

/* ---- options ------------------------------------------------------------------ */

static psync_result read_space(net_home *home, psync_error *error)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *name = psync_dsn_get(home->dsn, "space");
    if (!name) name = "default";
    size_t length = strlen(name);
    if (!length || length > NET_SPACE_MAX || strspn(name, allowed) != length) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "space must be 1 to %d characters out of A-Z a-z 0-9 . _ -, not \"%.80s\"",
                               NET_SPACE_MAX, name);
    }
    strcpy(home->space, name);
    return PSYNC_OK;
}

static psync_result read_seconds(const psync_dsn *dsn, const char *name, int64_t least, int64_t *ns,
                                 psync_error *error)
{
    const char *text = psync_dsn_get(dsn, name);
    if (!text || (psync__dsn_seconds(text, ns) && *ns >= least)) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                           "%s must be a number of seconds from %g to 1000000, not \"%.80s\"", name,
                           (double)least / (double)PSYNC_NS_PER_S, text);
}

/* ---- life --------------------------------------------------------------------- */

psync_result net_home_open(net_home *home, const net_engine *engine, void *context, void *state,
                           const psync_dsn *dsn, const psync_options *options, psync_error *error)
{
    memset(home, 0, sizeof *home);
    home->engine = engine;
    home->context = context;
    home->state = state;
    home->dsn = dsn;
    home->liveness = DEFAULT_LIVENESS;
    home->poll = DEFAULT_POLL;
    home->cap = CAP;
    home->interrupt = options->interrupt;
    home->interrupt_argument = options->interrupt_argument;
    home->forks = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    psync_result r = read_space(home, error);
    if (!r) r = read_seconds(dsn, "liveness", PSYNC_NS_PER_S, &home->liveness, error);
    if (!r) r = read_seconds(dsn, "poll", PSYNC_NS_PER_MS, &home->poll, error);
    if (!r) r = net_bell_init(&home->bell, error);
    if (r) return r;
    pthread_mutex_init(&home->mutex, NULL);
    net_cond_init(&home->keeper.changed);
    net_self_describe(&home->self);
    return PSYNC_OK;
}

void net_home_close(net_home *home)
{
    home->interrupt = NULL; /* the caller is past serving anything */
    net_keeper_close(home);
    if (!net_debt_drop(home, false)) {
        (void)net_run_until(home, NET_READ, NULL, net_nothing, NULL, psync__clock->monotonic() + LAST_TRY, NULL);
    }
    net_debt_drop(home, true);
    net_bell_close(home);
    net_lanes_close(home);
    pthread_cond_destroy(&home->keeper.changed);
    pthread_mutex_destroy(&home->mutex);
}

psync_result net_home_after_fork(net_home *home, psync_error *error)
{
    (void)error;
    const unsigned forks = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    if (home->forks == forks) return PSYNC_OK;
    pthread_mutex_init(&home->mutex, NULL);
    net_lanes_after_fork(home);
    memset(&home->gifts, 0, sizeof home->gifts);
    net_debt_drop(home, true);
    net_keeper_after_fork(home);
    net_bell_after_fork(home);
    net_self_describe(&home->self);
    home->forks = forks;
    return PSYNC_OK;
}

psync_result net_home_set_label(net_home *home, const char *label, psync_error *error)
{
    (void)error;
    pthread_mutex_lock(&home->mutex);
    snprintf(home->self.label, sizeof home->self.label, "%s", label);
    pthread_mutex_unlock(&home->mutex);
    return PSYNC_OK;
}
