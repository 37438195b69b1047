/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lists.c - lists: SCAN for the names, which may tell a name twice, then so
 * many at a time are looked at. Nothing of the server's is held in between.
 * A cursor means nothing to a server that was started anew, or to another: on
 * another connection the scan begins anew.
 */
#if PSYNC_WITH_REDIS

#include "lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "integers.h"
#include "lock_requests.h"
#include "net/request.h"

/* The names that were found; each has an allocation of its own. */
struct names {
    struct redis_text *list;
    size_t count, room;
};

static void forget(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) free((char *)names->list[i].bytes);
    free(names->list);
}

static bool add(struct names *names, const char *bytes, size_t length)
{
    if (names->count == names->room) {
        size_t room = names->room ? names->room * 2 : 64;
        struct redis_text *grown = realloc(names->list, room * sizeof *grown);
        if (!grown) return false;
        names->list = grown;
        names->room = room;
    }
    char *copy = malloc(length);
    if (!copy) return false;
    memcpy(copy, bytes, length);
    names->list[names->count++] = (struct redis_text){copy, length};
    return true;
}

static int compare(const void *one, const void *other)
{
    const struct redis_text *a = one;
    const struct redis_text *b = other;
    int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
    if (order) return order;
    return (a->length > b->length) - (a->length < b->length);
}

static void remove_doubles(struct names *names)
{
    if (!names->count) return;
    qsort(names->list, names->count, sizeof *names->list, compare);
    size_t kept = 1;
    for (size_t i = 1; i < names->count; i++) {
        if (compare(&names->list[i], &names->list[kept - 1]) == 0) {
            free((char *)names->list[i].bytes);
        } else {
            names->list[kept++] = names->list[i];
        }
    }
    names->count = kept;
}

/* ------------------------------------------------------------------------ */
/* The names                                                                */

struct scan {
    struct redis_state *state;
    enum redis_kind kind;
    char pattern[NET_SPACE_MAX + 16];
    char cursor[32];
    uint64_t wire; /* that the cursor is of */
    struct names names;
};

static psync_result no_memory(psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
}

static bool is_page(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING && reply->element[1]->type == REDIS_REPLY_ARRAY;
}

static psync_result read_page(net_call *call, struct scan *scan, const redisReply *reply)
{
    if (!is_page(reply)) {
        redis_nonsense(call);
        return call->result;
    }
    const redisReply *page = reply->element[1];
    for (size_t i = 0; i < page->elements; i++) {
        const redisReply *name = page->element[i];
        psync_key key;
        if (name->type != REDIS_REPLY_STRING) continue;
        if (!redis_name_key(scan->state, scan->kind, name->str, (size_t)name->len, &key)) continue;
        if (!add(&scan->names, name->str, (size_t)name->len)) return no_memory(call->error);
    }
    snprintf(scan->cursor, sizeof scan->cursor, "%s", reply->element[0]->str);
    return PSYNC_OK;
}

static net_outcome scan_step(net_call *call, void *argument)
{
    struct scan *scan = argument;
    uint64_t wire = redis_wire_number(call->connection);
    if (scan->wire != wire) strcpy(scan->cursor, "0");
    scan->wire = wire;
    const char *const words[] = {"SCAN", scan->cursor, "MATCH", scan->pattern, "COUNT", "500"};
    const size_t lengths[] = {4, strlen(scan->cursor), 5, strlen(scan->pattern), 5, 3};
    redisReply *reply;
    net_outcome o = redis_command(call, 6, words, lengths, &reply);
    if (o != NET_DONE || !reply) return o;
    call->result = read_page(call, scan, reply);
    freeReplyObject(reply);
    return NET_DONE;
}

/* Finds all names of a kind. Space names hold no character that a pattern would take for more than itself. */
static psync_result find_names(struct scan *scan, psync_error *error)
{
    psync_result r;
    snprintf(scan->pattern, sizeof scan->pattern, "{%s:*}:%c", scan->state->home.space, (char)scan->kind);
    strcpy(scan->cursor, "0");
    do {
        r = net_run(&scan->state->home, NET_READ, NULL, scan_step, scan, error);
    } while (!r && strcmp(scan->cursor, "0") != 0);
    if (!r) remove_doubles(&scan->names);
    return r;
}

/* ------------------------------------------------------------------------ */
/* What they stand for: one that is damaged hides no other                  */

/* Some of the names, and what was found. */
struct batch {
    const struct redis_text *names;
    int count;
    enum redis_script script;
    bool damaged[REDIS_KEYS_MAX]; /* somebody else has written there */
    union {
        struct redis_view lock;
        struct {
            bool exists;
            int64_t value;
        } integer;
    } found[REDIS_KEYS_MAX];
};

