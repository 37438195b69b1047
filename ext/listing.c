/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listing.c - PhpSync\Listing, the iterator behind Space::locks() and
 * Space::integers().
 *
 * The whole list is copied at the call, because the library must not be left
 * in the middle of one: an entry is its key and a value or the owner's facts;
 * Owner objects are made as they are asked for. Keys come out as strings,
 * which a PHP array would not keep ('42' would become 42).
 */
#include "php_phpsync.h"
#include "listing_arginfo.h"

static zend_class_entry *class_entry;
static zend_object_handlers handlers;

typedef struct listing_entry {
    zend_string *key;
    union {
        zend_long value;
        phpsync_owner_facts owner;
    } is;
} listing_entry;

typedef struct phpsync_listing {
    listing_entry *entries;
    size_t count, capacity, position;
    bool of_locks;
    zend_object std;
} phpsync_listing;

static inline phpsync_listing *from_object(zend_object *object)
{
    return (phpsync_listing *)(void *)((char *)object - offsetof(phpsync_listing, std));
}

#define THIS_LISTING() from_object(Z_OBJ_P(ZEND_THIS))

static zend_object *create(zend_class_entry *ce)
{
    phpsync_listing *listing = PHPSYNC_ALLOC_OBJECT(phpsync_listing, ce);
    zend_object_std_init(&listing->std, ce);
    object_properties_init(&listing->std, ce);
    listing->std.handlers = &handlers;
    return &listing->std;
}

static void free_object(zend_object *object)
{
    phpsync_listing *listing = from_object(object);
    for (size_t i = 0; i < listing->count; i++) {
        zend_string_release(listing->entries[i].key);
        if (listing->of_locks) phpsync_owner_facts_free(&listing->entries[i].is.owner);
    }
    if (listing->entries != NULL) efree(listing->entries);
    zend_object_std_dtor(object);
}

/* ------------------------------------------------------------------------ */
/* Filling. PHP's memory limit may bail out in the callbacks: held back until the library is done. */

typedef struct filling {
    phpsync_listing *listing;
    bool bailed_out;
} filling;

static listing_entry *append(phpsync_listing *listing, const char *key, size_t key_length)
{
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 16 : listing->capacity * 2;
        listing->entries = safe_erealloc(listing->entries, capacity, sizeof *listing->entries, 0);
        listing->capacity = capacity;
    }
    listing_entry *entry = &listing->entries[listing->count];
    entry->key = zend_string_init(key, key_length, 0);
    return entry;
}

static int add_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    filling *state = argument;
    phpsync_listing *listing = state->listing;
    zend_try
    {
        listing_entry *entry = append(listing, key, key_length);
        phpsync_owner_facts_set(&entry->is.owner, owner, listing->count == 0 ? NULL : &entry[-1].is.owner);
        listing->count++;
    }
    zend_catch
    {
        state->bailed_out = true;
    }
    zend_end_try();
    return state->bailed_out;
}

static int add_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    filling *state = argument;
    zend_try
    {
        append(state->listing, key, key_length)->is.value = value;
        state->listing->count++;
    }
    zend_catch
    {
        state->bailed_out = true;
    }
    zend_end_try();
    return state->bailed_out;
}

static phpsync_listing *start(bool of_locks, zval *result)
{
    object_init_ex(result, class_entry);
    phpsync_listing *listing = from_object(Z_OBJ_P(result));
    listing->of_locks = of_locks;
    return listing;
}

static void finish(const filling *state, psync_result outcome, const psync_error *error, zval *result)
{
    if (state->bailed_out) zend_bailout();
    if (outcome >= 0) return;
    phpsync_throw(error);
    zval_ptr_dtor(result);
    ZVAL_NULL(result);
}

void phpsync_listing_locks(phpsync_open_space *open, zval *result)
{
    filling state = {start(true, result), false};
    psync_error error;
    psync_result outcome = psync_space_each_lock(open->space, add_lock, &state, &error);
    finish(&state, outcome, &error, result);
}

void phpsync_listing_integers(phpsync_open_space *open, zval *result)
{
    filling state = {start(false, result), false};
    psync_error error;
    psync_result outcome = psync_space_each_integer(open->space, add_integer, &state, &error);
    finish(&state, outcome, &error, result);
}

/* ------------------------------------------------------------------------ */

ZEND_METHOD(PhpSync_Listing, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

ZEND_METHOD(PhpSync_Listing, current)
{
    phpsync_listing *listing = THIS_LISTING();
    PHPSYNC_PARAMETERS(0, 0);
    if (listing->position >= listing->count) RETURN_NULL();
    listing_entry *entry = &listing->entries[listing->position];
    if (!listing->of_locks) RETURN_LONG(entry->is.value);
    (void)phpsync_owner_object(&entry->is.owner, return_value);
}

ZEND_METHOD(PhpSync_Listing, key)
{
    phpsync_listing *listing = THIS_LISTING();
    PHPSYNC_PARAMETERS(0, 0);
    if (listing->position >= listing->count) RETURN_NULL();
    RETURN_STR_COPY(listing->entries[listing->position].key);
}

ZEND_METHOD(PhpSync_Listing, next)
{
    phpsync_listing *listing = THIS_LISTING();
    PHPSYNC_PARAMETERS(0, 0);
    if (listing->position < listing->count) listing->position++;
}

ZEND_METHOD(PhpSync_Listing, rewind)
{
    PHPSYNC_PARAMETERS(0, 0);
    THIS_LISTING()->position = 0;
}

ZEND_METHOD(PhpSync_Listing, valid)
{
    PHPSYNC_PARAMETERS(0, 0);
    RETURN_BOOL(THIS_LISTING()->position < THIS_LISTING()->count);
}

void phpsync_register_listing(void)
{
    class_entry = phpsync_register_class("PhpSync\\Listing", class_PhpSync_Listing_methods, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL;
    class_entry->create_object = create;
    zend_class_implements(class_entry, 1, zend_ce_iterator);
    phpsync_not_serializable(class_entry);
    phpsync_strict_properties(class_entry);

    handlers = std_object_handlers;
    handlers.offset = (int)offsetof(phpsync_listing, std);
    handlers.free_obj = free_object;
    handlers.clone_obj = NULL;
}
