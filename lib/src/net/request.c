/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.c - runs a step until it is done, the time is over, or the hook leaves.
 *
 * A request's number is given once, with its lane, and the lane is kept until
 * the request ends: so repeats bear the same number, and a later number of
 * this client is given only when nothing of this request will be sent again.
 *
 * A hook (or a signal's handler) that forks leaves two processes in the middle of this function. The
 * parent goes on. The child has nothing of the connection; it begins a read or
 * a take anew, as the client that it now is. A change it leaves to its parent,
 * and reports that it does not know.
 */
#include "net/request.h"

#include <stdlib.h>
#include <string.h>

#include "net/pause.h"

struct run {
    net_call call;
    net_kind kind;
    const psync_key *key;
    net_step *step;
    void *argument;
    int64_t began;     /* monotonic */
    int64_t number_at; /* boottime: when its number was given */
    unsigned failures; /* in a row */
    bool fresh;        /* the connection was made by this request */
    bool lost;         /* the engine may have it already */
};

net_outcome net_nothing(net_call *call, void *argument)
{
    (void)argument;
    call->result = PSYNC_OK;
    return NET_DONE;
}

static void keep_reason(const psync_error *error, char reason[PSYNC_MESSAGE_SIZE])
{
    memcpy(reason, error->message, PSYNC_MESSAGE_SIZE);
    if (!*reason) strcpy(reason, "no answer came");
}

static double seconds(int64_t ns)
{
    return (double)(ns / PSYNC_NS_PER_MS) / 1000;
}

psync_result net_out_of_reach(const net_home *home, int64_t time, psync_error *error)
{
    char reason[PSYNC_MESSAGE_SIZE];
    keep_reason(error, reason);
    return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, error->system_code,
                           "%s was out of reach for %.3g s and nothing was done: %s; see whether it runs and the "
                           "address is right",
                           home->engine->name, seconds(time), reason);
}

/* How a request ends whose answer will not be known. */
static psync_result unknown(struct run *run)
{
    char reason[PSYNC_MESSAGE_SIZE];
    psync_error *error = run->call.error;
    keep_reason(error, reason);
    return psync_error_set(error, PSYNC_ERROR_UNKNOWN, error->system_code,
                           "%s got the request but its answer was lost: %s; %s", run->call.home->engine->name,
                           reason,
                           run->kind == NET_TAKE ? "if it took the Lock, it is freed again once it is back in reach"
                                                 : "look whether it was done before you repeat it");
}

static psync_result out_of_time(struct run *run)
{
    if (run->lost && run->kind != NET_READ) return unknown(run);
    return net_out_of_reach(run->call.home, psync__clock->monotonic() - run->began, run->call.error);
}

static psync_result interrupted(struct run *run)
{
    return psync_error_set(run->call.error, PSYNC_ERROR_INTERRUPTED, 0, "the call was interrupted");
}

/* Whether it is a change that its caller must learn the outcome of. */
static bool may_be_done(const struct run *run)
{
    return run->kind == NET_CHANGE && run->lost;
}

static void drop_connection(net_call *call)
{
    if (!call->lane->connection) return;
    net_drop(call->home, call->lane->connection, net_forked_since(call->forks));
    call->lane->connection = NULL;
}

/* *final: an error that no repeat mends. */
static net_outcome connect_lane(struct run *run, psync_result *final)
{
    net_call *call = &run->call;
    run->fresh = true;
    call->connection = NULL;
    psync_result r = call->home->engine->connect(call, &call->lane->connection);
    if (r && r != PSYNC_ERROR_UNAVAILABLE && r != PSYNC_NO && r != PSYNC_ERROR_INTERRUPTED) *final = r;
    return r ? NET_NOT_SENT : NET_DONE;
}

/* Whether the engine may have forgotten its number by now, also while the host was suspended. */
static bool too_old_to_repeat(const struct run *run)
{
    const int64_t age = psync__clock->boottime() - run->number_at;
    return run->kind != NET_READ && age >= run->call.home->engine->records_life / 2;
}

/* One try: connects, settles debts, runs the step, unless it has become too old for that meanwhile. */
static net_outcome attempt(struct run *run, psync_result *final)
{
    net_call *call = &run->call;
    net_outcome outcome = NET_DONE;
    bool sent = false;
    call->error->message[0] = '\0';
    call->drop = false;
    call->stubborn = may_be_done(run);
    if (!call->lane->connection) outcome = connect_lane(run, final);
    if (outcome != NET_DONE) return outcome;
    call->connection = call->lane->connection;
    if (atomic_load_explicit(&call->home->debts.first, memory_order_relaxed)) outcome = net_debt_settle(call);
    if (outcome == NET_DONE && run->lost && too_old_to_repeat(run)) outcome = NET_RETRY;
    if (outcome == NET_DONE) {
        sent = true;
        call->stubborn = run->kind == NET_CHANGE;
        outcome = run->step(call, run->argument);
    }
    if (outcome == NET_NOT_SENT || outcome == NET_LOST || call->drop) drop_connection(call);
    return !sent && outcome == NET_LOST ? NET_NOT_SENT : outcome; /* what was lost is not this request */
}

/*
 * Pauses before the next try; an old connection that was found dead needs none. PSYNC_OK: try again. The keeper
 * pauses where it keeps nobody from a try.
 */