static psync_result read_entry(net_call *call, struct batch *batch, int i, const redisReply *entry)
{
    if (batch->script == REDIS_INSPECT) return redis_view_read(call, entry, &batch->found[i].lock);
    psync_result r = redis_value_read(call, entry, &batch->found[i].integer.value);
    batch->found[i].integer.exists = r == PSYNC_OK;
    return r;
}

static psync_result read_batch(net_call *call, struct batch *batch, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != (size_t)batch->count) {
        redis_nonsense(call);
        return call->result;
    }
    for (int i = 0; i < batch->count; i++) {
        const psync_result r = read_entry(call, batch, i, reply->element[i]);
        batch->damaged[i] = r == PSYNC_ERROR_DAMAGED;
        if (r < 0 && !batch->damaged[i]) return r;
    }
    call->drop = false; /* the server itself made sense */
    return PSYNC_OK;
}

static net_outcome batch_step(net_call *call, void *argument)
{
    struct batch *batch = argument;
    struct redis_request request;
    redisReply *reply;
    redis_request_begin(&request, call, batch->script, batch->count, batch->names);
    net_outcome o = redis_run(call, &request, &reply);
    if (o != NET_DONE || !reply) return o;
    call->result = read_batch(call, batch, reply);
    freeReplyObject(reply);
    return NET_DONE;
}

/* Tells the caller of the list about entry i. Not 0: he wants no more. */
typedef int tell_entry(const struct batch *batch, int i, const psync_key *key, void *argument);

static int tell_batch(const struct redis_state *state, const struct batch *batch, enum redis_kind kind,
                      tell_entry *tell, void *argument)
{
    for (int i = 0; i < batch->count; i++) {
        psync_key key;
        redis_name_key(state, kind, batch->names[i].bytes, batch->names[i].length, &key);
        if (tell(batch, i, &key, argument)) return 1;
    }
    return 0;
}

static psync_result each(struct redis_state *state, enum redis_kind kind, tell_entry *tell, void *argument,
                         psync_error *error)
{
    struct scan scan = {.state = state, .kind = kind};
    struct batch *batch = malloc(sizeof *batch);
    psync_result r = batch ? find_names(&scan, error) : no_memory(error);
    for (size_t at = 0; !r && at < scan.names.count; at += REDIS_KEYS_MAX) {
        size_t left = scan.names.count - at;
        batch->names = scan.names.list + at;
        batch->count = left < REDIS_KEYS_MAX ? (int)left : REDIS_KEYS_MAX;
        batch->script = kind == REDIS_LOCK ? REDIS_INSPECT : REDIS_VALUES;
        r = net_run(&state->home, NET_READ, NULL, batch_step, batch, error);
        if (!r && tell_batch(state, batch, kind, tell, argument)) r = PSYNC_NO;
    }
    free(batch);
    forget(&scan.names);
    return r;
}

struct lock_teller {
    psync_lock_callback callback;
    void *argument;
};

static int tell_lock(const struct batch *batch, int i, const psync_key *key, void *argument)
{
    const struct lock_teller *teller = argument;
    const struct redis_view *view = &batch->found[i].lock;
    return view->exists ? teller->callback(teller->argument, key->bytes, key->length, &view->owner) : 0;
}

psync_result redis_each_lock(void *state, psync_lock_callback callback, void *argument, psync_error *error)
{
    struct lock_teller teller = {callback, argument};
    return each(state, REDIS_LOCK, tell_lock, &teller, error);
}

struct integer_teller {
    psync_integer_callback callback;
    void *argument;
};

static int tell_integer(const struct batch *batch, int i, const psync_key *key, void *argument)
{
    const struct integer_teller *teller = argument;
    if (!batch->found[i].integer.exists) return 0;
    return teller->callback(teller->argument, key->bytes, key->length, batch->found[i].integer.value);
}

struct damaged_teller {
    redis_damaged_callback *callback;
    void *argument;
};

static int tell_damaged(const struct batch *batch, int i, const psync_key *key, void *argument)
{
    const struct damaged_teller *teller = argument;
    return batch->damaged[i] ? teller->callback(teller->argument, key) : 0;
}

psync_result redis_each_damaged(struct redis_state *state, enum redis_kind kind, redis_damaged_callback *callback,
                                void *argument, psync_error *error)
{
    struct damaged_teller teller = {callback, argument};
    return each(state, kind, tell_damaged, &teller, error);
}

psync_result redis_each_integer(void *state, psync_integer_callback callback, void *argument, psync_error *error)
{
    struct integer_teller teller = {callback, argument};
    return each(state, REDIS_INTEGER, tell_integer, &teller, error);
}

#endif
