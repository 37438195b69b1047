/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * phpsync.h - named Locks and named atomic Integers, shared by processes.
 *
 * A *space* holds keys and is opened by its address, a DSN ("shm://default").
 * A *Lock* exists (somebody took it) or it does not; it outlives the process
 * that took it. A *Hold* is an acquisition of a Lock that is bound to its
 * holder and ends with it. An *Integer* is one signed 64-bit number that is
 * only ever changed atomically.
 *
 * Conventions, true for every function unless it says otherwise:
 *
 * - It returns a psync_result: PSYNC_OK (done, yes), PSYNC_NO (an expected
 *   "no": not locked, timed out, another value), or a negative PSYNC_ERROR_*.
 *   On an error, and only then, *error is filled in; error may be NULL. What
 *   the other out parameters point at is left as it was on an error.
 * - Threads: any function may be called on any object from any thread, also
 *   on one object from many threads at once, but a *_close or *_free must be
 *   the last call on its object. A handle's "known value" and "last fence"
 *   are those of the latest call to finish on that handle.
 * - fork: after fork() parent and child both go on using every object. The
 *   child is a process of its own: it never releases, renews or keeps alive a
 *   Hold of its parent. Call nothing of this library between vfork() and exec.
 * - A thread must not be cancelled (pthread_cancel) inside a call: it may hold
 *   what others wait for. Leave a wait through its interrupt hook.
 * - Nothing prints, aborts, installs a signal handler or touches errno's
 *   meaning for the caller. No function is async-signal-safe.
 * - Seconds are doubles; NaN and negative numbers are PSYNC_ERROR_ARGUMENT;
 *   INFINITY means "no limit". Time-outs run by CLOCK_MONOTONIC, leases by
 *   CLOCK_BOOTTIME; the wall clock decides nothing.
 */
#ifndef PHPSYNC_PHPSYNC_H
#define PHPSYNC_PHPSYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PSYNC_VERSION_MAJOR 0
#define PSYNC_VERSION_MINOR 1
#define PSYNC_VERSION_PATCH 0
#define PSYNC_VERSION       "0.1.0"

#if defined(__GNUC__)
#define PSYNC_API __attribute__((visibility("default")))
#else
#define PSYNC_API
#endif

/** A key's length in bytes: 1 to this. Any byte is allowed, NUL included. */
#define PSYNC_KEY_MAX 1023
/** The longest label in bytes; a longer one keeps its last bytes (a path's end says more). */
#define PSYNC_LABEL_MAX 383
/** The longest host name kept in an owner's record, in bytes. */
#define PSYNC_HOST_MAX 64
/** Room for an error's message, its terminating NUL included. */
#define PSYNC_MESSAGE_SIZE 1024

/* ------------------------------------------------------------------------ */
/* Results and errors                                                       */

typedef enum psync_result {
    PSYNC_OK = 0, /**< done; yes */
    PSYNC_NO = 1, /**< an expected no: not locked, timed out, not that value; never an error */

    PSYNC_ERROR_ARGUMENT = -1,    /**< a wrong argument: key length, DSN, option, time */
    PSYNC_ERROR_NO_DRIVER = -2,   /**< the DSN's driver is unknown or was not built in */
    PSYNC_ERROR_UNSUPPORTED = -3, /**< this driver lacks that feature */
    PSYNC_ERROR_ABSENT = -4,      /**< the Integer does not exist, and the call needs one */
    PSYNC_ERROR_OVERFLOW = -5,    /**< the result would leave int64_t; nothing was changed */
    PSYNC_ERROR_LEASE_LOST = -6,  /**< the Hold is no longer ours */
    PSYNC_ERROR_INTERRUPTED = -7, /**< the interrupt hook asked to leave the wait; nothing was taken */
    PSYNC_ERROR_PERMISSION = -8,  /**< the engine or the system refused access */
    PSYNC_ERROR_UNAVAILABLE = -9, /**< the engine, or the space's file, is out of reach */
    PSYNC_ERROR_FULL = -10,       /**< no room: the space's limit, the disk, or memory; nothing was changed */
    PSYNC_ERROR_DAMAGED = -11,    /**< the space holds what this library never wrote, or another version's data */
    PSYNC_ERROR_UNKNOWN = -12,    /**< the reply was lost: the change may or may not have happened (once at most) */
    PSYNC_ERROR_SYSTEM = -13      /**< any other failure of a system call or an engine */
} psync_result;

