/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 25ab48d74ec959e61f05c142fcb2b283e7af7859 */




static const zend_function_entry class_PhpSync_Core_Exceptions_SyncOperationException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_PhpSync_Core_Exceptions_IntegerDoesNotExistException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_PhpSync_Core_Exceptions_OutcomeUnknownException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_PhpSync_Core_Exceptions_LockTimeoutException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_PhpSync_Core_Exceptions_LeaseLostException_methods[] = {
	ZEND_FE_END
};
