/* SPDX-License-Identifier: BSD-3-Clause */
/* key.c - any bytes are a key, of 1 to 1023 of them, and there may be many. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two keys never meet: what is done to one is not seen at the other. */
static void apart(const void *one, size_t one_length, const void *other, size_t other_length)
{
    psync_integer *a = integer_of_bytes(one, one_length), *b = integer_of_bytes(other, other_length);
    psync_lock *c = lock_of_bytes(one, one_length), *d = lock_of_bytes(other, other_length);
    EXPECT(PSYNC_OK, psync_integer_set(a, 1, ERR));
    EXPECT(PSYNC_OK, psync_integer_set(b, 2, ERR));
    expect_value(a, 1);
    expect_value(b, 2);
    EXPECT(PSYNC_OK, psync_integer_remove(b, ERR));
    expect_value(a, 1);
    take(c);
    expect_free(d);
    take(d);
    EXPECT(PSYNC_OK, psync_lock_release(c, ERR));
    expect_locked(d);
    EXPECT(PSYNC_OK, psync_lock_release(d, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(a, ERR));
}

static void keys_of_the_longest_length_differ_in_any_byte(void)
{
    char one[PSYNC_KEY_MAX], other[PSYNC_KEY_MAX];
    static const size_t places[] = {0, 1, 511, 1015, PSYNC_KEY_MAX - 2, PSYNC_KEY_MAX - 1};
    memset(one, 'k', sizeof one);
    snprintf(one + 100, 120, "%s", fresh_key());
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(other, one, sizeof one);
        other[places[i]] = (char)(other[places[i]] + 1);
        apart(one, sizeof one, other, sizeof other);
    }
    apart(one, sizeof one, one, sizeof one - 1);
}

static void keys_that_begin_alike_are_apart(void)
{
    char long_key[400], longer[400];
    const char *key = fresh_key();
    int length = snprintf(long_key, sizeof long_key, "%s-%0200d", key, 0);
    memcpy(longer, long_key, sizeof longer);
    longer[length] = '\0';
    apart(long_key, (size_t)length, longer, (size_t)length + 1); /* one has a NUL more */
    longer[20] = '\0';
    apart(long_key, (size_t)length, longer, (size_t)length);
    longer[length - 1] = 'x';
    apart(longer, (size_t)length, longer, (size_t)length - 1); /* they differ after a NUL */
    for (int i = 1; i < length; i += 17) apart(key, strlen(key), long_key, (size_t)length - (size_t)i);
}

/* Keys of one byte are everybody's on a shared space, so only what must be so on any space is looked at. */
static void every_byte_is_a_key_of_its_own(void)
{
    unsigned char key[130];
    snprintf((char *)key, sizeof key, "%s-", fresh_key());
    size_t length = strlen((char *)key) + 1;
    psync_integer *integers[256];
    for (int byte = 0; byte < 256; byte++) {
        key[length - 1] = (unsigned char)byte;
        integers[byte] = integer_of_bytes(key, length);
        EXPECT(PSYNC_OK, psync_integer_set(integers[byte], byte, ERR));
    }
    for (int byte = 0; byte < 256; byte++) expect_value(integers[byte], byte);
    for (int byte = 0; byte < 256; byte++) EXPECT(PSYNC_OK, psync_integer_remove(integers[byte], ERR));
    for (int byte = 0; byte < 256; byte++) {
        char single = (char)byte;
        CHECK(psync_integer_exists(integer_of_bytes(&single, 1), ERR) >= PSYNC_OK);
        CHECK(psync_lock_exists(lock_of_bytes(&single, 1), ERR) >= PSYNC_OK);
    }
}

static int hear_key(void *argument, const char *key, size_t length, int64_t value)
{
    void **wanted = argument; /* bytes, length, how often */
    (void)value;
    if (length == *(size_t *)wanted[1] && memcmp(key, wanted[0], length) == 0) ++*(int *)wanted[2];
    return 0;
}

