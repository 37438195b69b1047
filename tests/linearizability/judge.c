/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.c - checks the keys of a history one by one, since keys do not touch each other. */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "shrink.h"

struct judgement judge(const struct history *history)
{
    static struct part part;
    struct judgement judgement = {.answer = ACCEPTED};
    for (int i = 0; i < 2 * KEYS_MAX && judgement.answer == ACCEPTED; i++) {
        judgement.lock = i < KEYS_MAX;
        judgement.key = i % KEYS_MAX;
        part_of(history, judgement.lock, judgement.key, &part);
        judgement.verdict = check(&part);
        judgement.answer = judgement.verdict.answer;
        judgement.configurations += judgement.verdict.configurations;
    }
    return judgement;
}

static void tell_call(const struct history *history, int place, const char *mark)
{
    const struct call *call = &history->calls[place];
    char text[120], until[40] = "?";
    call_describe(call, text, sizeof text);
    if (call->respond != NEVER) snprintf(until, sizeof until, "%.1f", history_us(history, call->respond));
    printf("  %s lane %d  %.1f .. %s us  %s\n", mark, call->lane, history_us(history, call->invoke), until, text);
}

static const struct history *ordered;

static int by_invoke(const void *a, const void *b)
{
    int64_t x = ordered->calls[*(const int *)a].invoke, y = ordered->calls[*(const int *)b].invoke;
    return (x > y) - (x < y);
}

static void order(struct part *part)
{
    ordered = part->history;
    qsort(part->calls, (size_t)part->count, sizeof part->calls[0], by_invoke);
}

static void tell_heart(const struct heart *heart)
{
    char state[160];
    heart->part.model->describe(&heart->history, &heart->part.start, state, sizeof state);
    for (int i = 0; i < heart->before.count; i++) tell_call(&heart->history, heart->before.calls[i], "   before:");
    printf("     then it was: %s\n", state);
    for (int i = 0; i < heart->part.count; i++) {
        bool red = heart->part.calls[i] == heart->culprit;
        tell_call(&heart->history, heart->part.calls[i], red ? "does not fit:" : "       after:");
    }
}

void tell(const struct history *history, const struct judgement *judgement, const char *name, const char *folder)
{
    const char *kind = judgement->lock ? "Lock" : "Integer";
    if (judgement->answer == GAVE_UP) {
        printf("%s: the search for an order of %s %d's calls grew too large\n", name, kind, judgement->key);
        return;
    }
    struct part *part = calloc(1, sizeof *part);
    struct heart *heart = calloc(1, sizeof *heart);
    if (!part || !heart) abort();
    part_of(history, judgement->lock, judgement->key, part);
    shrink(part, &judgement->verdict, heart);
    order(&heart->before);
    order(&heart->part);
    char path[4096], title[200];
    printf("%s: %s %d's calls have no order\n", name, kind, judgement->key);
    tell_heart(heart);
    snprintf(title, sizeof title, "%s %d, %s", kind, judgement->key, name);
    snprintf(path, sizeof path, "%s/%s.svg", folder ? folder : "", name);
    if (folder && draw(heart, title, path)) {
        printf("  drawn in %s\n", path);
    } else if (folder) {
        printf("  not drawn: %s: %s\n", path, strerror(errno));
    }
    free(part);
    free(heart);
}
