/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - what a redis DSN says, read once at open. */
#ifndef PSYNC_REDIS_OPTIONS_H
#define PSYNC_REDIS_OPTIONS_H

#include <phpsync/driver.h>

enum { REDIS_HOSTS_MAX = 16, REDIS_HOST_SIZE = 256, REDIS_PORT_SIZE = 6, REDIS_MASTER_SIZE = 128 };

struct redis_host {
    char name[REDIS_HOST_SIZE]; /* a name, an address without brackets, or a socket's path */
    char port[REDIS_PORT_SIZE]; /* "" for a socket's path */
};

struct redis_options {
    struct redis_host hosts[REDIS_HOSTS_MAX]; /* the server, or the sentinels */
    unsigned host_count;
    char master[REDIS_MASTER_SIZE]; /* the name that sentinels know the server by; "" without sentinels */

    /* The strings lie in the DSN, which lives as long as the space; NULL where it says nothing. */
    const char *user;
    const char *password;
    const char *sentinel_user;
    const char *sentinel_password;
    unsigned database;
    unsigned wait_replicas; /* how many must have a change before it counts as done */

    bool tls;
    bool verify;        /* the server's certificate and name */
    const char *cafile; /* NULL: the system's */
    const char *cert;   /* the client's, with its key */
    const char *key;
    const char *servername; /* NULL: the host's name */
};

/* The schemes of such DSNs, NULL-terminated. */
extern const char *const redis_schemes[];

/* Reads the DSN. ARGUMENT: what is wrong and what is allowed. PERMISSION: the caller's path_check refused a path.
 */
psync_result redis_options_read(const psync_dsn *dsn, const psync_options *open_options,
                                struct redis_options *options, psync_error *error);

#endif
