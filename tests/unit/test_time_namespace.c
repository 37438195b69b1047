/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_time_namespace.c - Holds with a lease between processes whose
 * CLOCK_BOOTTIME differs, as a container's may: on shared memory.
 */
#include <phpsync/phpsync.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "handles.h"
#include "isolation.h"

/* Seconds. By the wrong clock a lease of LONG is over at once, or ends hours late; ROUGHLY is less than that. */
enum { AHEAD = 7200, LONG = 3600, ROUGHLY = 1200, PATIENCE = 60 };

static psync_hold *hold;
static int to_child[2], to_parent[2];

static int open_one(void **state)
{
    (void)state;
    open_in_folder("shm://x?path=");
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(to_parent), 0);
    return 0;
}

static int close_one(void **state)
{
    for (int i = 0; i < 2; i++) {
        close(to_child[i]);
        close(to_parent[i]);
    }
    return close_in_folder(state);
}

/* Begins what a process does whose clock is ahead; it has the space open already. */
static pid_t begin_ahead(void (*body)(void))
{
    pid_t child = fork();
    if (child > 0) return child;
    NEED(child == 0 && shift_children(AHEAD));
    child = fork();
    if (child == 0) {
        alarm(2 * PATIENCE);
        body();
        _exit(0);
    }
    int status = 1;
    _exit(child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : 1);
}

/* Tells the other side that a step is done, or waits for it. */
static void tell(const int ends[2])
{
    NEED(write(ends[1], "+", 1) == 1);
}

static void hear(const int ends[2])
{
    char byte;
    NEED(read(ends[0], &byte, 1) == 1);
}

/* Whether an instant, in microseconds since 1970, is about so many seconds from now. */
static bool is_about(int64_t instant, int64_t seconds)
{
    int64_t left = instant / 1000000 - time(NULL);
    return left > seconds - ROUGHLY && left < seconds + ROUGHLY;
}

static void find_it_held(void)
{
    psync_owner owner;
    NEED(psync_lock_exists(lock, NULL) == PSYNC_OK);
    NEED(psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, NULL, NULL) == PSYNC_NO);
    NEED(psync_lock_inspect(lock, &owner, NULL) == PSYNC_OK);
    NEED(owner.alive == PSYNC_ALIVE_YES && is_about(owner.expires_at, LONG));
}

static void a_lease_goes_on_where_the_clock_is_ahead(void **state)
{
    (void)state;
    if (!may_shift_children()) skip();
    assert_int_equal(psync_lock_hold(lock, LONG, NULL, &hold, NULL), PSYNC_OK);
    assert_true(ended_well(begin_ahead(find_it_held)));
    assert_int_equal(psync_hold_is_valid(hold, NULL), PSYNC_OK);
    psync_hold_free(hold);
}

static void hold_for_a_moment(void)
{
    NEED(psync_lock_hold(lock, 0.1, NULL, &hold, NULL) == PSYNC_OK);
    tell(to_parent);
    hear(to_child); /* it lives on: only its lease can end the Hold */
}

static void a_lease_taken_where_the_clock_is_ahead_ends(void **state)
{
    (void)state;
    if (!may_shift_children()) skip();
    pid_t child = begin_ahead(hold_for_a_moment);
    hear(to_parent);
    psync_wait wait = {.timeout = PATIENCE};
    assert_int_equal(psync_lock_wait(lock, &wait, NULL), PSYNC_OK);
    assert_int_equal(psync_lock_exists(lock, NULL), PSYNC_NO);
    tell(to_child);
    assert_true(ended_well(child));
}

static void hold_and_renew(void)
{
    NEED(psync_lock_hold(lock, 2 * LONG, NULL, &hold, NULL) == PSYNC_OK);
    NEED(is_about(psync_hold_expires_at(hold), 2 * LONG));
    NEED(psync_hold_renew(hold, LONG, NULL) == PSYNC_OK);
    NEED(is_about(psync_hold_expires_at(hold), LONG));
    NEED(psync_hold_is_valid(hold, NULL) == PSYNC_OK);
    tell(to_parent);
    hear(to_child);
}

static void a_lease_renewed_where_the_clock_is_ahead_is_no_longer_elsewhere(void **state)
{
    (void)state;
    if (!may_shift_children()) skip();
    pid_t child = begin_ahead(hold_and_renew);
    hear(to_parent);
    psync_owner owner;
    assert_int_equal(psync_lock_inspect(lock, &owner, NULL), PSYNC_OK);
    assert_true(is_about(owner.expires_at, LONG));
    tell(to_child);
    assert_true(ended_well(child));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_lease_goes_on_where_the_clock_is_ahead),
        EACH(a_lease_taken_where_the_clock_is_ahead_ends),
        EACH(a_lease_renewed_where_the_clock_is_ahead_is_no_longer_elsewhere),
    };
    return cmocka_run_group_tests_name("time namespaces", tests, NULL, NULL);
}
