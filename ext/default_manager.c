/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * default_manager.c - which object stands for a key.
 *
 * The default manager is one table a request. An entry of a Space is named by
 * the open space (so that two spaces never share an object), one of any other
 * driver by kind and key alone. A manager that the caller passes, native or
 * written in PHP, is asked through its interface.
 */
#include "php_phpsync.h"

static zend_string *entry_name(char kind, const phpsync_open_space *open, const zend_string *key)
{
    uint64_t id = open == NULL ? 0 : open->id;
    zend_string *name = zend_string_alloc(1 + sizeof id + ZSTR_LEN(key), 0);
    char *at = ZSTR_VAL(name);
    *at++ = kind;
    memcpy(at, &id, sizeof id);
    memcpy(at + sizeof id, ZSTR_VAL(key), ZSTR_LEN(key) + 1);
    return name;
}

zend_object *phpsync_default_get(char kind, const phpsync_open_space *open, const zend_string *key)
{
    if (!PHPSYNC_G(objects_ready)) return NULL;
    zend_string *name = entry_name(kind, open, key);
    zval *entry = zend_hash_find(&PHPSYNC_G(objects), name);
    zend_string_release(name);
    return entry == NULL ? NULL : Z_OBJ_P(entry);
}

void phpsync_default_set(char kind, const phpsync_open_space *open, const zend_string *key, zend_object *object)
{
    if (!PHPSYNC_G(objects_ready)) {
        zend_hash_init(&PHPSYNC_G(objects), 8, NULL, ZVAL_PTR_DTOR, 0);
        PHPSYNC_G(objects_ready) = true;
    }
    zend_string *name = entry_name(kind, open, key);
    zval entry;
    GC_ADDREF(object);
    ZVAL_OBJ(&entry, object);
    zend_hash_update(&PHPSYNC_G(objects), name, &entry);
    zend_string_release(name);
}

/* Destructors of drivers run here, and may ask for objects: those get a table of their own, cleared in turn. */
void phpsync_default_clear(void)
{
    while (PHPSYNC_G(objects_ready)) {
        HashTable cleared = PHPSYNC_G(objects);
        PHPSYNC_G(objects_ready) = false;
        zend_hash_destroy(&cleared);
    }
}

void phpsync_default_forget(void)
{
    if (!PHPSYNC_G(objects_ready)) return;
    PHPSYNC_G(objects_ready) = false;
    PHPSYNC_G(objects).pDestructor = NULL;
    zend_hash_destroy(&PHPSYNC_G(objects));
}

/* ------------------------------------------------------------------------ */

static bool call_manager(zend_object *manager, const char *method, zend_string *key, zend_class_entry *ce,
                         zend_object *instance, zval *result)
{
    zend_function *function = zend_hash_str_find_ptr(&manager->ce->function_table, method, strlen(method));
    zval arguments[3];
    ZVAL_STR(&arguments[0], key);
    ZVAL_STR(&arguments[1], ce->name);
    if (instance != NULL) ZVAL_OBJ(&arguments[2], instance);
    return phpsync_call(function, manager, manager->ce, result, instance == NULL ? 2 : 3, arguments);
}

bool phpsync_manager_find(zend_object *manager, zend_string *key, zend_class_entry *ce, bool *found, zval *result)
{
    zval has;
    if (!call_manager(manager, "has", key, ce, NULL, &has)) return false;
    *found = zend_is_true(&has);
    zval_ptr_dtor(&has);
    return !*found || call_manager(manager, "get", key, ce, NULL, result);
}

bool phpsync_manager_set(zend_object *manager, zend_string *key, zend_class_entry *ce, zend_object *object)
{
    zval ignored;
    if (!call_manager(manager, "set", key, ce, object, &ignored)) return false;
    zval_ptr_dtor(&ignored);
    return true;
}
