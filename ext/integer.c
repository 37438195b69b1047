/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integer.c - PhpSync\Generic\Integer.
 *
 * Bound as a Lock is (see lock.c). On a Space the KNOWN VALUE lives in the
 * library's handle; on other drivers, in known: a file driver's handle may
 * give way to another one. increment() is the hot path: it looks at the number
 * of arguments, then calls the library.
 */
#include "files.h"
#include "integer_arginfo.h"

zend_class_entry *phpsync_ce_integer;
static zend_object_handlers handlers;

typedef struct phpsync_integer {
    psync_integer *handle;                               /* on a Space */
    phpsync_open_space *open;                            /* what handle belongs to */
    bool on_files;                                       /* on a file driver */
    phpsync_file_handle *file;                           /* on a file driver, once it was asked */
    zend_function *set, *get, *increment, *has, *delete; /* of a driver written in PHP */
    zend_long known;                                     /* the KNOWN VALUE, but on a Space */
    zend_string *key;                                    /* NULL: made around getInstance */
    zval driver;
    zend_object std;
} phpsync_integer;

static inline phpsync_integer *from_object(zend_object *object)
{
    return (phpsync_integer *)(void *)((char *)object - offsetof(phpsync_integer, std));
}

#define THIS_INTEGER() from_object(Z_OBJ_P(ZEND_THIS))

/* ------------------------------------------------------------------------ */
/* The object                                                               */

static zend_object *create(zend_class_entry *ce)
{
    phpsync_integer *integer = PHPSYNC_ALLOC_OBJECT(phpsync_integer, ce);
    ZVAL_UNDEF(&integer->driver);
    zend_object_std_init(&integer->std, ce);
    object_properties_init(&integer->std, ce);
    integer->std.handlers = &handlers;
    return &integer->std;
}

static void free_object(zend_object *object)
{
    phpsync_integer *integer = from_object(object);
    psync_integer_close(integer->handle);
    phpsync_open_space_release(integer->open);
    phpsync_file_handle_release(integer->file);
    if (integer->key != NULL) zend_string_release(integer->key);
    zval_ptr_dtor(&integer->driver);
    zend_object_std_dtor(object);
}

static HashTable *get_gc(phpsync_subject *subject, zval **table, int *count)
{
    zend_object *object = PHPSYNC_SUBJECT_OBJECT(subject);
    phpsync_integer *integer = from_object(object);
    /* An object of a subclass cannot have a driver: getInstance makes Integers. */
    if (object->ce != phpsync_ce_integer) return phpsync_std_get_gc(subject, table, count);
    *table = &integer->driver;
    *count = 1;
    return object->properties;
}

static zend_long known_value(const phpsync_integer *integer)
{
    return integer->handle != NULL ? (zend_long)psync_integer_known(integer->handle) : integer->known;
}

static HashTable *get_debug_info(phpsync_subject *subject, int *is_temporary)
{
    phpsync_integer *integer = from_object(PHPSYNC_SUBJECT_OBJECT(subject));
    HashTable *info = zend_array_dup(zend_std_get_properties(subject));
    *is_temporary = 1;
    if (integer->key == NULL) return info;
    zval value;
    ZVAL_STR_COPY(&value, integer->key);
    zend_hash_str_update(info, ZEND_STRL("key"), &value);
    ZVAL_LONG(&value, known_value(integer));
    zend_hash_str_update(info, ZEND_STRL("knownValue"), &value);
    ZVAL_COPY(&value, &integer->driver);
    zend_hash_str_update(info, ZEND_STRL("driver"), &value);
    return info;
}

/* ------------------------------------------------------------------------ */
/* Making and finding                                                       */

static bool bind_handle(phpsync_integer *integer, phpsync_open_space *open)
{
    psync_error error;
    if (psync_integer_open(open->space, ZSTR_VAL(integer->key), ZSTR_LEN(integer->key), &integer->handle, &error) !=
        PSYNC_OK) {
        phpsync_throw(&error);
        return false;
    }
    integer->open = phpsync_open_space_retain(open);
    if (psync_integer_get(integer->handle, NULL, &error) < 0) { /* loads the KNOWN VALUE */
        phpsync_throw(&error);
        return false;
    }
    phpsync_after_call();
    return true;
}

