/* SPDX-License-Identifier: BSD-3-Clause */
/* list.c - what exists, told one by one to a callback that may use the space. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

/* What a list told of the keys with this test's prefix: "prefix-NUMBER". */
struct heard {
    const char *prefix;
    int count;
    int stop_after;
    int times[MOST];
    int64_t values[MOST];
    psync_owner owners[MOST];
    void (*meanwhile)(struct heard *);
};

/* The number of a key of ours, or -1. */
static int number_of(const struct heard *heard, const char *key, size_t length)
{
    size_t prefix = strlen(heard->prefix);
    char digits[8] = {0};
    if (length <= prefix + 1 || length - prefix - 1 >= sizeof digits) return -1;
    if (memcmp(key, heard->prefix, prefix) != 0 || key[prefix] != '-') return -1;
    memcpy(digits, key + prefix + 1, length - prefix - 1);
    return atoi(digits);
}

static int hear(struct heard *heard, int number)
{
    if (number < 0) return 0;
    CHECK(number < MOST);
    heard->times[number]++;
    heard->count++;
    if (heard->meanwhile) heard->meanwhile(heard);
    return heard->stop_after && heard->count == heard->stop_after;
}

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    struct heard *heard = argument;
    int number = number_of(heard, key, length);
    if (number >= 0 && number < MOST) heard->owners[number] = *owner;
    return hear(heard, number);
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    struct heard *heard = argument;
    int number = number_of(heard, key, length);
    if (number >= 0 && number < MOST) heard->values[number] = value;
    return hear(heard, number);
}

static psync_lock *numbered_lock(const char *prefix, int number)
{
    char key[200];
    snprintf(key, sizeof key, "%s-%d", prefix, number);
    return lock_of(key);
}

static psync_integer *numbered_integer(const char *prefix, int number)
{
    char key[200];
    snprintf(key, sizeof key, "%s-%d", prefix, number);
    return integer_of(key);
}

static struct heard hear_all_locks(const char *prefix)
{
    struct heard heard = {.prefix = prefix};
    EXPECT(PSYNC_OK, psync_space_each_lock(space(), hear_lock, &heard, ERR));
    return heard;
}

static struct heard hear_all_integers(const char *prefix)
{
    struct heard heard = {.prefix = prefix};
    EXPECT(PSYNC_OK, psync_space_each_integer(space(), hear_integer, &heard, ERR));
    return heard;
}

static void clear(const char *prefix)
{
    for (int i = 0; i < MOST; i++) {
        (void)psync_lock_release(numbered_lock(prefix, i), NULL);
        (void)psync_integer_remove(numbered_integer(prefix, i), NULL);
    }
}

static void locks_that_exist_are_listed_with_their_owners(void)
{
    enum { COUNT = 20 };
    const char *prefix = fresh_key();
    CHECK_EQUAL(0, hear_all_locks(prefix).count);
    psync_hold *hold = NULL;
    EXPECT(PSYNC_OK, psync_lock_hold(numbered_lock(prefix, 0), 100, NULL, &hold, ERR));
    for (int i = 1; i < COUNT; i++) take(numbered_lock(prefix, i));
    for (int i = 1; i < COUNT; i += 2) EXPECT(PSYNC_OK, psync_lock_release(numbered_lock(prefix, i), ERR));
    struct heard heard = hear_all_locks(prefix);
    CHECK_EQUAL(COUNT / 2, heard.count);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQUAL(i % 2 == 0, heard.times[i]);
        psync_owner owner, *listed = &heard.owners[i];
        if (i % 2) continue;
        EXPECT(PSYNC_OK, psync_lock_inspect(numbered_lock(prefix, i), &owner, ERR));
        CHECK(strcmp(owner.host, listed->host) == 0 && strcmp(owner.label, listed->label) == 0);
        CHECK(strcmp(owner.boot_id, listed->boot_id) == 0);
        CHECK_EQUAL(owner.pid, listed->pid);
        CHECK_EQUAL(owner.fence, listed->fence);
        CHECK_EQUAL(i == 0, listed->is_hold);
        CHECK_EQUAL(i == 0, listed->expires_at != 0);
        CHECK_EQUAL(PSYNC_ALIVE_YES, listed->alive);
    }
    CHECK_EQUAL(0, hear_all_integers(prefix).count);
    psync_hold_free(hold);
    clear(prefix);
    CHECK_EQUAL(0, hear_all_locks(prefix).count);
}

