/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.h - sockets and settings of the proxy and its clients. An address is the PATH of a unix socket, or HOST:PORT
 * in digits. */
#ifndef FAULTS_WIRE_H
#define FAULTS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct setting {
    const char *name; /* NULL closes the list */
    long value;
};

__attribute__((format(printf, 1, 2), noreturn)) void wire_die(const char *format, ...);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t wire_now(void);
int wire_listen(const char *address);
/* -1: nobody is there. */
int wire_connect(const char *address);
/* Takes NAME=NUMBER; false: there is no such setting, or that is no number. */
bool wire_set(struct setting *settings, const char *word);

#endif