static bool load_file(phpsync_integer *integer)
{
    psync_error error;
    switch (
        phpsync_file_integer(Z_OBJ(integer->driver), integer->key, PHPSYNC_LOOK, PHPSYNC_PASS, &integer->file)) {
    case PHPSYNC_FOUND_HANDLE:
        break;
    case PHPSYNC_FOUND_NOTHING:
        return true;
    default:
        return false;
    }
    if (psync_integer_get(integer->file->integer, NULL, &error) < 0) {
        phpsync_throw(&error);
        return false;
    }
    integer->known = psync_integer_known(integer->file->integer);
    return true;
}

static bool load(phpsync_integer *integer)
{
    zend_object *driver = Z_OBJ(integer->driver);
    bool has;
    if (!phpsync_driver_call_bool(driver, integer->has, integer->key, PHPSYNC_PASS, &has)) return false;
    if (!has || phpsync_driver_call_int(driver, integer->get, integer->key, NULL, PHPSYNC_WRAP_BUT_ABSENT,
                                        &integer->known)) {
        return true;
    }
    if (EG(exception) == NULL || !instanceof_function(EG(exception)->ce, phpsync_ce_integer_absent)) return false;
    zend_clear_exception(); /* it was deleted in between */
    return true;
}

static bool bind_driver(phpsync_integer *integer)
{
    zend_class_entry *ce = Z_OBJCE(integer->driver);
    integer->on_files = phpsync_is_file_integer_driver(Z_OBJ(integer->driver));
    if (integer->on_files) return load_file(integer);
    integer->set = phpsync_driver_method(ce, ZEND_STRL("setvalue"));
    integer->get = phpsync_driver_method(ce, ZEND_STRL("getvalue"));
    integer->increment = phpsync_driver_method(ce, ZEND_STRL("increment"));
    integer->has = phpsync_driver_method(ce, ZEND_STRL("hasvalue"));
    integer->delete = phpsync_driver_method(ce, ZEND_STRL("delete"));
    return load(integer);
}

static bool make(zend_string *key, zend_object *driver, phpsync_open_space *open, zval *result)
{
    object_init_ex(result, phpsync_ce_integer);
    phpsync_integer *integer = from_object(Z_OBJ_P(result));
    integer->key = zend_string_copy(key);
    GC_ADDREF(driver);
    ZVAL_OBJ(&integer->driver, driver);
    if (open != NULL ? bind_handle(integer, open) : bind_driver(integer)) return true;
    zval_ptr_dtor(result);
    ZVAL_NULL(result);
    return false;
}

static bool find_default(const phpsync_open_space *open, zend_string *key, zval *result)
{
    zend_object *known = phpsync_default_get('I', open, key);
    if (known == NULL) return false;
    GC_ADDREF(known);
    ZVAL_OBJ(result, known);
    return true;
}

void phpsync_integer_instance(zend_string *key, zend_object *driver, zend_object *manager, zval *result)
{
    phpsync_open_space *open = phpsync_space_of(driver);
    bool found = false;
    zval made;
    if (open != NULL && !phpsync_check_key(key, 1)) return;
    if (manager != NULL) {
        if (!phpsync_manager_find(manager, key, phpsync_ce_integer, &found, result) || found) return;
    } else if (find_default(open, key, result)) {
        return;
    }
    if (!make(key, driver, open, &made)) return;
    if (manager == NULL) {
        if (find_default(open, key, result)) { /* the driver asked for the same one while it was loaded */
            zval_ptr_dtor(&made);
            return;
        }
        phpsync_default_set('I', open, key, Z_OBJ(made));
    } else if (!phpsync_manager_set(manager, key, phpsync_ce_integer, Z_OBJ(made))) {
        zval_ptr_dtor(&made);
        return;
    }
    ZVAL_COPY_VALUE(result, &made);
}

ZEND_METHOD(PhpSync_Generic_Integer, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

ZEND_METHOD(PhpSync_Generic_Integer, getInstance)
{
    zend_string *key;
    zend_object *driver, *manager;
    PHPSYNC_PARAMETERS_OR_MORE(2, 3);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, false, &key) ||
        !phpsync_object_argument(PHPSYNC_ARGUMENT(2), 2, phpsync_ce_integer_driver, false, &driver) ||
        !phpsync_object_argument(PHPSYNC_ARGUMENT(3), 3, phpsync_ce_manager_interface, true, &manager)) {
        RETURN_THROWS();
    }
    phpsync_integer_instance(key, driver, manager, return_value);
}

