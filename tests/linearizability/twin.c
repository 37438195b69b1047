/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * twin.c - a correct driver in shared anonymous memory.
 *
 * Everything happens under one robust mutex. A cell has its content twice, and a
 * change writes the spare one and then says that it is the current one: so a
 * process killed in the middle has changed it or not. Awaits look now and then.
 */
#include "twin.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "perform.h"

enum kind { EMPTY, LOCK, INTEGER };
enum { CELLS = 400 };

struct content {
    bool exists;
    int64_t value;
    bool is_hold;
    int64_t expires; /* boottime, 0: never */
    int64_t taken;   /* us since 1970 */
    uint64_t fence;
    int64_t pid;
};

struct cell {
    enum kind kind;
    int current;
    size_t length;
    char key[PSYNC_KEY_MAX];
    struct content contents[2];
};

static struct table {
    pthread_mutex_t mutex;
    uint64_t fence;
    struct cell cells[CELLS];
} * table;

void twin_create(void)
{
    pthread_mutexattr_t attributes;
    table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) abort();
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&table->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    table->fence = 1000;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Nobody sleeps in the mutex: the wake-up of one who is killed just then would be lost for the others. */
static void enter(void)
{
    int result;
    while ((result = pthread_mutex_trylock(&table->mutex)) == EBUSY) nap();
    if (result == EOWNERDEAD) pthread_mutex_consistent(&table->mutex);
}

static void leave(void)
{
    pthread_mutex_unlock(&table->mutex);
}

/* ---- cells. Under the mutex. ------------------------------------------------------------------ */

static struct content *content_of(struct cell *cell)
{
    return &cell->contents[cell->current];
}

/* NULL: there is none (only without create). A cell whose content does not exist may become another key's. */
static struct cell *find(enum kind kind, const psync_key *key, bool create)
{
    struct cell *spare = NULL;
    for (int i = 0; i < CELLS; i++) {
        struct cell *cell = &table->cells[i];
        bool same = cell->kind == kind && cell->length == key->length;
        if (same && memcmp(cell->key, key->bytes, key->length) == 0) return cell;
        if (cell->kind == EMPTY || !content_of(cell)->exists) spare = cell;
    }
    if (!create) return NULL;
    if (!spare) abort();
    spare->kind = EMPTY; /* until it is whole */
    memset(spare->contents, 0, sizeof spare->contents);
    memcpy(spare->key, key->bytes, key->length);
    spare->length = key->length;
    atomic_signal_fence(memory_order_seq_cst); /* who is killed here stops between instructions in this order */
    spare->kind = kind;
    return spare;
}

static void change(struct cell *cell, const struct content *content)
{
    cell->contents[!cell->current] = *content;
    atomic_signal_fence(memory_order_seq_cst); /* as above */
    cell->current = !cell->current;
}

static struct content look(enum kind kind, const psync_key *key)
{
    struct cell *cell = find(kind, key, false);
    struct content content = {.exists = false};
    if (!cell) return content;
    content = *content_of(cell);
    bool expired = content.expires && clock_ns(CLOCK_BOOTTIME) >= content.expires;
    bool orphaned = content.is_hold && kill((pid_t)content.pid, 0) != 0;
    if (expired || orphaned) content = (struct content){.exists = false};
    return content;
}

static void tell_lock(const struct content *content, psync_lock_state *now)
{
    *now = (psync_lock_state){.exists = content->exists,
                              .is_hold = content->is_hold,
                              .fence = content->fence,
                              .expires = content->expires};
}

static void tell_integer(const struct content *content, psync_integer_state *now)
{
    *now = (psync_integer_state){.exists = content->exists, .value = content->value};
}

/* ---- Locks ---------------------------------------------------------------------------------------- */

static psync_result acquire(void *state, psync_key *key, const psync_take *take, psync_lock_state *now,
                            psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(LOCK, key);
    bool busy = content.exists;
    if (!busy) {
        content = (struct content){.exists = true, .is_hold = take->hold, .fence = ++table->fence, .pid = getpid()};
        content.taken = clock_ns(CLOCK_REALTIME) / 1000;
        if (take->lease) content.expires = clock_ns(CLOCK_BOOTTIME) + take->lease;
        change(find(LOCK, key, true), &content);
    }
    tell_lock(&content, now);
    leave();
    return busy ? PSYNC_NO : PSYNC_OK;
}

static bool is_ghost(const struct content *content)
{
    return kill((pid_t)content->pid, 0) != 0;
}

static psync_result release(void *state, psync_key *key, psync_condition condition, uint64_t fence,
                            psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(LOCK, key);
    bool fits = content.exists && (condition != PSYNC_IF_FENCE || content.fence == fence) &&
                (condition != PSYNC_IF_GHOST || is_ghost(&content));
    if (fits) change(find(LOCK, key, false), &(struct content){.exists = false});
    leave();
    return fits ? PSYNC_OK : PSYNC_NO;
}

static psync_result renew(void *state, psync_key *key, uint64_t fence, int64_t lease, int64_t *expires,
                          psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(LOCK, key);
    bool ours = content.exists && content.fence == fence && content.is_hold;
    if (ours) {
        *expires = content.expires = clock_ns(CLOCK_BOOTTIME) + lease;
        change(find(LOCK, key, false), &content);
    }
    leave();
    return ours ? PSYNC_OK : PSYNC_NO;
}

static void tell_owner(const struct content *content, psync_owner *owner)
{
    *owner =
        (psync_owner){.pid = content->pid,
                      .acquired_at = content->taken,
                      .expires_at = content->expires, /* by another clock; whether there is one is what counts */
                      .fence = content->fence,
                      .is_hold = content->is_hold,
                      .alive = is_ghost(content) ? PSYNC_ALIVE_NO : PSYNC_ALIVE_YES};
}

