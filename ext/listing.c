/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listing.c - PhpSync\Listing, the iterator behind Space::locks() and
 * Space::integers().
 *
 * The whole list is copied at the call, because the library must not be left
 * in the middle of one: not by an iterator that is dropped, and not by a
 * bail-out of PHP's memory limit, so the copy lies in C memory. It is one
 * buffer of records, each followed by its key; a Lock's host and label are
 * stored once for the run of records that share them. PHP values are made as
 * they are asked for. Keys come out as strings, which a PHP array would not
 * keep ('42' would become 42).
 */
#include "php_phpsync.h"
#include "listing_arginfo.h"

static zend_class_entry *class_entry;
static zend_object_handlers handlers;

typedef struct record {
    size_t size; /* to the next record */
    size_t key_length;
    union {
        int64_t value;
        struct {
            size_t host, label; /* offsets of NUL-terminated strings in the buffer */
            int64_t pid, acquired_at, expires_at;
            uint64_t fence;
            psync_alive alive;
        } owner;
    } is;
    char key[];
} record;

typedef struct phpsync_listing {
    char *buffer;
    size_t used, capacity;
    size_t position; /* of the current record */
    size_t previous; /* while it is filled: of the last record */
    bool of_locks;
    bool out_of_memory;
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
    free(from_object(object)->buffer);
    zend_object_std_dtor(object);
}

static record *at(const phpsync_listing *listing, size_t offset)
{
    return (record *)(void *)(listing->buffer + offset);
}

/* ------------------------------------------------------------------------ */
/* Filling: these run inside the library and call nothing of PHP            */

/* Appends a record with room for more bytes behind its key; NULL without memory. */
static record *append(phpsync_listing *listing, const char *key, size_t key_length, size_t more)
{
    size_t size = (sizeof(record) + key_length + more + 7) & ~(size_t)7;
    if (listing->capacity - listing->used < size) {
        size_t capacity = listing->capacity * 2 + size + 4096;
        char *buffer = realloc(listing->buffer, capacity);
        if (buffer == NULL) {
            listing->out_of_memory = true;
            return NULL;
        }
        listing->buffer = buffer;
        listing->capacity = capacity;
    }
    record *new = at(listing, listing->used);
    new->size = size;
    new->key_length = key_length;
    memcpy(new->key, key, key_length);
    listing->previous = listing->used;
    listing->used += size;
    return new;
}

/* The offset of text in the buffer: the one before it if that is the same, else a copy at *place. */
static size_t share(const phpsync_listing *listing, bool same, size_t before, const char *text, char **place)
{
    if (same) return before;
    size_t size = strlen(text) + 1;
    memcpy(*place, text, size);
    size_t offset = (size_t)(*place - listing->buffer);
    *place += size;
    return offset;
}

static int add_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    phpsync_listing *listing = argument;
    size_t host = 0, label = 0;
    bool same_host = false, same_label = false;
    if (listing->used != 0) {
        const record *before = at(listing, listing->previous);
        host = before->is.owner.host;
        label = before->is.owner.label;
        same_host = strcmp(listing->buffer + host, owner->host) == 0;
        same_label = strcmp(listing->buffer + label, owner->label) == 0;
    }
    size_t more = (same_host ? 0 : strlen(owner->host) + 1) + (same_label ? 0 : strlen(owner->label) + 1);
    record *new = append(listing, key, key_length, more);
    if (new == NULL) return 1;
    char *place = new->key + key_length;
    new->is.owner.host = share(listing, same_host, host, owner->host, &place);
    new->is.owner.label = share(listing, same_label, label, owner->label, &place);
    new->is.owner.pid = owner->pid;
    new->is.owner.acquired_at = owner->acquired_at;
    new->is.owner.expires_at = owner->expires_at;
    new->is.owner.fence = owner->fence;
    new->is.owner.alive = owner->alive;
    return 0;
}

static int add_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    record *new = append(argument, key, key_length, 0);
    if (new == NULL) return 1;
    new->is.value = value;
    return 0;
}

/* ------------------------------------------------------------------------ */

static phpsync_listing *start(bool of_locks, zval *result)
{
    object_init_ex(result, class_entry);
    phpsync_listing *listing = from_object(Z_OBJ_P(result));
    listing->of_locks = of_locks;
    return listing;
}

static void finish(const phpsync_listing *listing, psync_result outcome, const psync_error *error, zval *result)
{
    phpsync_after_call();
    if (outcome >= 0 && !listing->out_of_memory) return;
    if (outcome < 0) {
        phpsync_throw(error);
    } else {
        phpsync_throw_sync("no memory for the list of the space; it may be long");
    }
    zval_ptr_dtor(result);
    ZVAL_NULL(result);
}

void phpsync_listing_locks(phpsync_open_space *open, zval *result)
{
    phpsync_listing *listing = start(true, result);
    psync_error error;
    psync_result outcome = psync_space_each_lock(open->space, add_lock, listing, &error);
    finish(listing, outcome, &error, result);
}

void phpsync_listing_integers(phpsync_open_space *open, zval *result)
{
    phpsync_listing *listing = start(false, result);
    psync_error error;
    psync_result outcome = psync_space_each_integer(open->space, add_integer, listing, &error);
    finish(listing, outcome, &error, result);
}

/* The current record; NULL past the end. */
static const record *current(const phpsync_listing *listing)
{
    return listing->position < listing->used ? at(listing, listing->position) : NULL;
}

/* ------------------------------------------------------------------------ */

ZEND_METHOD(PhpSync_Listing, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

ZEND_METHOD(PhpSync_Listing, current)
{
    const phpsync_listing *listing = THIS_LISTING();
    PHPSYNC_PARAMETERS(0, 0);
    const record *entry = current(listing);
    if (entry == NULL) RETURN_NULL();
    if (!listing->of_locks) RETURN_LONG(entry->is.value);
    phpsync_owner_facts facts = {
        .host = listing->buffer + entry->is.owner.host,
        .label = listing->buffer + entry->is.owner.label,
        .pid = entry->is.owner.pid,
        .acquired_at = entry->is.owner.acquired_at,
        .expires_at = entry->is.owner.expires_at,
        .fence = entry->is.owner.fence,
        .alive = entry->is.owner.alive,
    };
    phpsync_owner_object(&facts, return_value);
}

ZEND_METHOD(PhpSync_Listing, key)
{
    PHPSYNC_PARAMETERS(0, 0);
    const record *entry = current(THIS_LISTING());
    if (entry == NULL) RETURN_NULL();
    RETURN_STRINGL(entry->key, entry->key_length);
}

ZEND_METHOD(PhpSync_Listing, next)
{
    phpsync_listing *listing = THIS_LISTING();
    PHPSYNC_PARAMETERS(0, 0);
    const record *entry = current(listing);
    if (entry != NULL) listing->position += entry->size;
}

ZEND_METHOD(PhpSync_Listing, rewind)
{
    PHPSYNC_PARAMETERS(0, 0);
    THIS_LISTING()->position = 0;
}

ZEND_METHOD(PhpSync_Listing, valid)
{
    PHPSYNC_PARAMETERS(0, 0);
    RETURN_BOOL(current(THIS_LISTING()) != NULL);
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
    phpsync_not_comparable(&handlers);
    phpsync_strict_handlers(&handlers);
}
