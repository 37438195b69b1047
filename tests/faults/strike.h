/* SPDX-License-Identifier: BSD-3-Clause */
/* strike.h - the proxy's faults: which a connection has, when it strikes, and what it does then. */
#ifndef FAULTS_STRIKE_H
#define FAULTS_STRIKE_H

#include "pair.h"

enum { SEED, ODDS, CHUNKS, PAUSE, DARK };
extern struct setting settings[];

/* Names a kind that connections may have; false: there is none. */
bool strike_want(const char *name);
void strike_draw(struct pair *pair);
/* What a side has said. */
void strike_from_client(struct pair *pair, const char *data, size_t length);
void strike_from_server(struct pair *pair, const char *data, size_t length);
/* Its moment has come, whatever is said. */
void strike_idle(struct pair *pair);
/* Whether nobody gets through now. */
bool strike_is_dark(void);
/* How often it did what: NAME=NUMBER words. */
void strike_report(void);

#endif
