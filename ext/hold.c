/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold.c - PhpSync\Hold.
 *
 * The library's Hold ends with the object's memory, not with its destructor:
 * at the end of a request destructors of other objects may still rely on it.
 * In a forked child the library itself releases nothing.
 */
#include "files.h"
#include "hold_arginfo.h"

static zend_class_entry *class_entry;
static zend_object_handlers handlers;

enum { SLOT_KEY, SLOT_FENCE, SLOT_EXPIRES_AT }; /* in the order of declaration */

typedef struct phpsync_hold {
    psync_hold *handle; /* NULL: made around Lock::hold */
    phpsync_open_space *open;
    zend_object std;
} phpsync_hold;

static inline phpsync_hold *from_object(zend_object *object)
{
    return (phpsync_hold *)(void *)((char *)object - offsetof(phpsync_hold, std));
}

static zend_object *create(zend_class_entry *ce)
{
    phpsync_hold *hold = PHPSYNC_ALLOC_OBJECT(phpsync_hold, ce);
    zend_object_std_init(&hold->std, ce);
    object_properties_init(&hold->std, ce);
    hold->std.handlers = &handlers;
    return &hold->std;
}

static void free_object(zend_object *object)
{
    phpsync_hold *hold = from_object(object);
    bool deaf = PHPSYNC_G(deaf);
    PHPSYNC_G(deaf) = true;
    psync_hold_free(hold->handle);
    PHPSYNC_G(deaf) = deaf;
    phpsync_open_space_release(hold->open);
    zend_object_std_dtor(object);
}

/* Fills $expiresAt in; it is readonly for scripts alone. False: thrown. */
static bool set_expiry(phpsync_hold *hold)
{
    zval date, old;
    int64_t expires = psync_hold_expires_at(hold->handle);
    if (expires == 0) {
        ZVAL_NULL(&date);
    } else if (!phpsync_date(expires, &date)) {
        return false;
    }
    zval *slot = OBJ_PROP_NUM(&hold->std, SLOT_EXPIRES_AT);
    ZVAL_COPY_VALUE(&old, slot);
    ZVAL_COPY_VALUE(slot, &date);
    zval_ptr_dtor(&old);
    return true;
}

/* The same, but releases a new Hold whose object cannot be finished, before the engine goes on with its bail-out.
 */
static bool set_first_expiry(phpsync_hold *hold)
{
    volatile bool set = false, bailed_out = false; /* they outlive a longjmp */
    zend_try
    {
        set = set_expiry(hold);
    }
    zend_catch
    {
        bailed_out = true;
    }
    zend_end_try();
    if (!set) (void)psync_hold_release(hold->handle, NULL);
    if (bailed_out) zend_bailout();
    return set;
}

/* The object comes first: it owns the Hold from the first moment, and nothing can run out of memory in between. */
psync_result phpsync_hold_acquire(psync_lock *lock, phpsync_open_space *open, zend_string *key, double seconds,
                                  double lease, phpsync_file_handle *owner, zval *result)
{
    psync_error error;
    zval made;
    object_init_ex(&made, class_entry);
    phpsync_hold *hold = from_object(Z_OBJ(made));
    hold->open = phpsync_open_space_retain(open);
    ZVAL_STR_COPY(OBJ_PROP_NUM(&hold->std, SLOT_KEY), key);

    const psync_wait wait = phpsync_wait(seconds);
    psync_result outcome = psync_lock_hold(lock, lease, &wait, &hold->handle, &error);
    phpsync_file_handle_release(owner);
    phpsync_after_call();
    if (outcome < 0) phpsync_throw(&error);
    if (outcome == PSYNC_OK) {
        ZVAL_LONG(OBJ_PROP_NUM(&hold->std, SLOT_FENCE), (zend_long)psync_hold_fence(hold->handle));
        if (!set_first_expiry(hold)) outcome = PSYNC_ERROR_SYSTEM;
    }
    if (outcome == PSYNC_OK) {
        ZVAL_COPY_VALUE(result, &made);
    } else {
        zval_ptr_dtor(&made);
    }
    return outcome;
}

uint64_t phpsync_hold_object_fence(zend_object *object)
{
    return psync_hold_fence(from_object(object)->handle);
}

psync_result phpsync_hold_object_release(zend_object *object, psync_error *error)
{
    return psync_hold_release(from_object(object)->handle, error);
}

/* $this, or NULL: thrown. */
static phpsync_hold *checked(zend_object *object)
{
    phpsync_hold *hold = from_object(object);
    if (EXPECTED(hold->handle != NULL)) return hold;
    phpsync_throw_unmade(object, "Lock::hold()");
    return NULL;
}

ZEND_METHOD(PhpSync_Hold, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

ZEND_METHOD(PhpSync_Hold, renew)
{
    double lease;
    psync_error error;
    PHPSYNC_PARAMETERS(1, 1);
    phpsync_hold *hold = checked(Z_OBJ_P(ZEND_THIS));
    if (hold == NULL || !phpsync_lease_argument(PHPSYNC_ARGUMENT(1), 1, false, &lease)) RETURN_THROWS();
    if (psync_hold_renew(hold->handle, lease, &error) < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    phpsync_after_call();
    (void)set_expiry(hold);
}

ZEND_METHOD(PhpSync_Hold, isValid)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_hold *hold = checked(Z_OBJ_P(ZEND_THIS));
    if (hold == NULL) RETURN_THROWS();
    PHPSYNC_RETURN_RESULT(psync_hold_is_valid(hold->handle, &error));
}

ZEND_METHOD(PhpSync_Hold, release)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_hold *hold = checked(Z_OBJ_P(ZEND_THIS));
    if (hold == NULL) RETURN_THROWS();
    PHPSYNC_RETURN_RESULT(psync_hold_release(hold->handle, &error));
}

void phpsync_register_hold(void)
{
    class_entry = phpsync_register_class("PhpSync\\Hold", class_PhpSync_Hold_methods, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL;
    class_entry->create_object = create;
    phpsync_not_serializable(class_entry);
    phpsync_strict_properties(class_entry);
    phpsync_declare_readonly(class_entry, "key", MAY_BE_STRING, NULL);
    phpsync_declare_readonly(class_entry, "fence", MAY_BE_LONG, NULL);
    phpsync_declare_readonly(class_entry, "expiresAt", MAY_BE_NULL, "DateTimeImmutable");

    handlers = std_object_handlers;
    handlers.offset = (int)offsetof(phpsync_hold, std);
    handlers.free_obj = free_object;
    handlers.clone_obj = NULL;
    phpsync_not_comparable(&handlers);
    phpsync_strict_handlers(&handlers);
}