/** What went wrong. Its owner is the caller; it needs no clean-up. */
typedef struct psync_error {
    psync_result result;              /**< the class: the same value that the call returned */
    int system_code;                  /**< the errno or the engine's own number behind it, 0 if there is none */
    char message[PSYNC_MESSAGE_SIZE]; /**< one line, NUL-terminated, without a newline or a password */
} psync_error;

/** The library's version at run time, as "MAJOR.MINOR.PATCH". Static storage. */
PSYNC_API const char *psync_version(void);

/**
 * The names of the DSN schemes this build knows, in the order of the manual.
 * *built_in says whether the driver was built in (may be NULL).
 * Returns NULL when index is past the end. Static storage. Index counts from 0.
 */
PSYNC_API const char *psync_scheme(size_t index, bool *built_in);

/* ------------------------------------------------------------------------ */
/* Waiting                                                                  */

/**
 * How long a blocking call may block, and what serves signals meanwhile.
 * A NULL psync_wait means: no limit, no hook.
 */
typedef struct psync_wait {
    /** Seconds from the call on; 0 tries once; INFINITY: no limit. */
    double timeout;
    /**
     * Called while the call waits, in the calling thread: after a signal was
     * handled, and at least four times a second. Return 0 to go on waiting
     * with the time that is left, anything else to leave with
     * PSYNC_ERROR_INTERRUPTED. The library holds no lock during it: it may call
     * the library and fork, but it must return (no longjmp). NULL: none; the
     * waiter then sleeps without a look until it is woken.
     */
    int (*interrupt)(void *argument);
    void *argument; /**< handed to interrupt */
} psync_wait;

/* ------------------------------------------------------------------------ */
/* Spaces                                                                   */

typedef struct psync_space psync_space;

/** Options of psync_space_open. Zero-initialise it; every field may stay 0. */
typedef struct psync_options {
    /**
     * Who takes Locks, as lists show it: a program's or script's path, never
     * its arguments. NULL: the path of this process's executable. Copied.
     */
    const char *label;
    /**
     * Asked once for each file or folder that a driver is about to open, with
     * its path; return 0 to allow. Anything else fails the open with
     * PSYNC_ERROR_PERMISSION. NULL: all allowed. Not called after open.
     */
    int (*path_check)(const char *path, void *argument);
    void *argument; /**< handed to path_check */
    /**
     * file:// only: use the folder whoever it belongs to and whoever may write
     * to it, as programs did that the user has from before. Links in it are
     * refused all the same where others may write.
     */
    bool any_folder;
    /**
     * As psync_wait.interrupt, for the time in which any call on this space, a
     * short one too, waits for the answer of an engine across the network. If
     * it wants to leave, calls that only read or take end with
     * PSYNC_ERROR_INTERRUPTED (nothing was taken); a change that was sent
     * goes on to its end, which dsn's timeout bounds, and tells its outcome.
     * NULL: none. Drivers that answer at once do not need it.
     */
    int (*interrupt)(void *argument);
    void *interrupt_argument; /**< handed to interrupt */
} psync_options;

/**
 * Opens the space at dsn, creating it if it is missing, and stores it in
 * *space. dsn NULL: the environment's PHPSYNC_DSN if it
 * is set and not empty, else "shm://default". An empty dsn is refused.
 * The same DSN may be opened any number of times.
 *
 * shm://NAME[?path=DIR&mode=OCTAL&group=GROUP&user=USER&size=BYTES&timeout=SECONDS]
 * docs/ describe each driver's options.
 *
 * Errors: ARGUMENT (what is wrong and what is allowed), NO_DRIVER, PERMISSION,
 * UNAVAILABLE, FULL, DAMAGED, SYSTEM.
 */
PSYNC_API psync_result psync_space_open(const char *dsn, const psync_options *options, psync_space **space,
                                        psync_error *error);

/**
 * Closes a space. Locks taken through it stay; close its handles and free its
 * Holds first. NULL is allowed.
 */
PSYNC_API void psync_space_close(psync_space *space);

/** The space's DSN, without its password. Lives as long as the space. */
PSYNC_API const char *psync_space_dsn(const psync_space *space);

/** The driver's name, its first DSN scheme: "shm". Static storage. */
PSYNC_API const char *psync_space_driver(const psync_space *space);

/** Changes the label of the acquisitions made from now on. Copied. NULL: the executable's path. */
PSYNC_API psync_result psync_space_set_label(psync_space *space, const char *label, psync_error *error);

