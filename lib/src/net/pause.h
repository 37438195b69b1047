/* SPDX-License-Identifier: BSD-3-Clause */
/* pause.h - how long to pause before the next try: growing and jittered, so that a fleet does not knock in step. */
#ifndef NET_PAUSE_H
#define NET_PAUSE_H

#include <stdint.h>

#include "clock.h"

#define NET_PAUSE_MIN (50 * PSYNC_NS_PER_MS)
#define NET_PAUSE_MAX (5 * PSYNC_NS_PER_S)

/* A time between half of ns and ns, at random. */
int64_t net_jitter(int64_t ns);

/*
 * The pause after so many failures in a row (1: the first): up to twice NET_PAUSE_MIN, and doubling up to
 * NET_PAUSE_MAX, always jittered down to half of that. left: the time there is for tries, of which a pause takes
 * half at most, so that the last ones come near its end; PSYNC_NEVER: no end.
 */
int64_t net_pause(unsigned failures, int64_t left);

#endif
