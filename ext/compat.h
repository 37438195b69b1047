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

typedef zval phpsync_member; /* the name of a property, in object handlers */
#define PHPSYNC_MEMBER(member) (Z_TYPE_P(member) == IS_STRING ? Z_STR_P(member) : ZSTR_EMPTY_ALLOC())

/* exit leaves by a bail-out, not by an exception. */
#define phpsync_is_unwind(exception) ((void)(exception), false)
#define phpsync_value_error_ce       spl_ce_InvalidArgumentException

#define phpsync_std_get_gc(subject, table, count)                                                                  \
    ((*(table) = NULL), (*(count) = 0), zend_std_get_properties(subject))

#else /* ---------------------------------------------------------- PHP 8.0 and newer */

typedef zend_string phpsync_member;
#define PHPSYNC_MEMBER(member)                (member)
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
#define PHPSYNC_BEFORE_81 1
#define ZEND_ACC_READONLY 0
void phpsync_refuse_serialization(zend_class_entry *ce); /* before_81.c */
void phpsync_refuse_changes(zend_object_handlers *handlers);
#else
#define PHPSYNC_BEFORE_81 0
#endif

/* Before PHP 8 the engine converts arguments of internal methods itself, by rules that lose digits. This stops it.
 */
static inline void phpsync_own_conversions(zend_class_entry *ce)
{
#if PHP_VERSION_ID < 80000
    zend_function *method;
    ZEND_HASH_FOREACH_PTR(&ce->function_table, method)
    {
        if (method->common.scope == ce) method->common.fn_flags &= ~(uint32_t)ZEND_ACC_HAS_TYPE_HINTS;
    }
    ZEND_HASH_FOREACH_END();
#else
    (void)ce;
#endif
}

/* Makes serialize() and unserialize() of a class throw an Exception. */
static inline void phpsync_not_serializable(zend_class_entry *ce)
{
#if PHPSYNC_BEFORE_81
    phpsync_refuse_serialization(ce);
#else
    ce->ce_flags |= ZEND_ACC_NOT_SERIALIZABLE;
#endif
}

/* Refuses properties that were not declared. */
static inline void phpsync_strict_properties(zend_class_entry *ce)
{
#if PHP_VERSION_ID >= 80000
    ce->ce_flags |= ZEND_ACC_NO_DYNAMIC_PROPERTIES;
#else
    (void)ce; /* phpsync_strict_handlers do it */
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

/* Makes the properties of objects with these handlers readonly, and refuses others, where the language cannot. */
static inline void phpsync_strict_handlers(zend_object_handlers *handlers)
{
#if PHPSYNC_BEFORE_81
    phpsync_refuse_changes(handlers);
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

/* Throws an ArgumentCountError. */
static inline void phpsync_count_error(uint32_t min, uint32_t max)
{
#if PHP_VERSION_ID >= 80000
    zend_wrong_parameters_count_error(min, max);
#else
    uint32_t given = EG(current_execute_data)->This.u2.num_args, bound = given < min ? min : max;
    const char *space = "", *class_name = get_active_class_name(&space);
    zend_throw_error(zend_ce_argument_count_error, "%s%s%s() expects %s %u argument%s, %u given", class_name, space,
                     get_active_function_name(),
                     min == max    ? "exactly"
                     : given < min ? "at least"
                                   : "at most",
                     bound, bound == 1 ? "" : "s", given);
#endif
}

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
    const zend_function *method = EG(current_execute_data)->func;
    const char *space = "", *class_name = get_active_class_name(&space);
    zend_throw_exception_ex(ce, 0, "%s%s%s(): Argument #%u ($%s) %s", class_name, space, get_active_function_name(),
                            number, method->internal_function.arg_info[number - 1].name, text);
#endif
    efree(text);
}

/* The name of a value's type as error messages give it. */
static inline const char *phpsync_type_name(const zval *value)
{
#if PHP_VERSION_ID >= 80300
    return zend_zval_value_name(value);
#elif PHP_VERSION_ID >= 80000
    return zend_zval_type_name(value);
#else
    return Z_TYPE_P(value) == IS_OBJECT ? ZSTR_VAL(Z_OBJCE_P(value)->name) : zend_zval_type_name(value);
#endif
}

/* ---------------------------------------------------------------- object sizes */
#define PHPSYNC_ALLOC_OBJECT(type, ce) ((type *)zend_object_alloc(sizeof(type), ce))

#endif