static void integers_that_exist_are_listed_with_their_values(void)
{
    enum { COUNT = 20 };
    const char *prefix = fresh_key();
    for (int i = 0; i < COUNT; i++) EXPECT(PSYNC_OK, psync_integer_set(numbered_integer(prefix, i), -i, ERR));
    for (int i = 1; i < COUNT; i += 2) EXPECT(PSYNC_OK, psync_integer_remove(numbered_integer(prefix, i), ERR));
    struct heard heard = hear_all_integers(prefix);
    CHECK_EQUAL(COUNT / 2, heard.count);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQUAL(i % 2 == 0, heard.times[i]);
        if (i % 2 == 0) CHECK_EQUAL(-i, heard.values[i]);
    }
    CHECK_EQUAL(0, hear_all_locks(prefix).count);
    clear(prefix);
    CHECK_EQUAL(0, hear_all_integers(prefix).count);
}

static void looking_at_a_key_does_not_list_it(void)
{
    const char *prefix = fresh_key();
    EXPECT(PSYNC_NO, psync_lock_exists(numbered_lock(prefix, 0), ERR));
    EXPECT(PSYNC_OK, psync_lock_wait(numbered_lock(prefix, 0), NULL, ERR));
    EXPECT(PSYNC_NO, psync_integer_get(numbered_integer(prefix, 0), NULL, ERR));
    EXPECT(PSYNC_NO, psync_integer_await_at_least(numbered_integer(prefix, 0), 1, FOR_SECONDS(0.01), ERR));
    EXPECT(PSYNC_ERROR_OVERFLOW, psync_integer_subtract(numbered_integer(prefix, 0), INT64_MIN, NULL, ERR));
    CHECK_EQUAL(0, hear_all_locks(prefix).count);
    CHECK_EQUAL(0, hear_all_integers(prefix).count);
}

static void a_callback_can_stop_the_list(void)
{
    const char *prefix = fresh_key();
    for (int i = 0; i < 5; i++) {
        take(numbered_lock(prefix, i));
        EXPECT(PSYNC_OK, psync_integer_set(numbered_integer(prefix, i), i, ERR));
    }
    struct heard locks = {.prefix = prefix, .stop_after = 3}, integers = locks;
    EXPECT(PSYNC_NO, psync_space_each_lock(space(), hear_lock, &locks, ERR));
    CHECK_EQUAL(3, locks.count);
    EXPECT(PSYNC_NO, psync_space_each_integer(space(), hear_integer, &integers, ERR));
    CHECK_EQUAL(3, integers.count);
    clear(prefix);
}

