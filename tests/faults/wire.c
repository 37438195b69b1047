/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.c - sockets and settings; wire.h describes them. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void wire_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("tests/faults: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

int64_t wire_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

union address {
    struct sockaddr any;
    struct sockaddr_un path;
    struct sockaddr_in host;
};

static socklen_t parse(const char *text, union address *address)
{
    *address = (union address){.any = {.sa_family = AF_UNSPEC}};
    if (text[0] == '/') {
        address->path.sun_family = AF_UNIX;
        if (strlen(text) >= sizeof address->path.sun_path) wire_die("%s is too long for a socket", text);
        strcpy(address->path.sun_path, text);
        return sizeof address->path;
    }
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN] = "";
    if (colon && (size_t)(colon - text) < sizeof host) memcpy(host, text, (size_t)(colon - text));
    address->host.sin_family = AF_INET;
    address->host.sin_port = htons((uint16_t)strtol(colon ? colon + 1 : "", NULL, 10));
    if (inet_pton(AF_INET, host, &address->host.sin_addr) != 1) wire_die("%s is no /PATH and no HOST:PORT", text);
    return sizeof address->host;
}

static int make(const union address *address)
{
    int made = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) wire_die("socket: %s", strerror(errno));
    int on = 1;
    /* What a client sends goes through as soon as it may. */
    if (address->any.sa_family == AF_INET) setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return made;
}

int wire_listen(const char *text)
{
    union address address;
    socklen_t length = parse(text, &address);
    int made = make(&address);
    if (bind(made, &address.any, length) != 0 || listen(made, 1024) != 0) wire_die("%s: %s", text, strerror(errno));
    return made;
}

int wire_connect(const char *text)
{
    union address address;
    socklen_t length = parse(text, &address);
    int made = make(&address);
    if (connect(made, &address.any, length) == 0) return made;
    close(made);
    return -1;
}

bool wire_set(struct setting *settings, const char *word)
{
    const char *equals = strchr(word, '=');
    for (struct setting *s = settings; equals && s->name; s++) {
        if (strlen(s->name) != (size_t)(equals - word) || strncmp(s->name, word, strlen(s->name)) != 0) continue;
        char *end;
        s->value = strtol(equals + 1, &end, 10);
        return end != equals + 1 && *end == '\0' && s->value >= 0;
    }
    return false;
}
