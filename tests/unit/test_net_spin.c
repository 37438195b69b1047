/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_spin.c - which replies are looked for before sleeping. */
#include "fake.h"

#include "net/spin.h"

/* How many replies are slept for at once before one is looked for again. */
static unsigned rests(net_spin *spin)
{
    unsigned count = 0;
    while (!net_spin_begin(spin)) count++;
    return count;
}

static void what_comes_is_looked_for_each_time(void **state)
{
    (void)state;
    net_spin spin = {.rests = 0};
    for (int i = 0; i < 10; i++) {
        assert_true(net_spin_begin(&spin));
        net_spin_end(&spin, true);
    }
}

static void what_was_in_vain_is_left_for_longer_each_time_and_not_for_ever(void **state)
{
    (void)state;
    net_spin spin = {.rests = 0};
    unsigned last = 0;
    for (int i = 0; i < 20; i++) {
        const unsigned now = rests(&spin);
        assert_true(i < 2 || now == 2 * last || (now == last && now == NET_SPIN_RESTS_MAX));
        net_spin_end(&spin, false);
        last = now;
    }
    assert_int_equal(rests(&spin), NET_SPIN_RESTS_MAX);
    net_spin_end(&spin, true);
    assert_int_equal(rests(&spin), 0);
    net_spin_end(&spin, false);
    assert_int_equal(rests(&spin), NET_SPIN_RESTS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_is_looked_for_each_time),
        cmocka_unit_test(what_was_in_vain_is_left_for_longer_each_time_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
