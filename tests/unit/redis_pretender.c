/* SPDX-License-Identifier: BSD-3-Clause */
/* redis_pretender.c - takes one connection after the other on a unix socket in a temporary folder. */
#include "redis_pretender.h"

#if PSYNC_WITH_REDIS
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/phpsync-pretender-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1;
static pthread_t thread;

struct redis_pretender pretender;
psync_space *pretender_space;
psync_lock *pretender_lock;

static void say(int client, const char *text)
{
    (void)!send(client, text, strlen(text), MSG_NOSIGNAL);
}

static void look(const char *request)
{
    if (!pretender.looks_for || !strstr(request, pretender.looks_for)) return;
    if (strstr(request, "{default:k}:i")) atomic_store(&pretender.has_found_integer, true);
    if (strstr(request, "{default:k}:l")) atomic_store(&pretender.has_found_lock, true);
}

static void execute(int client)
{
    atomic_fetch_add(&pretender.executed, 1);
    if (pretender.closes) atomic_store(&pretender.is_closed, true);
    if (pretender.hangs_up) shutdown(client, SHUT_RD);
    say(client, pretender.exec);
}

static void answer(int client, const char *request)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n", multi[] = "*1\r\n$5\r\nMULTI\r\n";
    const bool begins = strncmp(request, multi, sizeof multi - 1) == 0;
    look(request);
    if (strncmp(request, ping, sizeof ping - 1) == 0) say(client, "+PONG\r\n"); /* another command follows it */
    if (begins) say(client, pretender.multi);
    if (begins && !request[sizeof multi - 1]) {
        atomic_fetch_add(&pretender.trials, 1);
    } else if (strstr(request, "\nEXEC\r")) {
        execute(client);
    } else if (strstr(request, "\nWAIT\r")) {
        say(client, atomic_fetch_add(&pretender.waited, 1) ? ":1\r\n" : pretender.waits);
    } else {
        say(client, pretender.says);
    }
}

static void serve(int client)
{
    char request[65536];
    ssize_t length;
    for (int i = 0; (length = recv(client, request, sizeof request - 1, 0)) > 0; i++) {
        request[length] = '\0';
        if (!i) say(client, atomic_load(&pretender.is_closed) ? "-WRONGPASS no\r\n" : "+OK\r\n");
        if (i && !atomic_load(&pretender.is_mute)) answer(client, request);
    }
}

static void *server(void *argument)
{
    (void)argument;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) return NULL; /* shut down */
        if (atomic_load(&pretender.refusals)) {
            if (atomic_load(&pretender.refusals) > 0) atomic_fetch_sub(&pretender.refusals, 1);
            say(client, pretender.full);
        } else {
            atomic_fetch_add(&pretender.connections, 1);
            serve(client);
        }
        close(client);
    }
}

int pretender_set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
    return 0;
}

int pretender_tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int pretender_start(void **state)
{
    (void)state;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, 50)) return -1;
    pretender = (struct redis_pretender){.says = "", .waits = "", .multi = "+OK\r\n", .full = ""};
    pretender.exec = "+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n";
    return pthread_create(&thread, NULL, server, NULL);
}

void pretender_open(const char *timeout, psync_error *error)
{
    char dsn[200];
    snprintf(dsn, sizeof dsn, "redis+unix://%s?timeout=%s", address.sun_path, timeout);
    assert_int_equal(psync_space_open(dsn, NULL, &pretender_space, error), PSYNC_OK);
    assert_int_equal(psync_lock_open(pretender_space, "k", 1, &pretender_lock, error), PSYNC_OK);
    memset(error, 0, sizeof *error);
}

void pretender_close(void)
{
    psync_lock_close(pretender_lock);
    psync_space_close(pretender_space);
    pretender_lock = NULL;
    pretender_space = NULL;
}

int pretender_stop(void **state)
{
    (void)state;
    pretender_close();
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    return unlink(address.sun_path);
}

#endif
