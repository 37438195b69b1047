/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_give_way.c - who has freed a Lock that others wait for lets them go first, for as long as it should. */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ONE, OTHER };
static const psync_key keys[] = {{.bytes = "one", .length = 3}, {.bytes = "other", .length = 5}};

static const psync_take first_try = {.may_wait = true};

/* A release that took so long. */
static void gave(int key, net_told told, int64_t took)
{
    const int64_t began = fake.monotonic;
    fake_pass(took);
    net_gave(&home, &keys[key], told, began);
}

static bool gives_way(int key, const psync_take *take)
{
    psync_lock_state now = {.exists = true, .fence = 7};
    const bool yes = net_gives_way(&home, &keys[key], take, &now);
    assert_int_equal(now.exists, !yes);
    assert_int_equal(now.fence, yes ? 0 : 7);
    return yes;
}

/* How long it sleeps. */
static int64_t way(int key)
{
    const int64_t began = fake.monotonic;
    assert_int_equal(net_give_way(&home, &keys[key], PSYNC_NEVER), PSYNC_OK);
    assert_false(gives_way(key, &first_try));
    return fake.monotonic - began;
}

/* ---- who gives way ------------------------------------------------------------- */

static void whoever_told_somebody_gives_way_until_he_could_come(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    assert_true(gives_way(ONE, &first_try));
    assert_true(gives_way(ONE, &(psync_take){.may_wait = true, .hold = true, .lease = S}));
    assert_int_equal(way(ONE), 20 * MS);
    assert_int_equal(way(ONE), 0);
}

static void a_try_that_may_not_wait_is_never_held_back(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    assert_false(gives_way(ONE, &(psync_take){.may_wait = false}));
}

static void who_has_waited_already_is_not_held_back(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    assert_false(gives_way(ONE, &(psync_take){.may_wait = true, .waiting_since = fake.monotonic}));
}

static void nobody_gives_way_where_nobody_waits(void **state)
{
    (void)state;
    assert_false(gives_way(ONE, &first_try));
    gave(ONE, NET_TOLD_NOBODY, 5 * MS);
    assert_false(gives_way(ONE, &first_try));
    assert_int_equal(way(ONE), 0);
    assert_int_equal(home.gifts.count, 0);
}

static void a_release_that_tells_nobody_is_the_end_of_it(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    gave(OTHER, NET_TOLD_SOMEBODY, 5 * MS);
    gave(ONE, NET_TOLD_NOBODY, MS);
    assert_false(gives_way(ONE, &first_try));
    assert_true(gives_way(OTHER, &first_try));
    gave(OTHER, NET_TOLD_NOBODY, MS);
    assert_false(gives_way(OTHER, &first_try));
    assert_int_equal(home.gifts.count, 0);
}

static void keys_give_way_each_for_itself(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    assert_false(gives_way(OTHER, &first_try));
    gave(OTHER, NET_TOLD_SOMEBODY, 10 * MS);
    assert_int_equal(way(ONE), 10 * MS);
    assert_int_equal(way(OTHER), 30 * MS);
}

static void of_many_keys_the_latest_are_remembered(void **state)
{
    (void)state;
    enum { KEYS = 1000 };
    char names[KEYS][8];
    psync_key many[KEYS];
    psync_lock_state now;
    for (int i = 0; i < KEYS; i++) {
        const int length = snprintf(names[i], sizeof names[i], "k%d", i);
        many[i] = (psync_key){.bytes = names[i], .length = (size_t)length};
        net_gave(&home, &many[i], NET_TOLD_SOMEBODY, fake.monotonic);
        fake_pass(1);
    }
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(net_gives_way(&home, &many[i], &first_try, &now), i >= KEYS - NET_GIFTS);
}

/* ---- how long ------------------------------------------------------------------ */

static void the_time_is_bounded_on_both_sides(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 0);
    assert_int_equal(way(ONE), 2 * MS);
    gave(OTHER, NET_TOLD_SOMEBODY, 10 * S);
    assert_int_equal(way(OTHER), 100 * MS);
}

