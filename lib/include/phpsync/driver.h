/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * driver.h - for authors of drivers: how an engine is put under the contract.
 *
 * A driver supplies short atomic steps and two awaits; everything that blocks
 * (acquire, wait, hold, await_at_least ...) is a loop in the core over them:
 * try or look; if not yet, await; again. A driver is one constant psync_driver.
 *
 * Rules for every slot:
 * - It may be called from many threads at once on one state.
 * - It returns a psync_result as phpsync.h defines them: PSYNC_OK, PSYNC_NO
 *   where the slot says so, or an error that it describes with
 *   psync_error_set (what failed and what to do; the core adds key and space).
 * - It never blocks on a Lock or for a value; that is the awaits' work alone.
 *   A step that needs an engine out of reach gives up after dsn->timeout, and
 *   runs the interrupt hook of psync_options (kept from open) while it waits.
 * - A step whose outcome is unknown after a lost reply is never repeated
 *   unless the engine recognises the repeat; it returns PSYNC_ERROR_UNKNOWN.
 * - All times are nanoseconds. "monotonic" is CLOCK_MONOTONIC, "boottime" is
 *   CLOCK_BOOTTIME. The core has checked keys, times and leases already.
 */
#ifndef PHPSYNC_DRIVER_H
#define PHPSYNC_DRIVER_H

#include <phpsync/phpsync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this interface; a driver names it in its first member. */
#define PSYNC_DRIVER_VERSION 1

/** A deadline that never comes. */
#define PSYNC_NEVER INT64_MAX

typedef struct psync_dsn_option {
    const char *name;
    const char *value; /**< percent-decoded; "" if the DSN gave none */
} psync_dsn_option;

/** A parsed DSN. Lives as long as the space. Strings are percent-decoded; absent parts are "". */
typedef struct psync_dsn {
    const char *text; /**< the DSN without its password: fit to be shown */
    const char *scheme;
    const char *user;
    const char *password;
    const char *authority; /**< between "//" (and "user@") and the next "/": hosts, or shm's NAME; not decoded */
    const char *path;      /**< from that "/" on, it included */
    size_t option_count;
    const psync_dsn_option *options; /**< all but timeout, in the DSN's order; no name twice */
    int64_t timeout;                 /**< ns: how long an engine may be out of reach */
} psync_dsn;

/** The value of an option, or NULL if the DSN does not have it. */
PSYNC_API const char *psync_dsn_get(const psync_dsn *dsn, const char *name);

/**
 * Refuses options that are not in allowed (names, NULL-terminated), with an
 * error that names the first one and lists what is allowed.
 */
PSYNC_API psync_result psync_dsn_allow(const psync_dsn *dsn, const char *const *allowed, psync_error *error);

/**
 * Fills in *error (may be NULL) and returns result. The message is one line:
 * what failed and what to do about it, without key or DSN.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
PSYNC_API psync_result
psync_error_set(psync_error *error, psync_result result, int system_code, const char *format, ...);

/** A key as the core hands it to a driver. */
typedef struct psync_key {
    const char *bytes;
    size_t length; /**< 1 to PSYNC_KEY_MAX */
    /** Where the user wants this key to lie (psync_lock_open_at); NULL: where the driver puts it. */
    const char *place;
    /**
     * The driver's own note on this key, 0 at first; it lives with the handle.
     * Handles are shared by threads: access it with __atomic built-ins.
     */
    uint64_t cache;
} psync_key;

/** What a driver saw of a Lock at one moment. */
typedef struct psync_lock_state {
    bool exists;
    bool is_hold;
    uint64_t fence;      /**< of the current acquisition, 0 if there is none */
    int64_t expires;     /**< boottime when its lease ends, 0 without one */
    uint64_t version[2]; /**< the driver's own: what lock_await compares with */
} psync_lock_state;

/** How an acquisition is asked for. */
typedef struct psync_take {
    bool hold;     /**< bound to this process */
    int64_t lease; /**< ns, 0 without one; only with hold */
    /**
     * Monotonic moment since when this caller has waited; 0 at its first try.
     * For fairness: a driver may answer PSYNC_NO to a first try that may wait,
     * for a short and limited time, so that one that has waited long goes first.
     * Its *now then says that there is no acquisition, and another try follows.
     */
    int64_t waiting_since;
    bool may_wait; /**< the caller will await if it gets PSYNC_NO now */
} psync_take;

typedef enum psync_condition {
    PSYNC_IF_ANY = 0, /**< whatever acquisition there is */
    PSYNC_IF_FENCE,   /**< only the one with this fence */
    PSYNC_IF_GHOST    /**< only one whose owner is known to have ended */
} psync_condition;

typedef enum psync_role {
    PSYNC_ROLE_WAITER = 0, /**< waits for the acquisition to end, takes nothing */
    PSYNC_ROLE_TAKER       /**< wants to take the Lock next */
} psync_role;

/** What a driver saw of an Integer at one moment. */
typedef struct psync_integer_state {
    bool exists;
    int64_t value;       /**< 0 if it does not exist */
    uint64_t version[2]; /**< the driver's own: what integer_await compares with */
} psync_integer_state;

