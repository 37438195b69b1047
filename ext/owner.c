/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * owner.c - PhpSync\Owner: plain facts, all of them readonly properties.
 */
#include "php_phpsync.h"
#include "owner_arginfo.h"

static zend_class_entry *class_entry;
static zend_object_handlers handlers;

/* In the order of declaration. */
enum { SLOT_HOST, SLOT_PID, SLOT_LABEL, SLOT_ACQUIRED_AT, SLOT_EXPIRES_AT, SLOT_FENCE, SLOT_ALIVE };

static zend_object *create(zend_class_entry *ce)
{
    zend_object *object = zend_objects_new(ce);
    object_properties_init(object, ce);
    object->handlers = &handlers;
    return object;
}

bool phpsync_date(int64_t microseconds, zval *result)
{
    zend_class_entry *ce = php_date_get_immutable_ce();
    zend_function *from_format = zend_hash_str_find_ptr(&ce->function_table, ZEND_STRL("createfromformat"));
    if (from_format == NULL) {
        zend_throw_error(NULL, "The class DateTimeImmutable is disabled; phpsync needs it");
        return false;
    }
    zval arguments[2];
    ZVAL_STRINGL(&arguments[0], "U.u", 3);
    ZVAL_STR(&arguments[1],
             zend_strpprintf(0, "%" PRId64 ".%06" PRId64, microseconds / 1000000, microseconds % 1000000));
    bool done = phpsync_call(from_format, NULL, ce, result, 2, arguments);
    zval_ptr_dtor(&arguments[0]);
    zval_ptr_dtor(&arguments[1]);
    if (!done) return false;
    if (Z_TYPE_P(result) == IS_OBJECT) return true;
    zval_ptr_dtor(result);
    phpsync_throw_sync("the time %" PRId64 " (microseconds since 1970) is no date; the space may be damaged",
                       microseconds);
    return false;
}

void phpsync_owner_object(const phpsync_owner_facts *facts, zval *result)
{
    zval acquired, expires;
    if (!phpsync_date(facts->acquired_at, &acquired)) return;
    ZVAL_NULL(&expires);
    if (facts->expires_at != 0 && !phpsync_date(facts->expires_at, &expires)) {
        zval_ptr_dtor(&acquired);
        return;
    }
    object_init_ex(result, class_entry);
    zend_object *object = Z_OBJ_P(result);
    ZVAL_STRING(OBJ_PROP_NUM(object, SLOT_HOST), facts->host);
    ZVAL_STRING(OBJ_PROP_NUM(object, SLOT_LABEL), facts->label);
    ZVAL_LONG(OBJ_PROP_NUM(object, SLOT_PID), facts->pid);
    ZVAL_COPY_VALUE(OBJ_PROP_NUM(object, SLOT_ACQUIRED_AT), &acquired);
    ZVAL_COPY_VALUE(OBJ_PROP_NUM(object, SLOT_EXPIRES_AT), &expires);
    ZVAL_LONG(OBJ_PROP_NUM(object, SLOT_FENCE), (zend_long)facts->fence);
    zval *alive = OBJ_PROP_NUM(object, SLOT_ALIVE);
    if (facts->alive == PSYNC_ALIVE_UNKNOWN) {
        ZVAL_NULL(alive);
    } else {
        ZVAL_BOOL(alive, facts->alive == PSYNC_ALIVE_YES);
    }
}

ZEND_METHOD(PhpSync_Owner, __construct)
{
    PHPSYNC_PARAMETERS(0, 0);
}

void phpsync_register_owner(void)
{
    class_entry = phpsync_register_class("PhpSync\\Owner", class_PhpSync_Owner_methods, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL;
    class_entry->create_object = create;
    phpsync_not_serializable(class_entry);
    phpsync_strict_properties(class_entry);
    phpsync_declare_readonly(class_entry, "host", MAY_BE_STRING, NULL);
    phpsync_declare_readonly(class_entry, "pid", MAY_BE_LONG, NULL);
    phpsync_declare_readonly(class_entry, "label", MAY_BE_STRING, NULL);
    phpsync_declare_readonly(class_entry, "acquiredAt", 0, "DateTimeImmutable");
    phpsync_declare_readonly(class_entry, "expiresAt", MAY_BE_NULL, "DateTimeImmutable");
    phpsync_declare_readonly(class_entry, "fence", MAY_BE_LONG, NULL);
    phpsync_declare_readonly(class_entry, "alive", MAY_BE_FALSE | MAY_BE_TRUE | MAY_BE_NULL, NULL);

    handlers = std_object_handlers;
    handlers.clone_obj = NULL;
    phpsync_strict_handlers(&handlers);
}
