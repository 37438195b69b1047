/* SPDX-License-Identifier: BSD-3-Clause */
/* brute.h - the search held against one that tries all orders. */
#ifndef LINEARIZABILITY_BRUTE_H
#define LINEARIZABILITY_BRUTE_H

#include "check.h"

/* As check, by trying every order; for a few calls only. */
enum answer check_by_all_orders(const struct part *part);

/* A small history with times and outcomes by chance, some that fit and some that do not, as one part. */
void invent(uint64_t seed, bool lock, struct history *history, struct part *part);

#endif