static psync_result pause_between(struct run *run)
{
    net_call *call = &run->call;
    if (!run->failures++ && !run->fresh) return PSYNC_OK;
    if (!call->hooked) return PSYNC_NO;
    char reason[PSYNC_MESSAGE_SIZE];
    keep_reason(call->error, reason);
    const int64_t now = psync__clock->monotonic();
    const int64_t at = now + net_pause(run->failures, call->until - now);
    psync_result r = at < call->until ? net_poll_until(call, -1, 0, at) : PSYNC_NO;
    if (r >= 0) psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, call->error->system_code, "%s", reason);
    return r < 0 ? r : at < call->until ? PSYNC_OK : PSYNC_NO;
}

/* One more try. If the end of the time cuts it short, what was wrong is what the one before it said. */
static net_outcome attempt_again(struct run *run, psync_result *final)
{
    net_call *call = &run->call;
    psync_error before;
    if (!run->failures) return attempt(run, final);
    before = *call->error;
    net_outcome outcome = attempt(run, final);
    bool is_cut = outcome == NET_NOT_SENT && !*final && psync__clock->monotonic() >= call->until;
    if (is_cut) *call->error = before;
    return outcome;
}

/*
 * Whether the engine has refused a repeat for a reason that it may not have had at the lost try, which may be done.
 * An overflow is found where the number is known already.
 */
static bool rejected_after_loss(const struct run *run)
{
    const psync_result r = run->call.result;
    return run->lost && run->kind != NET_READ && r < 0 && r != PSYNC_ERROR_OVERFLOW;
}

/* Tries until it ends in this process. */
static psync_result persist(struct run *run)
{
    net_call *call = &run->call;
    for (;;) {
        psync_result final = PSYNC_OK;
        if (net_keeper_stops(call->home)) return interrupted(run);
        net_outcome outcome = attempt_again(run, &final);
        if (net_forked_since(call->forks)) {
            run->lost = run->lost || outcome == NET_DONE || outcome == NET_LOST;
            return PSYNC_ERROR_INTERRUPTED;
        }
        call->lane->answered = outcome == NET_DONE;
        if (outcome == NET_DONE) return rejected_after_loss(run) ? unknown(run) : call->result;
        if (outcome == NET_LOST || outcome == NET_STALE) run->lost = true;
        call->stubborn = may_be_done(run);
        if (call->left && !call->stubborn) return interrupted(run);
        if (outcome == NET_STALE) return unknown(run);
        if (final) return run->lost && run->kind != NET_READ ? unknown(run) : final;
        psync_result r = pause_between(run);
        if (r < 0) return net_forked_since(call->forks) ? r : interrupted(run);
        if (r == PSYNC_NO || too_old_to_repeat(run)) return out_of_time(run);
    }
}

/* In the child of a hook that forked. */
static psync_result begin_anew(struct run *run)
{
    net_call *call = &run->call;
    (void)net_home_after_fork(call->home, NULL);
    net_drop(call->home, call->lane->connection, true);
    free(call->lane);
    if (run->kind == NET_CHANGE && run->lost) {
        psync_error_set(call->error, PSYNC_ERROR_UNKNOWN, 0,
                        "the process was forked meanwhile, its parent gets it");
        return unknown(run);
    }
    return net_run_until(call->home, run->kind, run->key, run->step, run->argument, call->until, call->error);
}

/* It was given up, and may be done already, or later. */
static void note_debt(const struct run *run)
{
    const net_call *call = &run->call;
    if (run->kind == NET_CHANGE) net_debt_note_change(call, run->key);
    if (run->kind != NET_TAKE) return;
    net_debt_note(call, run->key);
    net_lane_new_client(call->lane); /* the debt's number stays that client's last */
}

/* error is no user's: it is written to also where all ends well. */
static psync_result run_until(net_home *home, net_kind kind, const psync_key *key, net_step *step, void *argument,
                              int64_t until, psync_error *error)
{
    struct run run = {.kind = kind, .key = key, .step = step, .argument = argument};
    net_call *call = &run.call;
    call->home = home;
    call->context = home->context;
    call->error = error;
    call->hooked = !net_is_keeper();
    call->until = until;
    psync_result r = net_lane_take(home, &call->until, call->hooked, &call->lane, call->error);
    run.began = psync__clock->monotonic();
    if (r == PSYNC_NO) {
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "another thread's request was not answered");
        return net_out_of_reach(home, home->dsn->timeout, call->error);
    }
    if (r) return r;
    call->forks = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    call->client = call->lane->client;
    if (kind != NET_READ) {
        call->number = ++call->lane->number;
        run.number_at = psync__clock->boottime();
    }
    r = persist(&run);
    if (net_forked_since(call->forks)) return begin_anew(&run);
    if (run.lost && r < 0) note_debt(&run);
    net_lane_leave(home, call->lane);
    return r;
}

psync_result net_run_until(net_home *home, net_kind kind, const psync_key *key, net_step *step, void *argument,
                           int64_t until, psync_error *error)
{
    psync_error own;
    own.system_code = 0;
    own.message[0] = '\0';
    psync_result r = run_until(home, kind, key, step, argument, until, &own);
    if (r < 0 && error) *error = own;
    return r;
}

psync_result net_run(net_home *home, net_kind kind, const psync_key *key, net_step *step, void *argument,
                     psync_error *error)
{
    return net_run_until(home, kind, key, step, argument, psync__clock->monotonic() + home->dsn->timeout, error);
}
