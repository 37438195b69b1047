/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock.c - PhpSync\Generic\Lock.
 *
 * A Lock object is bound once, by getInstance, to its key and driver. On a
 * Space it owns a handle of the library, and every method goes straight to
 * it. On a file driver each call asks where the Lock lies now, and so has a
 * handle for it (files.h). On a driver written in PHP the four methods of the
 * driver are called. An object made around getInstance has nothing.
 */
#include "files.h"
#include "lock_arginfo.h"

zend_class_entry *phpsync_ce_lock;
static zend_object_handlers handlers;

typedef struct phpsync_lock {
    psync_lock *handle;                           /* on a Space */
    phpsync_open_space *open;                     /* what handle belongs to */
    bool on_files;                                /* on a file driver */
    phpsync_file_handle *file;                    /* on a file driver, once it was asked */
    uint64_t fence;                               /* on a file driver: of the latest acquisition */
    zend_function *lock, *unlock, *wait, *exists; /* of a driver written in PHP */
    zend_string *key;                             /* NULL: made around getInstance */
    zval driver;
    zend_object std;
} phpsync_lock;

static inline phpsync_lock *from_object(zend_object *object)
{
    return (phpsync_lock *)(void *)((char *)object - offsetof(phpsync_lock, std));
}

#define THIS_LOCK() from_object(Z_OBJ_P(ZEND_THIS))

/* ------------------------------------------------------------------------ */
/* The object                                                               */

static zend_object *create(zend_class_entry *ce)
{
    phpsync_lock *lock = PHPSYNC_ALLOC_OBJECT(phpsync_lock, ce);
    ZVAL_UNDEF(&lock->driver);
    zend_object_std_init(&lock->std, ce);
    object_properties_init(&lock->std, ce);
    lock->std.handlers = &handlers;
    return &lock->std;
}

static void free_object(zend_object *object)
{
    phpsync_lock *lock = from_object(object);
    psync_lock_close(lock->handle);
    phpsync_open_space_release(lock->open);
    phpsync_file_handle_release(lock->file);
    if (lock->key != NULL) zend_string_release(lock->key);
    zval_ptr_dtor(&lock->driver);
    zend_object_std_dtor(object);
}

static HashTable *get_gc(phpsync_subject *subject, zval **table, int *count)
{
    zend_object *object = PHPSYNC_SUBJECT_OBJECT(subject);
    phpsync_lock *lock = from_object(object);
    /* An object of a subclass cannot have a driver: getInstance makes Locks. */
    if (object->ce != phpsync_ce_lock) return phpsync_std_get_gc(subject, table, count);
    *table = &lock->driver;
    *count = 1;
    return object->properties;
}

static HashTable *get_debug_info(phpsync_subject *subject, int *is_temporary)
{
    phpsync_lock *lock = from_object(PHPSYNC_SUBJECT_OBJECT(subject));
    HashTable *info = zend_array_dup(zend_std_get_properties(subject));
    *is_temporary = 1;
    if (lock->key == NULL) return info;
    zval value;
    ZVAL_STR_COPY(&value, lock->key);
    zend_hash_str_update(info, ZEND_STRL("key"), &value);
    ZVAL_COPY(&value, &lock->driver);
    zend_hash_str_update(info, ZEND_STRL("driver"), &value);
    return info;
}

/* ------------------------------------------------------------------------ */
/* Making and finding                                                       */

static bool bind_handle(phpsync_lock *lock, phpsync_open_space *open)
{
    psync_error error;
    if (psync_lock_open(open->space, ZSTR_VAL(lock->key), ZSTR_LEN(lock->key), &lock->handle, &error) != PSYNC_OK) {
        phpsync_throw(&error);
        return false;
    }
    lock->open = phpsync_open_space_retain(open);
    return true;
}

