/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * witness.c - the ledger's reader; witness.h describes it.
 *
 * The proxy may come to a request, and to its answer, later than the caller gave up: what has to be in the ledger
 * is waited for, and an answer counts only if it came while the caller had to listen for it.
 *
 * Of Integers nobody else asks in this process, and a call is one request and its repeats: the last one tells. A
 * take asks again and again, and a thread of the library undoes what was given up: there the sums tell.
 */
#include "witness.h"

#include <unistd.h>

static struct ledger *ledger;
static struct ledger_line *line; /* this process's; NULL: it has not joined */
static bool gave_up;             /* the last call did: the proxy may have yet to see what it asked */

void witness_open(const char *path)
{
    ledger = ledger_open(path);
}

void witness_join(void)
{
    if (ledger) line = ledger_of(ledger, getpid());
}

int64_t witness_cut_at(void)
{
    return line ? atomic_load(&line->cut_at) : 0;
}

static const struct ledger_sum *sum_of(enum about about)
{
    return &line->sums[about];
}

/* Until the proxy has seen all that was sent before; the turn that it is at may have begun earlier. */
static void let_it_see(void)
{
    const unsigned turns = atomic_load(&ledger->turns);
    while (atomic_load(&ledger->turns) - turns < 2 && !arena->broken) pause_ns(1000000);
    gave_up = false;
}

struct question witness_before(enum about about, bool changes)
{
    struct question question = {.about = about, .changes = changes};
    if (line && gave_up) let_it_see();
    question.began = now_ns();
    if (!line) return question;
    question.lost = atomic_load(&sum_of(about)->lost);
    question.asked = atomic_load(&sum_of(about)->asked);
    return question;
}

/* Who sent something just then cannot know whether it was before the cut. */
static bool cut_meanwhile(const struct question *question)
{
    return atomic_load(&line->cut_at) >= question->began;
}

static bool asked(const struct question *question)
{
    return atomic_load(&sum_of(question->about)->asked) != question->asked;
}

/* The last request has its answer. */
static bool answered(const struct question *question)
{
    return atomic_load(&sum_of(question->about)->answered_at) != 0;
}

/* That answer came in time. */
static bool answered_in_time(const struct question *question)
{
    int64_t at = atomic_load(&sum_of(question->about)->answered_at);
    return at && at <= question->began + arena->patience;
}

/* A request was lost, has no answer yet, or got it too late. */
static bool one_is_open(const struct question *question)
{
    const struct ledger_sum *sum = sum_of(question->about);
    if (atomic_load(&sum->lost) != question->lost) return true;
    if (answered(question) && !answered_in_time(question)) return true;
    return atomic_load(&sum->asked) != atomic_load(&sum->answered) + atomic_load(&sum->lost);
}

/* The same of the really last one: what the ledger tells may be of a request before it, which the proxy has not got
 * to.
 */
static bool last_answered_in_time(const struct question *question)
{
    if (!answered_in_time(question)) return false;
    let_it_see();
    return answered_in_time(question);
}

static bool asked_or_cut(const struct question *question)
{
    return asked(question) || cut_meanwhile(question);
}

static bool in_the_end(bool is_so(const struct question *), const struct question *question)
{
    const int64_t end = now_ns() + INT64_C(60000000000);
    while (!is_so(question)) {
        if (now_ns() > end) return false;
        pause_ns(1000000);
    }
    return true;
}

static void judge_unknown(const struct question *question, const char *call, const psync_error *error)
{
    if (!in_the_end(asked_or_cut, question)) {
        broken("%s: unknown, but it was never asked of the server (%s)", call, error->message);
    } else if (cut_meanwhile(question)) {
        return;
    } else if (question->about == ABOUT_INTEGERS && last_answered_in_time(question)) {
        broken("%s: unknown, but the last request was answered (%s)", call, error->message);
    } else if (question->about == ABOUT_LOCKS && !in_the_end(one_is_open, question)) {
        broken("%s: unknown, but each request was answered (%s)", call, error->message);
    }
}

enum outcome witness_after(const struct question *question, enum outcome outcome, const char *call,
                           const psync_error *error)
{
    if (!line) return outcome;
    gave_up = outcome == UNKNOWN || outcome == UNREACHABLE;
    if (!question->changes) return outcome;
    if (outcome == UNKNOWN) judge_unknown(question, call, error);
    if (outcome == DONE && !asked(question)) broken("%s: done, but it was never asked of the server", call);
    if (outcome == UNREACHABLE && question->about == ABOUT_INTEGERS && asked(question) &&
        !in_the_end(answered, question)) {
        broken("%s: not done, but it was asked of the server, which may have done it (%s)", call, error->message);
    }
    return outcome;
}