/* ------------------------------------------------------------------------ */
/* The contract                                                             */

static ZEND_COLD void throw_unmade(phpsync_integer *integer)
{
    phpsync_throw_unmade(&integer->std, "getInstance()");
}

/* Whether this is an object of getInstance's; else throws. */
static inline bool made(phpsync_integer *integer)
{
    if (EXPECTED(integer->key != NULL)) return true;
    throw_unmade(integer);
    return false;
}

static phpsync_found find_otherwise(phpsync_integer *integer, phpsync_access access, phpsync_on_throw on_throw,
                                    psync_integer **handle)
{
    if (!made(integer)) return PHPSYNC_FOUND_ERROR;
    if (!integer->on_files) return PHPSYNC_FOUND_METHODS;
    phpsync_found found =
        phpsync_file_integer(Z_OBJ(integer->driver), integer->key, access, on_throw, &integer->file);
    if (found == PHPSYNC_FOUND_HANDLE) *handle = integer->file->integer;
    return found;
}

/* What a method of the contract is to be done with. */
static inline phpsync_found find(phpsync_integer *integer, phpsync_access access, phpsync_on_throw on_throw,
                                 psync_integer **handle)
{
    *handle = integer->handle;
    if (EXPECTED(*handle != NULL)) return PHPSYNC_FOUND_HANDLE;
    return find_otherwise(integer, access, on_throw, handle);
}

/* The same for a method that no driver written in PHP can serve. */
static phpsync_found find_native(phpsync_integer *integer, phpsync_access access, const char *feature,
                                 psync_integer **handle)
{
    phpsync_found found = find(integer, access, PHPSYNC_WRAP, handle);
    if (found != PHPSYNC_FOUND_METHODS) return found;
    phpsync_throw_lacks(Z_OBJ(integer->driver), feature);
    return PHPSYNC_FOUND_ERROR;
}

/* After a call of the library's that learned a value: on a Space the handle itself remembers it. */
static inline void remember(phpsync_integer *integer, zend_long value)
{
    if (UNEXPECTED(integer->handle == NULL)) integer->known = value;
}

/* Calls a driver written in PHP and keeps the result as KNOWN VALUE; false: thrown. */
static bool learn(phpsync_integer *integer, zend_function *method, const zend_long *number,
                  phpsync_on_throw on_throw)
{
    zend_long value;
    if (!phpsync_driver_call_int(Z_OBJ(integer->driver), method, integer->key, number, on_throw, &value))
        return false;
    integer->known = value;
    return true;
}

ZEND_METHOD(PhpSync_Generic_Integer, getKey)
{
    phpsync_integer *integer = THIS_INTEGER();
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    if (!made(integer)) RETURN_THROWS();
    RETURN_STR_COPY(integer->key);
}

ZEND_METHOD(PhpSync_Generic_Integer, getValue)
{
    phpsync_integer *integer = THIS_INTEGER();
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    if (!made(integer)) RETURN_THROWS();
    RETURN_LONG(known_value(integer));
}

ZEND_METHOD(PhpSync_Generic_Integer, setValue)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    zend_long value;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(1), 1, true, &value)) RETURN_THROWS();
    phpsync_found found = find(integer, PHPSYNC_CHANGE, PHPSYNC_WRAP, &handle);
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    if (found == PHPSYNC_FOUND_METHODS) {
        (void)learn(integer, integer->set, &value, PHPSYNC_WRAP);
    } else if (psync_integer_set(handle, value, &error) == PSYNC_OK) {
        remember(integer, value);
        phpsync_after_call();
    } else {
        phpsync_throw(&error);
    }
}

/* $by: a wrong one is a SyncOperationException with the TypeError as previous. */
static bool by_argument(zend_execute_data *execute_data, zend_long *by)
{
    if (EXPECTED(phpsync_int_argument(ZEND_CALL_ARG(execute_data, 1), 1, false, by))) return true;
    phpsync_wrap_exception();
    return false;
}

