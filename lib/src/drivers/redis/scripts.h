/* SPDX-License-Identifier: BSD-3-Clause */
/* scripts.h - the atomic steps, as the server runs them. */
#ifndef PSYNC_REDIS_SCRIPTS_H
#define PSYNC_REDIS_SCRIPTS_H

/* How long the server keeps the record of a request, at least. No request is repeated after half of it. */
enum { REDIS_RECORD_LIFE_S = 600 };

/* A request's number, with leading zeros. */
enum { REDIS_NUMBER_LENGTH = 16 };

enum redis_script {
    REDIS_ACQUIRE = 0,
    REDIS_RELEASE,
    REDIS_RENEW,
    REDIS_SETTLE,
    REDIS_INSPECT,
    REDIS_VALUES,
    REDIS_ADD,
    REDIS_SET,
    REDIS_COMPARE_SET,
    REDIS_REMOVE,
    REDIS_WATCH,
    REDIS_SCRIPTS
};

/* Its text, and the 40 hexadecimal digits the server knows it by once it has seen it. */
const char *redis_script_text(enum redis_script script);
const char *redis_script_name(enum redis_script script);

#endif
