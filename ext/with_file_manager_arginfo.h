/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 628f702d7bfb6d9846a4729e8620dbb3312f9c42 */

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_getManager, 0, 0, PhpSync\\Drivers\\FileSystem\\FileManagerInterface, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_setManager, 0, 0, 1)
	ZEND_ARG_OBJ_INFO(0, manager, PhpSync\\Drivers\\FileSystem\\FileManagerInterface, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(PhpSync_Drivers_FileSystem_WithFileManagerTrait, getManager);
ZEND_METHOD(PhpSync_Drivers_FileSystem_WithFileManagerTrait, setManager);


static const zend_function_entry class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_methods[] = {
	ZEND_ME(PhpSync_Drivers_FileSystem_WithFileManagerTrait, getManager, arginfo_class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_getManager, ZEND_ACC_PUBLIC)
	ZEND_ME(PhpSync_Drivers_FileSystem_WithFileManagerTrait, setManager, arginfo_class_PhpSync_Drivers_FileSystem_WithFileManagerTrait_setManager, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
