/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compat.h - all that differs between PHP 7.4 and 8.5.
 *
 * Every test of PHP_VERSION_ID stands here; the rest of ext/ is written
 * against the newest names, and what an older PHP lacks is made up for below.
 */
#ifndef PHPSYNC_EXT_COMPAT_H
#define PHPSYNC_EXT_COMPAT_H

#include "php_api.h"

#if PHP_VERSION_ID < 70400
#error "phpsync needs PHP 7.4 or newer"
#endif

/* ---------------------------------------------------------------- PHP 7.4 */
#if PHP_VERSION_ID < 80000

/* Defaults of internal functions cannot be told to Reflection yet. */
#define ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(pass_by_ref, name, type, allow_null, value)                          \
    ZEND_ARG_TYPE_INFO(pass_by_ref, name, type, allow_null)
#define ZEND_ARG_OBJ_INFO_WITH_DEFAULT_VALUE(pass_by_ref, name, class_name, allow_null, value)                     \
    ZEND_ARG_OBJ_INFO(pass_by_ref, name, class_name, allow_null)
#define ZEND_ARG_INFO_WITH_DEFAULT_VALUE(pass_by_ref, name, value) ZEND_ARG_INFO(pass_by_ref, name)
#ifndef ZEND_ABSTRACT_ME_WITH_FLAGS
#define ZEND_ABSTRACT_ME_WITH_FLAGS(class_name, name, arg_info, flags) ZEND_RAW_FENTRY(#name, NULL, arg_info, flags)
#endif
/* A type code of 0 is "no type". */
#define IS_MIXED 0

#define RETURN_THROWS()                                                                                            \
    do {                                                                                                           \
        ZEND_ASSERT(EG(exception));                                                                                \
        return;                                                                                                    \
    } while (0)

typedef zval phpsync_subject; /* what object handlers and the property API are given */
#define PHPSYNC_SUBJECT_OBJECT(subject) Z_OBJ_P(subject)
#define PHPSYNC_WITH_SUBJECT(object, subject)                                                                      \
    zval phpsync_subject_zval_;                                                                                    \
    ZVAL_OBJ(&phpsync_subject_zval_, object);                                                                      \
    zval *subject = &phpsync_subject_zval_

#define RETURN_COPY(value) RETURN_ZVAL(value, 1, 0)

/* exit leaves by a bail-out, not by an exception. */
#define phpsync_is_unwind(exception) ((void)(exception), false)
#define phpsync_value_error_ce       spl_ce_InvalidArgumentException

#define phpsync_std_get_gc(subject, table, count)                                                                  \
    ((*(table) = NULL), (*(count) = 0), zend_std_get_properties(subject))

#else /* ---------------------------------------------------------- PHP 8.0 and newer */

typedef zend_object phpsync_subject;
#define PHPSYNC_SUBJECT_OBJECT(subject)       (subject)
#define PHPSYNC_WITH_SUBJECT(object, subject) zend_object *subject = (object)

#define phpsync_is_unwind(exception) (zend_is_unwind_exit(exception) || zend_is_graceful_exit(exception))
#define phpsync_value_error_ce       zend_ce_value_error
#define phpsync_std_get_gc           zend_std_get_gc

#endif

/* zend_is_graceful_exit came with fibers. */
#if PHP_VERSION_ID >= 80000 && PHP_VERSION_ID < 80100
#define zend_is_graceful_exit(exception) ((void)(exception), false)
#endif

/* ---------------------------------------------------------------- signals */
#if PHP_VERSION_ID >= 80200
#define PHPSYNC_INTERRUPTED()     zend_atomic_bool_load_ex(&EG(vm_interrupt))
#define PHPSYNC_CLEAR_INTERRUPT() zend_atomic_bool_store_ex(&EG(vm_interrupt), false)
#define PHPSYNC_TIMED_OUT()       zend_atomic_bool_load_ex(&EG(timed_out))
#else
#define PHPSYNC_INTERRUPTED()     (EG(vm_interrupt))
#define PHPSYNC_CLEAR_INTERRUPT() (EG(vm_interrupt) = 0)
#define PHPSYNC_TIMED_OUT()       (EG(timed_out))
#endif

