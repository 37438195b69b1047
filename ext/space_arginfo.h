/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 67cc6e966af089a57af122d104001caa9c2bf95c */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Space___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Space_open, 0, 0, PhpSync\\Space, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, dsn, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Space_getLock, 0, 1, PhpSync\\Generic\\Lock, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Space_getInteger, 0, 1, PhpSync\\Generic\\Integer, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Space_locks, 0, 0, Iterator, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Space_integers arginfo_class_PhpSync_Space_locks

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Space_getDsn, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Space_lock, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Space_unlock, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Space_wait arginfo_class_PhpSync_Space_lock

#define arginfo_class_PhpSync_Space_exists arginfo_class_PhpSync_Space_unlock

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Space_setValue, 0, 2, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Space_getValue, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Space_increment, 0, 2, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, by, IS_LONG, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Space_hasValue arginfo_class_PhpSync_Space_unlock

#define arginfo_class_PhpSync_Space_delete arginfo_class_PhpSync_Space_lock


ZEND_METHOD(PhpSync_Space, __construct);
ZEND_METHOD(PhpSync_Space, open);
ZEND_METHOD(PhpSync_Space, getLock);
ZEND_METHOD(PhpSync_Space, getInteger);
ZEND_METHOD(PhpSync_Space, locks);
ZEND_METHOD(PhpSync_Space, integers);
ZEND_METHOD(PhpSync_Space, getDsn);
ZEND_METHOD(PhpSync_Space, lock);
ZEND_METHOD(PhpSync_Space, unlock);
ZEND_METHOD(PhpSync_Space, wait);
ZEND_METHOD(PhpSync_Space, exists);
ZEND_METHOD(PhpSync_Space, setValue);
ZEND_METHOD(PhpSync_Space, getValue);
ZEND_METHOD(PhpSync_Space, increment);
ZEND_METHOD(PhpSync_Space, hasValue);
ZEND_METHOD(PhpSync_Space, delete);


static const zend_function_entry class_PhpSync_Space_methods[] = {
	ZEND_ME(PhpSync_Space, __construct, arginfo_class_PhpSync_Space___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(PhpSync_Space, open, arginfo_class_PhpSync_Space_open, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(PhpSync_Space, getLock, arginfo_class_PhpSync_Space_getLock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, getInteger, arginfo_class_PhpSync_Space_getInteger, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, locks, arginfo_class_PhpSync_Space_locks, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, integers, arginfo_class_PhpSync_Space_integers, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, getDsn, arginfo_class_PhpSync_Space_getDsn, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, lock, arginfo_class_PhpSync_Space_lock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, unlock, arginfo_class_PhpSync_Space_unlock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, wait, arginfo_class_PhpSync_Space_wait, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, exists, arginfo_class_PhpSync_Space_exists, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, setValue, arginfo_class_PhpSync_Space_setValue, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, getValue, arginfo_class_PhpSync_Space_getValue, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, increment, arginfo_class_PhpSync_Space_increment, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, hasValue, arginfo_class_PhpSync_Space_hasValue, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Space, delete, arginfo_class_PhpSync_Space_delete, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
