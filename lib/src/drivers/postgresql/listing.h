/* SPDX-License-Identifier: BSD-3-Clause */
/* listing.h - lists, a page at a time. */
#ifndef PG_LISTING_H
#define PG_LISTING_H

#include "connection.h"

/* Handles one row, whose first column is the key. Not 0: stop. */
typedef int pg_row(void *argument, const PGresult *rows, int row);

/* Runs a list's statement ($1 the key before the first, $2 how many) page by page. PSYNC_NO: row stopped it.
 */
psync_result pg_list(void *state, enum pg_statement statement, pg_row *row, void *argument, psync_error *error);

#endif