static bool make(zend_string *key, zend_object *driver, phpsync_open_space *open, zval *result)
{
    object_init_ex(result, phpsync_ce_lock);
    phpsync_lock *lock = from_object(Z_OBJ_P(result));
    lock->key = zend_string_copy(key);
    GC_ADDREF(driver);
    ZVAL_OBJ(&lock->driver, driver);
    if (open != NULL) {
        if (bind_handle(lock, open)) return true;
        zval_ptr_dtor(result);
        ZVAL_NULL(result);
        return false;
    }
    lock->on_files = phpsync_is_file_lock_driver(driver);
    lock->lock = phpsync_driver_method(driver->ce, ZEND_STRL("lock"));
    lock->unlock = phpsync_driver_method(driver->ce, ZEND_STRL("unlock"));
    lock->wait = phpsync_driver_method(driver->ce, ZEND_STRL("wait"));
    lock->exists = phpsync_driver_method(driver->ce, ZEND_STRL("exists"));
    return true;
}

void phpsync_lock_instance(zend_string *key, zend_object *driver, zend_object *manager, zval *result)
{
    phpsync_open_space *open = phpsync_space_of(driver);
    bool found = false;
    if (open != NULL && !phpsync_check_key(key, 1)) return;
    if (manager != NULL) {
        if (!phpsync_manager_find(manager, key, phpsync_ce_lock, &found, result) || found) return;
    } else {
        zend_object *known = phpsync_default_get('L', open, key);
        if (known != NULL) {
            GC_ADDREF(known);
            ZVAL_OBJ(result, known);
            return;
        }
    }
    if (!make(key, driver, open, result)) return;
    if (manager == NULL) {
        phpsync_default_set('L', open, key, Z_OBJ_P(result));
    } else if (!phpsync_manager_set(manager, key, phpsync_ce_lock, Z_OBJ_P(result))) {
        zval_ptr_dtor(result);
        ZVAL_NULL(result);
    }
}

ZEND_METHOD(PhpSync_Generic_Lock, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

ZEND_METHOD(PhpSync_Generic_Lock, getInstance)
{
    zend_string *key;
    zend_object *driver, *manager;
    PHPSYNC_PARAMETERS_OR_MORE(2, 3);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &key) ||
        !phpsync_object_argument(PHPSYNC_ARGUMENT(2), 2, phpsync_ce_lock_driver, false, &driver) ||
        !phpsync_object_argument(PHPSYNC_ARGUMENT(3), 3, phpsync_ce_manager_interface, true, &manager)) {
        RETURN_THROWS();
    }
    phpsync_lock_instance(key, driver, manager, return_value);
}

/* ------------------------------------------------------------------------ */
/* The contract                                                             */

static ZEND_COLD void throw_unmade(phpsync_lock *lock)
{
    phpsync_throw_unmade(&lock->std, "getInstance()");
}

static phpsync_found find_otherwise(phpsync_lock *lock, phpsync_access access, phpsync_on_throw on_throw,
                                    psync_lock **handle)
{
    if (lock->key == NULL) {
        throw_unmade(lock);
        return PHPSYNC_FOUND_ERROR;
    }
    if (!lock->on_files) return PHPSYNC_FOUND_METHODS;
    phpsync_found found = phpsync_file_lock(Z_OBJ(lock->driver), lock->key, access, on_throw, &lock->file);
    if (found == PHPSYNC_FOUND_HANDLE) *handle = lock->file->lock;
    return found;
}

/* What a method of the contract is to be done with. */
static inline phpsync_found find(phpsync_lock *lock, phpsync_access access, phpsync_on_throw on_throw,
                                 psync_lock **handle)
{
    *handle = lock->handle;
    if (EXPECTED(*handle != NULL)) return PHPSYNC_FOUND_HANDLE;
    return find_otherwise(lock, access, on_throw, handle);
}

