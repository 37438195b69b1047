/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * contracts.c - the interfaces, and how a class is registered.
 */
#include "php_phpsync.h"
#include "contracts_arginfo.h"

zend_class_entry *phpsync_ce_lock_interface;
zend_class_entry *phpsync_ce_integer_interface;
zend_class_entry *phpsync_ce_lock_driver;
zend_class_entry *phpsync_ce_integer_driver;
zend_class_entry *phpsync_ce_manager_interface;

static void init_entry(zend_class_entry *entry, const char *name, const zend_function_entry *methods)
{
    INIT_CLASS_ENTRY_EX((*entry), name, strlen(name), methods);
}

zend_class_entry *phpsync_register_class(const char *name, const zend_function_entry *methods,
                                         zend_class_entry *parent)
{
    zend_class_entry entry;
    init_entry(&entry, name, methods);
    zend_class_entry *ce = zend_register_internal_class_ex(&entry, parent);
    phpsync_own_conversions(ce);
    return ce;
}

zend_class_entry *phpsync_register_interface(const char *name, const zend_function_entry *methods)
{
    zend_class_entry entry;
    init_entry(&entry, name, methods);
    return zend_register_internal_interface(&entry);
}

void phpsync_register_contracts(void)
{
    phpsync_ce_lock_interface =
        phpsync_register_interface("PhpSync\\Core\\LockInterface", class_PhpSync_Core_LockInterface_methods);
    phpsync_ce_integer_interface =
        phpsync_register_interface("PhpSync\\Core\\IntegerInterface", class_PhpSync_Core_IntegerInterface_methods);
    phpsync_ce_lock_driver = phpsync_register_interface("PhpSync\\Generic\\LockSyncDriverInterface",
                                                        class_PhpSync_Generic_LockSyncDriverInterface_methods);
    phpsync_ce_integer_driver = phpsync_register_interface(
        "PhpSync\\Generic\\IntegerSyncDriverInterface", class_PhpSync_Generic_IntegerSyncDriverInterface_methods);
    phpsync_ce_manager_interface = phpsync_register_interface(
        "PhpSync\\Generic\\SingletonManagerInterface", class_PhpSync_Generic_SingletonManagerInterface_methods);
}
