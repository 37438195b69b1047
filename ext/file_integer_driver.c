/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_integer_driver.c - PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver.
 *
 * As file_lock_driver.c, for Integers.
 */
#include "files.h"
#include "file_integer_driver_arginfo.h"

zend_class_entry *phpsync_ce_file_integer_driver;

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, __construct)
{
    phpsync_construct_driver(INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

/* Finds the Integer named by argument 1. Release the handle afterwards. */
static phpsync_found find(zend_execute_data *execute_data, phpsync_access access, phpsync_file_handle **handle)
{
    zend_string *key;
    *handle = NULL;
    if (!phpsync_string_argument(ZEND_CALL_ARG(execute_data, 1), 1, true, &key)) return PHPSYNC_FOUND_ERROR;
    return phpsync_file_integer(Z_OBJ_P(ZEND_THIS), key, access, PHPSYNC_PASS, handle);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, setValue)
{
    phpsync_file_handle *handle;
    zend_long value;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &value) ||
        find(execute_data, PHPSYNC_CHANGE, &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    psync_result result = psync_integer_set(handle->integer, value, &error);
    phpsync_file_handle_release(handle);
    if (result == PSYNC_OK) RETURN_LONG(value);
    phpsync_throw(&error);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, increment)
{
    phpsync_file_handle *handle;
    zend_long by;
    int64_t value = 0;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &by) ||
        find(execute_data, PHPSYNC_CHANGE, &handle) != PHPSYNC_FOUND_HANDLE) {
        RETURN_THROWS();
    }
    psync_result result = psync_integer_add(handle->integer, by, &value, &error);
    phpsync_file_handle_release(handle);
    if (result == PSYNC_OK) RETURN_LONG(value);
    phpsync_throw(&error);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, getValue)
{
    phpsync_file_handle *handle;
    int64_t value = 0;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    phpsync_found found = find(execute_data, PHPSYNC_LOOK, &handle);
    if (found == PHPSYNC_FOUND_ERROR) RETURN_THROWS();
    psync_result result = PSYNC_NO;
    if (found == PHPSYNC_FOUND_HANDLE) result = psync_integer_get(handle->integer, &value, &error);
    phpsync_file_handle_release(handle);
    if (result == PSYNC_OK) RETURN_LONG(value);
    if (result < 0) {
        phpsync_throw(&error);
    } else {
        phpsync_throw_absent(Z_STR_P(PHPSYNC_ARGUMENT(1)));
    }
}

typedef psync_result ask_integer(psync_integer *integer, psync_error *error);

static void ask(INTERNAL_FUNCTION_PARAMETERS, ask_integer *call)
{
    phpsync_file_handle *handle;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    switch (find(execute_data, PHPSYNC_LOOK, &handle)) {
    case PHPSYNC_FOUND_HANDLE:
        break;
    case PHPSYNC_FOUND_NOTHING:
        RETURN_FALSE;
    default:
        RETURN_THROWS();
    }
    psync_result result = call(handle->integer, &error);
    phpsync_file_handle_release(handle);
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_BOOL(result == PSYNC_OK);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, hasValue)
{
    ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_integer_exists);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, delete)
{
    ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, psync_integer_remove);
    ZVAL_NULL(return_value);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, openFile)
{
    zend_string *name, *mode;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, false, &name) ||
        !phpsync_string_argument(PHPSYNC_ARGUMENT(2), 2, false, &mode) ||
        !phpsync_path_check(name, "the file name")) {
        RETURN_THROWS();
    }
    zend_string *path = phpsync_path_absolute(name);
    if (path == NULL) RETURN_THROWS();
    if (phpsync_path_allowed(path)) {
        php_stream *stream = php_stream_open_wrapper(ZSTR_VAL(path), ZSTR_VAL(mode), 0, NULL);
        if (stream != NULL) {
            php_stream_to_zval(stream, return_value);
        } else if (!EG(exception)) {
            phpsync_throw_sync("cannot open %.900s in the mode \"%.20s\": %s", ZSTR_VAL(path), ZSTR_VAL(mode),
                               strerror(errno));
        }
    }
    zend_string_release(path);
}

void phpsync_register_file_integer_driver(void)
{
    phpsync_ce_file_integer_driver =
        phpsync_register_class("PhpSync\\Drivers\\FileSystem\\FileSystemIntegerSyncDriver",
                               class_PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver_methods, NULL);
    zend_class_implements(phpsync_ce_file_integer_driver, 1, phpsync_ce_integer_driver);
    zend_declare_class_constant_string(phpsync_ce_file_integer_driver, ZEND_STRL("CATEGORY"), "integers");
    phpsync_declare_manager(phpsync_ce_file_integer_driver);
}
