/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep.h - removes rows that are of no more use. */
#ifndef PG_SWEEP_H
#define PG_SWEEP_H

#include "state.h"

/* When the first is due: soon for some processes, so that ones that live shortly do their part too. */
void pg_sweep_plan(pg_state *state);
/* Sweeps a bounded part of each table if that is due. What goes wrong in it is nobody's business. */
void pg_sweep(pg_state *state);

#endif