#if PHP_VERSION_ID >= 80000
#define phpsync_raise_timeout() zend_timeout()
#else
#define phpsync_raise_timeout() zend_timeout(0)
#endif

/* ---------------------------------------------------------------- classes */
#if PHP_VERSION_ID < 80100
#define ZEND_ACC_READONLY 0
#endif

/* Makes serialize() and unserialize() of a class throw an Exception. */
static inline void phpsync_not_serializable(zend_class_entry *ce)
{
#if PHP_VERSION_ID >= 80100
    ce->ce_flags |= ZEND_ACC_NOT_SERIALIZABLE;
#else
    ce->serialize = zend_class_serialize_deny;
    ce->unserialize = zend_class_unserialize_deny;
#endif
}

/* Refuses properties that were not declared. */
static inline void phpsync_strict_properties(zend_class_entry *ce)
{
#if PHP_VERSION_ID >= 80000
    ce->ce_flags |= ZEND_ACC_NO_DYNAMIC_PROPERTIES;
#else
    (void)ce; /* the readonly handlers below refuse them */
#endif
}

/*
 * Declares a readonly property: of the built-in type code (IS_STRING and so
 * on), or of class_name if that is not NULL.
 */
static inline void phpsync_declare_readonly(zend_class_entry *ce, const char *name, uint32_t type_mask,
                                            const char *class_name)
{
    zval undefined;
    ZVAL_UNDEF(&undefined);
    zend_string *property = zend_string_init(name, strlen(name), 1);
#if PHP_VERSION_ID >= 80000
    if (class_name != NULL) {
        zend_string *class_string = zend_string_init(class_name, strlen(class_name), 1);
        zend_declare_typed_property(ce, property, &undefined, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL,
                                    (zend_type)ZEND_TYPE_INIT_CLASS(class_string, 0, type_mask));
    } else {
        zend_declare_typed_property(ce, property, &undefined, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL,
                                    (zend_type)ZEND_TYPE_INIT_MASK(type_mask));
    }
#else
    /* Untyped, null until it is filled in; internal classes with typed properties are not safe to extend here. */
    (void)type_mask;
    (void)class_name;
    ZVAL_NULL(&undefined);
    zend_declare_property_ex(ce, property, &undefined, ZEND_ACC_PUBLIC, NULL);
#endif
    zend_string_release(property);
}

/*
 * Declares an untyped property whose default is an empty array; a class may
 * have no such default before 8.1, so each object is given it there.
 */
static inline zend_object *phpsync_create_with_array(zend_class_entry *ce)
{
    zend_object *object = zend_objects_new(ce);
    object_properties_init(object, ce);
    if (Z_TYPE_P(OBJ_PROP_NUM(object, 0)) == IS_NULL) ZVAL_EMPTY_ARRAY(OBJ_PROP_NUM(object, 0));
    return object;
}
static inline void phpsync_declare_empty_array(zend_class_entry *ce, const char *name, int flags)
{
    zval value;
#if PHP_VERSION_ID >= 80100
    ZVAL_EMPTY_ARRAY(&value);
#else
    ZVAL_NULL(&value);
    ce->create_object = phpsync_create_with_array;
#endif
    zend_string *property = zend_string_init(name, strlen(name), 1);
    zend_declare_property_ex(ce, property, &value, flags, NULL);
    zend_string_release(property);
}

