/* SPDX-License-Identifier: BSD-3-Clause */
/* engine.c - the scripted engine. */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dsn.h"

struct engine engine;
net_home home;

static psync_dsn *dsn;
static bool keeper_is_away;

struct connection {
    int number;
    int fd;
};

/* ---- what was asked -------------------------------------------------------- */

static struct asked *note(enum ask what, const net_call *call, const char *name)
{
    pthread_mutex_lock(&engine.mutex);
    assert_true(engine.count < ASKED_MAX);
    struct asked *asked = &engine.asked[engine.count++];
    memset(asked, 0, sizeof *asked);
    asked->what = what;
    asked->at = psync__clock->monotonic();
    if (call) {
        const struct connection *connection = call->connection;
        if (connection) asked->connection = connection->number;
        snprintf(asked->client, sizeof asked->client, "%s", call->client);
        asked->number = call->number;
    }
    if (name) snprintf(asked->name, sizeof asked->name, "%s", name);
    pthread_mutex_unlock(&engine.mutex);
    return asked;
}

void engine_note(enum ask what)
{
    note(what, NULL, NULL);
}

int engine_count(enum ask what)
{
    int count = 0;
    pthread_mutex_lock(&engine.mutex);
    for (int i = 0; i < engine.count; i++) count += engine.asked[i].what == what;
    pthread_mutex_unlock(&engine.mutex);
    return count;
}

const struct asked *engine_asked(enum ask what, int index)
{
    const struct asked *found = NULL;
    if (index < 0) index += engine_count(what);
    pthread_mutex_lock(&engine.mutex);
    for (int i = 0; i < engine.count && !found; i++) {
        if (engine.asked[i].what == what && index-- == 0) found = &engine.asked[i];
    }
    pthread_mutex_unlock(&engine.mutex);
    if (!found) fail_msg("%d was asked %d times only", what, engine_count(what));
    return found;
}

void engine_forget(void)
{
    pthread_mutex_lock(&engine.mutex);
    engine.count = 0;
    pthread_mutex_unlock(&engine.mutex);
}

/* ---- connections ------------------------------------------------------------- */

static psync_result connect_(net_call *call, void **result)
{
    int ends[2];
    note(A_CONNECT, call, NULL);
    pthread_mutex_lock(&engine.mutex);
    psync_result r = engine.connects;
    pthread_mutex_unlock(&engine.mutex);
    if (r) return psync_error_set(call->error, r, ECONNREFUSED, "the fake is away");
    if (engine.connects_slowly && net_serve(call)) return PSYNC_ERROR_UNAVAILABLE;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    struct connection *connection = malloc(sizeof *connection);
    assert_non_null(connection);
    pthread_mutex_lock(&engine.mutex);
    assert_true(engine.connections + 1 < CONNECTIONS_MAX);
    connection->number = ++engine.connections;
    engine.ends[connection->number] = ends[1];
    pthread_mutex_unlock(&engine.mutex);
    connection->fd = ends[0];
    *result = connection;
    return PSYNC_OK;
}

