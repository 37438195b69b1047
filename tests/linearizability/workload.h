/* SPDX-License-Identifier: BSD-3-Clause */
/* workload.h - workloads made from a seed. */
#ifndef LINEARIZABILITY_WORKLOAD_H
#define LINEARIZABILITY_WORKLOAD_H

#include "recorder.h"

/* The same seed, number of lanes and whether they may be killed give the same workload. */
void workload_make(uint64_t seed, int lanes, bool kills, struct workload *workload);
/* Prints what each lane is to do. */
void workload_print(const struct workload *workload);

#endif
