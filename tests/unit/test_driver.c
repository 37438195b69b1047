/* SPDX-License-Identifier: BSD-3-Clause */
/* test_driver.c - what the core asks of a driver, and what it makes of the answers. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static psync_space *space;
static psync_lock *lock;
static psync_integer *integer;
static psync_error error;

static int setup(void **state)
{
    fake_reset(state);
    space = fake_space();
    lock = fake_lock(space);
    integer = fake_integer(space);
    memset(&error, 0, sizeof error);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    psync_lock_close(lock);
    psync_integer_close(integer);
    psync_space_close(space);
    return 0;
}

/* ---- errors ------------------------------------------------------------------ */

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument, (void)key, (void)length, (void)owner;
    return 0;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument, (void)key, (void)length, (void)value;
    return 0;
}

static int hear_fact(void *argument, const char *name, const char *value)
{
    (void)argument, (void)name, (void)value;
    return 0;
}

static psync_hold *held;

static psync_result acquire(void)
{
    return psync_lock_acquire(lock, NULL, NULL, &error);
}
static psync_result hold(void)
{
    psync_hold *none = NULL;
    psync_result result = psync_lock_hold(lock, 1, NULL, &none, &error);
    assert_null(none);
    return result;
}
static psync_result release(void)
{
    return psync_lock_release(lock, &error);
}
static psync_result release_if(void)
{
    return psync_lock_release_if(lock, 1, &error);
}
static psync_result release_ghost(void)
{
    return psync_lock_release_ghost(lock, &error);
}
static psync_result exists(void)
{
    return psync_lock_exists(lock, &error);
}
static psync_result inspect(void)
{
    psync_owner owner;
    return psync_lock_inspect(lock, &owner, &error);
}
static psync_result wait_(void)
{
    return psync_lock_wait(lock, NULL, &error);
}
static psync_result renew(void)
{
    return psync_hold_renew(held, 1, &error);
}
static psync_result is_valid(void)
{
    return psync_hold_is_valid(held, &error);
}
static psync_result hold_release(void)
{
    return psync_hold_release(held, &error);
}
static psync_result get(void)
{
    return psync_integer_get(integer, NULL, &error);
}
static psync_result set(void)
{
    return psync_integer_set(integer, 1, &error);
}
static psync_result add(void)
{
    return psync_integer_add(integer, 1, NULL, &error);
}
static psync_result subtract(void)
{
    return psync_integer_subtract(integer, 1, NULL, &error);
}
static psync_result compare_set(void)
{
    return psync_integer_compare_set(integer, 1, 2, &error);
}
static psync_result remove_(void)
{
    return psync_integer_remove(integer, &error);
}
static psync_result integer_exists(void)
{
    return psync_integer_exists(integer, &error);
}
static psync_result at_least(void)
{
    return psync_integer_await_at_least(integer, 100, NULL, &error);
}
static psync_result at_most(void)
{
    return psync_integer_await_at_most(integer, -100, NULL, &error);
}
static psync_result change(void)
{
    return psync_integer_await_change(integer, NULL, &error);
}
static psync_result each_lock(void)
{
    return psync_space_each_lock(space, hear_lock, NULL, &error);
}
static psync_result each_integer(void)
{
    return psync_space_each_integer(space, hear_integer, NULL, &error);
}
static psync_result info(void)
{
    return psync_space_info(space, hear_fact, NULL, &error);
}
static psync_result set_label(void)
{
    return psync_space_set_label(space, "x", &error);
}

