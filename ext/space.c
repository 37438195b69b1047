/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * space.c - PhpSync\Space.
 *
 * A Space object is a request's reference to an open space (open_spaces.c).
 * Its Locks and Integers talk to the library through handles of their own;
 * the methods of the driver interfaces, for code that calls a driver
 * directly, open a handle for the one call.
 */
#include "php_phpsync.h"
#include "space_arginfo.h"

zend_class_entry *phpsync_ce_space;
static zend_object_handlers handlers;

typedef struct phpsync_space {
    phpsync_open_space *open; /* NULL: made around open() */
    zend_object std;
} phpsync_space;

static inline phpsync_space *from_object(zend_object *object)
{
    return (phpsync_space *)(void *)((char *)object - offsetof(phpsync_space, std));
}

phpsync_open_space *phpsync_space_of(zend_object *object)
{
    return object->ce == phpsync_ce_space ? from_object(object)->open : NULL;
}

static zend_object *create(zend_class_entry *ce)
{
    phpsync_space *space = PHPSYNC_ALLOC_OBJECT(phpsync_space, ce);
    zend_object_std_init(&space->std, ce);
    object_properties_init(&space->std, ce);
    space->std.handlers = &handlers;
    return &space->std;
}

static void free_object(zend_object *object)
{
    phpsync_open_space_release(from_object(object)->open);
    zend_object_std_dtor(object);
}

static HashTable *get_debug_info(phpsync_subject *subject, int *is_temporary)
{
    phpsync_open_space *open = from_object(PHPSYNC_SUBJECT_OBJECT(subject))->open;
    HashTable *info = zend_new_array(2);
    *is_temporary = 1;
    if (open == NULL) return info;
    zval value;
    ZVAL_STRING(&value, psync_space_dsn(open->space));
    zend_hash_str_update(info, ZEND_STRL("dsn"), &value);
    ZVAL_STRING(&value, psync_space_driver(open->space));
    zend_hash_str_update(info, ZEND_STRL("driver"), &value);
    return info;
}

/* ------------------------------------------------------------------------ */
/* Opening                                                                  */

ZEND_METHOD(PhpSync_Space, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

/* What open(null) opens. */
static zend_string *default_dsn(void)
{
    const char *dsn = PHPSYNC_G(dsn);
    if (dsn == NULL || *dsn == '\0') dsn = getenv("PHPSYNC_DSN");
    if (dsn == NULL || *dsn == '\0') dsn = "shm://default";
    return zend_string_init(dsn, strlen(dsn), 0);
}

ZEND_METHOD(PhpSync_Space, open)
{
    zend_string *dsn;
    PHPSYNC_PARAMETERS(0, 1);
    if (!phpsync_optional_string_argument(PHPSYNC_ARGUMENT(1), 1, &dsn)) RETURN_THROWS();
    dsn = dsn == NULL ? default_dsn() : zend_string_copy(dsn);
    phpsync_open_space *open = phpsync_open_space_get(dsn, false);
    zend_string_release(dsn);
    if (open == NULL) RETURN_THROWS();
    object_init_ex(return_value, phpsync_ce_space);
    from_object(Z_OBJ_P(return_value))->open = open;
}

/* The open space of $this; NULL: thrown. */
static phpsync_open_space *checked(zend_object *object)
{
    phpsync_open_space *open = from_object(object)->open;
    if (EXPECTED(open != NULL)) return open;
    phpsync_throw_unmade(object, "Space::open()");
    return NULL;
}

ZEND_METHOD(PhpSync_Space, getDsn)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_open_space *open = checked(Z_OBJ_P(ZEND_THIS));
    if (open == NULL) RETURN_THROWS();
    RETURN_STRING(psync_space_dsn(open->space));
}

ZEND_METHOD(PhpSync_Space, getLock)
{
    zend_string *key;
    PHPSYNC_PARAMETERS(1, 1);
    if (checked(Z_OBJ_P(ZEND_THIS)) == NULL || !phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &key)) {
        RETURN_THROWS();
    }
    phpsync_lock_instance(key, Z_OBJ_P(ZEND_THIS), NULL, return_value);
}

ZEND_METHOD(PhpSync_Space, getInteger)
{
    zend_string *key;
    PHPSYNC_PARAMETERS(1, 1);
    if (checked(Z_OBJ_P(ZEND_THIS)) == NULL || !phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &key)) {
        RETURN_THROWS();
    }
    phpsync_integer_instance(key, Z_OBJ_P(ZEND_THIS), NULL, return_value);
}

ZEND_METHOD(PhpSync_Space, locks)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_open_space *open = checked(Z_OBJ_P(ZEND_THIS));
    if (open == NULL) RETURN_THROWS();
    phpsync_listing_locks(open, return_value);
}

ZEND_METHOD(PhpSync_Space, integers)
{
    PHPSYNC_PARAMETERS(0, 0);
    phpsync_open_space *open = checked(Z_OBJ_P(ZEND_THIS));
    if (open == NULL) RETURN_THROWS();
    phpsync_listing_integers(open, return_value);
}

/* ------------------------------------------------------------------------ */
/* LockSyncDriverInterface                                                  */

/* A handle for the Lock named by argument 1; NULL: thrown. Close it afterwards. */
static psync_lock *open_lock(zend_execute_data *execute_data)
{
    phpsync_open_space *open = checked(Z_OBJ_P(ZEND_THIS));
    zend_string *key;
    psync_lock *lock = NULL;
    psync_error error;
    if (open == NULL || !phpsync_key_argument(ZEND_CALL_ARG(execute_data, 1), 1, &key)) return NULL;
    if (psync_lock_open(open->space, ZSTR_VAL(key), ZSTR_LEN(key), &lock, &error) != PSYNC_OK)
        phpsync_throw(&error);
    return lock;
}

