/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: cdcd5a89e3e1e51720da8dd00067fcd5ce4d1ccb */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_Integer___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_Integer_getInstance, 0, 0, 2)
	ZEND_ARG_INFO(0, key)
	ZEND_ARG_OBJ_INFO(0, driver, PhpSync\\Generic\\IntegerSyncDriverInterface, 0)
	ZEND_ARG_OBJ_INFO_WITH_DEFAULT_VALUE(0, singletonManager, PhpSync\\Generic\\SingletonManagerInterface, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_getKey, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_getValue, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_Integer_setValue, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, value, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_increment, 0, 0, IS_LONG, 0)
	ZEND_ARG_INFO_WITH_DEFAULT_VALUE(0, by, "1")
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_Integer_decrement arginfo_class_PhpSync_Generic_Integer_increment

#define arginfo_class_PhpSync_Generic_Integer_refresh arginfo_class_PhpSync_Generic_Integer_getValue

#define arginfo_class_PhpSync_Generic_Integer_delete arginfo_class_PhpSync_Generic_Integer___construct

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_exists, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_compareAndSet, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, expected, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, new, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_waitUntilAtLeast, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_Integer_waitUntilAtMost arginfo_class_PhpSync_Generic_Integer_waitUntilAtLeast

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Integer_waitForChange, 0, 0, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Generic_Integer, __construct);
ZEND_METHOD(PhpSync_Generic_Integer, getInstance);
ZEND_METHOD(PhpSync_Generic_Integer, getKey);
ZEND_METHOD(PhpSync_Generic_Integer, getValue);
ZEND_METHOD(PhpSync_Generic_Integer, setValue);
ZEND_METHOD(PhpSync_Generic_Integer, increment);
ZEND_METHOD(PhpSync_Generic_Integer, decrement);
ZEND_METHOD(PhpSync_Generic_Integer, refresh);
ZEND_METHOD(PhpSync_Generic_Integer, delete);
ZEND_METHOD(PhpSync_Generic_Integer, exists);
ZEND_METHOD(PhpSync_Generic_Integer, compareAndSet);
ZEND_METHOD(PhpSync_Generic_Integer, waitUntilAtLeast);
ZEND_METHOD(PhpSync_Generic_Integer, waitUntilAtMost);
ZEND_METHOD(PhpSync_Generic_Integer, waitForChange);


static const zend_function_entry class_PhpSync_Generic_Integer_methods[] = {
	ZEND_ME(PhpSync_Generic_Integer, __construct, arginfo_class_PhpSync_Generic_Integer___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(PhpSync_Generic_Integer, getInstance, arginfo_class_PhpSync_Generic_Integer_getInstance, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(PhpSync_Generic_Integer, getKey, arginfo_class_PhpSync_Generic_Integer_getKey, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, getValue, arginfo_class_PhpSync_Generic_Integer_getValue, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, setValue, arginfo_class_PhpSync_Generic_Integer_setValue, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, increment, arginfo_class_PhpSync_Generic_Integer_increment, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, decrement, arginfo_class_PhpSync_Generic_Integer_decrement, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, refresh, arginfo_class_PhpSync_Generic_Integer_refresh, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, delete, arginfo_class_PhpSync_Generic_Integer_delete, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, exists, arginfo_class_PhpSync_Generic_Integer_exists, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, compareAndSet, arginfo_class_PhpSync_Generic_Integer_compareAndSet, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, waitUntilAtLeast, arginfo_class_PhpSync_Generic_Integer_waitUntilAtLeast, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, waitUntilAtMost, arginfo_class_PhpSync_Generic_Integer_waitUntilAtMost, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Integer, waitForChange, arginfo_class_PhpSync_Generic_Integer_waitForChange, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
