/* SPDX-License-Identifier: BSD-3-Clause */
/* redis_server.c - starts it on a unix socket in a temporary folder, and asks it. */
#include "redis_server.h"

#if PSYNC_WITH_REDIS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/phpsync-scripts-XXXXXX";
char redis_socket[64];
static pid_t server;
redisContext *redis;

static void start_server(void)
{
    char path[80];
    snprintf(path, sizeof path, "%s", redis_socket);
    server = fork();
    if (server) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder,
           "--logfile", "server.log", NULL);
    _exit(127);
}

int redis_set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(redis_socket, sizeof redis_socket, "%s/s", folder);
    start_server();
    for (;;) {
        const struct timespec pause = {.tv_nsec = 10000000};
        redis = redisConnectUnix(redis_socket);
        if (redis && !redis->err) return 0;
        redisFree(redis);
        redis = NULL;
        if (waitpid(server, NULL, WNOHANG) == server) return 0; /* there is none */
        nanosleep(&pause, NULL);
    }
}

int redis_tear_down(void **state)
{
    (void)state;
    char log[80];
    if (redis) {
        redisFree(redis);
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    snprintf(log, sizeof log, "%s/server.log", folder);
    unlink(log);
    unlink(redis_socket);
    return rmdir(folder);
}

int redis_fresh(void **state)
{
    (void)state;
    if (redis) freeReplyObject(redisCommand(redis, "FLUSHALL"));
    return 0;
}

const char *redis_script(enum redis_script script, const char *key, int count, const char *const *arguments)
{
    static char text[512];
    const char *words[16] = {"EVAL", redis_script_text(script), "1", key};
    for (int i = 0; i < count; i++) words[4 + i] = arguments[i];
    redisReply *reply = redisCommandArgv(redis, 4 + count, words, NULL);
    assert_non_null(reply);
    const redisReply *entry = reply->type == REDIS_REPLY_ARRAY ? reply->element[0] : reply;
    snprintf(text, sizeof text, "%s", entry->str ? entry->str : "(nil)");
    freeReplyObject(reply);
    return text;
}

const char *lock_request(enum redis_script script, const char *client, int number, const char *one, const char *two,
                         const char *three)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%016d", number);
    const char *const arguments[] = {client, digits, "@0", one, two, three, "owner"};
    return redis_script(script, KEY_L, three ? 7 : two ? 5 : one ? 4 : 3, arguments);
}

const char *redis_take(const char *client, int number, const char *lease)
{
    return lock_request(REDIS_ACQUIRE, client, number, "0", lease, "");
}

long long redis_ask(const char *command)
{
    redisReply *reply = redisCommand(redis, command);
    assert_non_null(reply);
    long long number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : reply->str ? atoll(reply->str) : 0;
    freeReplyObject(reply);
    return number;
}

const char *redis_taken(const char *client, int number)
{
    static char fence[32];
    const char *answer = redis_take(client, number, "0");
    assert_memory_equal(answer, "ok ", 3);
    snprintf(fence, sizeof fence, "%s", answer + 3);
    return fence;
}

bool redis_is_locked(void)
{
    return strcmp(redis_script(REDIS_INSPECT, KEY_L, 0, NULL), "(nil)") != 0;
}

long long redis_fields(void)
{
    return redis_ask("HLEN " KEY_L);
}

void redis_free(const char *client, int number)
{
    char fence[32];
    snprintf(fence, sizeof fence, "%lld", redis_ask("HGET " KEY_L " f"));
    assert_string_equal(lock_request(REDIS_RELEASE, client, number, fence, NULL, NULL), "ok 0");
}

bool redis_is_missing(void)
{
    if (!redis) skip();
    return !redis;
}

#endif