typedef struct psync_driver {
    unsigned version;           /**< PSYNC_DRIVER_VERSION */
    const char *const *schemes; /**< the DSN schemes it serves, NULL-terminated; the first is its name */
    bool places;                /**< it heeds psync_key.place; if not, the core refuses such keys */

    /** Must. Opens the space (creating it if missing) and stores the driver's state. */
    psync_result (*open)(const psync_dsn *dsn, const psync_options *options, void **state, psync_error *error);
    /** Must. Never frees a plain Lock. */
    void (*close)(void *state);
    /**
     * May; if not, the state is used on as it is. Called in a forked child
     * before its first other call on this state: the child needs its own
     * connection and identity, and must not disturb its parent's.
     */
    psync_result (*after_fork)(void *state, psync_error *error);
    /** Must. The label of acquisitions from now on; "" means none. Copies it. */
    psync_result (*set_label)(void *state, const char *label, psync_error *error);

    /**
     * Must. One try. PSYNC_OK: taken; now->fence and now->expires tell it.
     * PSYNC_NO: busy; *now is what was seen, for lock_await.
     * A lease that has run out, and a Hold whose holder is known to have
     * ended, count as absent.
     */
    psync_result (*lock_acquire)(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                                 psync_error *error);
    /** Must. PSYNC_OK: this call freed it. PSYNC_NO: the condition did not hold. Wakes who waits. */
    psync_result (*lock_release)(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                                 psync_error *error);
    /** Must. Sets the lease of the Hold with this fence to end lease ns from now. PSYNC_NO: no longer ours. */
    psync_result (*lock_renew)(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                               psync_error *error);
    /** Must. What there is now; PSYNC_NO if it does not exist (*now filled in all the same). owner may be NULL. */
    psync_result (*lock_inspect)(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                                 psync_error *error);
    /**
     * Must. Returns PSYNC_OK when the Lock may have moved on from *seen or the
     * lease it saw ends, and PSYNC_OK or PSYNC_NO when a signal was handled or
     * at the monotonic deadline. May return early, never late. Watches a
     * Hold's holder itself. PSYNC_NO promises that nothing has changed since
     * *seen as far as the engine has told: the core then runs the hook and
     * awaits again without another look, which spares an engine that is far.
     * With PSYNC_OK it may set seen->exists to false if it knows that the very
     * acquisition it saw has ended: a waiter then need not look.
     * After PSYNC_OK for a PSYNC_ROLE_TAKER the core always calls lock_acquire
     * next, on the same thread, with nothing in between: a wake-up that was
     * given to this taker is used or known to be needless then.
     */
    psync_result (*lock_await)(void *state, psync_key *key, psync_lock_state *seen, psync_role role,
                               int64_t deadline, psync_error *error);
    /** Must. PSYNC_NO if it does not exist; *now is filled in all the same. */
    psync_result (*integer_get)(void *state, psync_key *key, psync_integer_state *now, psync_error *error);
    /** Must. Creates it if it is missing. */
    psync_result (*integer_set)(void *state, psync_key *key, int64_t value, psync_error *error);
    /**
     * Must. Adds by (subtracts it, if subtract), as 0 if missing, and tells
     * the result. PSYNC_ERROR_OVERFLOW, without a message: nothing was changed or created.
     */
    psync_result (*integer_add)(void *state, psync_key *key, int64_t by, bool subtract, int64_t *result,
                                psync_error *error);
    /** Must. PSYNC_NO: another value or none; *found tells which. */
    psync_result (*integer_compare_set)(void *state, psync_key *key, int64_t expected, int64_t desired,
                                        psync_integer_state *found, psync_error *error);
    /** Must. PSYNC_NO if there was none. */
    psync_result (*integer_remove)(void *state, psync_key *key, psync_error *error);
    /** Must. As lock_await, for value and existence; PSYNC_NO has the same meaning. */
    psync_result (*integer_await)(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                  psync_error *error);

    /**
     * May. A call that has slept in awaits is about to return: what they keep
     * for the next await, such as a subscription, may go.
     */
    void (*awaited)(void *state);
    /**
     * May; if not, psync_hold_is_valid only inspects the Lock. Whether the
     * driver knows by itself that the Hold of this process with this fence is
     * lost, because it could not be kept alive. No I/O.
     */
    bool (*hold_lost)(void *state, psync_key *key, uint64_t fence);

    /** Must. Lists; holds nothing of the driver during the callback. PSYNC_NO if the callback stopped it. */
    psync_result (*each_lock)(void *state, psync_lock_callback callback, void *argument, psync_error *error);
    psync_result (*each_integer)(void *state, psync_integer_callback callback, void *argument, psync_error *error);
    /** Must. Facts for psync_space_info. PSYNC_NO if the callback stopped it. */
    psync_result (*info)(void *state, psync_info_callback callback, void *argument, psync_error *error);
    /**
     * May; if not, calls make all that a space needs. What an administrator
     * may run in the engine beforehand, where a space's users lack the right
     * to: text of several lines in the engine's own language. Lives as long as the state.
     */
    const char *(*setup)(void *state);
    /**
     * May; if not, whatever can be listed counts as well. Looks the space over while others use it, and tells what
     * it finds (psync_space_check); PSYNC_NO if the callback stopped it. With repair it mends what it can without
     * losing anything.
     */
    psync_result (*check)(void *state, bool repair, psync_check_callback callback, void *argument,
                          psync_error *error);
} psync_driver;

/**
 * Opens a space on a driver that is not built in; dsn's scheme must be one of
 * the driver's. driver must outlive the space. Errors as psync_space_open.
 */
PSYNC_API psync_result psync_space_open_driver(const psync_driver *driver, const char *dsn,
                                               const psync_options *options, psync_space **space,
                                               psync_error *error);

#ifdef __cplusplus
}
#endif

#endif
