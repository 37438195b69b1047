/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.h - what the classes of PhpSync\Drivers\FileSystem share, and what
 * Generic\Lock and Generic\Integer need to know of them.
 *
 * file_manager.c, with_file_manager.c, file_lock_driver.c and
 * file_integer_driver.c are classes; file_paths.c knows paths and folders;
 * file_places.c asks a driver's FileManager where a key lies, and has the
 * library's handle for it.
 */
#ifndef PHPSYNC_EXT_FILES_H
#define PHPSYNC_EXT_FILES_H

#include "php_phpsync.h"

extern zend_class_entry *phpsync_ce_file_manager_interface;
extern zend_class_entry *phpsync_ce_file_manager;
extern zend_class_entry *phpsync_ce_file_lock_driver;
extern zend_class_entry *phpsync_ce_file_integer_driver;

/* ------------------------------------------------------------------------ */
/* Paths (file_paths.c)                                                     */

/* Throws unless a path can be one of the file system's. what: "the root path", for messages. */
bool phpsync_path_check(const zend_string *path, const char *what);
/* The path, with the working folder before a relative one. NULL: thrown. */
zend_string *phpsync_path_absolute(const zend_string *path);
/* The part of an absolute path that is its folder. */
zend_string *phpsync_path_folder(const zend_string *path);
/* Whether something is there; links are followed. */
bool phpsync_path_exists(const zend_string *path);
/* Throws unless open_basedir allows an absolute path. */
bool phpsync_path_allowed(const zend_string *path);
/* Makes a folder and those above it, at an absolute path. What is there, or made by others meanwhile, is right. */
bool phpsync_path_make_folder(const zend_string *path);

/* ------------------------------------------------------------------------ */
/* FileManagers (file_manager.c, with_file_manager.c)                       */

/* The object's method if it is not the one of our class; or NULL. name in lower case. */
zend_function *phpsync_replaced(zend_object *object, zend_class_entry *ours, const char *name, size_t length);
/* The root path of a FileManager, without a call; borrowed. NULL: thrown. */
zend_string *phpsync_file_manager_root(zend_object *manager);
/* root/category/ab/cd/abcd...: the FileManager's place of a key. */
zend_string *phpsync_file_standard_name(const zend_string *root, const zend_string *category,
                                        const zend_string *key);

/* Declares the property $manager of a driver: the first of its class. */
void phpsync_declare_manager(zend_class_entry *ce);
/* __construct(FileManagerInterface $manager) of the drivers. */
void phpsync_construct_driver(INTERNAL_FUNCTION_PARAMETERS);
/* The FileManager of a file driver, which is of our class or extends it, with a reference. NULL: thrown. */
zend_object *phpsync_manager_of(zend_object *driver, zend_class_entry *ours);

/* ------------------------------------------------------------------------ */
/* Places (file_places.c)                                                   */

/* What a call is about to do with the key's file. */
typedef enum phpsync_access {
    PHPSYNC_LOOK,  /* finds nothing where there is nothing, and makes nothing */
    PHPSYNC_AWAIT, /* wants the root folder, to watch it */
    PHPSYNC_CHANGE /* makes what is missing */
} phpsync_access;

typedef enum phpsync_found {
    PHPSYNC_FOUND_HANDLE,  /* the library's handle is there to be used */
    PHPSYNC_FOUND_NOTHING, /* the key has no file, nor have others (PHPSYNC_LOOK only) */
    PHPSYNC_FOUND_METHODS, /* the driver is written in PHP: its methods are to be called */
    PHPSYNC_FOUND_ERROR    /* thrown */
} phpsync_found;

/*
 * The library's handle for a key at the place that a FileManager told last.
 * References: the object that it belongs to, and each call that may run PHP
 * code (a signal's handler) while the library uses it.
 */
typedef struct phpsync_file_handle {
    uint32_t references;
    zend_string *root; /* absolute */
    zend_string *path; /* absolute; NULL: the standard place below root */
    phpsync_open_space *open;
    psync_lock *lock; /* one of the two */
    psync_integer *integer;
} phpsync_file_handle;

/* Whether an object is a file driver of which no method that Lock or Integer calls was replaced. */
bool phpsync_is_file_lock_driver(zend_object *driver);
bool phpsync_is_file_integer_driver(zend_object *driver);

/*
 * Asks the driver's FileManager where key lies and makes *handle (NULL at
 * first) one for that place, or leaves it as it is if it is one. What the
 * FileManager throws is treated as on_throw says.
 */
phpsync_found phpsync_file_lock(zend_object *driver, zend_string *key, phpsync_access access,
                                phpsync_on_throw on_throw, phpsync_file_handle **handle);
phpsync_found phpsync_file_integer(zend_object *driver, zend_string *key, phpsync_access access,
                                   phpsync_on_throw on_throw, phpsync_file_handle **handle);

/* One of the two above. */
typedef phpsync_found phpsync_file_finder(zend_object *driver, zend_string *key, phpsync_access access,
                                          phpsync_on_throw on_throw, phpsync_file_handle **handle);

/* For methods of the drivers: finds what argument 1 names. Release the handle afterwards. */
phpsync_found phpsync_file_find(zend_execute_data *execute_data, phpsync_file_finder *finder, phpsync_access access,
                                phpsync_file_handle **handle);

/* A call that answers yes or no; where there is no file the answer is no. The method returns it. */
typedef psync_result phpsync_file_question(phpsync_file_handle *handle, psync_error *error);
void phpsync_file_ask(INTERNAL_FUNCTION_PARAMETERS, phpsync_file_finder *finder, phpsync_file_question *question);

/* One more reference; NULL stays NULL. */
phpsync_file_handle *phpsync_file_handle_retain(phpsync_file_handle *handle);
void phpsync_file_handle_release(phpsync_file_handle *handle);

#endif