/* The result of an addition of the library's. */
#define RETURN_SUM(integer, call)                                                                                  \
    do {                                                                                                           \
        int64_t sum;                                                                                               \
        psync_error error;                                                                                         \
        if (UNEXPECTED((call) != PSYNC_OK)) {                                                                      \
            phpsync_throw(&error);                                                                                 \
            RETURN_THROWS();                                                                                       \
        }                                                                                                          \
        remember(integer, sum);                                                                                    \
        phpsync_after_call();                                                                                      \
        RETURN_LONG(sum);                                                                                          \
    } while (0)

ZEND_METHOD(PhpSync_Generic_Integer, increment)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    zend_long by = 1;
    PHPSYNC_PARAMETERS_OR_MORE(0, 1);
    if (ZEND_NUM_ARGS() >= 1 && !by_argument(execute_data, &by)) RETURN_THROWS();
    phpsync_found found = find(integer, PHPSYNC_CHANGE, PHPSYNC_WRAP, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) RETURN_SUM(integer, psync_integer_add(handle, by, &sum, &error));
    if (found == PHPSYNC_FOUND_ERROR || !learn(integer, integer->increment, &by, PHPSYNC_WRAP)) RETURN_THROWS();
    RETURN_LONG(integer->known);
}

ZEND_METHOD(PhpSync_Generic_Integer, decrement)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    zend_long by = 1;
    PHPSYNC_PARAMETERS_OR_MORE(0, 1);
    if (ZEND_NUM_ARGS() >= 1 && !by_argument(execute_data, &by)) RETURN_THROWS();
    phpsync_found found = find(integer, PHPSYNC_CHANGE, PHPSYNC_WRAP, &handle);
    if (EXPECTED(found == PHPSYNC_FOUND_HANDLE)) {
        RETURN_SUM(integer, psync_integer_subtract(handle, by, &sum, &error));
    }
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    if (by == ZEND_LONG_MIN) {
        phpsync_throw_about(phpsync_ce_sync_exception, "Integer", integer->key,
                            "cannot be decremented by " ZEND_LONG_FMT
                            ": a driver written in PHP is given the opposite, which no int can hold",
                            by);
        RETURN_THROWS();
    }
    by = -by;
    if (!learn(integer, integer->increment, &by, PHPSYNC_WRAP)) RETURN_THROWS();
    RETURN_LONG(integer->known);
}

ZEND_METHOD(PhpSync_Generic_Integer, refresh)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    int64_t value;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(integer, PHPSYNC_LOOK, PHPSYNC_WRAP_BUT_ABSENT, &handle);
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    if (found == PHPSYNC_FOUND_METHODS) {
        if (!learn(integer, integer->get, NULL, PHPSYNC_WRAP_BUT_ABSENT)) RETURN_THROWS();
        RETURN_LONG(integer->known);
    }
    psync_result result =
        EXPECTED(found == PHPSYNC_FOUND_HANDLE) ? psync_integer_get(handle, &value, &error) : PSYNC_NO;
    if (EXPECTED(result == PSYNC_OK)) {
        remember(integer, value);
        phpsync_after_call();
        RETURN_LONG(value);
    }
    if (result < 0) {
        phpsync_throw(&error);
    } else {
        phpsync_throw_absent(integer->key);
    }
}

ZEND_METHOD(PhpSync_Generic_Integer, delete)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    psync_error error;
    zval ignored;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(integer, PHPSYNC_LOOK, PHPSYNC_WRAP, &handle);
    if (found == PHPSYNC_FOUND_HANDLE) {
        if (psync_integer_remove(handle, &error) < 0) phpsync_throw(&error);
        phpsync_after_call();
    } else if (found == PHPSYNC_FOUND_METHODS && phpsync_driver_call(Z_OBJ(integer->driver), integer->delete,
                                                                     integer->key, NULL, PHPSYNC_WRAP, &ignored)) {
        zval_ptr_dtor(&ignored);
    }
}

ZEND_METHOD(PhpSync_Generic_Integer, exists)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    bool exists = false;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    phpsync_found found = find(integer, PHPSYNC_LOOK, PHPSYNC_PASS, &handle);
    if (found == PHPSYNC_FOUND_HANDLE) PHPSYNC_RETURN_RESULT(psync_integer_exists(handle, &error));
    if (found == PHPSYNC_FOUND_METHODS) {
        (void)phpsync_driver_call_bool(Z_OBJ(integer->driver), integer->has, integer->key, PHPSYNC_PASS, &exists);
    }
    if (EG(exception)) RETURN_THROWS();
    RETURN_BOOL(exists);
}

