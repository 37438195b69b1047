/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - the four forms of a redis DSN:
 *
 *   redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
 *   rediss://... the same by TLS
 *   redis+unix://[USER:PASSWORD@]/PATH/OF/SOCKET[?db=DATABASE]
 *   redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...]/MASTER[/DATABASE]
 *
 * A user without a password is no user: "redis://:secret@host" has the password alone.
 */
#if PSYNC_WITH_REDIS

#include "options.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "net/home.h"
#include "system.h"

static const char TCP[] = "redis", TLS[] = "rediss", UNIX[] = "redis+unix", SENTINEL[] = "redis+sentinel";

static bool is_scheme(const psync_dsn *dsn, const char *scheme)
{
    return strcmp(dsn->scheme, scheme) == 0;
}

static psync_result wrong_form(const psync_dsn *dsn, psync_error *error)
{
    const char *form = is_scheme(dsn, UNIX)       ? "/PATH/OF/SOCKET?db=NUMBER, with an absolute path"
                       : is_scheme(dsn, SENTINEL) ? "HOST:PORT,HOST:PORT/MASTER/DATABASE"
                                                  : "HOST:PORT/DATABASE";
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "a %s:// DSN is %s://USER:PASSWORD@%s", dsn->scheme,
                           dsn->scheme, form);
}

static psync_result read_number(const char *name, const char *text, uint64_t most, unsigned *number,
                                psync_error *error)
{
    uint64_t value;
    if (!psync__parse_number(text, &value) || value > most) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "%s must be a number from 0 to %llu, not \"%.80s\"",
                               name, (unsigned long long)most, text);
    }
    *number = (unsigned)value;
    return PSYNC_OK;
}

static psync_result read_switch(const psync_dsn *dsn, const char *name, bool *on, psync_error *error)
{
    const char *text = psync_dsn_get(dsn, name);
    if (!text) return PSYNC_OK;
    *on = strcmp(text, "yes") == 0;
    if (*on || strcmp(text, "no") == 0) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "%s must be yes or no, not \"%.80s\"", name, text);
}

/* HOST, HOST:PORT or [ADDRESS]:PORT, length bytes of text. */
static bool read_host(const char *text, size_t length, const char *port, struct redis_host *host)
{
    const char *end = text + length;
    const char *name = text;
    size_t size = length;
    const char *after = end;
    if (length && *text == '[') {
        const char *close = memchr(text, ']', length);
        if (!close) return false;
        name++;
        size = (size_t)(close - name);
        after = close + 1;
    } else {
        const char *colon = memchr(text, ':', length);
        if (colon) {
            size = (size_t)(colon - name);
            after = colon;
        }
    }
    if (!size || size >= sizeof host->name || memchr(name, ',', size)) return false;
    memcpy(host->name, name, size);
    host->name[size] = '\0';
    uint64_t number;
    if (after == end) {
        memcpy(host->port, port, strlen(port) + 1);
        return true;
    }
    size = (size_t)(end - after) - 1;
    if (*after != ':' || !size || size >= sizeof host->port) return false;
    memcpy(host->port, after + 1, size);
    host->port[size] = '\0';
    return psync__parse_number(host->port, &number) && number > 0 && number <= 65535;
}

static psync_result read_hosts(const psync_dsn *dsn, struct redis_options *options, psync_error *error)
{
    bool sentinel = is_scheme(dsn, SENTINEL);
    const char *text = dsn->authority;
    for (;;) {
        size_t length = strcspn(text, sentinel ? "," : "");
        if (options->host_count == REDIS_HOSTS_MAX) {
            return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN names more than %d hosts",
                                   REDIS_HOSTS_MAX);
        }
        struct redis_host *host = &options->hosts[options->host_count++];
        if (!read_host(text, length, sentinel ? "26379" : "6379", host)) return wrong_form(dsn, error);
        if (!text[length]) return PSYNC_OK;
        text += length + 1;
    }
}

static psync_result read_socket(const psync_dsn *dsn, const psync_options *open_options,
                                struct redis_options *options, psync_error *error)
{
    struct redis_host *host = &options->hosts[0];
    const size_t room = sizeof((struct sockaddr_un *)0)->sun_path;
    size_t length = strlen(dsn->path);
    if (*dsn->authority || length < 2) return wrong_form(dsn, error);
    if (length >= room) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the socket's path has %zu bytes, the system allows %zu", length, room - 1);
    }
    if (open_options->path_check && open_options->path_check(dsn->path, open_options->argument)) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0, "the path %s is not allowed here", dsn->path);
    }
    memcpy(host->name, dsn->path, length + 1);
    options->host_count = 1;
    return PSYNC_OK;
}