static psync_result inspect(void *state, psync_key *key, psync_lock_state *now, psync_owner *owner,
                            psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(LOCK, key);
    tell_lock(&content, now);
    if (owner && content.exists) tell_owner(&content, owner);
    leave();
    return content.exists ? PSYNC_OK : PSYNC_NO;
}

static psync_result await_lock(void *state, psync_key *key, psync_lock_state *seen, psync_role role,
                               int64_t deadline, psync_error *error)
{
    psync_lock_state now;
    (void)role;
    do {
        inspect(state, key, &now, NULL, error);
        if (now.fence != seen->fence || !now.exists) return PSYNC_OK;
        nap();
    } while (now_ns() < deadline);
    return PSYNC_OK;
}

/* ---- Integers --------------------------------------------------------------------------------------- */

static psync_result get(void *state, psync_key *key, psync_integer_state *now, psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(INTEGER, key);
    leave();
    tell_integer(&content, now);
    return content.exists ? PSYNC_OK : PSYNC_NO;
}

static psync_result set(void *state, psync_key *key, int64_t value, psync_error *error)
{
    (void)state, (void)error;
    enter();
    change(find(INTEGER, key, true), &(struct content){.exists = true, .value = value});
    leave();
    return PSYNC_OK;
}

static psync_result add(void *state, psync_key *key, int64_t by, bool subtract, int64_t *result, psync_error *error)
{
    (void)state, (void)error;
    enter();
    int64_t value = look(INTEGER, key).value;
    bool over = subtract ? __builtin_sub_overflow(value, by, result) : __builtin_add_overflow(value, by, result);
    if (!over) change(find(INTEGER, key, true), &(struct content){.exists = true, .value = *result});
    leave();
    return over ? PSYNC_ERROR_OVERFLOW : PSYNC_OK;
}

static psync_result compare_set(void *state, psync_key *key, int64_t expected, int64_t desired,
                                psync_integer_state *found, psync_error *error)
{
    (void)state, (void)error;
    enter();
    struct content content = look(INTEGER, key);
    bool equal = content.exists && content.value == expected;
    tell_integer(&content, found);
    if (equal) change(find(INTEGER, key, false), &(struct content){.exists = true, .value = desired});
    leave();
    return equal ? PSYNC_OK : PSYNC_NO;
}

static psync_result remove_integer(void *state, psync_key *key, psync_error *error)
{
    (void)state, (void)error;
    enter();
    bool exists = look(INTEGER, key).exists;
    if (exists) change(find(INTEGER, key, false), &(struct content){.exists = false});
    leave();
    return exists ? PSYNC_OK : PSYNC_NO;
}

static psync_result await_integer(void *state, psync_key *key, const psync_integer_state *seen, int64_t deadline,
                                  psync_error *error)
{
    psync_integer_state now;
    do {
        get(state, key, &now, error);
        if (now.exists != seen->exists || now.value != seen->value) return PSYNC_OK;
        nap();
    } while (now_ns() < deadline);
    return PSYNC_OK;
}

/* ---- a space ------------------------------------------------------------------------------------------ */

/* Copies a cell that exists; false: it does not. */
static bool list_cell(int number, enum kind kind, struct cell *copy, struct content *content)
{
    enter();
    *copy = table->cells[number];
    psync_key key = {.bytes = copy->key, .length = copy->length};
    *content = look(kind, &key);
    leave();
    return copy->kind == kind && content->exists;
}

static psync_result each_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error)
{
    (void)state, (void)error;
    for (int i = 0; i < CELLS; i++) {
        struct cell cell;
        struct content content;
        psync_owner owner;
        if (!list_cell(i, LOCK, &cell, &content)) continue;
        tell_owner(&content, &owner);
        if (callback(argument, cell.key, cell.length, &owner)) return PSYNC_NO;
    }
    return PSYNC_OK;
}

static psync_result each_integer(void *state, psync_integer_callback callback, void *argument, psync_error *error)
{
    (void)state, (void)error;
    for (int i = 0; i < CELLS; i++) {
        struct cell cell;
        struct content content;
        if (!list_cell(i, INTEGER, &cell, &content)) continue;
        if (callback(argument, cell.key, cell.length, content.value)) return PSYNC_NO;
    }
    return PSYNC_OK;
}

static psync_result open_twin(const psync_dsn *dsn, const psync_options *options, void **state, psync_error *error)
{
    (void)dsn, (void)options, (void)error;
    *state = table;
    return PSYNC_OK;
}

static void close_twin(void *state)
{
    (void)state;
}

static psync_result set_label(void *state, const char *label, psync_error *error)
{
    (void)state, (void)label, (void)error;
    return PSYNC_OK;
}

static psync_result info(void *state, psync_info_callback callback, void *argument, psync_error *error)
{
    (void)state, (void)callback, (void)argument, (void)error;
    return PSYNC_OK;
}

static const char *const schemes[] = {"twin", NULL};

const psync_driver twin_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = schemes,
    .open = open_twin,
    .close = close_twin,
    .set_label = set_label,
    .lock_acquire = acquire,
    .lock_release = release,
    .lock_renew = renew,
    .lock_inspect = inspect,
    .lock_await = await_lock,
    .integer_get = get,
    .integer_set = set,
    .integer_add = add,
    .integer_compare_set = compare_set,
    .integer_remove = remove_integer,
    .integer_await = await_integer,
    .each_lock = each_lock,
    .each_integer = each_integer,
    .info = info,
};
