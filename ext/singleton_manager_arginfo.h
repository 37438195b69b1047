/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 36979219699b113345a17a0ec9af8f56fcff5224 */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_SingletonManager_get, 0, 0, 2)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, className, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Generic_SingletonManager_set, 0, 0, 3)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, className, IS_STRING, 0)
	ZEND_ARG_INFO(0, instance)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Generic_SingletonManager_remove arginfo_class_PhpSync_Generic_SingletonManager_get

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Generic_SingletonManager_has, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, className, IS_STRING, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Generic_SingletonManager, get);
ZEND_METHOD(PhpSync_Generic_SingletonManager, set);
ZEND_METHOD(PhpSync_Generic_SingletonManager, remove);
ZEND_METHOD(PhpSync_Generic_SingletonManager, has);


static const zend_function_entry class_PhpSync_Generic_SingletonManager_methods[] = {
	ZEND_ME(PhpSync_Generic_SingletonManager, get, arginfo_class_PhpSync_Generic_SingletonManager_get, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_SingletonManager, set, arginfo_class_PhpSync_Generic_SingletonManager_set, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_SingletonManager, remove, arginfo_class_PhpSync_Generic_SingletonManager_remove, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Generic_SingletonManager, has, arginfo_class_PhpSync_Generic_SingletonManager_has, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
