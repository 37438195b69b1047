/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arguments.c - from zvals to the types of the contract.
 *
 * PHP's own parameter parsing warns of some conversions (a fraction to int,
 * null to a scalar) and loses digits in others. The contract wants neither:
 * what would lose something is a TypeError, and nothing ever warns. Everything
 * else is PHP's weak or strict mode, as the caller's file says.
 */
#include "php_phpsync.h"

static bool type_error(uint32_t number, const char *expected, const zval *given)
{
    phpsync_argument_error(zend_ce_type_error, number, "must be of type %s, %s given", expected,
                           phpsync_type_name(given));
    return false;
}

/* Makes *argument, which is no string, one by PHP's weak rules, or by none if strict. */
static bool convert_to_text(zval *argument, uint32_t number, const char *expected, bool strict)
{
    bool scalar = Z_TYPE_P(argument) > IS_NULL && Z_TYPE_P(argument) < IS_STRING;
    bool stringable = Z_TYPE_P(argument) == IS_OBJECT && Z_OBJCE_P(argument)->__tostring != NULL;
    if (strict || (!scalar && !stringable)) return type_error(number, expected, argument);

    zend_string *converted = zval_try_get_string(argument);
    if (converted == NULL) return false;
    zval_ptr_dtor(argument);
    ZVAL_STR(argument, converted);
    return true;
}

bool phpsync_string_argument(zval *argument, uint32_t number, bool strict, zend_string **string)
{
    ZVAL_DEREF(argument);
    if (UNEXPECTED(Z_TYPE_P(argument) != IS_STRING) &&
        !convert_to_text(argument, number, "string", strict && ZEND_ARG_USES_STRICT_TYPES())) {
        return false;
    }
    *string = Z_STR_P(argument);
    return true;
}

bool phpsync_optional_string_argument(zval *argument, uint32_t number, zend_string **string)
{
    *string = NULL;
    if (argument == NULL) return true;
    ZVAL_DEREF(argument);
    if (Z_TYPE_P(argument) == IS_NULL) return true;
    if (Z_TYPE_P(argument) != IS_STRING &&
        !convert_to_text(argument, number, "?string", ZEND_ARG_USES_STRICT_TYPES())) {
        return false;
    }
    *string = Z_STR_P(argument);
    return true;
}

bool phpsync_check_key(const zend_string *key, uint32_t number)
{
    if (EXPECTED(ZSTR_LEN(key) >= 1 && ZSTR_LEN(key) <= PSYNC_KEY_MAX)) return true;
    phpsync_argument_error(phpsync_value_error_ce, number, "must be 1 to %d bytes long, %zu given", PSYNC_KEY_MAX,
                           ZSTR_LEN(key));
    return false;
}

bool phpsync_key_argument(zval *argument, uint32_t number, zend_string **key)
{
    return phpsync_string_argument(argument, number, true, key) && phpsync_check_key(*key, number);
}

static bool integral(double value, zend_long *integer)
{
    if (!ZEND_DOUBLE_FITS_LONG(value) || floor(value) != value) return false;
    *integer = (zend_long)value;
    return true;
}

/* Puts a decimal digit behind a number; false: it would be more than 2^63. */
static bool append_digit(uint64_t *number, unsigned digit)
{
    if (*number > ((UINT64_C(1) << 63) - digit) / 10) return false;
    *number = *number * 10 + digit;
    return true;
}

/*
 * A text that the engine found to be numeric, as an int; false if it is none. The engine's own way, through a
 * double, would take -9223372036854775809 for PHP_INT_MIN and 9007199254740993.0 for the number before it.
 */
static bool exact_integer(const char *text, zend_long *integer)
{
    text += strspn(text, " \t\n\r\v\f");
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    const char *end = text + strspn(text, "0123456789.");
    long exponent = *end == 'e' || *end == 'E' ? strtol(end + 1, NULL, 10) : 0; /* saturates */
    long places = (long)strspn(text, "0123456789");                             /* before the point */
    places += MAX(LONG_MIN / 2, MIN(LONG_MAX / 2, exponent));

    uint64_t number = 0;
    for (; text < end; text++) {
        if (*text == '.') continue;
        if (places-- <= 0 ? *text != '0' : !append_digit(&number, (unsigned)(*text - '0'))) return false;
    }
    for (; places > 0 && number != 0; places--) {
        if (!append_digit(&number, 0)) return false;
    }
    if (!negative && number > (uint64_t)ZEND_LONG_MAX) return false;
    *integer = (zend_long)(negative ? 0 - number : number);
    return true;
}