/* Each call with each slot that it uses. */
static const struct {
    psync_result (*call)(void);
    enum slot slot;
    bool keyed; /* the message names a key */
    bool busy;  /* the Lock is taken */
} calls[] = {
    {acquire, LOCK_ACQUIRE, true, false},
    {acquire, LOCK_AWAIT, true, true},
    {hold, LOCK_ACQUIRE, true, false},
    {hold, LOCK_AWAIT, true, true},
    {release, LOCK_RELEASE, true, true},
    {release_if, LOCK_RELEASE, true, true},
    {release_ghost, LOCK_RELEASE, true, true},
    {exists, LOCK_INSPECT, true, true},
    {inspect, LOCK_INSPECT, true, true},
    {wait_, LOCK_INSPECT, true, true},
    {wait_, LOCK_AWAIT, true, true},
    {renew, LOCK_RENEW, true, false},
    {is_valid, LOCK_INSPECT, true, false},
    {hold_release, LOCK_RELEASE, true, false},
    {get, INTEGER_GET, true, false},
    {set, INTEGER_SET, true, false},
    {add, INTEGER_ADD, true, false},
    {subtract, INTEGER_ADD, true, false},
    {compare_set, INTEGER_COMPARE_SET, true, false},
    {remove_, INTEGER_REMOVE, true, false},
    {integer_exists, INTEGER_GET, true, false},
    {at_least, INTEGER_GET, true, false},
    {at_least, INTEGER_AWAIT, true, false},
    {at_most, INTEGER_GET, true, false},
    {at_most, INTEGER_AWAIT, true, false},
    {change, INTEGER_GET, true, false},
    {change, INTEGER_AWAIT, true, false},
    {each_lock, EACH_LOCK, false, false},
    {each_integer, EACH_INTEGER, false, false},
    {info, INFO, false, false},
    {set_label, SET_LABEL, false, false},
};

static bool one_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
    }
    return true;
}

static void every_error_of_a_driver_comes_through_with_key_and_space_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (psync_result r = PSYNC_ERROR_ARGUMENT; r >= PSYNC_ERROR_SYSTEM; r = (psync_result)(r - 1)) {
            if (r == PSYNC_ERROR_OVERFLOW && calls[i].slot == INTEGER_ADD) continue; /* has no message of its own */
            fake_forget();
            fake.failing = SLOTS;
            fake.locked = false;
            assert_int_equal(psync_lock_hold(lock, 0, NULL, &held, NULL), PSYNC_OK);
            fake.locked = calls[i].busy || calls[i].call == renew || calls[i].call == is_valid;
            fake.failing = calls[i].slot;
            fake.failure = r;
            fake.failing_after = 0;
            memset(&error, 0x55, sizeof error);
            fake_forget();
            psync_result got = calls[i].call();
            if (got != r) fail_msg("call %zu gives %d, its slot gave %d", i, got, r);
            /* Never asked again: it may have happened (UNKNOWN), or have cost a whole time-out (UNAVAILABLE). */
            if (fake_count(calls[i].slot) != 1) fail_msg("call %zu repeats what failed with %d", i, r);
            fake.failing = SLOTS;
            assert_int_equal(error.result, r);
            assert_int_equal(error.system_code, 42);
            assert_non_null(strstr(error.message, "the fake failed"));
            assert_non_null(strstr(error.message, "fake://space"));
            if (calls[i].keyed) assert_non_null(strstr(error.message, FAKE_KEY));
            assert_true(one_line(error.message));
            psync_hold_free(held);
        }
    }
}

static void a_failed_call_leaves_what_it_would_have_filled_in(void **state)
{
    (void)state;
    int64_t value = 77, result = 78;
    uint64_t fence = 79;
    assert_int_equal(psync_integer_set(integer, 5, NULL), PSYNC_OK);
    fake.failure = PSYNC_ERROR_UNAVAILABLE;
    fake.failing = INTEGER_GET;
    assert_int_equal(psync_integer_get(integer, &value, NULL), PSYNC_ERROR_UNAVAILABLE);
    fake.failing = INTEGER_ADD;
    fake.failing_after = 0;
    assert_int_equal(psync_integer_add(integer, 1, &result, NULL), PSYNC_ERROR_UNAVAILABLE);
    fake.failing = LOCK_ACQUIRE;
    fake.failing_after = 0;
    assert_int_equal(psync_lock_acquire(lock, NULL, &fence, NULL), PSYNC_ERROR_UNAVAILABLE);
    assert_int_equal(value, 77);
    assert_int_equal(result, 78);
    assert_int_equal(fence, 79);
    assert_int_equal(psync_integer_known(integer), 5);
    assert_int_equal(psync_lock_last_fence(lock), 0);
}

