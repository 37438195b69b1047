/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flaky.c - the twin behind a connection that breaks now and then.
 *
 * A step fails before it does anything (PSYNC_ERROR_UNAVAILABLE), or its reply is lost
 * (PSYNC_ERROR_UNKNOWN), and then it was done, or not, or is done later: a request that was on its way is
 * done when the next step begins, whoever makes that one. Some changes of a history have such a fate at most, since
 * the search has to try each one at every moment after it.
 *
 * Unless `honest`, an addition whose reply is lost is done twice.
 */
#include "flaky.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "broken.h"
#include "chance.h"
#include "perform.h"
#include "recorder.h"
#include "twin.h"

enum fate { WELL, FAILS, IS_LOST, LOSES_ITS_REPLY, COMES_LATER };
enum { ONE_IN = 8, UNKNOWN_MAX = 5 };

/* Places in shared->notes, which are zero when a history begins. */
enum { UNKNOWNS = 4, LATE };

/* What all processes share besides. */
static struct line {
    atomic_ullong turn; /* goes on through all histories */
    /* One request at most is on its way. Who sets the note LATE to BUSY has it for itself. */
    struct request {
        enum { ADDITION, REMOVAL, RELEASING } kind;
        int64_t by;
        bool subtract;
        psync_condition condition;
        uint64_t fence;
        size_t length;
        char key[PSYNC_KEY_MAX];
    } late;
} * line;

static enum fate fate(bool changes)
{
    /* Relaxed: a number of its own for each step is all that is asked for. */
    struct chance chance = {atomic_fetch_add_explicit(&line->turn, 31, memory_order_relaxed)};
    if (chance_below(&chance, ONE_IN)) return WELL;
    enum fate fate = (enum fate)(FAILS + (int)chance_below(&chance, COMES_LATER));
    if (!changes || fate == FAILS) return FAILS;
    bool too_many = atomic_fetch_add_explicit(&shared->notes[UNKNOWNS], 1, memory_order_relaxed) >= UNKNOWN_MAX;
    return too_many ? WELL : fate;
}

/* ---- what comes later -------------------------------------------------------------------------- */

enum { NONE, BUSY, WAITS };

/* Acquire: what the request says is read after this; release, in leave(): what is written of it was written before.
 */
static bool claim(long long from)
{
    return atomic_compare_exchange_strong_explicit(&shared->notes[LATE], &from, BUSY, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void leave(long long to)
{
    atomic_store_explicit(&shared->notes[LATE], to, memory_order_release);
}

static void send_late(const psync_key *key, struct request request)
{
    if (!claim(NONE)) return; /* then it gets lost */
    line->late = request;
    line->late.length = key->length;
    memcpy(line->late.key, key->bytes, key->length);
    leave(WAITS);
}

static void arrive(void *state)
{
    int64_t result;
    if (!claim(WAITS)) return;
    psync_key key = {.bytes = line->late.key, .length = line->late.length};
    if (line->late.kind == ADDITION) {
        twin_driver.integer_add(state, &key, line->late.by, line->late.subtract, &result, NULL);
    } else if (line->late.kind == REMOVAL) {
        twin_driver.integer_remove(state, &key, NULL);
    } else {
        twin_driver.lock_release(state, &key, line->late.condition, line->late.fence, NULL);
    }
    leave(NONE);
}

/* ---- the steps ----------------------------------------------------------------------------------- */

static enum fate begin(void *state, bool changes)
{
    arrive(state);
    return fate(changes);
}

static bool is_done(enum fate fate)
{
    return fate == WELL || fate == LOSES_ITS_REPLY;
}

static psync_result told(enum fate fate, psync_result result, psync_error *error)
{
    if (fate == WELL) return result;
    if (fate == FAILS) return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0, "the connection was refused");
    return psync_error_set(error, PSYNC_ERROR_UNKNOWN, 0, "the connection broke");
}

static psync_result acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                            psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = is_done(fate) ? twin_driver.lock_acquire(state, key, take, now, error) : PSYNC_NO;
    return told(fate, r, error);
}