#if PHP_VERSION_ID < 80100
/* readonly by the object's handlers: every write from a script is an Error, any name. */
static inline void phpsync_refuse_change(phpsync_subject *subject, const char *name)
{
    zend_throw_error(NULL, "Cannot modify readonly property %s::$%s",
                     ZSTR_VAL(PHPSYNC_SUBJECT_OBJECT(subject)->ce->name), name);
}
#if PHP_VERSION_ID < 80000
static inline zval *phpsync_readonly_write(zval *subject, zval *name, zval *value, void **cache)
{
    (void)cache;
    phpsync_refuse_change(subject, Z_TYPE_P(name) == IS_STRING ? Z_STRVAL_P(name) : "");
    return value;
}
static inline void phpsync_readonly_unset(zval *subject, zval *name, void **cache)
{
    (void)cache;
    phpsync_refuse_change(subject, Z_TYPE_P(name) == IS_STRING ? Z_STRVAL_P(name) : "");
}
static inline zval *phpsync_readonly_pointer(zval *subject, zval *name, int type, void **cache)
{
    (void)subject, (void)name, (void)type, (void)cache;
    return NULL; /* read_property and write_property are used instead */
}
/* Always a copy, which the engine frees (++ does so to whatever it is given); to write through it is an Error,
 * unless it is an object. */
static inline zval *phpsync_readonly_read(zval *subject, zval *name, int type, void **cache, zval *copy)
{
    zval *value = zend_std_read_property(subject, name, BP_VAR_R, cache, copy);
    if (type != BP_VAR_R && type != BP_VAR_IS && Z_TYPE_P(value) != IS_OBJECT) {
        phpsync_refuse_change(subject, Z_TYPE_P(name) == IS_STRING ? Z_STRVAL_P(name) : "");
        return &EG(uninitialized_zval);
    }
    if (value != copy) ZVAL_COPY(copy, value);
    return copy;
}
#else
static inline zval *phpsync_readonly_write(zend_object *subject, zend_string *name, zval *value, void **cache)
{
    (void)cache;
    phpsync_refuse_change(subject, ZSTR_VAL(name));
    return value;
}
static inline void phpsync_readonly_unset(zend_object *subject, zend_string *name, void **cache)
{
    (void)cache;
    phpsync_refuse_change(subject, ZSTR_VAL(name));
}
static inline zval *phpsync_readonly_pointer(zend_object *subject, zend_string *name, int type, void **cache)
{
    (void)subject, (void)name, (void)type, (void)cache;
    return NULL;
}
static inline zval *phpsync_readonly_read(zend_object *subject, zend_string *name, int type, void **cache,
                                          zval *copy)
{
    zval *value = zend_std_read_property(subject, name, BP_VAR_R, cache, copy);
    if (type != BP_VAR_R && type != BP_VAR_IS && Z_TYPE_P(value) != IS_OBJECT) {
        phpsync_refuse_change(subject, ZSTR_VAL(name));
        return &EG(uninitialized_zval);
    }
    if (value != copy) ZVAL_COPY(copy, value);
    return copy;
}
#endif
#endif

/* Makes the properties of objects with these handlers readonly where the language cannot. */
static inline void phpsync_readonly_handlers(zend_object_handlers *handlers)
{
#if PHP_VERSION_ID < 80100
    handlers->read_property = phpsync_readonly_read;
    handlers->write_property = phpsync_readonly_write;
    handlers->unset_property = phpsync_readonly_unset;
    handlers->get_property_ptr_ptr = phpsync_readonly_pointer;
#else
    (void)handlers;
#endif
}

/* Makes == of two objects false unless they are one: they have no properties to tell them apart. */
#if PHP_VERSION_ID < 80000
static inline int phpsync_compare_objects(zval *one, zval *other)
{
    return Z_OBJ_P(one) != Z_OBJ_P(other);
}
#endif
static inline void phpsync_not_comparable(zend_object_handlers *handlers)
{
#if PHP_VERSION_ID >= 80000
    handlers->compare = zend_objects_not_comparable;
#else
    handlers->compare_objects = phpsync_compare_objects;
#endif
}

/* Marks a parameter so that stack traces do not show its value. index counts from 0. */
static inline void phpsync_sensitive_parameter(zend_class_entry *ce, const char *method, size_t length,
                                               uint32_t index)
{
#if PHP_VERSION_ID >= 80200
    zend_function *function = zend_hash_str_find_ptr(&ce->function_table, method, length);
    zend_add_parameter_attribute(function, index, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);
#else
    (void)ce, (void)method, (void)length, (void)index;
#endif
}

