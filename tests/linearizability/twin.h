/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * twin.h - a correct driver, "twin://", as simple as one can be: a table in
 * memory that processes share from before their fork, under one mutex. Broken
 * drivers are this one with one slot replaced.
 */
#ifndef LINEARIZABILITY_TWIN_H
#define LINEARIZABILITY_TWIN_H

#include <phpsync/driver.h>

extern const psync_driver twin_driver;

/* Before the first open; once. */
void twin_create(void);

#endif
