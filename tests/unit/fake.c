/* SPDX-License-Identifier: BSD-3-Clause */
/* fake.c - the fake clock and the fake driver. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

struct fake fake;

/* ---- the clock ------------------------------------------------------------- */

static int64_t monotonic(void)
{
    return fake.monotonic;
}

static int64_t boottime(void)
{
    return fake.monotonic + fake.boot_ahead;
}

static int64_t realtime(void)
{
    return fake.real;
}

/* Nothing ever comes, and no time passes but on the clock. */
static int sleep_on_the_clock(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    (void)descriptors, (void)count;
    fake_pass(ns);
    return 0;
}

static const struct psync_clock clock_ = {
    .monotonic = monotonic, .boottime = boottime, .realtime = realtime, .poll = sleep_on_the_clock};

void fake_pass(int64_t ns)
{
    fake.monotonic += ns;
    fake.real += ns;
}

int fake_reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.monotonic = FAKE_MONOTONIC_START;
    fake.boot_ahead = FAKE_BOOT_AHEAD;
    fake.real = FAKE_REAL_START;
    fake.fence = 100;
    fake.failing = SLOTS;
    psync__clock = &clock_;
    return 0;
}

/* ---- what was asked -------------------------------------------------------- */

static struct call *note(enum slot slot)
{
    assert_true(fake.count < CALLS_MAX);
    struct call *call = &fake.calls[fake.count++];
    memset(call, 0, sizeof *call);
    call->slot = slot;
    call->at = fake.monotonic;
    return call;
}

/* As note, for a step: it takes its time, and may have to fail. */
static struct call *step(enum slot slot, psync_result *result, psync_error *error)
{
    struct call *call = note(slot);
    *result = PSYNC_OK;
    if (slot != LOCK_AWAIT && slot != INTEGER_AWAIT) fake_pass(fake.step_takes);
    if (fake.failing == slot && fake.failing_after-- <= 0) {
        *result = psync_error_set(error, fake.failure, 42, "the fake failed");
    }
    return call;
}

int fake_count(enum slot slot)
{
    int count = 0;
    for (int i = 0; i < fake.count; i++) count += fake.calls[i].slot == slot;
    return count;
}

const struct call *fake_call(enum slot slot, int index)
{
    for (int i = 0; i < fake.count; i++) {
        if (fake.calls[i].slot == slot && index-- == 0) return &fake.calls[i];
    }
    fail_msg("slot %d was called %d times only", slot, fake_count(slot));
    return NULL;
}

void fake_forget(void)
{
    fake.count = 0;
}

/* ---- the driver ------------------------------------------------------------ */

static psync_result fake_open(const psync_dsn *dsn, const psync_options *options, void **state, psync_error *error)
{
    (void)options;
    psync_result result;
    step(OPEN, &result, error);
    snprintf(fake.shown, sizeof fake.shown, "%s", dsn->text);
    if (result == PSYNC_OK) *state = &fake;
    return result;
}

static void fake_close(void *state)
{
    assert_ptr_equal(state, &fake);
    note(CLOSE);
}

static psync_result fake_after_fork(void *state, psync_error *error)
{
    (void)state;
    psync_result result;
    step(AFTER_FORK, &result, error);
    return result;
}

static psync_result fake_set_label(void *state, const char *label, psync_error *error)
{
    (void)state;
    psync_result result;
    step(SET_LABEL, &result, error);
    snprintf(fake.label, sizeof fake.label, "%s", label);
    return result;
}

static bool there(void)
{
    if (fake.locked && fake.expires && boottime() >= fake.expires) fake.locked = false;
    return fake.locked;
}

static void tell(psync_lock_state *now)
{
    memset(now, 0, sizeof *now);
    now->exists = there();
    if (!now->exists) return;
    now->is_hold = fake.is_hold;
    now->fence = fake.fence;
    now->expires = fake.expires;
}

