/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * with_file_manager.c - the trait WithFileManagerTrait, and the same for the
 * file drivers, whose methods are aliases of the trait's.
 *
 * A class written in PHP that uses the trait gets copies of its methods, with
 * itself as their scope: the property is found by name from there. The file
 * drivers declare it first, so it is their objects' first slot.
 */
#include "files.h"
#include "with_file_manager_arginfo.h"

enum { SLOT_MANAGER };

static ZEND_COLD void throw_no_manager(zend_object *driver)
{
    zend_throw_error(NULL, "This %s object has no FileManager; give it one by setManager()",
                     ZSTR_VAL(driver->ce->name));
}

static zval *read_manager(zend_class_entry *scope, zend_object *object, zval *buffer)
{
    PHPSYNC_WITH_SUBJECT(object, subject);
    zval *manager = zend_read_property(scope, subject, ZEND_STRL("manager"), 1, buffer);
    ZVAL_DEREF(manager);
    return manager;
}

static void update_manager(zend_class_entry *scope, zend_object *object, zend_object *manager)
{
    zval value;
    ZVAL_OBJ(&value, manager);
    PHPSYNC_WITH_SUBJECT(object, subject);
    zend_update_property(scope, subject, ZEND_STRL("manager"), &value);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_WithFileManagerTrait, getManager)
{
    zval buffer;
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    ZVAL_UNDEF(&buffer);
    zval *manager = read_manager(execute_data->func->common.scope, Z_OBJ_P(ZEND_THIS), &buffer);
    if (Z_TYPE_P(manager) == IS_OBJECT &&
        instanceof_function(Z_OBJCE_P(manager), phpsync_ce_file_manager_interface)) {
        ZVAL_COPY(return_value, manager);
    } else if (!EG(exception)) {
        throw_no_manager(Z_OBJ_P(ZEND_THIS));
    }
    zval_ptr_dtor(&buffer);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_WithFileManagerTrait, setManager)
{
    zend_object *manager;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_object_argument(PHPSYNC_ARGUMENT(1), 1, phpsync_ce_file_manager_interface, false, &manager)) {
        RETURN_THROWS();
    }
    update_manager(execute_data->func->common.scope, Z_OBJ_P(ZEND_THIS), manager);
    if (EG(exception)) RETURN_THROWS();
    RETURN_COPY(ZEND_THIS);
}

/* ------------------------------------------------------------------------ */
/* The file drivers                                                         */

void phpsync_declare_manager(zend_class_entry *ce)
{
    zend_declare_property_null(ce, ZEND_STRL("manager"), ZEND_ACC_PROTECTED);
}

void phpsync_construct_driver(INTERNAL_FUNCTION_PARAMETERS)
{
    zend_object *manager, *driver = Z_OBJ_P(ZEND_THIS);
    zval argument, ignored;
    (void)return_value;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_object_argument(PHPSYNC_ARGUMENT(1), 1, phpsync_ce_file_manager_interface, false, &manager)) {
        RETURN_THROWS();
    }
    zend_function *replaced = phpsync_replaced(driver, execute_data->func->common.scope, ZEND_STRL("setmanager"));
    if (replaced == NULL) {
        update_manager(execute_data->func->common.scope, driver, manager);
        return;
    }
    ZVAL_OBJ(&argument, manager);
    if (phpsync_call(replaced, driver, driver->ce, &ignored, 1, &argument)) zval_ptr_dtor(&ignored);
}

zend_object *phpsync_manager_of(zend_object *driver, zend_class_entry *ours)
{
    zval told;
    zend_function *replaced = phpsync_replaced(driver, ours, ZEND_STRL("getmanager"));
    if (replaced != NULL) {
        return phpsync_call(replaced, driver, driver->ce, &told, 0, NULL) ? Z_OBJ(told)
                                                                          : NULL; /* its return type */
    }
    zval *manager = OBJ_PROP_NUM(driver, SLOT_MANAGER);
    ZVAL_DEREF(manager);
    if (Z_TYPE_P(manager) != IS_OBJECT ||
        !instanceof_function(Z_OBJCE_P(manager), phpsync_ce_file_manager_interface)) {
        throw_no_manager(driver);
        return NULL;
    }
    GC_ADDREF(Z_OBJ_P(manager));
    return Z_OBJ_P(manager);
}

#if PHPSYNC_HAS_OPTIMIZER_PASSES
static int pass; /* as the engine numbers it, from 1; -1: it has no room for more */

/*
 * opcache's preloading takes what is marked as a trait's method for one that is
 * written in PHP, and looks for the original, which crashes PHP for a method of
 * ours. Of a class that was linked by then, the mark tells nothing any more.
 */
static void unmark_methods(zend_script *script, void *context)
{
    zend_class_entry *ce;
    zend_function *method;
    (void)context;
    ZEND_HASH_FOREACH_PTR(&script->class_table, ce)
    {
        ZEND_HASH_FOREACH_PTR(&ce->function_table, method)
        {
            bool marked =
                method->type == ZEND_INTERNAL_FUNCTION && (method->common.fn_flags & ZEND_ACC_TRAIT_CLONE);
            if (marked && method->common.scope == ce) method->common.fn_flags &= ~(uint32_t)ZEND_ACC_TRAIT_CLONE;
        }
        ZEND_HASH_FOREACH_END();
    }
    ZEND_HASH_FOREACH_END();
}
#endif

void phpsync_forget_with_file_manager(void)
{
#if PHPSYNC_HAS_OPTIMIZER_PASSES
    if (pass > 0) zend_optimizer_unregister_pass(pass);
#endif
}

/*
 * Where a class uses a trait, the engine reads its methods as if they were
 * written in PHP, and those are larger in memory. So ours get as much room.
 */
static void give_room(zend_class_entry *trait)
{
    zval *entry;
    ZEND_HASH_FOREACH_VAL(&trait->function_table, entry)
    {
        zend_function *larger = pecalloc(1, sizeof *larger, 1);
        memcpy(larger, Z_PTR_P(entry), sizeof(zend_internal_function));
        pefree(Z_PTR_P(entry), 1);
        Z_PTR_P(entry) = larger;
    }
    ZEND_HASH_FOREACH_END();
}

void phpsync_register_with_file_manager(void)
{
    zend_class_entry *ce =
        phpsync_register_class("PhpSync\\Drivers\\FileSystem\\WithFileManagerTrait",
                               class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_methods, NULL);
    ce->ce_flags |= ZEND_ACC_TRAIT;
    phpsync_declare_manager(ce);
    give_room(ce);
#if PHPSYNC_HAS_OPTIMIZER_PASSES
    pass = zend_optimizer_register_pass(unmark_methods);
#endif
}
