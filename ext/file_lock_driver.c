/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_lock_driver.c - PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver.
 *
 * These methods are for code that calls the driver itself, and for classes
 * that extend it: a Lock has the library's handle of its own (file_places.c).
 * What a FileManager throws leaves them as it is.
 */
#include "files.h"
#include "file_lock_driver_arginfo.h"

zend_class_entry *phpsync_ce_file_lock_driver;

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver, __construct)
{
    phpsync_construct_driver(INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

typedef psync_result block_on(psync_lock *lock, const psync_wait *wait, psync_error *error);

static psync_result acquire(psync_lock *lock, const psync_wait *wait, psync_error *error)
{
    return psync_lock_acquire(lock, wait, NULL, error);
}

static void block(INTERNAL_FUNCTION_PARAMETERS, phpsync_access access, block_on *call)
{
    phpsync_file_handle *handle;
    psync_error error;
    (void)return_value;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (phpsync_file_find(execute_data, phpsync_file_lock, access, &handle) != PHPSYNC_FOUND_HANDLE)
        return; /* there is none, or thrown */
    const psync_wait wait = phpsync_wait(INFINITY);
    psync_result result = call(handle->lock, &wait, &error);
    phpsync_file_handle_release(handle);
    phpsync_after_call();
    if (result < 0) phpsync_throw(&error);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver, lock)
{
    block(INTERNAL_FUNCTION_PARAM_PASSTHRU, PHPSYNC_CHANGE, acquire);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver, wait)
{
    block(INTERNAL_FUNCTION_PARAM_PASSTHRU, PHPSYNC_LOOK, psync_lock_wait);
}

static psync_result release(phpsync_file_handle *handle, psync_error *error)
{
    return psync_lock_release(handle->lock, error);
}

static psync_result exists(phpsync_file_handle *handle, psync_error *error)
{
    return psync_lock_exists(handle->lock, error);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver, unlock)
{
    phpsync_file_ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, phpsync_file_lock, release);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver, exists)
{
    phpsync_file_ask(INTERNAL_FUNCTION_PARAM_PASSTHRU, phpsync_file_lock, exists);
}

void phpsync_register_file_lock_driver(void)
{
    phpsync_ce_file_lock_driver =
        phpsync_register_class("PhpSync\\Drivers\\FileSystem\\FileSystemLockSyncDriver",
                               class_PhpSync_Drivers_FileSystem_FileSystemLockSyncDriver_methods, NULL);
    zend_class_implements(phpsync_ce_file_lock_driver, 1, phpsync_ce_lock_driver);
    zend_declare_class_constant_string(phpsync_ce_file_lock_driver, ZEND_STRL("CATEGORY"), "locks");
    phpsync_declare_manager(phpsync_ce_file_lock_driver);
}
