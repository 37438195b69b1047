/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.c - compares what the processes were told with what the engine has in the end. */
#include "faults.h"

#include <inttypes.h>

/* Each that was told done was counted, each that was told unknown may have been, and no other. */
static void judge_count(struct tally *tally, int64_t total, const char *name, unsigned key)
{
    int64_t missing = 0;
    for (int64_t result = 1; result <= total && result < RESULTS; result++) missing += !tally->given[result];
    if (total < tally->done) {
        broken("%s %u is %" PRId64 ", but %u were told that they counted: lost", name, key, total, tally->done);
    } else if (total > (int64_t)tally->done + tally->unknown) {
        broken("%s %u is %" PRId64 ", but %u counted and %u may have: counted twice", name, key, total, tally->done,
               tally->unknown);
    } else if (missing > tally->unknown) {
        broken("%s %u: %" PRId64 " results were given to nobody, and %u are unknown", name, key, missing,
               tally->unknown);
    }
}

/* What a take that was given up took may be let go again a little later; a naive client gives up none. */
static bool is_free(const struct crew *crew, unsigned key)
{
    const int64_t end = now_ns() + INT64_C(60000000000);
    for (;;) {
        crew_free_ghosts(crew);
        if (crew->client->is_free(crew->direct, key)) return true;
        if (!crew->client->dead_holder || now_ns() > end) return false;
    }
}

/* All that was taken was let go again, also what its taker does not know of. */
static void judge_lock(const struct crew *crew, unsigned key)
{
    struct guard *guard = &arena->guards[key];
    if (!is_free(crew, key)) broken("Lock %u was left behind by a take that was given up", key);
    if (guard->released > guard->acquired + guard->unknown_acquired) {
        broken("Lock %u: %u were taken, and %u unlocks said that they freed one", key, guard->acquired,
               guard->released);
    }
}

void judge(const struct crew *crew)
{
    for (unsigned key = 0; key < KEYS; key++) {
        judge_count(&arena->added[key], crew->client->value(crew->direct, false, key), "the count", key);
        judge_count(&arena->swapped[key], crew->client->value(crew->direct, true, key), "what was swapped", key);
        judge_lock(crew, key);
    }
}