static void who_polls_gets_the_time_of_two_looks_more(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_POLLERS, 5 * MS);
    assert_int_equal(way(ONE), 20 * MS + 2 * NET_FIRST_POLL);
    gave(OTHER, NET_TOLD_POLLERS, 10 * S);
    assert_int_equal(way(OTHER), 250 * MS);
    engine_reopen("poll=0.003", false);
    gave(ONE, NET_TOLD_POLLERS, 5 * MS);
    assert_int_equal(way(ONE), 26 * MS);
}

/* Who waits across half the world is told each time, and late each time. */
static void who_is_told_again_and_again_gets_longer_and_longer(void **state)
{
    (void)state;
    static const int64_t lengths[] = {4, 8, 16, 32, 64, 100, 100};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        gave(ONE, NET_TOLD_SOMEBODY, MS);
        assert_int_equal(way(ONE), lengths[i] * MS);
        fake_pass(S);
    }
    gave(ONE, NET_TOLD_NOBODY, MS);
    gave(ONE, NET_TOLD_SOMEBODY, MS);
    assert_int_equal(way(ONE), 4 * MS);
    for (size_t i = 0; i < 7; i++) {
        fake_pass(S);
        gave(OTHER, NET_TOLD_POLLERS, MS);
        assert_int_equal(way(OTHER), (i < 3 ? INT64_C(44) << i : 250) * MS);
    }
}

static void but_no_longer_than_half_of_the_time_of_use(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, MS);
    assert_int_equal(way(ONE), 4 * MS);
    fake_pass(9 * MS);
    gave(ONE, NET_TOLD_SOMEBODY, MS);
    assert_int_equal(way(ONE), 5 * MS);
    gave(ONE, NET_TOLD_SOMEBODY, MS);
    assert_int_equal(way(ONE), 4 * MS);
    gave(ONE, NET_TOLD_SOMEBODY, MS);
    gave(ONE, NET_TOLD_SOMEBODY, MS); /* by another thread, which had waited */
    assert_int_equal(way(ONE), 4 * MS);
}

/* ---- the sleep ----------------------------------------------------------------- */

static void the_sleep_ends_at_the_deadline(void **state)
{
    (void)state;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    const int64_t began = fake.monotonic;
    assert_in_range(net_give_way(&home, &keys[ONE], began + 3 * MS), PSYNC_OK, PSYNC_NO);
    assert_int_equal(fake.monotonic, began + 3 * MS);
    assert_in_range(net_give_way(&home, &keys[ONE], began), PSYNC_OK, PSYNC_NO);
    assert_int_equal(fake.monotonic, began + 3 * MS);
    assert_int_equal(way(ONE), 17 * MS);
}

static int is_interrupted(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    (void)descriptors, (void)count, (void)ns;
    errno = EINTR;
    return -1;
}

static void a_signal_ends_the_sleep(void **state)
{
    (void)state;
    const struct psync_clock *before = psync__clock;
    struct psync_clock signals = *before;
    signals.poll = is_interrupted;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    psync__clock = &signals;
    assert_int_equal(net_give_way(&home, &keys[ONE], PSYNC_NEVER), PSYNC_NO);
    psync__clock = before;
}

static void a_child_has_given_nothing(void **state)
{
    (void)state;
    int status = -1;
    gave(ONE, NET_TOLD_SOMEBODY, 5 * MS);
    pid_t child = fork();
    if (!child) {
        psync_lock_state now;
        net_home_after_fork(&home, NULL);
        _exit(net_gives_way(&home, &keys[ONE], &first_try, &now));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(gives_way(ONE, &first_try));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_told_somebody_gives_way_until_he_could_come),
        TEST(a_try_that_may_not_wait_is_never_held_back),
        TEST(who_has_waited_already_is_not_held_back),
        TEST(nobody_gives_way_where_nobody_waits),
        TEST(a_release_that_tells_nobody_is_the_end_of_it),
        TEST(keys_give_way_each_for_itself),
        TEST(of_many_keys_the_latest_are_remembered),
        TEST(the_time_is_bounded_on_both_sides),
        TEST(who_polls_gets_the_time_of_two_looks_more),
        TEST(who_is_told_again_and_again_gets_longer_and_longer),
        TEST(but_no_longer_than_half_of_the_time_of_use),
        TEST(the_sleep_ends_at_the_deadline),
        TEST(a_signal_ends_the_sleep),
        TEST(a_child_has_given_nothing),
    };
    return cmocka_run_group_tests_name("giving way on network drivers", tests, NULL, NULL);
}
