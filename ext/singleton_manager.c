/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * singleton_manager.c - PhpSync\Generic\SingletonManager.
 *
 * It keeps everything in its protected property $instances, an array of class
 * name => key => object, which subclasses may read and write.
 */
#include "php_phpsync.h"
#include "singleton_manager_arginfo.h"

/* $instances as a place in memory. The class declares it first, so it is slot 0 in every subclass. */
static zval *instances_of(zend_object *manager)
{
    zval *instances = OBJ_PROP_NUM(manager, 0);
    ZVAL_DEREF(instances);
    return instances;
}

/* The objects of one class; NULL if there are none. */
static zval *objects_of(zend_object *manager, zend_string *class_name)
{
    zval *instances = instances_of(manager);
    if (Z_TYPE_P(instances) != IS_ARRAY) return NULL;
    zval *objects = zend_symtable_find(Z_ARRVAL_P(instances), class_name);
    if (objects == NULL) return NULL;
    ZVAL_DEREF(objects);
    return Z_TYPE_P(objects) == IS_ARRAY ? objects : NULL;
}

/* The object kept for a pair; NULL if there is none. */
static zval *find(zend_object *manager, zend_string *key, zend_string *class_name)
{
    zval *objects = objects_of(manager, class_name);
    zval *object = objects == NULL ? NULL : zend_symtable_find(Z_ARRVAL_P(objects), key);
    if (object == NULL) return NULL;
    ZVAL_DEREF(object);
    return Z_TYPE_P(object) == IS_NULL ? NULL : object;
}

static bool pair_arguments(zend_execute_data *execute_data, zend_string **key, zend_string **class_name)
{
    return phpsync_string_argument(ZEND_CALL_ARG(execute_data, 1), 1, true, key) &&
           phpsync_string_argument(ZEND_CALL_ARG(execute_data, 2), 2, true, class_name);
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, get)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    zval *object = find(Z_OBJ_P(ZEND_THIS), key, class_name);
    if (object != NULL) RETURN_COPY(object);
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, has)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    RETURN_BOOL(find(Z_OBJ_P(ZEND_THIS), key, class_name) != NULL);
}

/* An array at place that is this holder's alone; what else stood there goes. */
static HashTable *writable_array(zval *place)
{
    if (Z_TYPE_P(place) != IS_ARRAY) {
        zval old;
        ZVAL_COPY_VALUE(&old, place);
        array_init(place);
        zval_ptr_dtor(&old);
    }
    SEPARATE_ARRAY(place);
    return Z_ARRVAL_P(place);
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, set)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(3, 3);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    zval *instance = ZEND_CALL_ARG(execute_data, 3);
    ZVAL_DEREF(instance);

    HashTable *classes = writable_array(instances_of(Z_OBJ_P(ZEND_THIS)));
    zval *objects = zend_symtable_find(classes, class_name);
    if (objects == NULL) {
        zval empty;
        array_init(&empty);
        objects = zend_symtable_update(classes, class_name, &empty);
    }
    ZVAL_DEREF(objects);
    HashTable *kept = writable_array(objects);
    zval *place = zend_symtable_find(kept, key);
    zval old;
    Z_TRY_ADDREF_P(instance);
    if (place == NULL) {
        zend_symtable_update(kept, key, instance);
        return;
    }
    ZVAL_DEREF(place);
    ZVAL_COPY_VALUE(&old, place);
    ZVAL_COPY_VALUE(place, instance);
    zval_ptr_dtor(&old); /* last: its destructor may change the table */
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, remove)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    if (find(Z_OBJ_P(ZEND_THIS), key, class_name) == NULL) return;
    HashTable *classes = writable_array(instances_of(Z_OBJ_P(ZEND_THIS)));
    zval *objects = zend_symtable_find(classes, class_name);
    ZVAL_DEREF(objects);
    zend_symtable_del(writable_array(objects), key);
}

void phpsync_register_singleton_manager(void)
{
    zend_class_entry *ce = phpsync_register_class("PhpSync\\Generic\\SingletonManager",
                                                  class_PhpSync_Generic_SingletonManager_methods, NULL);
    zend_class_implements(ce, 1, phpsync_ce_manager_interface);
    phpsync_declare_empty_array(ce, "instances", ZEND_ACC_PROTECTED);
}
