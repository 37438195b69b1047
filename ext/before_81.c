/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * before_81.c - readonly properties, and classes that cannot be serialized,
 * for PHP 7.4 and 8.0, whose language knows neither.
 *
 * Readonly is made of the object's handlers. Scripts can only see copies: a
 * read gives a copy, and so is the table that foreach, array_walk, casts and
 * var_dump are given, which is filled anew each time. What they do to a copy,
 * through references too, does not reach the object.
 */
#include "php_phpsync.h"

#if PHPSYNC_BEFORE_81

static bool is_declared(const zend_object *object, zend_string *name)
{
    return zend_hash_exists(&object->ce->properties_info, name);
}

static void throw_unchangeable(const zend_object *object, zend_string *name)
{
    zend_throw_error(NULL, "Cannot %s property %s::$%s",
                     is_declared(object, name) ? "modify readonly" : "create dynamic", ZSTR_VAL(object->ce->name),
                     ZSTR_VAL(name));
}

static zval *write_property(phpsync_subject *subject, phpsync_member *member, zval *value, void **cache)
{
    (void)cache;
    throw_unchangeable(PHPSYNC_SUBJECT_OBJECT(subject), PHPSYNC_MEMBER(member));
    return value;
}

static void unset_property(phpsync_subject *subject, phpsync_member *member, void **cache)
{
    zend_object *object = PHPSYNC_SUBJECT_OBJECT(subject);
    zend_string *name = PHPSYNC_MEMBER(member);
    (void)cache;
    if (!is_declared(object, name)) return;
    zend_throw_error(NULL, "Cannot unset readonly property %s::$%s", ZSTR_VAL(object->ce->name), ZSTR_VAL(name));
}

/* NULL: read_property and write_property are used instead. */
static zval *no_pointer(phpsync_subject *subject, phpsync_member *member, int type, void **cache)
{
    (void)subject, (void)member, (void)type, (void)cache;
    return NULL;
}

/* Always a copy, which the engine frees (++ does so to whatever it is given); to write through it is an Error,
 * unless it is an object. */
static zval *read_property(phpsync_subject *subject, phpsync_member *member, int type, void **cache, zval *copy)
{
    zval *value = zend_std_read_property(subject, member, BP_VAR_R, cache, copy);
    if (type != BP_VAR_R && type != BP_VAR_IS && Z_TYPE_P(value) != IS_OBJECT) {
        throw_unchangeable(PHPSYNC_SUBJECT_OBJECT(subject), PHPSYNC_MEMBER(member));
        return &EG(uninitialized_zval);
    }
    if (value != copy) ZVAL_COPY(copy, value);
    return copy;
}

/* The object's own table, which nobody else may be holding. */
static HashTable *table_of(zend_object *object)
{
    if (object->properties == NULL) {
        object->properties = zend_new_array((uint32_t)object->ce->default_properties_count);
    } else if (GC_REFCOUNT(object->properties) > 1) {
        GC_DELREF(object->properties);
        object->properties = zend_array_dup(object->properties);
    }
    return object->properties;
}

static HashTable *get_properties(phpsync_subject *subject)
{
    zend_object *object = PHPSYNC_SUBJECT_OBJECT(subject);
    HashTable *table = table_of(object);
    for (int i = 0; i < object->ce->default_properties_count; i++) {
        zend_string *name = object->ce->properties_info_table[i]->name;
        zval *entry = zend_hash_find(table, name), value, old;
        ZVAL_COPY(&value, OBJ_PROP_NUM(object, i));
        if (entry == NULL) {
            zend_hash_add_new(table, name, &value);
            continue;
        }
        ZVAL_COPY_VALUE(&old, entry);
        ZVAL_COPY_VALUE(entry, &value);
        zval_ptr_dtor(&old); /* last: it may run a destructor */
    }
    return table;
}

/* The collector must not make a table: that would count references while it counts them. */
static HashTable *get_gc(phpsync_subject *subject, zval **table, int *count)
{
    zend_object *object = PHPSYNC_SUBJECT_OBJECT(subject);
    *table = object->properties_table;
    *count = object->ce->default_properties_count;
    return object->properties;
}

void phpsync_refuse_changes(zend_object_handlers *handlers)
{
    handlers->read_property = read_property;
    handlers->write_property = write_property;
    handlers->unset_property = unset_property;
    handlers->get_property_ptr_ptr = no_pointer;
    handlers->get_properties = get_properties;
    handlers->get_gc = get_gc;
}

/* ------------------------------------------------------------------------ */

/* unserialize() of "O:..." looks for this method; without it, it would warn and return false. */
static ZEND_NAMED_FUNCTION(refuse_unserialize)
{
    (void)return_value;
    zend_throw_exception_ex(NULL, 0, "Unserialization of '%s' is not allowed",
                            ZSTR_VAL(Z_OBJCE_P(ZEND_THIS)->name));
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_unserialize, 0, 0, 1)
ZEND_ARG_TYPE_INFO(0, data, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

static const zend_function_entry refusing_methods[] = {
    ZEND_RAW_FENTRY("__unserialize", refuse_unserialize, arginfo_unserialize, ZEND_ACC_PUBLIC) ZEND_FE_END};

void phpsync_refuse_serialization(zend_class_entry *ce)
{
    ce->serialize = zend_class_serialize_deny;
    ce->unserialize = zend_class_unserialize_deny;
    zend_function *constructor = ce->constructor;
    zend_register_functions(ce, refusing_methods, &ce->function_table, MODULE_PERSISTENT);
    ce->constructor = constructor; /* none was among the methods just now, so the engine has cleared it */
}

#endif