/** One fact about a space: a name ("file", "keys", "bytes") and its value as text. Return 0 to go on. */
typedef int (*psync_info_callback)(void *argument, const char *name, const char *value);

/**
 * Tells facts about the space and its engine to callback, one call each.
 * PSYNC_NO if the callback stopped it.
 */
PSYNC_API psync_result psync_space_info(psync_space *space, psync_info_callback callback, void *argument,
                                        psync_error *error);

/**
 * What an administrator may run in the space's engine beforehand, where its
 * users lack the right to make what a space needs: text of several lines in
 * the engine's own language (SQL). NULL if the driver needs no such thing.
 * Lives as long as the space. No I/O.
 */
PSYNC_API const char *psync_space_setup(const psync_space *space);

/** What a finding of psync_space_check means. */
typedef enum psync_severity {
    PSYNC_NOTE = 0,   /**< nothing is wrong, but it is worth knowing */
    PSYNC_MENDED = 1, /**< something was wrong, or left over, and no longer is */
    PSYNC_WRONG = 2   /**< something is wrong */
} psync_severity;

/** One thing that a check found. The strings are single lines and live during the call only. */
typedef struct psync_finding {
    psync_severity severity;
    const char *what;   /**< what was found */
    const char *advice; /**< what to do about it; "" where there is nothing to do */
} psync_finding;

/** Return 0 to go on, anything else to stop. The callback may use the space. */
typedef int (*psync_check_callback)(void *argument, const psync_finding *finding);

/**
 * Examines the space, which others may be using meanwhile: what the driver
 * keeps there, byte by byte, and what around it may get in the way (a file
 * system that is too small, spaces of the same name that belong to other
 * users). Tells each finding to callback; a healthy space may have none.
 * repair: mend what can be mended without losing a Lock, an Integer or a
 * fence, such as the leftovers of processes that ended; else nothing is
 * changed but what any other call would mend.
 * PSYNC_OK: examined to the end, whatever was found. PSYNC_NO: the callback
 * stopped it. UNAVAILABLE and others: it could not be examined.
 */
PSYNC_API psync_result psync_space_check(psync_space *space, bool repair, psync_check_callback callback,
                                         void *argument, psync_error *error);

/* ------------------------------------------------------------------------ */
/* Locks                                                                    */

typedef struct psync_lock psync_lock;
typedef struct psync_hold psync_hold;

/** Whether an owner's process still runs. */
typedef enum psync_alive {
    PSYNC_ALIVE_UNKNOWN = 0, /**< it cannot be known from here (another host, say) */
    PSYNC_ALIVE_YES = 1,
    PSYNC_ALIVE_NO = 2 /**< it is known to have ended: the Lock is a ghost */
} psync_alive;

/** Who made an acquisition. Times are microseconds since 1970, UTC, by the owner's wall clock. */
typedef struct psync_owner {
    char host[PSYNC_HOST_MAX + 1];   /**< its host's name, NUL-terminated */
    char label[PSYNC_LABEL_MAX + 1]; /**< its program's or script's path, NUL-terminated */
    char boot_id[37];                /**< its host's boot, as in /proc/sys/kernel/random/boot_id */
    int64_t pid;                     /**< its process id, as it saw itself */
    uint64_t process_start;          /**< when that process started, in clock ticks after boot; 0 if unknown */
    int64_t acquired_at;             /**< when it took the Lock; as exact as the driver says (shm: 10 ms) */
    int64_t expires_at;              /**< when its lease ends, 0 without a lease */
    uint64_t fence;                  /**< the acquisition's fence */
    bool is_hold;                    /**< a Hold (ends with its holder), not a plain Lock */
    psync_alive alive;
} psync_owner;

/**
 * Makes a handle for the Lock named key (key_length bytes, 1 to PSYNC_KEY_MAX)
 * and stores it in *lock. Takes nothing and does no I/O. The space must stay
 * open as long as the handle.
 */
PSYNC_API psync_result psync_lock_open(psync_space *space, const void *key, size_t key_length, psync_lock **lock,
                                       psync_error *error);
/**
 * As psync_lock_open, but the user says where the key lies, in the engine's
 * own terms: with file:// the absolute path of the Lock's file, on the file
 * system of the space's folder. Keys with one place are one Lock. place is
 * copied. Lists need not show it. UNSUPPORTED by drivers without places.
 */
PSYNC_API psync_result psync_lock_open_at(psync_space *space, const void *key, size_t key_length, const char *place,
                                          psync_lock **lock, psync_error *error);