/* ---------------------------------------------------------------- calls */

/*
 * Calls function with count arguments, on object or (object NULL) statically
 * on scope. False if it threw; *result is then UNDEF.
 */
static inline bool phpsync_call(zend_function *function, zend_object *object, zend_class_entry *scope, zval *result,
                                uint32_t count, zval *arguments)
{
    zend_fcall_info fci;
    zend_fcall_info_cache fcc;
    memset(&fci, 0, sizeof fci);
    memset(&fcc, 0, sizeof fcc);
    fci.size = sizeof fci;
    ZVAL_UNDEF(&fci.function_name);
    fci.retval = result;
    fci.params = arguments;
    fci.param_count = count;
    fci.object = object;
#if PHP_VERSION_ID < 80000
    fci.no_separation = 1;
#endif
    fcc.function_handler = function;
    fcc.called_scope = scope;
    fcc.object = object;
    ZVAL_UNDEF(result);
    bool done = zend_call_function(&fci, &fcc) == SUCCESS && !EG(exception);
    if (!done) {
        zval_ptr_dtor(result);
        ZVAL_UNDEF(result);
        return false;
    }
    if (Z_ISREF_P(result)) zend_unwrap_reference(result);
    return true;
}

/* Reads the message of an exception without running code. NULL if it is no string. Borrowed. */
static inline zend_string *phpsync_exception_message(zend_object *exception)
{
    zval buffer;
    zend_class_entry *base =
        instanceof_function(exception->ce, zend_ce_exception) ? zend_ce_exception : zend_ce_error;
    PHPSYNC_WITH_SUBJECT(exception, subject);
    zval *message = zend_read_property(base, subject, "message", sizeof "message" - 1, 1, &buffer);
    ZVAL_DEREF(message);
    return Z_TYPE_P(message) == IS_STRING ? Z_STR_P(message) : NULL;
}

/* Throws a new exception of class ce with this message; one that is pending becomes its previous. */
static inline void phpsync_throw_string(zend_class_entry *ce, zend_string *message)
{
    zval exception, text;
    object_init_ex(&exception, ce);
    ZVAL_STR(&text, message);
    PHPSYNC_WITH_SUBJECT(Z_OBJ(exception), subject);
    zend_update_property(zend_ce_exception, subject, "message", sizeof "message" - 1, &text);
    zend_throw_exception_object(&exception);
}

/* ---------------------------------------------------------------- arguments */

/* A debug build of the engine stops at an internal method that takes more arguments than it declares. */
#if ZEND_DEBUG && PHP_VERSION_ID >= 80000
#define PHPSYNC_REFUSES_SURPLUS 1
#else
#define PHPSYNC_REFUSES_SURPLUS 0
#endif

/* Throws "Class::method(): Argument #n ($name) <format>" as an exception of class ce. */
static inline void phpsync_argument_error(zend_class_entry *ce, uint32_t number, const char *format, ...)
{
    va_list list;
    char *text = NULL;
    va_start(list, format);
    vspprintf(&text, 0, format, list);
    va_end(list);
#if PHP_VERSION_ID >= 80000
    zend_argument_error(ce, number, "%s", text);
#else
    const char *space = "", *class_name = get_active_class_name(&space);
    zend_throw_exception_ex(ce, 0, "%s%s%s(): Argument #%u %s", class_name, space, get_active_function_name(),
                            number, text);
#endif
    efree(text);
}

/* The name of a value's type as error messages give it. */
static inline const char *phpsync_type_name(const zval *value)
{
#if PHP_VERSION_ID >= 80300
    return zend_zval_value_name(value);
#else
    return zend_zval_type_name(value);
#endif
}

/* ---------------------------------------------------------------- object sizes */
#define PHPSYNC_ALLOC_OBJECT(type, ce) ((type *)zend_object_alloc(sizeof(type), ce))

#endif
