/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exceptions.c - the exception classes, and the one place that turns a
 * psync_error into an exception.
 */
#include "php_phpsync.h"
#include "exceptions_arginfo.h"

zend_class_entry *phpsync_ce_sync_exception;
zend_class_entry *phpsync_ce_integer_absent;
zend_class_entry *phpsync_ce_outcome_unknown;
zend_class_entry *phpsync_ce_lock_timeout;
zend_class_entry *phpsync_ce_lease_lost;

void phpsync_register_exceptions(void)
{
    phpsync_ce_sync_exception =
        phpsync_register_class("PhpSync\\Core\\Exceptions\\SyncOperationException",
                               class_PhpSync_Core_Exceptions_SyncOperationException_methods, zend_ce_exception);
    phpsync_ce_integer_absent = phpsync_register_class(
        "PhpSync\\Core\\Exceptions\\IntegerDoesNotExistException",
        class_PhpSync_Core_Exceptions_IntegerDoesNotExistException_methods, zend_ce_exception);
    phpsync_ce_outcome_unknown = phpsync_register_class(
        "PhpSync\\Core\\Exceptions\\OutcomeUnknownException",
        class_PhpSync_Core_Exceptions_OutcomeUnknownException_methods, phpsync_ce_sync_exception);
    phpsync_ce_lock_timeout = phpsync_register_class("PhpSync\\Core\\Exceptions\\LockTimeoutException",
                                                     class_PhpSync_Core_Exceptions_LockTimeoutException_methods,
                                                     phpsync_ce_sync_exception);
    phpsync_ce_lease_lost =
        phpsync_register_class("PhpSync\\Core\\Exceptions\\LeaseLostException",
                               class_PhpSync_Core_Exceptions_LeaseLostException_methods, phpsync_ce_sync_exception);
}

static zend_class_entry *class_of(psync_result result)
{
    switch (result) {
    case PSYNC_ERROR_ABSENT:
        return phpsync_ce_integer_absent;
    case PSYNC_ERROR_LEASE_LOST:
        return phpsync_ce_lease_lost;
    case PSYNC_ERROR_UNKNOWN:
        return phpsync_ce_outcome_unknown;
    default:
        return phpsync_ce_sync_exception;
    }
}

ZEND_COLD void phpsync_throw(const psync_error *error)
{
    phpsync_after_call();
    /* A handler threw, or called exit: that is what leaves the wait. */
    if (error->result == PSYNC_ERROR_INTERRUPTED && EG(exception)) return;
    zend_throw_exception(class_of(error->result), error->message, 0);
}

ZEND_COLD void phpsync_throw_sync(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    zend_string *message = zend_vstrpprintf(0, format, list);
    va_end(list);
    phpsync_throw_string(phpsync_ce_sync_exception, message);
    zend_string_release(message);
}

/* Throws: what "key" <format>. The key is shown without control characters. */
ZEND_COLD void phpsync_throw_about(zend_class_entry *ce, const char *what, const zend_string *key,
                                   const char *format, ...)
{
    va_list list;
    smart_str message = {0};
    va_start(list, format);
    zend_string *rest = zend_vstrpprintf(0, format, list);
    va_end(list);
    smart_str_appends(&message, what);
    smart_str_appends(&message, " \"");
    smart_str_append_escaped(&message, ZSTR_VAL(key), ZSTR_LEN(key));
    smart_str_appends(&message, "\" ");
    smart_str_append(&message, rest);
    smart_str_0(&message);
    zend_string_release(rest);
    phpsync_throw_string(ce, message.s);
    smart_str_free(&message);
}

ZEND_COLD void phpsync_throw_absent(const zend_string *key)
{
    phpsync_throw_about(phpsync_ce_integer_absent, "Integer", key,
                        "does not exist; setValue() or increment() creates it");
}

void phpsync_wrap_exception(void)
{
    zend_object *cause = EG(exception);
    if (cause == NULL || phpsync_is_unwind(cause)) return;
    zend_string *message = phpsync_exception_message(cause);
    message = message == NULL ? ZSTR_EMPTY_ALLOC() : zend_string_copy(message);
    phpsync_throw_string(phpsync_ce_sync_exception, message);
    zend_string_release(message);
}

ZEND_COLD void phpsync_throw_unmade(zend_object *object, const char *factory)
{
    zend_throw_error(NULL, "This %s object was not made by %s and cannot be used", ZSTR_VAL(object->ce->name),
                     factory);
}