/** Frees the handle; the Lock itself stays as it is. NULL is allowed. */
PSYNC_API void psync_lock_close(psync_lock *lock);
/** The key; its length goes to *key_length. Lives as long as the handle. */
PSYNC_API const char *psync_lock_key(const psync_lock *lock, size_t *key_length);

/**
 * Blocks while the Lock exists, then takes it until somebody releases it;
 * also while this very process has it (there is no re-entrance).
 * *fence (may be NULL) becomes the acquisition's fence: larger than that of
 * every earlier acquisition of this key. PSYNC_NO: the time ran out.
 */
PSYNC_API psync_result psync_lock_acquire(psync_lock *lock, const psync_wait *wait, uint64_t *fence,
                                          psync_error *error);

/**
 * Frees the Lock, whoever took it. PSYNC_NO if it was not locked. Of many
 * concurrent releases of one acquisition exactly one returns PSYNC_OK.
 */
PSYNC_API psync_result psync_lock_release(psync_lock *lock, psync_error *error);

/** As psync_lock_release, but only the acquisition with this fence; else PSYNC_NO. */
PSYNC_API psync_result psync_lock_release_if(psync_lock *lock, uint64_t fence, psync_error *error);

/** As psync_lock_release, but only a ghost: one whose owner is known to have ended; else PSYNC_NO. */
PSYNC_API psync_result psync_lock_release_ghost(psync_lock *lock, psync_error *error);

/**
 * Blocks until the acquisition that exists at the call has ended; at once
 * if there is none. Also returns when that one ended and another began.
 * PSYNC_NO: the time ran out.
 */
PSYNC_API psync_result psync_lock_wait(psync_lock *lock, const psync_wait *wait, psync_error *error);

/** PSYNC_OK while the Lock exists, ghost or not; else PSYNC_NO. */
PSYNC_API psync_result psync_lock_exists(psync_lock *lock, psync_error *error);

/** The fence of the latest acquisition made through this handle, Holds included; 0 if there was none. No I/O. */
PSYNC_API uint64_t psync_lock_last_fence(const psync_lock *lock);

/** Fills in *owner. PSYNC_NO if nobody has the Lock. */
PSYNC_API psync_result psync_lock_inspect(psync_lock *lock, psync_owner *owner, psync_error *error);

/**
 * Takes the Lock as psync_lock_acquire does, but bound to this process: it is
 * freed by psync_hold_release, by psync_hold_free, when the process ends in
 * any way, or when the lease runs out unrenewed.
 * lease: seconds, finite and above 0; 0 means no lease.
 * On PSYNC_OK *hold is a Hold that the caller frees. PSYNC_NO: the time ran out.
 */
PSYNC_API psync_result psync_lock_hold(psync_lock *lock, double lease, const psync_wait *wait, psync_hold **hold,
                                       psync_error *error);

/* ------------------------------------------------------------------------ */
/* Holds. A Hold needs its space open, but not the lock handle it came from. */

/** The key; its length goes to *key_length. Lives as long as the Hold. */
PSYNC_API const char *psync_hold_key(const psync_hold *hold, size_t *key_length);
/** The acquisition's fence. */
PSYNC_API uint64_t psync_hold_fence(const psync_hold *hold);
/** When the lease ends, microseconds since 1970 by this host's wall clock; 0 without a lease. No I/O. */
PSYNC_API int64_t psync_hold_expires_at(const psync_hold *hold);

/**
 * Gives the Hold a lease of so many seconds from now on (finite, above 0),
 * whether it had one or not. LEASE_LOST if the Hold is no longer ours:
 * released, freed by somebody, run out, or it is the parent's.
 */
PSYNC_API psync_result psync_hold_renew(psync_hold *hold, double lease, psync_error *error);

/** PSYNC_OK while the Hold is certainly still ours; else PSYNC_NO. */
PSYNC_API psync_result psync_hold_is_valid(psync_hold *hold, psync_error *error);

/**
 * Frees the Lock if it is still held by this Hold. PSYNC_NO if it was no
 * longer ours (and always in a forked child); never frees another acquisition.
 */
PSYNC_API psync_result psync_hold_release(psync_hold *hold, psync_error *error);

/** Releases the Hold if it is still ours, then frees its memory. NULL is allowed. */
PSYNC_API void psync_hold_free(psync_hold *hold);

/* ------------------------------------------------------------------------ */
/* Integers                                                                 */

typedef struct psync_integer psync_integer;