/* "/MASTER" and "/DATABASE", as far as the scheme has them. */
static psync_result read_path(const psync_dsn *dsn, struct redis_options *options, psync_error *error)
{
    const char *path = dsn->path;
    if (is_scheme(dsn, SENTINEL)) {
        size_t length = *path ? strcspn(path + 1, "/") : 0;
        if (!length || length >= sizeof options->master) return wrong_form(dsn, error);
        memcpy(options->master, path + 1, length);
        path += length + 1;
    }
    if (!*path || !path[1]) return PSYNC_OK;
    if (psync_dsn_get(dsn, "db")) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN names the database twice");
    }
    return read_number("the database", path + 1, 999999, &options->database, error);
}

/* A file's path, which the caller may forbid. */
static psync_result read_file(const psync_dsn *dsn, const psync_options *open_options, const char *name,
                              const char **path, psync_error *error)
{
    *path = psync_dsn_get(dsn, name);
    if (!*path) return PSYNC_OK;
    if (**path != '/') {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "%s must be the absolute path of a file", name);
    }
    if (open_options->path_check && open_options->path_check(*path, open_options->argument)) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0, "the path %s is not allowed here", *path);
    }
    return PSYNC_OK;
}

static psync_result read_tls(const psync_dsn *dsn, const psync_options *open_options, struct redis_options *options,
                             psync_error *error)
{
    options->verify = true;
    options->servername = psync_dsn_get(dsn, "servername");
    psync_result r = read_switch(dsn, "verify", &options->verify, error);
    if (!r) r = read_file(dsn, open_options, "cafile", &options->cafile, error);
    if (!r) r = read_file(dsn, open_options, "cert", &options->cert, error);
    if (!r) r = read_file(dsn, open_options, "key", &options->key, error);
    if (!r && !options->cert != !options->key) {
        r = psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "cert and key go together");
    }
    return r;
}

static psync_result allow(const psync_dsn *dsn, psync_error *error)
{
    static const char *const plain[] = {NET_OPTIONS, "db", "wait_replicas", NULL};
    static const char *const tls[] = {NET_OPTIONS, "db",  "wait_replicas", "verify", "cafile",
                                      "cert",      "key", "servername",    NULL};
    static const char *const sentinel[] = {
        NET_OPTIONS, "db",     "wait_replicas", "sentinel_user", "sentinel_password", "tls",
        "verify",    "cafile", "cert",          "key",           "servername",        NULL};
    const char *const *allowed = is_scheme(dsn, SENTINEL) ? sentinel : is_scheme(dsn, TLS) ? tls : plain;
    return psync_dsn_allow(dsn, allowed, error);
}

psync_result redis_options_read(const psync_dsn *dsn, const psync_options *open_options,
                                struct redis_options *options, psync_error *error)
{
    memset(options, 0, sizeof *options);
    psync_result r = allow(dsn, error);
    if (r) return r;
    options->tls = is_scheme(dsn, TLS);
    r = is_scheme(dsn, UNIX) ? read_socket(dsn, open_options, options, error) : read_hosts(dsn, options, error);
    if (!r && !is_scheme(dsn, UNIX)) r = read_path(dsn, options, error);
    if (!r && is_scheme(dsn, SENTINEL)) r = read_switch(dsn, "tls", &options->tls, error);
    if (!r) r = read_tls(dsn, open_options, options, error);
    const char *text = psync_dsn_get(dsn, "db");
    if (!r && text) r = read_number("db", text, 999999, &options->database, error);
    text = psync_dsn_get(dsn, "wait_replicas");
    if (!r && text) r = read_number("wait_replicas", text, 1000, &options->wait_replicas, error);
    if (r) return r;
    if (*dsn->password) options->password = dsn->password;
    if (*dsn->user) options->user = dsn->user;
    options->sentinel_user = psync_dsn_get(dsn, "sentinel_user");
    options->sentinel_password = psync_dsn_get(dsn, "sentinel_password");
    bool half = options->user && !options->password;
    if (half || (options->sentinel_user && !options->sentinel_password)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the DSN has a user without a password; a password alone is written :PASSWORD@");
    }
    return PSYNC_OK;
}

const char *const redis_schemes[] = {TCP, TLS, UNIX, SENTINEL, NULL};

#endif