static void awkward_keys_are_kept_byte_by_byte(void)
{
    static const struct {
        const char *bytes;
        size_t length;
    } tails[] = {{"/../../etc/passwd", 17},
                 {"\0\0\0", 3},
                 {"%s%n%d", 6},
                 {"'; DROP TABLE l; --", 19},
                 {"\r\nPING\r\n", 8},
                 {"{tag}:a b*?", 11},
                 {"\xff\xfe\x80", 3},
                 {"\"\\$`", 4},
                 {".", 1},
                 {"/", 1},
                 {"\x7f\x1b[0m", 5},
                 {"caf\xc3\xa9", 5}};
    char key[300];
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        int prefix = snprintf(key, sizeof key, "%s", fresh_key());
        memcpy(key + prefix, tails[i].bytes, tails[i].length);
        size_t length = (size_t)prefix + tails[i].length;
        int times = 0;
        void *wanted[] = {key, &length, &times};
        psync_integer *integer = integer_of_bytes(key, length);
        EXPECT(PSYNC_OK, psync_integer_set(integer, (int64_t)i, ERR));
        EXPECT(PSYNC_OK, psync_space_each_integer(space(), hear_key, wanted, ERR));
        CHECK_EQUAL(1, times);
        expect_value(integer_of_bytes(key, length), (int64_t)i);
        take(lock_of_bytes(key, length));
        EXPECT(PSYNC_OK, psync_lock_release(lock_of_bytes(key, length), ERR));
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
    }
}

static void locks_and_integers_have_separate_keys(void)
{
    const char *key = fresh_key();
    take(lock_of(key));
    EXPECT(PSYNC_NO, psync_integer_exists(integer_of(key), ERR));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(key), 5, ERR));
    EXPECT(PSYNC_OK, psync_integer_remove(integer_of(key), ERR));
    expect_locked(lock_of(key));
    EXPECT(PSYNC_OK, psync_integer_set(integer_of(key), 6, ERR));
    EXPECT(PSYNC_OK, psync_lock_release(lock_of(key), ERR));
    expect_value(integer_of(key), 6);
}

static void a_key_of_the_wrong_length_is_refused_with_the_limit_named(void)
{
    static char key[4096];
    static const size_t lengths[] = {0, PSYNC_KEY_MAX + 1, PSYNC_KEY_MAX + 2, sizeof key, SIZE_MAX / 2, SIZE_MAX};
    memset(key, 'k', sizeof key);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        psync_lock *lock = NULL;
        psync_integer *integer = NULL;
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_lock_open(space(), key, lengths[i], &lock, ERR));
        CHECK(strstr(last_error.message, "1023") && !strchr(last_error.message, '\n'));
        EXPECT(PSYNC_ERROR_ARGUMENT, psync_integer_open(space(), key, lengths[i], &integer, ERR));
        CHECK(strstr(last_error.message, "1023") && !strchr(last_error.message, '\n'));
        CHECK(!lock && !integer);
    }
}

/* ---- many keys ------------------------------------------------------------- */

static int count_prefix(void *argument, const char *key, size_t length, int64_t value)
{
    void **wanted = argument; /* prefix, how often, sum */
    size_t prefix = strlen(wanted[0]);
    if (length <= prefix || memcmp(key, wanted[0], prefix) != 0) return 0;
    ++*(int64_t *)wanted[1];
    *(int64_t *)wanted[2] += value;
    return 0;
}

static void expect_listed(const char *prefix, int64_t count, int64_t sum)
{
    int64_t counted = 0, summed = 0;
    void *wanted[] = {(void *)(uintptr_t)prefix, &counted, &summed};
    EXPECT(PSYNC_OK, psync_space_each_integer(space(), count_prefix, wanted, ERR));
    CHECK_EQUAL(count, counted);
    CHECK_EQUAL(sum, summed);
}

static psync_integer *many_open(const char *prefix, int number)
{
    char key[200];
    psync_integer *integer = NULL;
    int length = snprintf(key, sizeof key, "%s/%d", prefix, number);
    EXPECT(PSYNC_OK, psync_integer_open(space(), key, (size_t)length, &integer, ERR));
    return integer;
}

/* Whether there is time for one more new key: an engine may make them far more slowly than it counts. */
static bool time_for_more(int made, int64_t start)
{
    return made < 50 || since(start) < ENOUGH;
}

/* Makes up to so many, the number i with the value i; how many there was time for. */
static int set_many(const char *prefix, int count)
{
    int64_t start = now_ns();
    int made = 0;
    for (; made < count && time_for_more(made, start); made++) {
        psync_integer *integer = many_open(prefix, made);
        int64_t result = 0;
        EXPECT(PSYNC_OK, psync_integer_add(integer, made, &result, ERR));
        CHECK_EQUAL(made, result); /* it was not there */
        psync_integer_close(integer);
    }
    return made;
}

static void remove_many(const char *prefix, int count)
{
    for (int i = 0; i < count; i++) {
        psync_integer *integer = many_open(prefix, i);
        EXPECT(PSYNC_OK, psync_integer_remove(integer, ERR));
        psync_integer_close(integer);
    }
}

