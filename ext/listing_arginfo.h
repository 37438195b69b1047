/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: ac44045a88791d7ba12a09f254faaf5f85dfc1c2 */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Listing___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Listing_current, 0, 0, IS_MIXED, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Listing_key arginfo_class_PhpSync_Listing_current

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Listing_next, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_PhpSync_Listing_rewind arginfo_class_PhpSync_Listing_next

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_PhpSync_Listing_valid, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Listing, __construct);
ZEND_METHOD(PhpSync_Listing, current);
ZEND_METHOD(PhpSync_Listing, key);
ZEND_METHOD(PhpSync_Listing, next);
ZEND_METHOD(PhpSync_Listing, rewind);
ZEND_METHOD(PhpSync_Listing, valid);


static const zend_function_entry class_PhpSync_Listing_methods[] = {
	ZEND_ME(PhpSync_Listing, __construct, arginfo_class_PhpSync_Listing___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(PhpSync_Listing, current, arginfo_class_PhpSync_Listing_current, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Listing, key, arginfo_class_PhpSync_Listing_key, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Listing, next, arginfo_class_PhpSync_Listing_next, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Listing, rewind, arginfo_class_PhpSync_Listing_rewind, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Listing, valid, arginfo_class_PhpSync_Listing_valid, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