static psync_result fake_lock_acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                                      psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(LOCK_ACQUIRE, &result, error)->take = *take;
    if (result != PSYNC_OK) return result;
    if (there() || (fake.steps_back && take->may_wait && !take->waiting_since)) {
        tell(now);
        return PSYNC_NO;
    }
    fake.locked = true;
    fake.fence++;
    fake.is_hold = take->hold;
    fake.expires = take->lease ? boottime() + take->lease : 0;
    tell(now);
    return PSYNC_OK;
}

static psync_result fake_lock_release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                                      psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    struct call *call = step(LOCK_RELEASE, &result, error);
    call->condition = condition;
    call->fence = fence;
    if (result != PSYNC_OK) return result;
    if (!there() || (condition == PSYNC_IF_FENCE && fence != fake.fence) || condition == PSYNC_IF_GHOST)
        return PSYNC_NO;
    fake.locked = false;
    return PSYNC_OK;
}

static psync_result fake_lock_renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                                    psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    struct call *call = step(LOCK_RENEW, &result, error);
    call->fence = fence;
    call->lease = lease;
    if (result != PSYNC_OK) return result;
    if (!there() || fence != fake.fence) return PSYNC_NO;
    fake.expires = *expires = boottime() + lease;
    return PSYNC_OK;
}

static psync_result fake_lock_inspect(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                                      psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(LOCK_INSPECT, &result, error);
    if (result != PSYNC_OK) return result;
    tell(now);
    if (owner) memset(owner, 0, sizeof *owner);
    if (owner && now->exists) owner->fence = now->fence;
    return now->exists ? PSYNC_OK : PSYNC_NO;
}

static void await(int64_t deadline)
{
    if (fake.on_await) {
        fake.on_await(deadline);
        return;
    }
    if (deadline == PSYNC_NEVER) fail_msg("would sleep for ever");
    if (deadline > fake.monotonic) fake_pass(deadline - fake.monotonic);
}

static psync_result fake_lock_await(void *state, psync_key *key, psync_lock_state *seen, psync_role role,
                                    int64_t deadline, psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    struct call *call = step(LOCK_AWAIT, &result, error);
    call->deadline = deadline;
    call->role = role;
    if (result == PSYNC_OK) await(deadline);
    if (fake.knows_the_end) seen->exists = false;
    return result == PSYNC_OK && fake.hears_nothing ? PSYNC_NO : result;
}

static void tell_integer(psync_integer_state *now)
{
    memset(now, 0, sizeof *now);
    now->exists = fake.exists;
    now->value = fake.exists ? fake.value : 0;
}

static psync_result fake_integer_get(void *state, psync_key *key, psync_integer_state *now, psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(INTEGER_GET, &result, error);
    if (result != PSYNC_OK) return result;
    tell_integer(now);
    return now->exists ? PSYNC_OK : PSYNC_NO;
}

static psync_result fake_integer_set(void *state, psync_key *key, int64_t value, psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(INTEGER_SET, &result, error);
    if (result != PSYNC_OK) return result;
    fake.exists = true;
    fake.value = value;
    return PSYNC_OK;
}

static psync_result fake_integer_add(void *state, psync_key *key, int64_t by, bool subtract, int64_t *sum,
                                     psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(INTEGER_ADD, &result, error);
    if (result != PSYNC_OK) return result;
    int64_t value = fake.exists ? fake.value : 0;
    bool over = subtract ? __builtin_sub_overflow(value, by, sum) : __builtin_add_overflow(value, by, sum);
    if (over) return PSYNC_ERROR_OVERFLOW; /* without a message, as driver.h wants it */
    fake.exists = true;
    fake.value = *sum;
    return PSYNC_OK;
}

