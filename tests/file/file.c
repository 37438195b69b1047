/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file - does one thing to the key "k" of a space, between two calls of
 * getppid(2) that tests/file/run finds in a trace. Its argument after the DSN:
 *
 * - acquire, hold, renew, release, create, add, set, remove;
 * - wait: waits for the Lock's end, at most 20 seconds;
 * - await: waits until the Integer is at least 1, at most 20 seconds;
 * - stay: takes, frees, counts; after a line from its input holds and counts, and stays until the next line;
 * - state: prints "lock=absent|alive|ended integer=VALUE|none";
 * - prove: takes, frees and counts, then says "works".
 *
 * Prints the result's number, and for an error its message.
 */
#include <phpsync/phpsync.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static psync_space *space;
static psync_lock *lock;
static psync_integer *integer;
static psync_hold *hold;
static psync_error error;

static psync_result acquire(void)
{
    return psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, NULL, &error);
}

static psync_result take_hold(void)
{
    return psync_lock_hold(lock, 60, &(psync_wait){.timeout = 0}, &hold, &error);
}

static psync_result renew(void)
{
    return psync_hold_renew(hold, 30, &error);
}

static psync_result release(void)
{
    return psync_lock_release(lock, &error);
}

static psync_result add(void)
{
    return psync_integer_add(integer, 1, NULL, &error);
}

static psync_result set(void)
{
    return psync_integer_set(integer, 5, &error);
}

static psync_result remove_it(void)
{
    return psync_integer_remove(integer, &error);
}

static psync_result wait_for_end(void)
{
    return psync_lock_wait(lock, &(psync_wait){.timeout = 20}, &error);
}

static psync_result await(void)
{
    return psync_integer_await_at_least(integer, 1, &(psync_wait){.timeout = 20}, &error);
}

static int say(psync_result result)
{
    printf("%d %s\n", (int)result, result < 0 ? error.message : "");
    fflush(stdout);
    return 0;
}

static int state(void)
{
    psync_owner owner;
    int64_t value;
    psync_result r = psync_lock_inspect(lock, &owner, &error);
    if (r < 0) return say(r);
    printf("lock=%s ", r == PSYNC_NO ? "absent" : owner.alive == PSYNC_ALIVE_NO ? "ended" : "alive");
    r = psync_integer_get(integer, &value, &error);
    if (r < 0) return say(r);
    if (r == PSYNC_NO) {
        puts("integer=none");
    } else {
        printf("integer=%" PRId64 "\n", value);
    }
    return 0;
}

/* A process that lives on while its folder is changed. */
static int stay(void)
{
    char line[8];
    psync_result r = acquire();
    if (!r) r = release();
    if (!r) r = add();
    if (!r) r = add();
    say(r);
    if (!fgets(line, sizeof line, stdin)) return 64;
    r = take_hold();
    if (!r) r = add();
    say(r);
    if (!fgets(line, sizeof line, stdin)) return 64;
    return say(psync_hold_release(hold, &error));
}

/* Whatever was left behind, all calls work. */
static int prove(void)
{
    int64_t before = 0;
    int64_t after;
    uint64_t first;
    uint64_t second;
    psync_owner owner = {.fence = 0};
    psync_result r = psync_lock_inspect(lock, &owner, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r >= 0) r = psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, &first, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r == PSYNC_OK) r = psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, &second, &error);
    if (r == PSYNC_OK) r = psync_lock_release(lock, &error);
    if (r == PSYNC_OK) r = psync_integer_get(integer, &before, &error);
    if (r >= 0) r = psync_integer_add(integer, 7, &after, &error);
    if (r) return say(r);
    bool good = first > owner.fence && second > first && after == before + 7;
    puts(good ? "works" : "does not add up");
    return 0;
}

static const struct {
    const char *name;
    psync_result (*before)(void);
    psync_result (*call)(void);
} actions[] = {
    {"acquire", NULL, acquire}, {"hold", NULL, take_hold},   {"renew", take_hold, renew},
    {"release", NULL, release}, {"create", NULL, add},       {"add", NULL, add},
    {"set", NULL, set},         {"remove", NULL, remove_it}, {"wait", NULL, wait_for_end},
    {"await", NULL, await},
};

int main(int argc, char **argv)
{
    if (argc != 3) return 64;
    if (psync_space_open(argv[1], NULL, &space, &error)) return say(error.result);
    psync_lock_open(space, "k", 1, &lock, NULL);
    psync_integer_open(space, "k", 1, &integer, NULL);
    if (strcmp(argv[2], "state") == 0) return state();
    if (strcmp(argv[2], "stay") == 0) return stay();
    if (strcmp(argv[2], "prove") == 0) {
        int status = prove();
        psync_space_close(space);
        return status;
    }
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, argv[2]) != 0) continue;
        if (actions[i].before && actions[i].before()) return say(error.result);
        (void)getppid();
        psync_result r = actions[i].call();
        (void)getppid();
        return say(r);
    }
    return 64;
}