static void an_overflow_gets_its_message_from_the_core(void **state)
{
    (void)state;
    assert_int_equal(psync_integer_set(integer, INT64_MAX, &error), PSYNC_OK);
    assert_int_equal(psync_integer_add(integer, 7, NULL, &error), PSYNC_ERROR_OVERFLOW);
    assert_non_null(strstr(error.message, "7"));
    assert_non_null(strstr(error.message, FAKE_KEY));
    assert_non_null(strstr(error.message, "fake://space"));
    assert_true(one_line(error.message));
}

/* ---- Locks and Holds ------------------------------------------------------------ */

static void each_release_has_its_condition(void **state)
{
    (void)state;
    (void)psync_lock_release(lock, NULL);
    (void)psync_lock_release_if(lock, 4711, NULL);
    (void)psync_lock_release_ghost(lock, NULL);
    assert_int_equal(fake_call(LOCK_RELEASE, 0)->condition, PSYNC_IF_ANY);
    assert_int_equal(fake_call(LOCK_RELEASE, 1)->condition, PSYNC_IF_FENCE);
    assert_int_equal(fake_call(LOCK_RELEASE, 1)->fence, 4711);
    assert_int_equal(fake_call(LOCK_RELEASE, 2)->condition, PSYNC_IF_GHOST);
}

static psync_hold *take_hold(double lease)
{
    psync_hold *made = NULL;
    assert_int_equal(psync_lock_hold(lock, lease, NULL, &made, &error), PSYNC_OK);
    return made;
}

static void a_hold_releases_its_own_fence_alone(void **state)
{
    (void)state;
    psync_hold *mine = take_hold(0);
    uint64_t fence = psync_hold_fence(mine);
    assert_int_equal(fence, fake.fence);
    fake.fence++; /* another's acquisition */
    assert_int_equal(psync_hold_is_valid(mine, &error), PSYNC_NO);
    assert_int_equal(psync_hold_release(mine, &error), PSYNC_NO);
    psync_hold_free(mine);
    for (int i = 0; i < fake_count(LOCK_RELEASE); i++) {
        assert_int_equal(fake_call(LOCK_RELEASE, i)->condition, PSYNC_IF_FENCE);
        assert_int_equal(fake_call(LOCK_RELEASE, i)->fence, fence);
    }
    assert_true(fake.locked);
}

static void leases_go_to_the_driver_in_ns_and_never_shorter(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        int64_t ns;
    } leases[] = {{1, S}, {0.25, 250 * MS}, {1e-9, 1}, {1e-12, 1}, {86400, 86400 * S}, {0, 0}};
    for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
        fake_forget();
        psync_hold *made = take_hold(leases[i].seconds);
        assert_true(fake_call(LOCK_ACQUIRE, 0)->take.hold);
        assert_int_equal(fake_call(LOCK_ACQUIRE, 0)->take.lease, leases[i].ns);
        fake.expires = 0;
        if (leases[i].ns) {
            assert_int_equal(psync_hold_renew(made, leases[i].seconds, &error), PSYNC_OK);
            assert_int_equal(fake_call(LOCK_RENEW, 0)->lease, leases[i].ns);
            assert_int_equal(fake_call(LOCK_RENEW, 0)->fence, psync_hold_fence(made));
        }
        fake.expires = 0;
        psync_hold_free(made);
        assert_false(fake.locked);
    }
    assert_int_equal(psync_lock_acquire(lock, NULL, NULL, &error), PSYNC_OK);
    assert_false(fake_call(LOCK_ACQUIRE, 1)->take.hold);
    assert_int_equal(fake_call(LOCK_ACQUIRE, 1)->take.lease, 0);
}

static void a_hold_doubts_itself_when_its_lease_is_over_whatever_the_engine_says(void **state)
{
    (void)state;
    psync_hold *made = take_hold(2);
    fake_pass(S);
    assert_int_equal(psync_hold_is_valid(made, &error), PSYNC_OK);
    fake.expires = 0; /* the engine would have it on */
    fake.boot_ahead += S;
    assert_int_equal(psync_hold_is_valid(made, &error), PSYNC_NO);
    psync_hold_free(made);
}