static void twenty_thousand_keys_are_made_listed_removed_and_made_again(void)
{
    const char *prefix = fresh_key();
    for (int round = 0; round < 2; round++) {
        int count = set_many(prefix, rounds(20000, 6));
        expect_listed(prefix, count, (int64_t)count * (count - 1) / 2);
        for (int i = 0; i < count; i += 97) {
            psync_integer *integer = many_open(prefix, i);
            expect_value(integer, i);
            psync_integer_close(integer);
        }
        remove_many(prefix, count);
        expect_listed(prefix, 0, 0);
    }
}

static void many_locks_are_taken_and_freed(void)
{
    const char *prefix = fresh_key();
    char key[200];
    int count = rounds(5000, 6);
    for (int round = 0; round < 2; round++) {
        int64_t start = now_ns();
        for (int pass = 0; pass < 3; pass++) {
            for (int i = 0; i < count; i++) {
                psync_lock *lock = NULL;
                int length = snprintf(key, sizeof key, "%s/%d", prefix, i);
                EXPECT(PSYNC_OK, psync_lock_open(space(), key, (size_t)length, &lock, ERR));
                if (pass == 0) take(lock);
                if (pass == 0 && !time_for_more(i + 1, start)) count = i + 1;
                if (pass == 1) expect_locked(lock);
                if (pass == 2) EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
                psync_lock_close(lock);
            }
        }
    }
}

static void makes_keys_worker(int index, void *argument)
{
    struct stage *a = argument;
    char prefix[200];
    snprintf(prefix, sizeof prefix, "%s/%d", a->key, index);
    pthread_barrier_wait(&a->barrier);
    for (int round = 0; round < 2; round++) {
        int made = set_many(prefix, a->rounds);
        atomic_fetch_add(&a->numbers[2 * round], made);
        atomic_fetch_add(&a->numbers[2 * round + 1], (int64_t)made * (made - 1) / 2);
        pthread_barrier_wait(&a->barrier);
        if (index == 0) expect_listed(a->key, a->numbers[2 * round], a->numbers[2 * round + 1]);
        pthread_barrier_wait(&a->barrier);
        remove_many(prefix, made);
        pthread_barrier_wait(&a->barrier);
    }
    if (index == 0) expect_listed(a->key, 0, 0);
}

static void keys_made_by_several_at_once_are_all_there(void)
{
    struct stage *a = stage(4, rounds(4000, 24));
    crowd_join(crowd_start(4, makes_keys_worker, a));
}

/* A handle that outlives its key finds the key made anew by others, and never another key in its place. */
static void handles_stay_right_while_their_keys_come_and_go(void)
{
    const char *prefix = fresh_key();
    enum { HANDLES = 50 };
    psync_integer *mine[HANDLES];
    for (int i = 0; i < HANDLES; i++) {
        mine[i] = many_open(prefix, i);
        EXPECT(PSYNC_OK, psync_integer_set(mine[i], i, ERR));
    }
    for (int round = 0; round < 5; round++) {
        remove_many(prefix, HANDLES);
        for (int i = 1000; i < 1000 + HANDLES; i++) {
            psync_integer *other = many_open(prefix, i);
            EXPECT(PSYNC_OK, psync_integer_set(other, -1, ERR));
            psync_integer_close(other);
        }
        for (int i = 0; i < HANDLES; i++) EXPECT(PSYNC_NO, psync_integer_get(mine[i], NULL, ERR));
        for (int i = HANDLES - 1; i >= 0; i--) {
            psync_integer *again = many_open(prefix, i);
            EXPECT(PSYNC_OK, psync_integer_set(again, 100 + i, ERR));
            psync_integer_close(again);
        }
        for (int i = 0; i < HANDLES; i++) expect_value(mine[i], 100 + i);
    }
    remove_many(prefix, HANDLES);
    for (int i = 0; i < HANDLES; i++) psync_integer_close(mine[i]);
    for (int i = 1000; i < 1000 + HANDLES; i++) {
        psync_integer *other = many_open(prefix, i);
        EXPECT(PSYNC_OK, psync_integer_remove(other, ERR));
        psync_integer_close(other);
    }
}

const struct test key_tests[] = {
    THREADS(keys_of_the_longest_length_differ_in_any_byte),
    THREADS(keys_that_begin_alike_are_apart),
    THREADS(every_byte_is_a_key_of_its_own),
    THREADS(awkward_keys_are_kept_byte_by_byte),
    THREADS(locks_and_integers_have_separate_keys),
    THREADS(a_key_of_the_wrong_length_is_refused_with_the_limit_named),
    THREADS(twenty_thousand_keys_are_made_listed_removed_and_made_again),
    THREADS(many_locks_are_taken_and_freed),
    EITHER(keys_made_by_several_at_once_are_all_there),
    THREADS(handles_stay_right_while_their_keys_come_and_go),
    END_OF_TESTS,
};
