/* SPDX-License-Identifier: BSD-3-Clause */
/* chance.h - numbers from a seed. */
#ifndef LINEARIZABILITY_CHANCE_H
#define LINEARIZABILITY_CHANCE_H

#include <stdint.h>

struct chance {
    uint64_t state;
};

/* One of 0 to limit - 1. Steele, Lea and Flood's splitmix64. */
static inline uint64_t chance_below(struct chance *chance, uint64_t limit)
{
    chance->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (chance->state ^ (chance->state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ (mixed >> 31)) % limit;
}

#endif
