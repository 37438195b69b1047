/* SPDX-License-Identifier: BSD-3-Clause */
/* tables.h - our tables, when a connection is new. */
#ifndef PG_TABLES_H
#define PG_TABLES_H

#include "net/engine.h"

/*
 * Learns on a new connection what its session is, makes our tables where they are missing, and sees whether they
 * are as we make them. PERMISSION: they are missing, and this user may not make them; DAMAGED: somebody altered
 * them, or they are another version's. Told.
 */
psync_result pg_tables_ready(net_call *call);

#endif
