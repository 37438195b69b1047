/* SPDX-License-Identifier: BSD-3-Clause */
/* listing.c - each page begins behind the last key of the one before; no cursor, and no transaction between them.
 */
#if PSYNC_WITH_POSTGRESQL

#include "listing.h"

#include <string.h>

#include "state.h"
#include "net/request.h"

enum { PAGE = 500 };

struct page {
    enum pg_statement statement;
    char after[PSYNC_KEY_MAX]; /* the last key of the page before */
    size_t after_length;
    PGresult *rows;
};

static net_outcome page_step(net_call *call, void *argument)
{
    struct page *page = argument;
    pg_arguments arguments = {.count = 0};
    pg_put_bytes(&arguments, page->after, page->after_length);
    pg_put_number(&arguments, PAGE);
    return pg_run(call, page->statement, &arguments, &page->rows);
}

psync_result pg_list(void *opaque, enum pg_statement statement, pg_row *row, void *argument, psync_error *error)
{
    pg_state *state = opaque;
    struct page page = {.statement = statement};
    int count;
    do {
        psync_result r = net_run(&state->home, NET_READ, NULL, page_step, &page, error);
        if (r) return r;
        count = PQntuples(page.rows);
        for (int i = 0; i < count && !r; i++) r = row(argument, page.rows, i) ? PSYNC_NO : PSYNC_OK;
        if (count) {
            page.after_length = (size_t)PQgetlength(page.rows, count - 1, 0);
            if (page.after_length > sizeof page.after)
                page.after_length = sizeof page.after; /* it is none of ours */
            memcpy(page.after, PQgetvalue(page.rows, count - 1, 0), page.after_length);
        }
        PQclear(page.rows);
        if (r) return r;
    } while (count == PAGE);
    return PSYNC_OK;
}

#endif