void engine_ring(int connection, const char *text)
{
    assert_int_equal(send(engine.ends[connection], text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

void engine_hang_up(int connection)
{
    assert_int_equal(shutdown(engine.ends[connection], SHUT_RDWR), 0);
}

static void disconnect(void *opaque)
{
    struct connection *connection = opaque;
    const net_call call = {.connection = connection, .client = ""};
    note(A_DISCONNECT, &call, NULL);
    (void)!send(connection->fd, "bye", 3, MSG_NOSIGNAL);
    close(connection->fd);
    free(connection);
}

static int descriptor(void *opaque)
{
    return ((struct connection *)opaque)->fd;
}

/* ---- requests ---------------------------------------------------------------- */

void engine_script(int count, const struct ending *endings)
{
    memcpy(engine.steps, endings, (size_t)count * sizeof *endings);
    engine.steps_given = count;
    engine.steps_done = 0;
}

static net_outcome scripted(net_call *call, void *argument)
{
    (void)argument;
    note(A_STEP, call, NULL);
    const int last = engine.steps_given - 1;
    const int index = engine.steps_done++;
    const struct ending *ending = &engine.steps[index < last ? index : last];
    if (ending->meanwhile) ending->meanwhile();
    fake_pass(ending->takes);
    if (ending->serves && net_serve(call)) return NET_LOST;
    call->result = ending->result;
    if (ending->result < 0 || ending->outcome != NET_DONE)
        psync_error_set(call->error, ending->result, ECONNRESET, "the fake hung up");
    return ending->outcome;
}

psync_result engine_run(net_kind kind)
{
    return net_run(&home, kind, ENGINE_KEY, scripted, NULL, &error);
}

static net_outcome settle(net_call *call, const psync_key *key)
{
    note(A_SETTLE, call, NULL);
    assert_int_equal(key->length, ENGINE_KEY->length);
    assert_memory_equal(key->bytes, ENGINE_KEY->bytes, key->length);
    pthread_mutex_lock(&engine.mutex);
    call->result = engine.settled;
    net_outcome outcome = engine.settles;
    pthread_mutex_unlock(&engine.mutex);
    return outcome;
}

static net_outcome hang(net_call *call, void *argument)
{
    (void)argument;
    while (!net_poll(call, -1, 0)) {
    }
    return NET_LOST;
}

static psync_result renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *told)
{
    assert_ptr_equal(state, &engine);
    assert_int_equal(key->length, ENGINE_KEY->length);
    note(A_RENEW, NULL, NULL)->number = fence;
    if (engine.renewals_hang) return net_run(&home, NET_CHANGE, key, hang, NULL, told);
    if (engine.renews < 0) return psync_error_set(told, engine.renews, 0, "the fake is away");
    *expires = psync__clock->boottime() + lease;
    return engine.renews;
}

/* ---- the bell ---------------------------------------------------------------- */

static net_outcome listen_(net_call *call, const char *channel)
{
    note(A_LISTEN, call, channel);
    call->result = engine.listened;
    return engine.listens;
}

static net_outcome unlisten(net_call *call, const char *channel)
{
    note(A_UNLISTEN, call, channel);
    return NET_DONE;
}

static net_outcome hear(net_call *call)
{
    const struct connection *connection = call->connection;
    char text[1024];
    ssize_t length = recv(connection->fd, text, sizeof text - 1, 0);
    if (length == 0 || (length < 0 && errno != EAGAIN)) return NET_LOST;
    text[length > 0 ? length : 0] = '\0';
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *space = strchr(line, ' ');
        if (space) *space++ = '\0';
        net_bell_rung(call->home, line, space ? space : "");
    }
    return NET_DONE;
}

static const net_engine fake_engine = {
    .name = "Fake",
    .records_life = 3600 * S,
    .connect = connect_,
    .disconnect = disconnect,
    .descriptor = descriptor,
    .settle = settle,
    .renew = renew,
    .listen = listen_,
    .unlisten = unlisten,
    .hear = hear,
};

/* ---- life -------------------------------------------------------------------- */

static int hook(void *argument)
{
    (void)argument;
    engine_note(A_HOOK);
    return engine.on_hook ? engine.on_hook() : 0;
}

static void open_home(const char *options, bool with_hook)
{
    char text[256];
    const psync_options with = {.interrupt = with_hook ? hook : NULL};
    snprintf(text, sizeof text, "fake://host?%s", options);
    dsn = psync__dsn_parse(text, &error);
    assert_non_null(dsn);
    psync_result r = net_home_open(&home, &fake_engine, NULL, &engine, dsn, &with, &error);
    if (r) fail_msg("%s", error.message);
    keeper_is_away = false;
}

static void close_home(void)
{
    if (keeper_is_away) home.keeper.run = NET_NO_KEEPER;
    net_home_close(&home);
    psync__dsn_free(dsn);
}

void engine_reopen(const char *options, bool with_hook)
{
    close_home();
    open_home(options, with_hook);
    engine_forget();
}

void engine_without_keeper(void)
{
    home.keeper.run = NET_KEEPER_RUNS;
    keeper_is_away = true;
}

int engine_reset(void **state)
{
    fake_reset(state);
    memset(&engine, 0, sizeof engine);
    pthread_mutex_init(&engine.mutex, NULL);
    memset(&error, 0, sizeof error);
    SCRIPT(DONE);
    assert_int_equal(psync__fork_watch(), 0);
    open_home("", true);
    return 0;
}

int engine_close(void **state)
{
    (void)state;
    pthread_mutex_lock(&engine.mutex);
    engine.connects = PSYNC_OK;
    engine.settles = NET_DONE;
    engine.settled = PSYNC_OK;
    engine.on_hook = NULL;
    pthread_mutex_unlock(&engine.mutex);
    close_home();
    for (int i = 1; i <= engine.connections; i++) close(engine.ends[i]);
    return 0;
}

bool engine_hears_nothing(int connection)
{
    char text[8];
    return recv(engine.ends[connection], text, sizeof text, MSG_DONTWAIT) < 0;
}

void engine_same_request(const struct asked *a, const struct asked *b)
{
    assert_string_equal(a->client, b->client);
    assert_int_equal(a->number, b->number);
}

int engine_hook_leaves(void)
{
    return 1;
}

int engine_hook_takes_long(void)
{
    engine.on_hook = NULL;
    fake_pass(20 * S);
    return 0;
}
