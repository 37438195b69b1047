/* SPDX-License-Identifier: BSD-3-Clause */
/* operations.c - honest spaces, and every call of the public header on one that is not. */
#include "fuzz.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const struct fuzz_key *fuzz_key(int number)
{
    static struct fuzz_key keys[FUZZ_KEYS];
    static const size_t lengths[FUZZ_KEYS] = {1, 16, 150, PSYNC_KEY_MAX};
    struct fuzz_key *key = &keys[number];
    if (key->length) return key;
    for (size_t i = 0; i < lengths[number]; i++) key->bytes[i] = (char)('a' + (i + (size_t)number) % 26);
    if (number == 1) memcpy(key->bytes, "../\0\n%\x1b\xff", 8);
    key->length = lengths[number];
    return key;
}

static psync_lock *lock_of(psync_space *space, int number)
{
    psync_lock *lock = NULL;
    NEED(psync_lock_open(space, fuzz_key(number)->bytes, fuzz_key(number)->length, &lock, NULL) == PSYNC_OK);
    return lock;
}

static psync_integer *integer_of(psync_space *space, int number)
{
    psync_integer *integer = NULL;
    NEED(psync_integer_open(space, fuzz_key(number)->bytes, fuzz_key(number)->length, &integer, NULL) == PSYNC_OK);
    return integer;
}

/* ---- an honest space ------------------------------------------------------------ */

static void fill_key(psync_space *space, int number, uint64_t *state)
{
    psync_hold *hold = NULL; /* never freed: it lasts until the process ends */
    psync_lock *lock = lock_of(space, number);
    psync_integer *integer = integer_of(space, number);
    switch (draw(state, 4)) {
    case 0:
        NEED(psync_lock_acquire(lock, NULL, NULL, NULL) == PSYNC_OK);
        break;
    case 1:
        NEED(psync_lock_hold(lock, 0, NULL, &hold, NULL) == PSYNC_OK);
        break;
    case 2:
        NEED(psync_lock_hold(lock, 1000, NULL, &hold, NULL) == PSYNC_OK);
        break;
    default:
        break;
    }
    int64_t value = (int64_t)draw64(state) >> draw(state, 64);
    if (draw(state, 4)) NEED(psync_integer_set(integer, value, NULL) == PSYNC_OK);
    if (!draw(state, 4)) psync_integer_remove(integer, NULL);
}

void fuzz_fill(const char *dsn, uint64_t seed)
{
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        const psync_options options = {.label = "/usr/bin/worker"};
        psync_space *space = NULL;
        psync_error error;
        if (psync_space_open(dsn, &options, &space, &error)) fprintf(stderr, "%s\n", error.message);
        NEED(space);
        for (int number = 0; number < FUZZ_KEYS; number++) fill_key(space, number, &seed);
        _exit(0);
    }
    int status = 1;
    NEED(waitpid(child, &status, 0) == child && status == 0);
}

/* ---- every operation ------------------------------------------------------------- */

/* No list of a space this small is longer: what goes on for ever is found by this or by the time it takes. */
enum { ENTRIES_MAX = 1 << 20 };

static bool is_terminated(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

psync_result fuzz_sane(psync_result result, const psync_error *error)
{
    NEED(result <= PSYNC_NO && result >= PSYNC_ERROR_SYSTEM);
    if (result >= 0) return result;
    NEED(error->result == result);
    NEED(is_terminated(error->message, sizeof error->message) && *error->message);
    for (const char *c = error->message; *c; c++) NEED((unsigned char)*c >= ' ' && *c != 0x7f);
    return result;
}

static void check_owner(const psync_owner *owner)
{
    NEED(is_terminated(owner->host, sizeof owner->host));
    NEED(is_terminated(owner->label, sizeof owner->label));
    NEED(is_terminated(owner->boot_id, sizeof owner->boot_id));
    NEED(owner->alive >= PSYNC_ALIVE_UNKNOWN && owner->alive <= PSYNC_ALIVE_NO);
}

static void check_key(const char *key, size_t length)
{
    volatile char all = 0; /* reads all of it */
    NEED(key && length >= 1 && length <= PSYNC_KEY_MAX);
    for (size_t i = 0; i < length; i++) all = (char)(all ^ key[i]);
}

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    check_key(key, length);
    check_owner(owner);
    NEED(++*(int *)argument < ENTRIES_MAX);
    return 0;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)value;
    check_key(key, length);
    NEED(++*(int *)argument < ENTRIES_MAX);
    return 0;
}

