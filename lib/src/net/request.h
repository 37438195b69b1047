/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h - one request to the engine, exactly once or said otherwise.
 *
 * net_run waits for its turn, connects if need be, settles debts, runs the
 * step, and runs it again, after a growing pause and with the same number,
 * while it fails and there is time (dsn->timeout).
 *
 *   last outcome         a read               a change or a take
 *   NET_DONE             call->result         call->result
 *   NET_STALE            (does not happen)    UNKNOWN
 *   out of time          UNAVAILABLE          UNAVAILABLE; UNKNOWN once it was LOST
 *   the hook leaves      INTERRUPTED          INTERRUPTED; a change that was sent goes on to its end
 *
 * A take that ends with INTERRUPTED or UNKNOWN after it was LOST leaves a debt; a change too, where the engine
 * bars.
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include "net/home.h"

typedef enum net_kind {
    NET_READ,   /* changes nothing: repeated at will, has no number */
    NET_CHANGE, /* has a number; the engine does it once and remembers its result */
    NET_TAKE    /* a change that is undone if nobody learns its outcome: lock_acquire */
} net_kind;

/*
 * Runs step with argument until it is done. key: what it is about, for the
 * debt of a take or change; may be NULL for reads. Returns call->result of
 * NET_DONE, or an error, told on error.
 */
psync_result net_run(net_home *home, net_kind kind, const psync_key *key, net_step *step, void *argument,
                     psync_error *error);

/* ---- for net alone ---- */

/* The same, until a monotonic moment. */
psync_result net_run_until(net_home *home, net_kind kind, const psync_key *key, net_step *step, void *argument,
                           int64_t until, psync_error *error);

/* A step that asks nothing: with it a request only connects and settles debts. */
net_outcome net_nothing(net_call *call, void *argument);

/* UNAVAILABLE: the engine was out of reach for so long (ns), and why; error holds the reason. */
psync_result net_out_of_reach(const net_home *home, int64_t time, psync_error *error);

#endif
