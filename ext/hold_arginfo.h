/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: e9497339e2f855eaf89456caaa4e685ce3cf74b2 */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Hold___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Hold_renew, 0, 1, IS_VOID, 0)
	ZEND_ARG_TYPE_INFO(0, lease, IS_DOUBLE, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Hold_isValid, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Hold_release arginfo_class_PhpSync_Hold_isValid


ZEND_METHOD(PhpSync_Hold, __construct);
ZEND_METHOD(PhpSync_Hold, renew);
ZEND_METHOD(PhpSync_Hold, isValid);
ZEND_METHOD(PhpSync_Hold, release);


static const zend_function_entry class_PhpSync_Hold_methods[] = {
	ZEND_ME(PhpSync_Hold, __construct, arginfo_class_PhpSync_Hold___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(PhpSync_Hold, renew, arginfo_class_PhpSync_Hold_renew, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Hold, isValid, arginfo_class_PhpSync_Hold_isValid, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Hold, release, arginfo_class_PhpSync_Hold_release, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