/** As psync_lock_open, for the Integer named key. The handle's KNOWN VALUE is 0 until a call learns one. */
PSYNC_API psync_result psync_integer_open(psync_space *space, const void *key, size_t key_length,
                                          psync_integer **integer, psync_error *error);
/** As psync_lock_open_at, for the Integer named key. */
PSYNC_API psync_result psync_integer_open_at(psync_space *space, const void *key, size_t key_length,
                                             const char *place, psync_integer **integer, psync_error *error);
/** Frees the handle; the Integer stays. NULL is allowed. */
PSYNC_API void psync_integer_close(psync_integer *integer);
/** The key; its length goes to *key_length. Lives as long as the handle. */
PSYNC_API const char *psync_integer_key(const psync_integer *integer, size_t *key_length);

/** The KNOWN VALUE: what this handle last learned. No I/O, no error. */
PSYNC_API int64_t psync_integer_known(const psync_integer *integer);

/**
 * Reads the actual value into *value (may be NULL) and the KNOWN VALUE.
 * PSYNC_NO if the Integer does not exist (the KNOWN VALUE stays).
 */
PSYNC_API psync_result psync_integer_get(psync_integer *integer, int64_t *value, psync_error *error);

/** Makes value the actual and the KNOWN VALUE; creates the Integer if it is missing. */
PSYNC_API psync_result psync_integer_set(psync_integer *integer, int64_t value, psync_error *error);

/**
 * Adds by in one atomic step, creating a missing Integer as 0 first; *result
 * (may be NULL) is this call's own result and becomes the KNOWN VALUE.
 * OVERFLOW: the sum leaves int64_t; nothing was changed, nothing created.
 */
PSYNC_API psync_result psync_integer_add(psync_integer *integer, int64_t by, int64_t *result, psync_error *error);

/** As psync_integer_add with -by, exact for INT64_MIN too. */
PSYNC_API psync_result psync_integer_subtract(psync_integer *integer, int64_t by, int64_t *result,
                                              psync_error *error);

/** Removes the Integer. PSYNC_NO if there was none. The KNOWN VALUE stays. */
PSYNC_API psync_result psync_integer_remove(psync_integer *integer, psync_error *error);

/** PSYNC_OK if the Integer exists; else PSYNC_NO. */
PSYNC_API psync_result psync_integer_exists(psync_integer *integer, psync_error *error);

/**
 * Sets the value to desired if it is expected, in one atomic step, and the
 * KNOWN VALUE with it. PSYNC_NO if it is another or does not exist; the KNOWN
 * VALUE then becomes the one that was found, if one was.
 */
PSYNC_API psync_result psync_integer_compare_set(psync_integer *integer, int64_t expected, int64_t desired,
                                                 psync_error *error);

/**
 * Blocks until the value is at least (at most) limit. A missing Integer
 * counts as not there yet. The KNOWN VALUE becomes the one last seen.
 * PSYNC_NO: the time ran out.
 */
PSYNC_API psync_result psync_integer_await_at_least(psync_integer *integer, int64_t limit, const psync_wait *wait,
                                                    psync_error *error);
PSYNC_API psync_result psync_integer_await_at_most(psync_integer *integer, int64_t limit, const psync_wait *wait,
                                                   psync_error *error);

/**
 * Blocks until value or existence differ from what this handle last saw; a
 * fresh handle has seen a missing Integer. Changes undone in between may be
 * missed. The KNOWN VALUE becomes the new one, 0 after a deletion.
 * PSYNC_NO: the time ran out.
 */
PSYNC_API psync_result psync_integer_await_change(psync_integer *integer, const psync_wait *wait,
                                                  psync_error *error);

/* ------------------------------------------------------------------------ */
/* Lists. A list is not a snapshot: each entry was true at some moment during the call. */

/** Return 0 to go on, anything else to stop. key lives during the call only. The callback may use the space. */
typedef int (*psync_lock_callback)(void *argument, const char *key, size_t key_length, const psync_owner *owner);
typedef int (*psync_integer_callback)(void *argument, const char *key, size_t key_length, int64_t value);

/** Calls callback for each Lock that exists. PSYNC_NO if the callback stopped it. */
PSYNC_API psync_result psync_space_each_lock(psync_space *space, psync_lock_callback callback, void *argument,
                                             psync_error *error);
/** Calls callback for each Integer that exists. PSYNC_NO if the callback stopped it. */
PSYNC_API psync_result psync_space_each_integer(psync_space *space, psync_integer_callback callback, void *argument,
                                                psync_error *error);

#ifdef __cplusplus
}
#endif

#endif
