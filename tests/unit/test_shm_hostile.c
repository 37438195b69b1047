/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_shm_hostile.c - a space's file that is damaged or scribbled over.
 *
 * Whatever lies in the file, a call gives an error of one line or a result
 * that the contract knows; it never crashes and never hangs. Each case runs in
 * a child under an alarm, on a file of its own.
 */
#include "fake.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "drivers/shm/layout.h"
#include "template.h"

/* ---- every operation ------------------------------------------------------------ */
static int seen_entries;

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument;
    NEED(key && length >= 1 && length <= PSYNC_KEY_MAX);
    NEED(memchr(owner->host, '\0', sizeof owner->host) && memchr(owner->label, '\0', sizeof owner->label));
    NEED(memchr(owner->boot_id, '\0', sizeof owner->boot_id));
    NEED(owner->alive >= PSYNC_ALIVE_UNKNOWN && owner->alive <= PSYNC_ALIVE_NO);
    return ++seen_entries > 1000000;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument, (void)value;
    NEED(key && length >= 1 && length <= PSYNC_KEY_MAX);
    return ++seen_entries > 1000000;
}

static int hear_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    NEED(name && value);
    return 0;
}

static void use_key(psync_space *space, int number)
{
    static const psync_wait short_wait = {.timeout = 0.0005}, no_wait = {.timeout = 0};
    char key[KEY_ROOM];
    key_name(key, number);
    psync_lock *lock = lock_of(space, key);
    psync_integer *integer = integer_of(space, key);
    psync_owner owner;
    psync_hold *hold = NULL;
    int64_t value;
    uint64_t fence = 0;
    sane(psync_lock_exists(lock, &error));
    sane(psync_lock_inspect(lock, &owner, &error));
    sane(psync_lock_wait(lock, &short_wait, &error));
    sane(psync_lock_release_ghost(lock, &error));
    if (sane(psync_lock_acquire(lock, &short_wait, &fence, &error)) == PSYNC_OK) {
        sane(psync_lock_release_if(lock, fence, &error));
    }
    sane(psync_lock_release(lock, &error));
    if (sane(psync_lock_hold(lock, number % 2, &no_wait, &hold, &error)) == PSYNC_OK) {
        sane(psync_hold_is_valid(hold, &error));
        sane(psync_hold_renew(hold, 5, &error));
        sane(psync_hold_release(hold, &error));
        psync_hold_free(hold);
    }
    sane(psync_integer_get(integer, &value, &error));
    sane(psync_integer_add(integer, 1, &value, &error));
    sane(psync_integer_compare_set(integer, 1, 2, &error));
    sane(psync_integer_await_change(integer, &short_wait, &error));
    sane(psync_integer_await_at_least(integer, INT64_MAX, &no_wait, &error));
    sane(psync_integer_remove(integer, &error));
    sane(psync_integer_set(integer, 9, &error));
    psync_lock_close(lock);
    psync_integer_close(integer);
}

static void use_everything(void)
{
    struct rlimit small = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_FSIZE, &small); /* a scribbled length must not fill the machine's memory */
    signal(SIGXFSZ, SIG_IGN);
    psync_space *space = NULL;
    if (sane(psync_space_open(dsn, NULL, &space, &error)) != PSYNC_OK) {
        NEED(!space);
        return;
    }
    sane(psync_space_each_lock(space, hear_lock, NULL, &error));
    sane(psync_space_each_integer(space, hear_integer, NULL, &error));
    for (int i = 0; i < 8; i++) use_key(space, i * 5);
    for (int i = 0; i < 6; i++) use_key(space, KEYS + i); /* fresh ones */
    sane(psync_space_info(space, hear_fact, NULL, &error));
    sane(psync_space_each_lock(space, hear_lock, NULL, &error));
    sane(psync_space_each_integer(space, hear_integer, NULL, &error));
    psync_space_close(space);
}

static void the_template_is_whole(void **state)
{
    (void)state;
    write_file(template_bytes, template_length);
    in_child(use_everything);
}

/* ---- the header ------------------------------------------------------------------ */

static void every_number_of_the_header_may_be_wrong(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 31, 33, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x12345678};
    unsigned char *bytes = malloc(template_length);
    for (size_t at = 8; at + 4 <= sizeof(struct shm_header); at += 4) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            memcpy(bytes, template_bytes, template_length);
            memcpy(bytes + at, &values[i], 4);
            write_file(bytes, template_length);
            in_child_named(use_everything, "header byte", (long)(at * 100 + i));
        }
    }
    free(bytes);
}

/* ---- random damage ------------------------------------------------------------------ */

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t mixed = (random_state ^ (random_state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* Cells that are in use are where damage hurts; most of a fresh file is empty. */
static size_t used_cell(void)
{
    size_t cells = template_length / SHM_CELL;
    for (int i = 0; i < 1000; i++) {
        size_t at = next_random() % cells * SHM_CELL;
        for (size_t b = 0; b < SHM_CELL; b++) {
            if (template_bytes[at + b]) return at;
        }
    }
    return 0;
}

static void damage(unsigned char *bytes)
{
    int times = 1 + (int)(next_random() % 6);
    for (int i = 0; i < times; i++) {
        size_t at = used_cell();
        if (at == 0) at = 32; /* the header's beginning has its own tests */
        at += next_random() % (SHM_CELL - 8) & ~(size_t)3;
        uint64_t kind = next_random() % 5, value = next_random();
        if (kind == 0) value = next_random() % 2048; /* some cell's index */
        if (kind == 1) value = (next_random() % 2048) << 32 | next_random() % 2048;
        if (kind == 2) value = 0;
        if (kind == 3) value = UINT64_MAX;
        memcpy(bytes + at, &value, next_random() % 2 ? 4 : 8);
    }
}

static void any_bytes_give_errors_or_results_but_no_crash(void **state)
{
    (void)state;
    const char *more = getenv("PHPSYNC_FUZZ_ROUNDS"), *first = getenv("PHPSYNC_FUZZ_SEED");
    long rounds = more ? atol(more) : 400, seed = first ? atol(first) : (long)getpid() * 100000;
    unsigned char *bytes = malloc(template_length);
    for (long round = 0; round < rounds; round++) {
        random_state = (uint64_t)(seed + round);
        memcpy(bytes, template_bytes, template_length);
        damage(bytes);
        write_file(bytes, template_length);
        in_child_named(use_everything, "PHPSYNC_FUZZ_ROUNDS=1 PHPSYNC_FUZZ_SEED", seed + round);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_is_whole),
        cmocka_unit_test(every_number_of_the_header_may_be_wrong),
        cmocka_unit_test(any_bytes_give_errors_or_results_but_no_crash),
    };
    return cmocka_run_group_tests_name("shm, hostile", tests, make_template, remove_template);
}
