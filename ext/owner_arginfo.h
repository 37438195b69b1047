/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 049d7ba3e988d83fa9e90b91634edf7fd7dd5ffd */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Owner___construct, 0, 0, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Owner, __construct);


static const zend_function_entry class_PhpSync_Owner_methods[] = {
	ZEND_ME(PhpSync_Owner, __construct, arginfo_class_PhpSync_Owner___construct, ZEND_ACC_PRIVATE)
	ZEND_FE_END
};