bool phpsync_int_argument(zval *argument, uint32_t number, bool strict, zend_long *value)
{
    ZVAL_DEREF(argument);
    if (EXPECTED(Z_TYPE_P(argument) == IS_LONG)) {
        *value = Z_LVAL_P(argument);
        return true;
    }
    if (strict && ZEND_ARG_USES_STRICT_TYPES()) return type_error(number, "int", argument);
    double ignored;
    switch (Z_TYPE_P(argument)) {
    case IS_FALSE:
    case IS_TRUE:
        *value = Z_TYPE_P(argument) == IS_TRUE;
        return true;
    case IS_DOUBLE:
        if (integral(Z_DVAL_P(argument), value)) return true;
        break;
    case IS_STRING:
        switch (is_numeric_string(Z_STRVAL_P(argument), Z_STRLEN_P(argument), value, &ignored, 0)) {
        case IS_LONG:
            return true;
        case IS_DOUBLE:
            if (exact_integer(Z_STRVAL_P(argument), value)) return true;
            break;
        default:
            break;
        }
        break;
    default:
        break;
    }
    return type_error(number, "int", argument);
}

/* A float by PHP's rules, but never null with a warning. */
static bool float_argument(zval *argument, uint32_t number, const char *expected, double *value)
{
    zend_long integer;
    if (Z_TYPE_P(argument) == IS_DOUBLE) {
        *value = Z_DVAL_P(argument);
        return true;
    }
    if (Z_TYPE_P(argument) == IS_LONG) {
        *value = (double)Z_LVAL_P(argument);
        return true;
    }
    if (ZEND_ARG_USES_STRICT_TYPES()) return type_error(number, expected, argument);
    switch (Z_TYPE_P(argument)) {
    case IS_FALSE:
    case IS_TRUE:
        *value = Z_TYPE_P(argument) == IS_TRUE ? 1.0 : 0.0;
        return true;
    case IS_STRING:
        switch (is_numeric_string(Z_STRVAL_P(argument), Z_STRLEN_P(argument), &integer, value, 0)) {
        case IS_LONG:
            *value = (double)integer;
            return true;
        case IS_DOUBLE:
            return true;
        default:
            break;
        }
        break;
    default:
        break;
    }
    return type_error(number, expected, argument);
}

bool phpsync_seconds_argument(zval *argument, uint32_t number, bool nullable, double *seconds)
{
    if (argument == NULL) return true;
    ZVAL_DEREF(argument);
    if (nullable && Z_TYPE_P(argument) == IS_NULL) {
        *seconds = INFINITY;
        return true;
    }
    double value;
    if (!float_argument(argument, number, nullable ? "?float" : "float", &value)) return false;
    if (isnan(value) || value < 0) {
        phpsync_argument_error(phpsync_value_error_ce, number, "must be a number of seconds, 0 or more");
        return false;
    }
    *seconds = value == 0 ? 0.0 : value; /* no -0.0 */
    return true;
}

bool phpsync_lease_argument(zval *argument, uint32_t number, bool nullable, double *lease)
{
    if (argument == NULL) return true;
    ZVAL_DEREF(argument);
    if (nullable && Z_TYPE_P(argument) == IS_NULL) {
        *lease = 0;
        return true;
    }
    double value;
    if (!float_argument(argument, number, nullable ? "?float" : "float", &value)) return false;
    if (!isfinite(value) || value <= 0) {
        phpsync_argument_error(phpsync_value_error_ce, number, "must be a finite number of seconds above 0");
        return false;
    }
    *lease = value;
    return true;
}

bool phpsync_object_argument(zval *argument, uint32_t number, zend_class_entry *ce, bool nullable,
                             zend_object **object)
{
    *object = NULL;
    if (argument == NULL) return true;
    ZVAL_DEREF(argument);
    if (nullable && Z_TYPE_P(argument) == IS_NULL) return true;
    if (Z_TYPE_P(argument) != IS_OBJECT || !instanceof_function(Z_OBJCE_P(argument), ce)) {
        phpsync_argument_error(zend_ce_type_error, number, "must be of type %s%s, %s given", nullable ? "?" : "",
                               ZSTR_VAL(ce->name), phpsync_type_name(argument));
        return false;
    }
    *object = Z_OBJ_P(argument);
    return true;
}

bool phpsync_callable_argument(zval *argument, uint32_t number, zend_fcall_info *fci, zend_fcall_info_cache *fcc)
{
    char *reason = NULL;
    bool callable = zend_fcall_info_init(argument, 0, fci, fcc, NULL, &reason) == SUCCESS;
    if (callable) {
        zend_release_fcall_info_cache(fcc); /* of __call; it is looked up anew for the call */
    } else if (!EG(exception)) {
        phpsync_argument_error(zend_ce_type_error, number, "must be a valid callback, %s",
                               reason != NULL ? reason : "no callback given");
    }
    if (reason != NULL) efree(reason);
    return callable;
}
