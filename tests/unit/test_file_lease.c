/* SPDX-License-Identifier: BSD-3-Clause */
/* test_file_lease.c - Holds with a lease: one of another host, and one that is renewed while somebody looks. */
#include <phpsync/phpsync.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "handles.h"

enum { LOOKS_MAX = 20 };

static const struct psync_clock *system_clock;
static int64_t between; /* two clocks are never read at the same instant, nor always as far apart */

static psync_hold *renewed; /* when a clock is read next, after which the lease that it had is over */
static int64_t passed;

enum { LEASE = 10, LONG = 3600 };

static int64_t monotonic(void)
{
    return system_clock->monotonic();
}

static int64_t boottime(void)
{
    if (renewed) {
        psync_hold *hold = renewed;
        renewed = NULL;
        assert_int_equal(psync_hold_renew(hold, LONG, NULL), PSYNC_OK);
        passed += (LEASE + 1) * INT64_C(1000000000);
    }
    return system_clock->boottime() + passed + (between += 100);
}

static int64_t realtime(void)
{
    return system_clock->realtime();
}

static const struct psync_clock two_clocks = {.monotonic = monotonic, .boottime = boottime, .realtime = realtime};

/* Another host has another boot id; the last digit of ours is changed in the Lock's file. */
static void move_to_another_host(void)
{
    char path[256];
    char text[4096];
    snprintf(path, sizeof path, "%s/locks/8c/e4/8ce4b16b22b58894aa86c421e8759df3", folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t length = read(fd, text, sizeof text - 1);
    assert_true(length > 0);
    text[length] = '\0';
    char *end = strstr(text, "\nhost ");
    assert_non_null(end);
    end[-1] = end[-1] == '0' ? '1' : '0';
    assert_int_equal(pwrite(fd, text, (size_t)length, 0), length);
    close(fd);
}

static int count(void *argument)
{
    ++*(int *)argument;
    return 0;
}

static int open_one(void **state)
{
    (void)state;
    open_in_folder("file://");
    return 0;
}

static void a_lease_of_another_host_is_slept_for(void **state)
{
    (void)state;
    psync_hold *hold;
    assert_int_equal(psync_lock_hold(lock, LONG, NULL, &hold, NULL), PSYNC_OK);
    move_to_another_host();
    int looks = 0;
    psync_wait wait = {.timeout = 0.5, .interrupt = count, .argument = &looks};
    assert_int_equal(psync_lock_acquire(lock, &wait, NULL, NULL), PSYNC_NO);
    assert_true(looks < LOOKS_MAX); /* thousands, if each look takes the lease for another */
    psync_hold_free(hold);
}

static int list_one(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)key;
    (void)length;
    (void)owner;
    return count(argument);
}

static void a_lease_that_is_renewed_during_a_look_goes_on(void **state)
{
    (void)state;
    psync_hold *hold;
    int listed = 0;
    assert_int_equal(psync_lock_hold(lock, LEASE, NULL, &hold, NULL), PSYNC_OK);
    renewed = hold;
    assert_int_equal(psync_lock_exists(lock, NULL), PSYNC_OK);
    assert_null(renewed);
    assert_int_equal(psync_hold_renew(hold, LEASE, NULL), PSYNC_OK);
    renewed = hold;
    assert_int_equal(psync_space_each_lock(space, list_one, &listed, NULL), PSYNC_OK);
    assert_null(renewed);
    assert_int_equal(listed, 1);
    assert_int_equal(psync_hold_release(hold, NULL), PSYNC_OK);
    psync_hold_free(hold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lease_of_another_host_is_slept_for, open_one, close_in_folder),
        cmocka_unit_test_setup_teardown(a_lease_that_is_renewed_during_a_look_goes_on, open_one, close_in_folder),
    };
    system_clock = psync__clock;
    psync__clock = &two_clocks;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