typedef psync_result block_on(psync_lock *lock, const psync_wait *wait, psync_error *error);

static psync_result acquire(psync_lock *lock, const psync_wait *wait, psync_error *error)
{
    return psync_lock_acquire(lock, wait, NULL, error);
}

static void block(INTERNAL_FUNCTION_PARAMETERS, block_on *call)
{
    psync_error error;
    (void)return_value;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    psync_lock *lock = open_lock(execute_data);
    if (lock == NULL) RETURN_THROWS();
    const psync_wait wait = phpsync_wait(INFINITY);
    psync_result result = call(lock, &wait, &error);
    psync_lock_close(lock);
    phpsync_after_call();
    if (result < 0) phpsync_throw(&error);
}

ZEND_METHOD(PhpSync_Space, lock)
{
    block(INTERNAL_FUNCTION_PARAM_PASSTHRU, acquire);
}

ZEND_METHOD(PhpSync_Space, wait)
{
    block(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_lock_wait);
}

typedef psync_result ask_lock(psync_lock *lock, psync_error *error);

static void ask(INTERNAL_FUNCTION_PARAMETERS, ask_lock *call)
{
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    psync_lock *lock = open_lock(execute_data);
    if (lock == NULL) RETURN_THROWS();
    psync_result result = call(lock, &error);
    psync_lock_close(lock);
    phpsync_after_call();
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_BOOL(result == PSYNC_OK);
}

ZEND_METHOD(PhpSync_Space, unlock)
{
    ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_lock_release);
}

ZEND_METHOD(PhpSync_Space, exists)
{
    ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_lock_exists);
}

/* ------------------------------------------------------------------------ */
/* IntegerSyncDriverInterface                                               */

/* A handle for the Integer named by argument 1; NULL: thrown. Close it afterwards. */
static psync_integer *open_integer(zend_execute_data *execute_data)
{
    phpsync_open_space *open = checked(Z_OBJ_P(ZEND_THIS));
    zend_string *key;
    psync_integer *integer = NULL;
    psync_error error;
    if (open == NULL || !phpsync_key_argument(ZEND_CALL_ARG(execute_data, 1), 1, &key)) return NULL;
    if (psync_integer_open(open->space, ZSTR_VAL(key), ZSTR_LEN(key), &integer, &error) != PSYNC_OK) {
        phpsync_throw(&error);
    }
    return integer;
}

ZEND_METHOD(PhpSync_Space, setValue)
{
    zend_long value;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &value)) RETURN_THROWS();
    psync_integer *integer = open_integer(execute_data);
    if (integer == NULL) RETURN_THROWS();
    psync_result result = psync_integer_set(integer, value, &error);
    psync_integer_close(integer);
    phpsync_after_call();
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_LONG(value);
}

ZEND_METHOD(PhpSync_Space, getValue)
{
    int64_t value = 0;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    psync_integer *integer = open_integer(execute_data);
    if (integer == NULL) RETURN_THROWS();
    psync_result result = psync_integer_get(integer, &value, &error);
    psync_integer_close(integer);
    phpsync_after_call();
    if (result == PSYNC_OK) RETURN_LONG(value);
    if (result < 0) {
        phpsync_throw(&error);
    } else {
        phpsync_throw_absent(Z_STR_P(PHPSYNC_ARGUMENT(1)));
    }
}

ZEND_METHOD(PhpSync_Space, increment)
{
    zend_long by;
    int64_t value = 0;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &by)) RETURN_THROWS();
    psync_integer *integer = open_integer(execute_data);
    if (integer == NULL) RETURN_THROWS();
    psync_result result = psync_integer_add(integer, by, &value, &error);
    psync_integer_close(integer);
    phpsync_after_call();
    if (result == PSYNC_OK) RETURN_LONG(value);
    phpsync_throw(&error);
}

typedef psync_result ask_integer(psync_integer *integer, psync_error *error);

static void ask_about(INTERNAL_FUNCTION_PARAMETERS, ask_integer *call)
{
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    psync_integer *integer = open_integer(execute_data);
    if (integer == NULL) RETURN_THROWS();
    psync_result result = call(integer, &error);
    psync_integer_close(integer);
    phpsync_after_call();
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_BOOL(result == PSYNC_OK);
}

ZEND_METHOD(PhpSync_Space, hasValue)
{
    ask_about(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_integer_exists);
}

ZEND_METHOD(PhpSync_Space, delete)
{
    ask_about(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_integer_remove);
    ZVAL_NULL(return_value);
}

/* ------------------------------------------------------------------------ */

void phpsync_register_space(void)
{
    phpsync_ce_space = phpsync_register_class("PhpSync\\Space", class_PhpSync_Space_methods, NULL);
    phpsync_ce_space->ce_flags |= ZEND_ACC_FINAL;
    phpsync_ce_space->create_object = create;
    zend_class_implements(phpsync_ce_space, 2, phpsync_ce_lock_driver, phpsync_ce_integer_driver);
    phpsync_not_serializable(phpsync_ce_space);
    phpsync_strict_properties(phpsync_ce_space);
    phpsync_sensitive_parameter(phpsync_ce_space, ZEND_STRL("open"), 0);

    handlers = std_object_handlers;
    handlers.offset = (int)offsetof(phpsync_space, std);
    handlers.free_obj = free_object;
    handlers.clone_obj = NULL;
    phpsync_not_comparable(&handlers);
    phpsync_strict_handlers(&handlers);
    handlers.get_debug_info = get_debug_info;
}
