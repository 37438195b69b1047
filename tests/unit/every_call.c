/* SPDX-License-Identifier: BSD-3-Clause */
/* every_call.c - the calls, each with arguments that are right. */
#include "every_call.h"

#include "child.h"
#include "handles.h"

psync_hold *held;

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

const struct every_call every_call[] = {
    {acquire, LOCK_ACQUIRE, true, false, false},
    {acquire, LOCK_AWAIT, true, true, false},
    {hold, LOCK_ACQUIRE, true, false, false},
    {hold, LOCK_AWAIT, true, true, false},
    {release, LOCK_RELEASE, true, true, false},
    {release_if, LOCK_RELEASE, true, true, false},
    {release_ghost, LOCK_RELEASE, true, true, false},
    {exists, LOCK_INSPECT, true, true, false},
    {inspect, LOCK_INSPECT, true, true, false},
    {wait_, LOCK_INSPECT, true, true, false},
    {wait_, LOCK_AWAIT, true, true, false},
    {renew, LOCK_RENEW, true, true, true},
    {is_valid, LOCK_INSPECT, true, true, true},
    {hold_release, LOCK_RELEASE, true, true, true},
    {get, INTEGER_GET, true, false, false},
    {set, INTEGER_SET, true, false, false},
    {add, INTEGER_ADD, true, false, false},
    {subtract, INTEGER_ADD, true, false, false},
    {compare_set, INTEGER_COMPARE_SET, true, false, false},
    {remove_, INTEGER_REMOVE, true, false, false},
    {integer_exists, INTEGER_GET, true, false, false},
    {at_least, INTEGER_GET, true, false, false},
    {at_least, INTEGER_AWAIT, true, false, false},
    {at_most, INTEGER_GET, true, false, false},
    {at_most, INTEGER_AWAIT, true, false, false},
    {change, INTEGER_GET, true, false, false},
    {change, INTEGER_AWAIT, true, false, false},
    {each_lock, EACH_LOCK, false, false, false},
    {each_integer, EACH_INTEGER, false, false, false},
    {info, INFO, false, false, false},
    {set_label, SET_LABEL, false, false, false},
};

const size_t every_call_count = sizeof every_call / sizeof *every_call;
