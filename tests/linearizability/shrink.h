/* SPDX-License-Identifier: BSD-3-Clause */
/* shrink.h - the heart of a rejected history. */
#ifndef LINEARIZABILITY_SHRINK_H
#define LINEARIZABILITY_SHRINK_H

#include "check.h"

struct heart {
    struct history history; /* a copy; some of its calls are as open as can be */
    struct part part;       /* what the culprit does not fit in with; hidden calls are not in it */
    struct part before;     /* the last changes before it, to show how its first state came about */
    int culprit;
};

/* verdict: of the whole part, REJECTED. */
void shrink(const struct part *part, const struct verdict *verdict, struct heart *heart);

#endif