/* The same for a method that no driver written in PHP can serve. */
static phpsync_found find_native(phpsync_lock *lock, phpsync_access access, phpsync_on_throw on_throw,
                                 const char *feature, psync_lock **handle)
{
    phpsync_found found = find(lock, access, on_throw, handle);
    if (found != PHPSYNC_FOUND_METHODS) return found;
    phpsync_throw_lacks(Z_OBJ(lock->driver), feature);
    return PHPSYNC_FOUND_ERROR;
}

/* Acquires within seconds: PSYNC_OK, PSYNC_NO, or an error that was thrown. */
static psync_result acquire(phpsync_lock *lock, psync_lock *handle, double seconds)
{
    phpsync_file_handle *file = phpsync_file_handle_retain(lock->file); /* a signal's handler may call us too */
    psync_error error;
    const psync_wait wait = phpsync_wait(seconds);
    psync_result result = psync_lock_acquire(handle, &wait, NULL, &error);
    if (file != NULL && result == PSYNC_OK) lock->fence = psync_lock_last_fence(handle);
    phpsync_file_handle_release(file);
    phpsync_after_call();
    if (UNEXPECTED(result < 0)) phpsync_throw(&error);
    return result;
}

static psync_result await(phpsync_lock *lock, psync_lock *handle, double seconds)
{
    phpsync_file_handle *file = phpsync_file_handle_retain(lock->file);
    psync_error error;
    const psync_wait wait = phpsync_wait(seconds);
    psync_result result = psync_lock_wait(handle, &wait, &error);
    phpsync_file_handle_release(file);
    phpsync_after_call();
    if (UNEXPECTED(result < 0)) phpsync_throw(&error);
    return result;
}

ZEND_METHOD(PhpSync_Generic_Lock, getKey)
{
    phpsync_lock *lock = THIS_LOCK();
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    if (UNEXPECTED(lock->key == NULL)) {
        throw_unmade(lock);
        RETURN_THROWS();
    }
    RETURN_STR_COPY(lock->key);
}

ZEND_METHOD(PhpSync_Generic_Lock, lock)
{
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    zval ignored;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(lock, PHPSYNC_CHANGE, PHPSYNC_WRAP, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) {
        (void)acquire(lock, handle, INFINITY);
    } else if (found == PHPSYNC_FOUND_METHODS &&
               phpsync_driver_call(Z_OBJ(lock->driver), lock->lock, lock->key, NULL, PHPSYNC_WRAP, &ignored)) {
        zval_ptr_dtor(&ignored);
    }
}

ZEND_METHOD(PhpSync_Generic_Lock, unlock)
{
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    bool freed = false;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(lock, PHPSYNC_LOOK, PHPSYNC_WRAP, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) PHPSYNC_RETURN_RESULT(psync_lock_release(handle, &error));
    if (found == PHPSYNC_FOUND_METHODS) {
        (void)phpsync_driver_call_bool(Z_OBJ(lock->driver), lock->unlock, lock->key, PHPSYNC_WRAP, &freed);
    }
    if (EG(exception)) RETURN_THROWS();
    RETURN_BOOL(freed);
}

ZEND_METHOD(PhpSync_Generic_Lock, wait)
{
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(lock, PHPSYNC_LOOK, PHPSYNC_PASS, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) {
        (void)await(lock, handle, INFINITY);
    } else if (found == PHPSYNC_FOUND_METHODS &&
               !phpsync_driver_call(Z_OBJ(lock->driver), lock->wait, lock->key, NULL, PHPSYNC_PASS, return_value)) {
        ZVAL_NULL(return_value);
    }
}

ZEND_METHOD(PhpSync_Generic_Lock, exists)
{
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    bool exists = false;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(lock, PHPSYNC_LOOK, PHPSYNC_PASS, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) PHPSYNC_RETURN_RESULT(psync_lock_exists(handle, &error));
    if (found == PHPSYNC_FOUND_METHODS) {
        (void)phpsync_driver_call_bool(Z_OBJ(lock->driver), lock->exists, lock->key, PHPSYNC_PASS, &exists);
    }
    if (EG(exception)) RETURN_THROWS();
    RETURN_BOOL(exists);
}

