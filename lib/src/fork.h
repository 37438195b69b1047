/* SPDX-License-Identifier: BSD-3-Clause */
/* fork.h - tells a forked child that it is one, without asking for its pid at each call. */
#ifndef PSYNC_FORK_H
#define PSYNC_FORK_H

#include <stdatomic.h>

/*
 * How many forks lie between the process that loaded the library and this one.
 * Written by the fork handler while the child has one thread only, so relaxed
 * loads see it: every later thread of the child is created after the write.
 */
extern atomic_uint psync__forks;

/* Installs the fork handler, once. 0, or the errno of a failure. */
int psync__fork_watch(void);

/* A mutex that no child inherits locked: fork itself waits for it. */
void psync__fork_lock(void);
void psync__fork_unlock(void);

#endif
