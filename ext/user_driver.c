/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * user_driver.c - drivers written in PHP.
 *
 * Lock and Integer look a driver's methods up once, when they are made, and
 * call them from then on. Here stands what becomes of an exception, and of a
 * result that is not what the interface promises.
 */
#include "php_phpsync.h"

zend_function *phpsync_driver_method(zend_class_entry *ce, const char *name, size_t length)
{
    return zend_hash_str_find_ptr(&ce->function_table, name, length);
}

void phpsync_handle_thrown(phpsync_on_throw on_throw)
{
    if (EG(exception) == NULL || on_throw == PHPSYNC_PASS) return;
    bool absent = instanceof_function(EG(exception)->ce, phpsync_ce_integer_absent);
    if (on_throw == PHPSYNC_WRAP || !absent) phpsync_wrap_exception();
}

bool phpsync_driver_call(zend_object *driver, zend_function *method, zend_string *key, const zend_long *number,
                         phpsync_on_throw on_throw, zval *result)
{
    zval arguments[2];
    ZVAL_STR(&arguments[0], key);
    if (number != NULL) ZVAL_LONG(&arguments[1], *number);
    if (EXPECTED(phpsync_call(method, driver, driver->ce, result, number == NULL ? 1 : 2, arguments))) return true;

    phpsync_handle_thrown(on_throw);
    return false;
}

static void throw_wrong_result(zend_object *driver, zend_function *method, const char *expected, const zval *result)
{
    phpsync_throw_sync("the driver's %s::%s() must return %s, it returned %s", ZSTR_VAL(driver->ce->name),
                       ZSTR_VAL(method->common.function_name), expected, phpsync_type_name(result));
}

bool phpsync_driver_call_int(zend_object *driver, zend_function *method, zend_string *key, const zend_long *number,
                             phpsync_on_throw on_throw, zend_long *result)
{
    zval returned;
    if (!phpsync_driver_call(driver, method, key, number, on_throw, &returned)) return false;
    bool right = Z_TYPE(returned) == IS_LONG;
    if (EXPECTED(right)) {
        *result = Z_LVAL(returned);
    } else {
        throw_wrong_result(driver, method, "int", &returned);
    }
    zval_ptr_dtor(&returned);
    return right;
}

bool phpsync_driver_call_bool(zend_object *driver, zend_function *method, zend_string *key,
                              phpsync_on_throw on_throw, bool *result)
{
    zval returned;
    if (!phpsync_driver_call(driver, method, key, NULL, on_throw, &returned)) return false;
    bool right = Z_TYPE(returned) == IS_TRUE || Z_TYPE(returned) == IS_FALSE;
    if (EXPECTED(right)) {
        *result = Z_TYPE(returned) == IS_TRUE;
    } else {
        throw_wrong_result(driver, method, "bool", &returned);
    }
    zval_ptr_dtor(&returned);
    return right;
}

ZEND_COLD void phpsync_throw_lacks(zend_object *driver, const char *feature)
{
    phpsync_throw_sync("the driver %s, written in PHP, lacks %s; use a PhpSync\\Space for it",
                       ZSTR_VAL(driver->ce->name), feature);
}
