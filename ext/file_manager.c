/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_manager.c - FileManagerInterface and PhpSync\Drivers\FileSystem\FileManager.
 *
 * A FileManager is a plain object with one private property: it can be cloned
 * and serialized, as the class of the PHP package could.
 */
#include "files.h"
#include "file_manager_arginfo.h"

zend_class_entry *phpsync_ce_file_manager_interface;
zend_class_entry *phpsync_ce_file_manager;

enum { SLOT_ROOT };

zend_function *phpsync_replaced(zend_object *object, zend_class_entry *ours, const char *name, size_t length)
{
    zend_function *function = zend_hash_str_find_ptr(&object->ce->function_table, name, length);
    return function->common.scope == ours ? NULL : function;
}

zend_string *phpsync_file_manager_root(zend_object *manager)
{
    zval *root = OBJ_PROP_NUM(manager, SLOT_ROOT);
    ZVAL_DEREF(root);
    if (EXPECTED(Z_TYPE_P(root) == IS_STRING)) return Z_STR_P(root);
    phpsync_throw_unmade(manager, "FileManager's constructor");
    return NULL;
}

/* The root path as getRootPath() tells it, with a reference; NULL: thrown. */
static zend_string *told_root(zend_object *manager)
{
    zval told;
    zend_function *replaced = phpsync_replaced(manager, phpsync_ce_file_manager, ZEND_STRL("getrootpath"));
    if (replaced == NULL) {
        zend_string *root = phpsync_file_manager_root(manager);
        return root == NULL ? NULL : zend_string_copy(root);
    }
    if (!phpsync_call(replaced, manager, manager->ce, &told, 0, NULL)) return NULL;
    return Z_STR(told); /* its return type is string */
}

/* By length: only who uses the name refuses a NUL byte in it. */
zend_string *phpsync_file_standard_name(const zend_string *root, const zend_string *category,
                                        const zend_string *key)
{
    PHP_MD5_CTX context;
    unsigned char digest[16];
    char hex[33];
    smart_str name = {0};
    PHP_MD5Init(&context);
    PHP_MD5Update(&context, ZSTR_VAL(key), ZSTR_LEN(key));
    PHP_MD5Final(digest, &context);
    make_digest_ex(hex, digest, sizeof digest);
    smart_str_append(&name, root);
    smart_str_appendc(&name, '/');
    smart_str_append(&name, category);
    smart_str_append_printf(&name, "/%.2s/%.2s/%s", hex, hex + 2, hex);
    smart_str_0(&name);
    return name.s;
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileManager, __construct)
{
    zend_string *root;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, false, &root)) RETURN_THROWS();
    zval *slot = OBJ_PROP_NUM(Z_OBJ_P(ZEND_THIS), SLOT_ROOT);
    zval_ptr_dtor(slot);
    ZVAL_STR_COPY(slot, root);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileManager, getFileName)
{
    zend_string *key, *category;
    PHPSYNC_PARAMETERS_OR_MORE(2, 2);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &key) ||
        !phpsync_string_argument(PHPSYNC_ARGUMENT(2), 2, true, &category)) {
        RETURN_THROWS();
    }
    zend_string *root = told_root(Z_OBJ_P(ZEND_THIS));
    if (root == NULL) RETURN_THROWS();
    zend_string *lower = zend_string_tolower(category);
    RETVAL_STR(phpsync_file_standard_name(root, lower, key));
    zend_string_release(lower);
    zend_string_release(root);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileManager, ensureDirectoriesExist)
{
    zend_string *name;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &name) ||
        !phpsync_path_check(name, "the file name")) {
        RETURN_THROWS();
    }
    zend_string *path = phpsync_path_absolute(name);
    if (path == NULL) RETURN_THROWS();
    zend_string *folder = phpsync_path_folder(path);
    if (phpsync_path_allowed(folder)) (void)phpsync_path_make_folder(folder);
    zend_string_release(folder);
    zend_string_release(path);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileManager, getRootPath)
{
    PHPSYNC_PARAMETERS_OR_MORE(0, 0);
    zend_string *root = phpsync_file_manager_root(Z_OBJ_P(ZEND_THIS));
    if (root == NULL) RETURN_THROWS();
    RETURN_STR_COPY(root);
}

ZEND_METHOD(PhpSync_Drivers_FileSystem_FileManager, setRootPath)
{
    zend_string *root;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    if (!phpsync_string_argument(PHPSYNC_ARGUMENT(1), 1, true, &root)) RETURN_THROWS();
    zval *slot = OBJ_PROP_NUM(Z_OBJ_P(ZEND_THIS), SLOT_ROOT);
    zval_ptr_dtor(slot);
    ZVAL_STR_COPY(slot, root);
}

void phpsync_register_file_manager(void)
{
    phpsync_ce_file_manager_interface =
        phpsync_register_interface("PhpSync\\Drivers\\FileSystem\\FileManagerInterface",
                                   class_PhpSync_Drivers_FileSystem_FileManagerInterface_methods);
    phpsync_ce_file_manager = phpsync_register_class("PhpSync\\Drivers\\FileSystem\\FileManager",
                                                     class_PhpSync_Drivers_FileSystem_FileManager_methods, NULL);
    zend_class_implements(phpsync_ce_file_manager, 1, phpsync_ce_file_manager_interface);
    zend_declare_property_null(phpsync_ce_file_manager, ZEND_STRL("rootPath"), ZEND_ACC_PRIVATE);
}