static void a_lease_s_end_is_told_by_the_wall_clock(void **state)
{
    (void)state;
    psync_hold *made = take_hold(10);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    fake_pass(S);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    assert_int_equal(psync_hold_renew(made, 3, &error), PSYNC_OK);
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 4000000);
    psync_hold_free(made);
    made = take_hold(0);
    assert_int_equal(psync_hold_expires_at(made), 0);
    psync_hold_free(made);
}

static void a_renewal_of_what_is_lost_says_so(void **state)
{
    (void)state;
    psync_hold *made = take_hold(10);
    fake.locked = false;
    assert_int_equal(psync_hold_renew(made, 5, &error), PSYNC_ERROR_LEASE_LOST);
    assert_non_null(strstr(error.message, FAKE_KEY));
    assert_non_null(strstr(error.message, "fake://space"));
    assert_int_equal(psync_hold_expires_at(made), FAKE_REAL_START / 1000 + 10000000);
    psync_hold_free(made);
}

static void wrong_leases_and_time_outs_never_reach_the_driver(void **state)
{
    (void)state;
    static const double wrong[] = {-1, -1e-300, __builtin_nan(""), -__builtin_inf()};
    psync_hold *made = take_hold(0), *none = NULL;
    fake_forget();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        psync_wait bad = {.timeout = wrong[i]};
        assert_int_equal(psync_lock_hold(lock, wrong[i], NULL, &none, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_hold_renew(made, wrong[i], &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_acquire(lock, &bad, NULL, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_hold(lock, 1, &bad, &none, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_lock_wait(lock, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_at_least(integer, 0, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_at_most(integer, 0, &bad, &error), PSYNC_ERROR_ARGUMENT);
        assert_int_equal(psync_integer_await_change(integer, &bad, &error), PSYNC_ERROR_ARGUMENT);
    }
    assert_int_equal(psync_lock_hold(lock, __builtin_inf(), NULL, &none, &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(psync_hold_renew(made, __builtin_inf(), &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(psync_hold_renew(made, 0, &error), PSYNC_ERROR_ARGUMENT);
    assert_int_equal(fake.count, 0);
    assert_null(none);
    psync_hold_free(made);
}

/* ---- fork -------------------------------------------------------------------------- */

/* Runs body in a child; it must end with 0. */
static void in_child(int (*body)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(body());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define NEED(condition)                                                                                            \
    do {                                                                                                           \
        if (!(condition)) return __LINE__ % 250 + 1;                                                               \
    } while (0)

static int child_uses(void)
{
    fake_forget();
    NEED(psync_lock_exists(lock, NULL) == PSYNC_NO);
    NEED(fake.count == 2 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == LOCK_INSPECT);
    NEED(psync_integer_add(integer, 1, NULL, NULL) == PSYNC_OK);
    NEED(psync_space_each_lock(space, hear_lock, NULL, NULL) == PSYNC_OK);
    NEED(fake_count(AFTER_FORK) == 1);
    return 0;
}

static void after_fork_comes_first_in_a_child_and_once(void **state)
{
    (void)state;
    in_child(child_uses);
    assert_int_equal(psync_lock_exists(lock, NULL), PSYNC_NO);
    assert_int_equal(fake_count(AFTER_FORK), 0);
}

static int each_call_first(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i].slot == LOCK_AWAIT || calls[i].slot == INTEGER_AWAIT) continue;
        if (calls[i].call == renew || calls[i].call == is_valid || calls[i].call == hold_release) continue;
        pid_t child = fork();
        if (child == 0) {
            fake_forget();
            fake.failing = calls[i].slot;
            fake.failure = PSYNC_ERROR_SYSTEM;
            _exit(calls[i].call() == PSYNC_ERROR_SYSTEM && fake.calls[0].slot == AFTER_FORK ? 0 : (int)i + 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) return WEXITSTATUS(status);
    }
    return 0;
}

static void whatever_a_child_calls_first_after_fork_precedes_it(void **state)
{
    (void)state;
    assert_int_equal(each_call_first(), 0);
}

static int child_closes(void)
{
    fake_forget();
    psync_space_close(space);
    NEED(fake.count == 2 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == CLOSE);
    return 0;
}

static void a_child_that_only_closes_does_so_as_itself(void **state)
{
    (void)state;
    in_child(child_closes);
}

static int child_fails(void)
{
    fake_forget();
    fake.failing = AFTER_FORK;
    fake.failure = PSYNC_ERROR_UNAVAILABLE;
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(strstr(error.message, FAKE_KEY) && strstr(error.message, "the fake failed"));
    NEED(fake.count == 1); /* nothing on the parent's identity */
    fake.failing = SLOTS;
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    NEED(fake_count(AFTER_FORK) == 2);
    return 0;
}

static void a_child_whose_after_fork_failed_does_nothing_and_tries_again(void **state)
{
    (void)state;
    in_child(child_fails);
}

static int child_meddles(void)
{
    fake_forget();
    NEED(psync_hold_release(held, NULL) == PSYNC_NO);
    NEED(psync_hold_is_valid(held, NULL) == PSYNC_NO);
    NEED(psync_hold_renew(held, 1, NULL) == PSYNC_ERROR_LEASE_LOST);
    psync_hold_free(held);
    NEED(fake_count(LOCK_RELEASE) == 0 && fake_count(LOCK_RENEW) == 0);
    return 0;
}

static void a_child_s_calls_on_its_parent_s_hold_never_reach_the_driver(void **state)
{
    (void)state;
    held = take_hold(5);
    in_child(child_meddles);
    assert_int_equal(psync_hold_release(held, NULL), PSYNC_OK);
    psync_hold_free(held);
}

static int forks_in_hook(void)
{
    static pid_t child;
    if (child == 0) {
        fake_forget();
        child = fork();
        if (child == 0) {
            child = 1; /* not again */
            return 0;
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status == 0 ? 1 : 2;
    }
    return 1;
}

static void a_child_forked_by_a_hook_goes_on_as_itself(void **state)
{
    (void)state;
    fake.locked = true;
    fake.on_hook = forks_in_hook;
    pid_t parent = getpid();
    psync_result result = psync_lock_wait(lock, &(psync_wait){.timeout = 10, .interrupt = fake_hook}, &error);
    if (getpid() != parent) {
        bool first = fake.count > 1 && fake.calls[0].slot == AFTER_FORK && fake.calls[1].slot == LOCK_AWAIT;
        _exit(result == PSYNC_ERROR_INTERRUPTED && first ? 0 : 1);
    }
    assert_int_equal(result, PSYNC_ERROR_INTERRUPTED);
}

/* ---- opening ----------------------------------------------------------------------- */

static psync_space *opened;

static psync_result open_with(const psync_driver *driver, const char *dsn, const char *label)
{
    psync_options options = {.label = label};
    opened = NULL;
    return psync_space_open_driver(driver, dsn, &options, &opened, &error);
}

static void a_driver_must_be_whole_and_of_this_version(void **state)
{
    (void)state;
    psync_driver other = fake_driver;
    fake_forget();
    other.version = PSYNC_DRIVER_VERSION + 1;
    assert_int_equal(open_with(&other, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);
    other.version = 0;
    assert_int_equal(open_with(&other, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);
#define WITHOUT(slot)                                                                                              \
    do {                                                                                                           \
        psync_driver lacking = fake_driver;                                                                        \
        lacking.slot = NULL;                                                                                       \
        assert_int_equal(open_with(&lacking, "fake://x", NULL), PSYNC_ERROR_NO_DRIVER);                            \
    } while (0)
    WITHOUT(schemes);
    WITHOUT(open);
    WITHOUT(close);
    WITHOUT(set_label);
    WITHOUT(lock_acquire);
    WITHOUT(lock_release);
    WITHOUT(lock_renew);
    WITHOUT(lock_inspect);
    WITHOUT(lock_await);
    WITHOUT(integer_get);
    WITHOUT(integer_set);
    WITHOUT(integer_add);
    WITHOUT(integer_compare_set);
    WITHOUT(integer_remove);
    WITHOUT(integer_await);
    WITHOUT(each_lock);
    WITHOUT(each_integer);
    WITHOUT(info);
    assert_int_equal(fake.count, 0);
    assert_null(opened);
}

static void optional_slots_may_be_missing(void **state)
{
    (void)state;
    psync_driver modest = fake_driver;
    modest.after_fork = NULL;
    assert_int_equal(open_with(&modest, "fake://x", NULL), PSYNC_OK);
    psync_space_close(opened);
}

static void a_driver_serves_its_own_schemes_only(void **state)
{
    (void)state;
    assert_int_equal(open_with(&fake_driver, "other://x", NULL), PSYNC_ERROR_NO_DRIVER);
    assert_non_null(strstr(error.message, "other"));
    assert_int_equal(open_with(&fake_driver, "fakes://x", NULL), PSYNC_OK);
    assert_string_equal(psync_space_driver(opened), "fake");
    assert_string_equal(psync_space_dsn(opened), "fakes://x");
    psync_space_close(opened);
}

static void what_failed_at_open_is_closed_again(void **state)
{
    (void)state;
    fake_forget();
    fake.failing = OPEN;
    fake.failure = PSYNC_ERROR_PERMISSION;
    assert_int_equal(open_with(&fake_driver, "fake://x", NULL), PSYNC_ERROR_PERMISSION);
    assert_null(opened);
    assert_non_null(strstr(error.message, "the fake failed"));
    assert_non_null(strstr(error.message, "fake://x"));
    assert_int_equal(error.system_code, 42);
    assert_int_equal(fake_count(CLOSE), 0); /* it was never open */
    fake.failing = SET_LABEL;
    fake.failing_after = 0;
    assert_int_equal(open_with(&fake_driver, "fake://x", NULL), PSYNC_ERROR_PERMISSION);
    assert_null(opened);
    assert_int_equal(fake_count(CLOSE), 1);
}

static void a_driver_gets_a_label_that_fits(void **state)
{
    (void)state;
    char label[1000], path[4096];
    memset(label, 'a', sizeof label - 1);
    memcpy(label + sizeof label - 4, "end", 4);
    assert_int_equal(open_with(&fake_driver, "fake://x", label), PSYNC_OK);
    assert_int_equal(strlen(fake.label), PSYNC_LABEL_MAX);
    assert_string_equal(fake.label, label + sizeof label - 1 - PSYNC_LABEL_MAX);
    assert_int_equal(psync_space_set_label(opened, "short", &error), PSYNC_OK);
    assert_string_equal(fake.label, "short");
    assert_int_equal(psync_space_set_label(opened, "", &error), PSYNC_OK);
    assert_string_equal(fake.label, "");
    assert_int_equal(psync_space_set_label(opened, NULL, &error), PSYNC_OK);
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    assert_string_equal(fake.label, length > PSYNC_LABEL_MAX ? path + length - PSYNC_LABEL_MAX : path);
    psync_space_close(opened);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_error_of_a_driver_comes_through_with_key_and_space_named),
        TEST(a_failed_call_leaves_what_it_would_have_filled_in),
        TEST(an_overflow_gets_its_message_from_the_core),
        TEST(each_release_has_its_condition),
        TEST(a_hold_releases_its_own_fence_alone),
        TEST(leases_go_to_the_driver_in_ns_and_never_shorter),
        TEST(a_hold_doubts_itself_when_its_lease_is_over_whatever_the_engine_says),
        TEST(a_lease_s_end_is_told_by_the_wall_clock),
        TEST(a_renewal_of_what_is_lost_says_so),
        TEST(wrong_leases_and_time_outs_never_reach_the_driver),
        TEST(after_fork_comes_first_in_a_child_and_once),
        TEST(whatever_a_child_calls_first_after_fork_precedes_it),
        TEST(a_child_that_only_closes_does_so_as_itself),
        TEST(a_child_whose_after_fork_failed_does_nothing_and_tries_again),
        TEST(a_child_s_calls_on_its_parent_s_hold_never_reach_the_driver),
        TEST(a_child_forked_by_a_hook_goes_on_as_itself),
        TEST(a_driver_must_be_whole_and_of_this_version),
        TEST(optional_slots_may_be_missing),
        TEST(a_driver_serves_its_own_schemes_only),
        TEST(what_failed_at_open_is_closed_again),
        TEST(a_driver_gets_a_label_that_fits),
    };
    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
