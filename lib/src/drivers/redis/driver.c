/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * driver.c - the table of the driver for Redis and Valkey.
 *
 * scripts.c   what the server does          options.c   the DSN
 * locks.c     Locks, lock_requests.c        wire.c      a connection, tls.c: by TLS
 * integers.c  Integers                      login.c     finding the server, logging in, sentinels
 * lists.c     lists                         command.c   one request and its reply
 * facts.c     facts and checks              failure.c   the server's errors
 * state.c     names on the server           ear.c       subscriptions
 * announce.c  releases that wake first
 *
 * Repeats, turns, waiting, debts, Holds that are kept alive and fork are net's.
 */
#if PSYNC_WITH_REDIS

#include <stdio.h>
#include <stdlib.h>

#include "ear.h"
#include "facts.h"
#include "integers.h"
#include "lists.h"
#include "lock_requests.h"
#include "locks.h"
#include "login.h"
#include "redis.h"
#include "wire.h"

static void disconnect(void *connection)
{
    redis_wire_close(connection);
}

static int descriptor(void *connection)
{
    return redis_wire_descriptor(connection);
}

static const net_engine engine = {
    .name = "Redis",
    .records_life = REDIS_RECORD_LIFE_S * PSYNC_NS_PER_S,
    .connect = redis_connect,
    .disconnect = disconnect,
    .descriptor = descriptor,
    .settle = redis_settle,
    .bar = redis_bar,
    .renew = redis_lock_keep,
    .listen = redis_listen,
    .unlisten = redis_unlisten,
    .hear = redis_hear,
};

static psync_result open_space(const psync_dsn *dsn, const psync_options *options, void **opaque,
                               psync_error *error)
{
    struct redis_state *state = calloc(1, sizeof *state);
    if (!state) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    psync_result r = redis_options_read(dsn, options, &state->options, error);
    if (!r) r = net_home_open(&state->home, &engine, state, state, dsn, options, error);
    if (r) {
        free(state);
        return r;
    }
    snprintf(state->suffix, sizeof state->suffix, "@%u", state->options.database);
    redis_digests(state);
    *opaque = state;
    return PSYNC_OK;
}

static void close_space(void *opaque)
{
    struct redis_state *state = opaque;
    net_home_close(&state->home);
    free(state);
}

static psync_result after_fork(void *opaque, psync_error *error)
{
    struct redis_state *state = opaque;
    return net_home_after_fork(&state->home, error);
}

static psync_result set_label(void *opaque, const char *label, psync_error *error)
{
    struct redis_state *state = opaque;
    return net_home_set_label(&state->home, label, error);
}

static void awaited(void *opaque)
{
    struct redis_state *state = opaque;
    net_awaited(&state->home);
}

static bool hold_lost(void *opaque, psync_key *key, uint64_t fence)
{
    struct redis_state *state = opaque;
    return net_hold_lost(&state->home, key, fence);
}

const psync_driver psync__redis_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = redis_schemes,
    .open = open_space,
    .close = close_space,
    .after_fork = after_fork,
    .set_label = set_label,
    .lock_acquire = redis_lock_acquire,
    .lock_release = redis_lock_release,
    .lock_renew = redis_lock_renew,
    .lock_inspect = redis_lock_inspect,
    .lock_await = redis_lock_await,
    .integer_get = redis_integer_get,
    .integer_set = redis_integer_set,
    .integer_add = redis_integer_add,
    .integer_compare_set = redis_integer_compare_set,
    .integer_remove = redis_integer_remove,
    .integer_await = redis_integer_await,
    .awaited = awaited,
    .hold_lost = hold_lost,
    .each_lock = redis_each_lock,
    .each_integer = redis_each_integer,
    .info = redis_info,
    .check = redis_check,
};

#endif