/* Everything is allowed in a callback, also on the very keys that are listed. */
static void use_the_space(struct heard *heard)
{
    char key[200];
    psync_lock *lock = NULL;
    psync_integer *integer = NULL;
    int length = snprintf(key, sizeof key, "%s+%d", heard->prefix, heard->count);
    EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
    take(lock);
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    EXPECT(PSYNC_OK, psync_integer_add(integer, 1, NULL, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    psync_lock_close(lock);
    psync_integer_close(integer);
    CHECK(hear_all_integers(heard->prefix).count == 10);
    CHECK(hear_all_locks(heard->prefix).count == 10);
}

static void a_callback_may_use_the_space(void)
{
    const char *prefix = fresh_key();
    for (int i = 0; i < 10; i++) {
        take(numbered_lock(prefix, i));
        EXPECT(PSYNC_OK, psync_integer_set(numbered_integer(prefix, i), i, ERR));
    }
    struct heard locks = {.prefix = prefix, .meanwhile = use_the_space}, integers = locks;
    EXPECT(PSYNC_OK, psync_space_each_lock(space(), hear_lock, &locks, ERR));
    EXPECT(PSYNC_OK, psync_space_each_integer(space(), hear_integer, &integers, ERR));
    CHECK_EQUAL(10, locks.count);
    CHECK_EQUAL(10, integers.count);
    clear(prefix);
}

static void remove_all(struct heard *heard)
{
    if (heard->count == 1) clear(heard->prefix);
}

static void what_a_callback_removed_does_not_disturb_the_list(void)
{
    const char *prefix = fresh_key();
    for (int i = 0; i < 30; i++) {
        take(numbered_lock(prefix, i));
        EXPECT(PSYNC_OK, psync_integer_set(numbered_integer(prefix, i), i, ERR));
    }
    struct heard locks = {.prefix = prefix, .meanwhile = remove_all};
    EXPECT(PSYNC_OK, psync_space_each_lock(space(), hear_lock, &locks, ERR));
    CHECK(locks.count >= 1 && locks.count <= 30);
    CHECK_EQUAL(0, hear_all_locks(prefix).count);
    CHECK_EQUAL(0, hear_all_integers(prefix).count);
}

static void churn_worker(int index, void *argument)
{
    struct stage *a = argument;
    while (!a->stop) {
        for (int i = 0; i < 50 && !a->stop; i++) {
            char key[200];
            psync_lock *lock = NULL;
            psync_integer *integer = NULL;
            int length = snprintf(key, sizeof key, "%s+%d+%d", a->key, index, i);
            EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
            EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
            take(lock);
            EXPECT(PSYNC_OK, psync_integer_add(integer, i, NULL, ERR));
            EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
            EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
            psync_lock_close(lock);
            psync_integer_close(integer);
        }
    }
}

static void what_stays_is_listed_exactly_once_while_others_come_and_go(void)
{
    struct stage *a = stage(1, 0);
    for (int i = 0; i < 40; i++) {
        take(numbered_lock(a->key, i));
        EXPECT(PSYNC_OK, psync_integer_set(numbered_integer(a->key, i), i, ERR));
    }
    struct crowd *crowd = crowd_start(2, churn_worker, a);
    for (int look = rounds(200, 500); look > 0; look--) {
        struct heard locks = hear_all_locks(a->key), integers = hear_all_integers(a->key);
        for (int i = 0; i < 40; i++) {
            CHECK_EQUAL(1, locks.times[i]);
            CHECK_EQUAL(1, integers.times[i]);
            CHECK_EQUAL(i, integers.values[i]);
        }
    }
    a->stop = 1;
    crowd_join(crowd);
    clear(a->key);
}

static void the_dead_are_listed_as_what_they_left(void)
{
    const char *prefix = fresh_key();
    char key[200];
    snprintf(key, sizeof key, "%s-1", prefix);
    helper_run("acquire", key, HELPER_KILL);
    snprintf(key, sizeof key, "%s-2", prefix);
    helper_run("hold", key, HELPER_KILL);
    int64_t died = now_ns();
    while (hear_all_locks(prefix).times[2]) {
        CHECK(since(died) <= suite.liveness + 0.3);
        sleep_for(0.01);
    }
    struct heard heard = hear_all_locks(prefix);
    CHECK_EQUAL(1, heard.times[1]);
    CHECK_EQUAL(PSYNC_ALIVE_NO, heard.owners[1].alive);
    CHECK_EQUAL(0, heard.times[2]);
    clear(prefix);
}

const struct test list_tests[] = {
    THREADS(locks_that_exist_are_listed_with_their_owners),
    THREADS(integers_that_exist_are_listed_with_their_values),
    THREADS(looking_at_a_key_does_not_list_it),
    THREADS(a_callback_can_stop_the_list),
    THREADS(a_callback_may_use_the_space),
    THREADS(what_a_callback_removed_does_not_disturb_the_list),
    EITHER(what_stays_is_listed_exactly_once_while_others_come_and_go),
    PROCESSES(the_dead_are_listed_as_what_they_left),
    END_OF_TESTS,
};