/* ------------------------------------------------------------------------ */
/* Beyond the contract                                                      */

ZEND_METHOD(PhpSync_Generic_Integer, compareAndSet)
{
    phpsync_integer *integer = THIS_INTEGER();
    psync_integer *handle;
    zend_long expected, desired;
    psync_error error;
    PHPSYNC_PARAMETERS(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(1), 1, true, &expected) ||
        !phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &desired)) {
        RETURN_THROWS();
    }
    phpsync_found found = find_native(integer, PHPSYNC_LOOK, "compareAndSet()", &handle);
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    if (found == PHPSYNC_FOUND_NOTHING) RETURN_FALSE;
    int64_t before = psync_integer_known(handle);
    psync_result result = psync_integer_compare_set(handle, expected, desired, &error);
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    phpsync_after_call();
    int64_t known = psync_integer_known(handle);
    if (result == PSYNC_OK || known != before) remember(integer, known); /* else there is no Integer */
    RETURN_BOOL(result == PSYNC_OK);
}

typedef psync_result await_limit(psync_integer *integer, int64_t limit, const psync_wait *wait, psync_error *error);

static psync_result change(psync_integer *integer, int64_t limit, const psync_wait *wait, psync_error *error)
{
    (void)limit;
    return psync_integer_await_change(integer, wait, error);
}

static void wait_until(phpsync_integer *integer, const char *feature, await_limit *await, zend_long limit,
                       double seconds, zval *return_value)
{
    psync_integer *handle;
    psync_error error;
    if (find_native(integer, PHPSYNC_AWAIT, feature, &handle) != PHPSYNC_FOUND_HANDLE) RETURN_THROWS();
    phpsync_file_handle *file = phpsync_file_handle_retain(integer->file); /* a signal's handler may call us too */
    const psync_wait wait = phpsync_wait(seconds);
    psync_result result = await(handle, limit, &wait, &error);
    if (result >= 0) remember(integer, (zend_long)psync_integer_known(handle));
    phpsync_file_handle_release(file);
    phpsync_after_call();
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_BOOL(result == PSYNC_OK);
}

static void wait_for_limit(INTERNAL_FUNCTION_PARAMETERS, const char *feature, await_limit *await)
{
    zend_long limit;
    double seconds = INFINITY;
    PHPSYNC_PARAMETERS(1, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(1), 1, true, &limit) ||
        !phpsync_seconds_argument(PHPSYNC_ARGUMENT(2), 2, true, &seconds)) {
        RETURN_THROWS();
    }
    wait_until(THIS_INTEGER(), feature, await, limit, seconds, return_value);
}

ZEND_METHOD(PhpSync_Generic_Integer, waitUntilAtLeast)
{
    wait_for_limit(INTERNAL_FUNCTION_PARAM_PASSTHRU, "waitUntilAtLeast()", psync_integer_await_at_least);
}

ZEND_METHOD(PhpSync_Generic_Integer, waitUntilAtMost)
{
    wait_for_limit(INTERNAL_FUNCTION_PARAM_PASSTHRU, "waitUntilAtMost()", psync_integer_await_at_most);
}

ZEND_METHOD(PhpSync_Generic_Integer, waitForChange)
{
    double seconds = INFINITY;
    PHPSYNC_PARAMETERS(0, 1);
    if (!phpsync_seconds_argument(PHPSYNC_ARGUMENT(1), 1, true, &seconds)) RETURN_THROWS();
    wait_until(THIS_INTEGER(), "waitForChange()", change, 0, seconds, return_value);
}

/* ------------------------------------------------------------------------ */

void phpsync_register_integer(void)
{
    phpsync_ce_integer =
        phpsync_register_class("PhpSync\\Generic\\Integer", class_PhpSync_Generic_Integer_methods, NULL);
    zend_class_implements(phpsync_ce_integer, 1, phpsync_ce_integer_interface);
    phpsync_ce_integer->create_object = create;
    phpsync_not_serializable(phpsync_ce_integer);

    handlers = std_object_handlers;
    handlers.offset = (int)offsetof(phpsync_integer, std);
    handlers.free_obj = free_object;
    handlers.clone_obj = NULL;
    phpsync_not_comparable(&handlers);
    handlers.get_gc = get_gc;
    handlers.get_debug_info = get_debug_info;
}
