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

/* An array at place that is this holder's alone; what else stood there goes to *old. */
static HashTable *writable_array(zval *place, zval *old)
{
    ZVAL_UNDEF(old);
    if (Z_TYPE_P(place) != IS_ARRAY) {
        ZVAL_COPY_VALUE(old, place);
        array_init(place);
    }
    SEPARATE_ARRAY(place);
    return Z_ARRVAL_P(place);
}

/* The place of key, or of a class, in a table; null if it was not there. */
static zval *place_in(HashTable *table, zend_string *name)
{
    zval *place = zend_symtable_find(table, name);
    if (place == NULL) {
        zval nothing;
        ZVAL_NULL(&nothing);
        place = zend_symtable_update(table, name, &nothing);
    }
    ZVAL_DEREF(place);
    return place;
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, set)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(3, 3);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    zval *instance = ZEND_CALL_ARG(execute_data, 3);
    ZVAL_DEREF(instance);

    zval replaced[3];
    HashTable *classes = writable_array(instances_of(Z_OBJ_P(ZEND_THIS)), &replaced[0]);
    HashTable *objects = writable_array(place_in(classes, class_name), &replaced[1]);
    zval *place = place_in(objects, key);
    ZVAL_COPY_VALUE(&replaced[2], place);
    ZVAL_COPY(place, instance);
    /* Last: a destructor may change, or free, all of these tables. */
    for (size_t i = 0; i < 3; i++) zval_ptr_dtor(&replaced[i]);
}

ZEND_METHOD(PhpSync_Generic_SingletonManager, remove)
{
    zend_string *key, *class_name;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!pair_arguments(execute_data, &key, &class_name)) RETURN_THROWS();
    if (find(Z_OBJ_P(ZEND_THIS), key, class_name) == NULL) return;
    zval none; /* both are arrays, or it would not have been found */
    HashTable *classes = writable_array(instances_of(Z_OBJ_P(ZEND_THIS)), &none);
    zend_symtable_del(writable_array(place_in(classes, class_name), &none), key);
}

void phpsync_register_singleton_manager(void)
{
    zend_class_entry *ce = phpsync_register_class("PhpSync\\Generic\\SingletonManager",
                                                  class_PhpSync_Generic_SingletonManager_methods, NULL);
    zend_class_implements(ce, 1, phpsync_ce_manager_interface);
    phpsync_declare_empty_array(ce, "instances", ZEND_ACC_PROTECTED);
}
