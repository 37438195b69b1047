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

/* All that was taken was let go again, also what its taker does not know of. */
static void judge_lock(struct guard *guard, bool is_free, unsigned key)
{
    if (!is_free) broken("Lock %u was left behind by a take that was given up", key);
    if (guard->released > guard->acquired + guard->unknown_acquired) {
        broken("Lock %u: %u were taken, and %u unlocks said that they freed one", key, guard->acquired,
               guard->released);
    }
}

void judge(const struct client *client, void *direct)
{
    for (unsigned key = 0; key < KEYS; key++) {
        judge_count(&arena->added[key], client->value(direct, false, key), "the count", key);
        judge_count(&arena->swapped[key], client->value(direct, true, key), "what was swapped", key);
        judge_lock(&arena->guards[key], client->is_free(direct, key), key);
    }
}
