/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fake.h - a clock that stands still until told, and a driver that does what a
 * test says and writes down what it was asked.
 *
 * With them the core's own timing is tested without sleeping: an await returns
 * at once and moves the clock as far as the test wants.
 */
#ifndef UNIT_FAKE_H
#define UNIT_FAKE_H

#include <phpsync/driver.h>

/* What cmocka.h wants to stand before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The fake clocks, in ns. They differ, so that a mix-up shows. */
#define FAKE_MONOTONIC_START INT64_C(1000000000000)
#define FAKE_BOOT_AHEAD      INT64_C(50000000000000)
#define FAKE_REAL_START      INT64_C(1700000000000000000)

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

enum slot {
    OPEN,
    CLOSE,
    AFTER_FORK,
    SET_LABEL,
    LOCK_ACQUIRE,
    LOCK_RELEASE,
    LOCK_RENEW,
    LOCK_INSPECT,
    LOCK_AWAIT,
    INTEGER_GET,
    INTEGER_SET,
    INTEGER_ADD,
    INTEGER_COMPARE_SET,
    INTEGER_REMOVE,
    INTEGER_AWAIT,
    AWAITED,
    HOLD_LOST,
    EACH_LOCK,
    EACH_INTEGER,
    INFO,
    HOOK, /* no slot: the interrupt hook ran */
    SLOTS
};

/* One call, as the driver got it. */
struct call {
    enum slot slot;
    int64_t at;       /* the monotonic clock at the call */
    int64_t deadline; /* awaits */
    psync_role role;
    psync_take take;
    psync_condition condition;
    uint64_t fence;
    int64_t lease;
};

enum { CALLS_MAX = 512 };

struct fake {
    int64_t monotonic, boot_ahead, real; /* the clocks */
    int64_t step_takes;                  /* how far each step but an await moves the clock */

    /* The one Lock and the one Integer there are. */
    bool locked;
    uint64_t fence;  /* of the current or the last acquisition */
    int64_t expires; /* boottime, 0 without a lease */
    bool is_hold;
    bool steps_back; /* a first try that may wait is told no, though the Lock is free */
    bool exists;
    int64_t value;

    /* What an await does; NULL: the clock moves to its deadline, which must not be PSYNC_NEVER. */
    void (*on_await)(int64_t deadline);
    int (*on_hook)(void);
    bool hears_nothing; /* awaits say that nothing was heard */
    bool knows_the_end; /* a Lock's await that returns says itself that what was seen has ended */
    bool lost;          /* the Hold could not be kept alive */

    enum slot failing; /* this slot fails with this result, from its so-many-th next call on (0: the next) */
    psync_result failure;
    int failing_after;

    int count;
    struct call calls[CALLS_MAX];
    char label[PSYNC_LABEL_MAX + 100];
    char shown[4096]; /* the opened DSN's text */
};
extern struct fake fake;

extern const psync_driver fake_driver;

/* A setup for cmocka: everything at its start, the fake clock in place. */
int fake_reset(void **state);
/* Moves all clocks. */
void fake_pass(int64_t ns);
/* How often a slot was called; and the so-many-th call of it (from 0). */
int fake_count(enum slot slot);
const struct call *fake_call(enum slot slot, int index);
/* Forgets the calls so far. */
void fake_forget(void);

/* A space on the fake driver, "fake://space". */
psync_space *fake_space(void);
#define FAKE_KEY "the key"
psync_lock *fake_lock(psync_space *space);
psync_integer *fake_integer(psync_space *space);
/* The interrupt hook for psync_wait: writes itself down, and asks on_hook. */
int fake_hook(void *argument);

#endif