static int hear_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    NEED(*name && strlen(value) < 8192);
    return 0;
}

static void use_lists(psync_space *space)
{
    psync_error error;
    int entries = 0;
    fuzz_sane(psync_space_each_lock(space, hear_lock, &entries, &error), &error);
    fuzz_sane(psync_space_each_integer(space, hear_integer, &entries, &error), &error);
    fuzz_sane(psync_space_info(space, hear_fact, NULL, &error), &error);
}

static int hear_finding(void *argument, const psync_finding *finding)
{
    NEED(finding->severity >= PSYNC_NOTE && finding->severity <= PSYNC_WRONG);
    NEED(*finding->what && finding->advice);
    NEED(++*(int *)argument < ENTRIES_MAX);
    return 0;
}

static void use_check(psync_space *space, bool repair)
{
    psync_error error;
    int findings = 0;
    fuzz_sane(psync_space_check(space, repair, hear_finding, &findings, &error), &error);
}

/* So short that a busy Lock costs nothing. */
static const psync_wait no_wait = {.timeout = 0}, short_wait = {.timeout = 0.00002};

static void use_hold(psync_lock *lock, double lease)
{
    psync_error error;
    psync_hold *hold = NULL;
    if (fuzz_sane(psync_lock_hold(lock, lease, &short_wait, &hold, &error), &error) != PSYNC_OK) return;
    fuzz_sane(psync_hold_is_valid(hold, &error), &error);
    fuzz_sane(psync_hold_renew(hold, 5, &error), &error);
    fuzz_sane(psync_hold_release(hold, &error), &error);
    psync_hold_free(hold);
}

static void use_lock(psync_space *space, int number)
{
    psync_error error;
    psync_owner owner;
    uint64_t fence = 0;
    psync_lock *lock = lock_of(space, number);
    fuzz_sane(psync_lock_exists(lock, &error), &error);
    if (fuzz_sane(psync_lock_inspect(lock, &owner, &error), &error) == PSYNC_OK) check_owner(&owner);
    fuzz_sane(psync_lock_wait(lock, &short_wait, &error), &error);
    fuzz_sane(psync_lock_release_if(lock, 1, &error), &error);
    fuzz_sane(psync_lock_release_ghost(lock, &error), &error);
    if (fuzz_sane(psync_lock_acquire(lock, &short_wait, &fence, &error), &error) == PSYNC_OK) {
        fuzz_sane(psync_lock_inspect(lock, &owner, &error), &error);
        fuzz_sane(psync_lock_release_if(lock, fence, &error), &error);
    }
    fuzz_sane(psync_lock_release(lock, &error), &error);
    use_hold(lock, 0);
    use_hold(lock, 7);
    if (number == 0) fuzz_sane(psync_lock_acquire(lock, &no_wait, NULL, &error), &error);
    psync_lock_close(lock);
}

static void use_integer(psync_space *space, int number)
{
    psync_error error;
    int64_t value = 0;
    psync_integer *integer = integer_of(space, number);
    fuzz_sane(psync_integer_exists(integer, &error), &error);
    if (fuzz_sane(psync_integer_get(integer, &value, &error), &error) == PSYNC_OK) {
        fuzz_sane(psync_integer_compare_set(integer, value, value / 2, &error), &error);
    }
    fuzz_sane(psync_integer_add(integer, 1, &value, &error), &error);
    fuzz_sane(psync_integer_subtract(integer, INT64_MIN, &value, &error), &error);
    fuzz_sane(psync_integer_await_change(integer, &short_wait, &error), &error);
    fuzz_sane(psync_integer_await_at_least(integer, INT64_MAX, &short_wait, &error), &error);
    fuzz_sane(psync_integer_await_at_most(integer, INT64_MIN, &no_wait, &error), &error);
    fuzz_sane(psync_integer_remove(integer, &error), &error);
    fuzz_sane(psync_integer_await_at_least(integer, 1, &short_wait, &error), &error);
    fuzz_sane(psync_integer_set(integer, 9, &error), &error);
    psync_integer_close(integer);
}

void fuzz_use(psync_space *space)
{
    psync_error error;
    use_lists(space);
    for (int number = 0; number < FUZZ_KEYS; number++) {
        use_lock(space, number);
        use_integer(space, number);
    }
    fuzz_sane(psync_space_set_label(space, "another", &error), &error);
    use_check(space, false);
    use_lock(space, 0);
    use_check(space, true);
    use_lists(space);
}