static psync_result fake_integer_compare_set(void *state, psync_key *key, int64_t expected, int64_t desired,
                                             psync_integer_state *found, psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(INTEGER_COMPARE_SET, &result, error);
    if (result != PSYNC_OK) return result;
    tell_integer(found);
    if (!found->exists || found->value != expected) return PSYNC_NO;
    fake.value = desired;
    return PSYNC_OK;
}

static psync_result fake_integer_remove(void *state, psync_key *key, psync_error *error)
{
    (void)state, (void)key;
    psync_result result;
    step(INTEGER_REMOVE, &result, error);
    if (result != PSYNC_OK) return result;
    if (!fake.exists) return PSYNC_NO;
    fake.exists = false;
    return PSYNC_OK;
}

static psync_result fake_integer_await(void *state, psync_key *key, const psync_integer_state *seen,
                                       int64_t deadline, psync_error *error)
{
    (void)state, (void)key, (void)seen;
    psync_result result;
    step(INTEGER_AWAIT, &result, error)->deadline = deadline;
    if (result == PSYNC_OK) await(deadline);
    return result == PSYNC_OK && fake.hears_nothing ? PSYNC_NO : result;
}

static void fake_awaited(void *state)
{
    (void)state;
    note(AWAITED);
}

static bool fake_hold_lost(void *state, psync_key *key, uint64_t fence)
{
    (void)state, (void)key;
    note(HOLD_LOST)->fence = fence;
    return fake.lost;
}

static psync_result fake_each_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error)
{
    (void)state, (void)callback, (void)argument;
    psync_result result;
    step(EACH_LOCK, &result, error);
    return result;
}

static psync_result fake_each_integer(void *state, psync_integer_callback callback, void *argument,
                                      psync_error *error)
{
    (void)state, (void)callback, (void)argument;
    psync_result result;
    step(EACH_INTEGER, &result, error);
    return result;
}

static psync_result fake_info(void *state, psync_info_callback callback, void *argument, psync_error *error)
{
    (void)state, (void)callback, (void)argument;
    psync_result result;
    step(INFO, &result, error);
    return result;
}

static const char *const schemes[] = {"fake", "fakes", NULL};

const psync_driver fake_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = schemes,
    .open = fake_open,
    .close = fake_close,
    .after_fork = fake_after_fork,
    .set_label = fake_set_label,
    .lock_acquire = fake_lock_acquire,
    .lock_release = fake_lock_release,
    .lock_renew = fake_lock_renew,
    .lock_inspect = fake_lock_inspect,
    .lock_await = fake_lock_await,
    .integer_get = fake_integer_get,
    .integer_set = fake_integer_set,
    .integer_add = fake_integer_add,
    .integer_compare_set = fake_integer_compare_set,
    .integer_remove = fake_integer_remove,
    .integer_await = fake_integer_await,
    .awaited = fake_awaited,
    .hold_lost = fake_hold_lost,
    .each_lock = fake_each_lock,
    .each_integer = fake_each_integer,
    .info = fake_info,
};

/* ---- handles --------------------------------------------------------------- */

psync_space *fake_space(void)
{
    psync_error error = {0};
    psync_space *space = NULL;
    psync_result result = psync_space_open_driver(&fake_driver, "fake://space", NULL, &space, &error);
    if (result != PSYNC_OK) fail_msg("%s", error.message);
    fake_forget();
    return space;
}

psync_lock *fake_lock(psync_space *space)
{
    psync_lock *lock = NULL;
    assert_int_equal(psync_lock_open(space, FAKE_KEY, strlen(FAKE_KEY), &lock, NULL), PSYNC_OK);
    return lock;
}

psync_integer *fake_integer(psync_space *space)
{
    psync_integer *integer = NULL;
    assert_int_equal(psync_integer_open(space, FAKE_KEY, strlen(FAKE_KEY), &integer, NULL), PSYNC_OK);
    return integer;
}

int fake_hook(void *argument)
{
    (void)argument;
    note(HOOK);
    return fake.on_hook ? fake.on_hook() : 0;
}