static psync_result release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                            psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = is_done(fate) ? twin_driver.lock_release(state, key, condition, fence, error) : PSYNC_NO;
    if (fate == COMES_LATER) {
        send_late(key, (struct request){.kind = RELEASING, .condition = condition, .fence = fence});
    }
    return told(fate, r, error);
}

static psync_result renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = is_done(fate) ? twin_driver.lock_renew(state, key, fence, lease, expires, error) : PSYNC_NO;
    return told(fate, r, error);
}

static psync_result inspect(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                            psync_error *error)
{
    enum fate fate = begin(state, false);
    return told(fate, is_done(fate) ? twin_driver.lock_inspect(state, key, now, owner, error) : PSYNC_NO, error);
}

static psync_result await_lock(void *state, psync_key *key, psync_lock_state *seen, psync_role role,
                               int64_t deadline, psync_error *error)
{
    enum fate fate = begin(state, false);
    psync_result r = is_done(fate) ? twin_driver.lock_await(state, key, seen, role, deadline, error) : PSYNC_NO;
    return told(fate, r, error);
}

static psync_result get(void *state, psync_key *key, psync_integer_state *now, psync_error *error)
{
    enum fate fate = begin(state, false);
    return told(fate, is_done(fate) ? twin_driver.integer_get(state, key, now, error) : PSYNC_NO, error);
}

static psync_result set(void *state, psync_key *key, int64_t value, psync_error *error)
{
    enum fate fate = begin(state, true);
    return told(fate, is_done(fate) ? twin_driver.integer_set(state, key, value, error) : PSYNC_NO, error);
}

static psync_result add(void *state, psync_key *key, int64_t by, bool subtract, int64_t *result, psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = PSYNC_NO;
    if (is_done(fate)) r = twin_driver.integer_add(state, key, by, subtract, result, error);
    if (!honest && fate == LOSES_ITS_REPLY) twin_driver.integer_add(state, key, by, subtract, result, error);
    if (fate == COMES_LATER) send_late(key, (struct request){.kind = ADDITION, .by = by, .subtract = subtract});
    return told(fate, r, error);
}

static psync_result compare_set(void *state, psync_key *key, int64_t expected, int64_t desired,
                                psync_integer_state *found, psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = PSYNC_NO;
    if (is_done(fate)) r = twin_driver.integer_compare_set(state, key, expected, desired, found, error);
    return told(fate, r, error);
}

static psync_result remove_integer(void *state, psync_key *key, psync_error *error)
{
    enum fate fate = begin(state, true);
    psync_result r = is_done(fate) ? twin_driver.integer_remove(state, key, error) : PSYNC_NO;
    if (fate == COMES_LATER) send_late(key, (struct request){.kind = REMOVAL});
    return told(fate, r, error);
}

static psync_result await_integer(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                  psync_error *error)
{
    enum fate fate = begin(state, false);
    psync_result r = is_done(fate) ? twin_driver.integer_await(state, key, seen, deadline, error) : PSYNC_NO;
    return told(fate, r, error);
}

static psync_result each_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error)
{
    enum fate fate = begin(state, false);
    return told(fate, is_done(fate) ? twin_driver.each_lock(state, callback, argument, error) : PSYNC_NO, error);
}

static psync_result each_integer(void *state, psync_integer_callback callback, void *argument, psync_error *error)
{
    enum fate fate = begin(state, false);
    return told(fate, is_done(fate) ? twin_driver.each_integer(state, callback, argument, error) : PSYNC_NO, error);
}

static const char *const schemes[] = {"flaky", NULL};

psync_driver flaky_create(void)
{
    line = mmap(NULL, sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (line == MAP_FAILED) abort();
    psync_driver driver = twin_driver; /* for what has nothing to do with the engine */
    driver.schemes = schemes;
    driver.lock_acquire = acquire;
    driver.lock_release = release;
    driver.lock_renew = renew;
    driver.lock_inspect = inspect;
    driver.lock_await = await_lock;
    driver.integer_get = get;
    driver.integer_set = set;
    driver.integer_add = add;
    driver.integer_compare_set = compare_set;
    driver.integer_remove = remove_integer;
    driver.integer_await = await_integer;
    driver.each_lock = each_lock;
    driver.each_integer = each_integer;
    return driver;
}
