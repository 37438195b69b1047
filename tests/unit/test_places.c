/* SPDX-License-Identifier: BSD-3-Clause */
/* test_places.c - handles that say where their key lies: what a driver is handed, and what is refused. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

static char place[64]; /* that the driver was handed last; "" without one */

static void hear_place(const psync_key *key)
{
    assert_memory_equal(key->bytes, FAKE_KEY, strlen(FAKE_KEY) + 1);
    snprintf(place, sizeof place, "%s", key->place ? key->place : "");
}

static psync_result acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                            psync_error *error)
{
    hear_place(key);
    return fake_driver.lock_acquire(state, key, take, now, error);
}

static psync_result release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                            psync_error *error)
{
    hear_place(key);
    return fake_driver.lock_release(state, key, condition, fence, error);
}

static psync_result get(void *state, psync_key *key, psync_integer_state *now, psync_error *error)
{
    hear_place(key);
    return fake_driver.integer_get(state, key, now, error);
}

static psync_driver placing;

static psync_space *open_placing(void)
{
    psync_space *space = NULL;
    placing = fake_driver;
    placing.places = true;
    placing.lock_acquire = acquire;
    placing.lock_release = release;
    placing.integer_get = get;
    assert_int_equal(PSYNC_OK, psync_space_open_driver(&placing, "fake://space", NULL, &space, NULL));
    return space;
}

static void a_driver_is_handed_the_place_of_a_lock_and_of_its_holds(void **state)
{
    (void)state;
    char given[] = "/a/place";
    psync_space *space = open_placing();
    psync_lock *lock = NULL;
    psync_hold *hold = NULL;
    assert_int_equal(PSYNC_OK, psync_lock_open_at(space, FAKE_KEY, strlen(FAKE_KEY), given, &lock, NULL));
    memset(given, 'x', strlen(given)); /* it was copied */
    assert_int_equal(PSYNC_OK, psync_lock_hold(lock, 0, NULL, &hold, NULL));
    assert_string_equal(place, "/a/place");
    psync_lock_close(lock);
    *place = '\0';
    assert_int_equal(PSYNC_OK, psync_hold_release(hold, NULL));
    assert_string_equal(place, "/a/place");
    psync_hold_free(hold);
    psync_space_close(space);
}

static void a_driver_is_handed_the_place_of_an_integer(void **state)
{
    (void)state;
    psync_space *space = open_placing();
    psync_integer *integer = NULL;
    assert_int_equal(PSYNC_OK, psync_integer_open_at(space, FAKE_KEY, strlen(FAKE_KEY), "/p", &integer, NULL));
    (void)psync_integer_get(integer, NULL, NULL);
    assert_string_equal(place, "/p");
    psync_integer_close(integer);
    assert_int_equal(PSYNC_OK, psync_integer_open(space, FAKE_KEY, strlen(FAKE_KEY), &integer, NULL));
    (void)psync_integer_get(integer, NULL, NULL);
    assert_string_equal(place, "");
    psync_integer_close(integer);
    psync_space_close(space);
}

static void a_driver_without_places_is_never_handed_one(void **state)
{
    (void)state;
    psync_error error;
    psync_space *space = fake_space();
    psync_lock *lock = NULL;
    psync_integer *integer = NULL;
    assert_int_equal(PSYNC_ERROR_UNSUPPORTED, psync_lock_open_at(space, "k", 1, "/p", &lock, &error));
    assert_non_null(strstr(error.message, "\"fake\""));
    assert_int_equal(PSYNC_ERROR_UNSUPPORTED, psync_integer_open_at(space, "k", 1, "/p", &integer, NULL));
    assert_null(lock);
    assert_null(integer);
    psync_space_close(space);
}

static void the_key_is_checked_all_the_same(void **state)
{
    (void)state;
    psync_space *space = open_placing();
    psync_lock *lock = NULL;
    psync_integer *integer = NULL;
    assert_int_equal(PSYNC_ERROR_ARGUMENT, psync_lock_open_at(space, "", 0, "/p", &lock, NULL));
    assert_int_equal(PSYNC_ERROR_ARGUMENT, psync_integer_open_at(space, "", 0, "/p", &integer, NULL));
    psync_space_close(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_driver_is_handed_the_place_of_a_lock_and_of_its_holds, fake_reset),
        cmocka_unit_test_setup(a_driver_is_handed_the_place_of_an_integer, fake_reset),
        cmocka_unit_test_setup(a_driver_without_places_is_never_handed_one, fake_reset),
        cmocka_unit_test_setup(the_key_is_checked_all_the_same, fake_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
