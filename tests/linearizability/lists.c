/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lists.c - a list is no snapshot, but of each key it says something: one that
 * was listed existed so at one moment of the call, one that was not listed was
 * missing at one.
 */
#include <string.h>

#include "performer.h"

struct listing {
    int keys;
    struct call found[KEYS_MAX];
};

/* What was found of a listed key; NULL: it is none of this history. */
static struct call *found(struct listing *listing, const char *key, size_t length)
{
    char name[PSYNC_KEY_MAX];
    for (int i = 0; i < listing->keys; i++) {
        size_t size = (size_t)key_name(name, sizeof name, i);
        if (size == length && memcmp(name, key, length) == 0) return &listing->found[i];
    }
    size_t size = (size_t)key_prefix(name, sizeof name);
    if (size <= length && memcmp(name, key, size) == 0) {
        run_failed("a list told a key that nobody made: %.*s", (int)length, key);
    }
    return NULL;
}

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    struct call *call = found(argument, key, length);
    if (!call) return 0;
    call->outcome = YES;
    tell_owner(call, owner);
    return 0;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    struct call *call = found(argument, key, length);
    if (!call) return 0;
    call->outcome = YES;
    call->value = value;
    return 0;
}

/* All but what others may read already. */
static void note(struct call *call, const struct call *found, int64_t invoke)
{
    call->invoke = invoke;
    call->outcome = found->outcome == YES ? YES : NO;
    call->value = found->value;
    call->fence = found->fence;
    call->is_hold = found->is_hold;
    call->has_lease = found->has_lease;
    call->pid = found->pid;
    call->alive = found->alive;
}

bool list_call(struct performer *p, bool locks)
{
    struct listing listing = {.keys = locks ? p->workload->locks : p->workload->integers};
    int64_t invoke = now_ns();
    psync_result result = locks ? psync_space_each_lock(p->space, hear_lock, &listing, &call_error)
                                : psync_space_each_integer(p->space, hear_integer, &listing, &call_error);
    int64_t respond = now_ns();
    if (result != PSYNC_OK) {
        if (!p->outages || result != PSYNC_ERROR_UNAVAILABLE) run_failed("list: %s", call_error.message);
        return false;
    }
    for (int i = 0; i < listing.keys; i++) {
        struct op op = {.kind = locks ? LOCK_LISTED : INTEGER_LISTED, .key = i};
        struct call *call = begin_call(p, &op);
        note(call, &listing.found[i], invoke);
        __atomic_store_n(&call->respond, respond, __ATOMIC_RELEASE); /* as in end() */
    }
    return true;
}
