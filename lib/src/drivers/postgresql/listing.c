/* SPDX-License-Identifier: BSD-3-Clause */
/* listing.c - each page begins behind the last key of the one before; no cursor, and no transaction between them.
 */
#include "listing.h"

#if PSYNC_WITH_POSTGRESQL

#include <string.h>

#include "change.h"
#include "state.h"
#include "net/request.h"

enum { PAGE = 500 };

struct page {
    enum pg_statement statement;
    psync_key after;
    PGresult *rows;
};

static net_outcome page_step(net_call *call, void *argument)
{
    struct page *page = argument;
    pg_arguments arguments = {.count = 0};
    pg_put_key(call, &arguments, &page->after);
    pg_put_number(&arguments, PAGE);
    return pg_run(call, page->statement, &arguments, &page->rows);
}

psync_result pg_list(void *opaque, enum pg_statement statement, pg_row *row, void *argument, psync_error *error)
{
    pg_state *state = opaque;
    char last[PSYNC_KEY_MAX];
    struct page page = {.statement = statement, .after = {.bytes = last}};
    int count;
    do {
        psync_result r = net_run(&state->home, NET_READ, NULL, page_step, &page, error);
        if (r) return r;
        count = PQntuples(page.rows);
        for (int i = 0; i < count && !r; i++) r = row(argument, page.rows, i) ? PSYNC_NO : PSYNC_OK;
        if (count) {
            page.after.length = (size_t)PQgetlength(page.rows, count - 1, 0);
            if (page.after.length > sizeof last) page.after.length = sizeof last; /* no key of ours is longer */
            memcpy(last, PQgetvalue(page.rows, count - 1, 0), page.after.length);
        }
        PQclear(page.rows);
        if (r) return r;
    } while (count == PAGE);
    return PSYNC_OK;
}

#endif
