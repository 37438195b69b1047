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

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, setValue)
{
    phpsync_file_handle *handle;
    zend_long value;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_int_argument(PHPSYNC_ARGUMENT(2), 2, true, &value) ||
        phpsync_file_find(execute_data, phpsync_file_integer, PHPSYNC_CHANGE, &handle) != PHPSYNC_FOUND_HANDLE) {
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
        phpsync_file_find(execute_data, phpsync_file_integer, PHPSYNC_CHANGE, &handle) != PHPSYNC_FOUND_HANDLE) {
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
    phpsync_found found = phpsync_file_find(execute_data, phpsync_file_integer, PHPSYNC_LOOK, &handle);
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

static psync_result exists(phpsync_file_handle *handle, psync_error *error)
{
    return psync_integer_exists(handle->integer, error);
}

static psync_result delete (phpsync_file_handle *handle, psync_error *error)
{
    return psync_integer_remove(handle->integer, error);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, hasValue)
{
    phpsync_file_ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, phpsync_file_integer, exists);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemIntegerSyncDriver, delete)
{
    phpsync_file_ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, phpsync_file_integer, delete);
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
