/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 24029219eb41dd72b74c7f2d5b120d0cd6f34dc8 */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_Lock___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_Lock_getInstance, 0, 0, 2)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_OBJ_INFO(0, driver, PhpSync\\Generic\\LockSyncDriverInterface, 0)
	ZEND_ARG_OBJ_INFO_WITH_DEFAULT_VALUE(0, singletonManager, PhpSync\\Generic\\SingletonManagerInterface, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_getKey, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_Lock_lock arginfo_class_PhpSync_Generic_Lock___construct

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_unlock, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_Lock_wait arginfo_class_PhpSync_Generic_Lock___construct

#define arginfo_class_PhpSync_Generic_Lock_exists arginfo_class_PhpSync_Generic_Lock_unlock

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_tryLock, 0, 0, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 0, "0.0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_waitFor, 0, 0, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_lastFence, 0, 0, IS_LONG, 1)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Generic_Lock_hold, 0, 0, PhpSync\\Hold, 1)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, lease, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_synchronized, 0, 1, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO(0, fn, IS_CALLABLE, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Generic_Lock_owner, 0, 0, PhpSync\\Owner, 1)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_Lock_isGhost arginfo_class_PhpSync_Generic_Lock_unlock

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_Lock_unlockIf, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, fence, IS_LONG, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Generic_Lock, __construct);
ZEND_METHOD(PhpSync_Generic_Lock, getInstance);
ZEND_METHOD(PhpSync_Generic_Lock, getKey);
ZEND_METHOD(PhpSync_Generic_Lock, lock);
ZEND_METHOD(PhpSync_Generic_Lock, unlock);
ZEND_METHOD(PhpSync_Generic_Lock, wait);
ZEND_METHOD(PhpSync_Generic_Lock, exists);
ZEND_METHOD(PhpSync_Generic_Lock, tryLock);
ZEND_METHOD(PhpSync_Generic_Lock, waitFor);
ZEND_METHOD(PhpSync_Generic_Lock, lastFence);
ZEND_METHOD(PhpSync_Generic_Lock, hold);
ZEND_METHOD(PhpSync_Generic_Lock, synchronized);
ZEND_METHOD(PhpSync_Generic_Lock, owner);
ZEND_METHOD(PhpSync_Generic_Lock, isGhost);
ZEND_METHOD(PhpSync_Generic_Lock, unlockIf);


static const zend_function_entry class_PhpSync_Generic_Lock_methods[] = {
	ZEND_ME(PhpSync_Generic_Lock, __construct, arginfo_class_PhpSync_Generic_Lock___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(PhpSync_Generic_Lock, getInstance, arginfo_class_PhpSync_Generic_Lock_getInstance, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(PhpSync_Generic_Lock, getKey, arginfo_class_PhpSync_Generic_Lock_getKey, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, lock, arginfo_class_PhpSync_Generic_Lock_lock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, unlock, arginfo_class_PhpSync_Generic_Lock_unlock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, wait, arginfo_class_PhpSync_Generic_Lock_wait, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, exists, arginfo_class_PhpSync_Generic_Lock_exists, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, tryLock, arginfo_class_PhpSync_Generic_Lock_tryLock, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, waitFor, arginfo_class_PhpSync_Generic_Lock_waitFor, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, lastFence, arginfo_class_PhpSync_Generic_Lock_lastFence, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, hold, arginfo_class_PhpSync_Generic_Lock_hold, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, synchronized, arginfo_class_PhpSync_Generic_Lock_synchronized, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, owner, arginfo_class_PhpSync_Generic_Lock_owner, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, isGhost, arginfo_class_PhpSync_Generic_Lock_isGhost, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_Lock, unlockIf, arginfo_class_PhpSync_Generic_Lock_unlockIf, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