/* ------------------------------------------------------------------------ */
/* Beyond the contract                                                      */

ZEND_METHOD(PhpSync_Generic_Lock, tryLock)
{
    double seconds = 0;
    PHPSYNC_PARAMETERS(0, 1);
    if (!phpsync_seconds_argument(PHPSYNC_ARGUMENT(1), 1, false, &seconds)) RETURN_THROWS();
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    if (find_native(lock, PHPSYNC_CHANGE, PHPSYNC_WRAP, "tryLock()", &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    psync_result result = acquire(lock, handle, seconds);
    if (result < 0) RETURN_THROWS();
    RETURN_BOOL(result == PSYNC_OK);
}

ZEND_METHOD(PhpSync_Generic_Lock, waitFor)
{
    double seconds = INFINITY;
    PHPSYNC_PARAMETERS(0, 1);
    if (!phpsync_seconds_argument(PHPSYNC_ARGUMENT(1), 1, true, &seconds)) RETURN_THROWS();
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    phpsync_found found = find_native(lock, PHPSYNC_LOOK, PHPSYNC_PASS, "waitFor()", &handle);
    if (found == PHPSYNC_FOUND_NOTHING) RETURN_TRUE;
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    psync_result result = await(lock, handle, seconds);
    if (result < 0) RETURN_THROWS();
    RETURN_BOOL(result == PSYNC_OK);
}

ZEND_METHOD(PhpSync_Generic_Lock, lastFence)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle = NULL;
    if (!lock->on_files &&
        find_native(lock, PHPSYNC_LOOK, PHPSYNC_WRAP, "lastFence()", &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    uint64_t fence = lock->on_files ? lock->fence : psync_lock_last_fence(handle);
    if (fence == 0) RETURN_NULL();
    RETURN_LONG((zend_long)fence);
}

/* Takes the Lock as a Hold object: PSYNC_OK, PSYNC_NO, or an error that was thrown. */
static psync_result hold(phpsync_lock *lock, psync_lock *handle, double seconds, double lease, zval *result)
{
    phpsync_file_handle *file = phpsync_file_handle_retain(lock->file);
    phpsync_open_space *open = file == NULL ? lock->open : file->open;
    psync_result outcome = phpsync_hold_acquire(handle, open, lock->key, seconds, lease, file, result);
    if (outcome == PSYNC_OK) lock->fence = phpsync_hold_object_fence(Z_OBJ_P(result));
    return outcome;
}

ZEND_METHOD(PhpSync_Generic_Lock, hold)
{
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    double seconds = INFINITY, lease = 0;
    PHPSYNC_PARAMETERS(0, 2);
    if (!phpsync_seconds_argument(PHPSYNC_ARGUMENT(1), 1, true, &seconds) ||
        !phpsync_lease_argument(PHPSYNC_ARGUMENT(2), 2, true, &lease) ||
        find_native(lock, PHPSYNC_CHANGE, PHPSYNC_WRAP, "hold()", &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    (void)hold(lock, handle, seconds, lease, return_value);
}

ZEND_METHOD(PhpSync_Generic_Lock, synchronized)
{
    zend_fcall_info fci;
    zend_fcall_info_cache fcc;
    double seconds = INFINITY;
    zval held;
    phpsync_lock *lock = THIS_LOCK();
    psync_lock *handle;
    PHPSYNC_PARAMETERS(1, 2);
    if (!phpsync_callable_argument(PHPSYNC_ARGUMENT(1), 1, &fci, &fcc) ||
        !phpsync_seconds_argument(PHPSYNC_ARGUMENT(2), 2, true, &seconds) ||
        find_native(lock, PHPSYNC_CHANGE, PHPSYNC_WRAP, "synchronized()", &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    psync_result outcome = hold(lock, handle, seconds, 0, &held);
    if (outcome == PSYNC_NO) {
        phpsync_throw_about(phpsync_ce_lock_timeout, "Lock", lock->key,
                            "was not free within %g seconds; try again or give it more time", seconds);
    }
    if (outcome != PSYNC_OK) RETURN_THROWS();

    fci.retval = return_value;
    fci.params = &held;
    fci.param_count = 1;
    (void)zend_call_function(&fci, &fcc);
    if (Z_ISREF_P(return_value)) zend_unwrap_reference(return_value);

    psync_error error;
    if (phpsync_hold_object_release(Z_OBJ(held), &error) < 0 && !EG(exception)) phpsync_throw(&error);
    zval_ptr_dtor(&held);
    phpsync_after_call();
}

/* Who has the Lock: PSYNC_OK, PSYNC_NO (nobody), or an error that was thrown. */
static psync_result inspect(phpsync_lock *lock, const char *feature, psync_owner *owner)
{
    psync_error error;
    psync_lock *handle;
    phpsync_found found = find_native(lock, PHPSYNC_LOOK, PHPSYNC_WRAP, feature, &handle);
    if (found == PHPSYNC_FOUND_NOTHING) return PSYNC_NO;
    if (found == PHPSYNC_FOUND_ERROR) return PSYNC_ERROR_UNSUPPORTED;
    psync_result result = psync_lock_inspect(handle, owner, &error);
    phpsync_after_call();
    if (result < 0) phpsync_throw(&error);
    return result;
}

ZEND_METHOD(PhpSync_Generic_Lock, owner)
{
    psync_owner owner;
    PHPSYNC_PARAMETERS(0, 0);
    if (inspect(THIS_LOCK(), "owner()", &owner) != PSYNC_OK) return; /* null, or thrown */
    phpsync_owner_facts facts = {owner.host,       owner.label, owner.pid,  owner.acquired_at,
                                 owner.expires_at, owner.fence, owner.alive};
    phpsync_owner_object(&facts, return_value);
}

ZEND_METHOD(PhpSync_Generic_Lock, isGhost)
{
    psync_owner owner;
    PHPSYNC_PARAMETERS(0, 0);
    psync_result result = inspect(THIS_LOCK(), "isGhost()", &owner);
    if (result < 0) RETURN_THROWS();
    RETURN_BOOL(result == PSYNC_OK && owner.alive == PSYNC_ALIVE_NO);
}

ZEND_METHOD(PhpSync_Generic_Lock, unlockIf)
{
    zend_long fence;
    PHPSYNC_PARAMETERS(1, 1);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(1), 1, true, &fence)) RETURN_THROWS();
    psync_lock *handle;
    phpsync_found found = find_native(THIS_LOCK(), PHPSYNC_LOOK, PHPSYNC_WRAP, "unlockIf()", &handle);
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    if (fence <= 0 || found == PHPSYNC_FOUND_NOTHING) RETURN_FALSE; /* no acquisition has such a fence */
    PHPSYNC_RETURN_RESULT(psync_lock_release_if(handle, (uint64_t)fence, &error));
}

/* ------------------------------------------------------------------------ */

void phpsync_register_lock(void)
{
    phpsync_ce_lock = phpsync_register_class("PhpSync\\Generic\\Lock", class_PhpSync_Generic_Lock_methods, NULL);
    zend_class_implements(phpsync_ce_lock, 1, phpsync_ce_lock_interface);
    phpsync_ce_lock->create_object = create;
    phpsync_not_serializable(phpsync_ce_lock);

    handlers = std_object_handlers;
    handlers.offset = (int)offsetof(phpsync_lock, std);
    handlers.free_obj = free_object;
    handlers.clone_obj = NULL;
    phpsync_not_comparable(&handlers);
    handlers.get_gc = get_gc;
    handlers.get_debug_info = get_debug_info;
}
