/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_places.c - from a file driver and a key to the library's handle.
 *
 * At each call the driver's FileManager is asked for its root and for the
 * key's file name; a native one by a look at its property. All of PHP that is
 * to be called is called before the library is, and the answers are kept in
 * the handle, so that a FileManager may throw, fork, exit or come back here.
 *
 * The space of a key is the file space at the root: there are the driver's own
 * files, in ROOT/.phpsync. A file that does not lie below the root has the
 * space at its own folder, because a Lock's file must be on the file system of
 * those. Files and folders get the root's own rights (and group, if it is
 * set-gid): who was let into the root is let into what lies there.
 *
 * A missing root is made only by a call that is about to change something.
 */
#include "files.h"

#include <sys/stat.h>

/* What a kind of key needs. */
struct kind {
    zend_class_entry **driver;
    const char *category;
};

static const struct kind lock_kind = {&phpsync_ce_file_lock_driver, "locks"};
static const struct kind integer_kind = {&phpsync_ce_file_integer_driver, "integers"};

/* What the FileManager said. */
struct answer {
    zend_string *root; /* absolute: where the space is */
    zend_string *path; /* absolute; NULL: the standard place */
    zend_string *told; /* what getFileName() said; where ours would have been asked, only for who needs it */
};

static void forget(struct answer *answer)
{
    if (answer->root != NULL) zend_string_release(answer->root);
    if (answer->path != NULL) zend_string_release(answer->path);
    if (answer->told != NULL) zend_string_release(answer->told);
}

/* ------------------------------------------------------------------------ */
/* Asking                                                                   */

/* Calls a method of user's; false: thrown, and treated as on_throw says. */
static bool call(zend_object *object, zend_function *method, uint32_t count, zval *arguments,
                 phpsync_on_throw on_throw, zval *result)
{
    if (EXPECTED(phpsync_call(method, object, object->ce, result, count, arguments))) return true;
    phpsync_handle_thrown(on_throw);
    return false;
}

/* A file name from getFileName(): a string, or an object that is one. Takes told over; NULL: thrown. */
static zend_string *name_from(zend_object *manager, zval *told, phpsync_on_throw on_throw)
{
    zend_string *name = NULL;
    bool stringable = Z_TYPE_P(told) == IS_OBJECT && Z_OBJCE_P(told)->__tostring != NULL;
    if (Z_TYPE_P(told) == IS_STRING || stringable) {
        name = zval_try_get_string(told);
        if (name == NULL) phpsync_handle_thrown(on_throw);
    } else {
        phpsync_throw_sync("%s::getFileName() must return a string, it returned %s", ZSTR_VAL(manager->ce->name),
                           phpsync_type_name(told));
    }
    zval_ptr_dtor(told);
    return name;
}

static bool ask_name(zend_object *manager, const struct kind *kind, zend_string *key, phpsync_on_throw on_throw,
                     zend_string **name)
{
    zval arguments[2], told;
    *name = NULL;
    zend_function *method = phpsync_replaced(manager, phpsync_ce_file_manager, ZEND_STRL("getfilename"));
    if (method == NULL) return true;
    ZVAL_STR(&arguments[0], key);
    ZVAL_STRING(&arguments[1], kind->category);
    bool done = call(manager, method, 2, arguments, on_throw, &told);
    zval_ptr_dtor(&arguments[1]);
    if (done) *name = name_from(manager, &told, on_throw);
    return *name != NULL;
}

static zend_string *ask_root(zend_object *manager, phpsync_on_throw on_throw)
{
    zval told;
    zend_function *method = phpsync_replaced(manager, phpsync_ce_file_manager, ZEND_STRL("getrootpath"));
    if (method == NULL) {
        zend_string *root = phpsync_file_manager_root(manager);
        if (root == NULL) phpsync_handle_thrown(on_throw);
        return root == NULL ? NULL : zend_string_copy(root);
    }
    return call(manager, method, 0, NULL, on_throw, &told) ? Z_STR(told) : NULL; /* its return type is string */
}

static zend_string *standard_name(const zend_string *root, const struct kind *kind, const zend_string *key)
{
    zend_string *category = zend_string_init(kind->category, strlen(kind->category), 0);
    zend_string *name = phpsync_file_standard_name(root, category, key);
    zend_string_release(category);
    return name;
}

/* Lets a FileManager and a driver that replace these methods prepare the file of a key that is about to change. */
static bool prepare(zend_object *driver, zend_object *manager, const struct kind *kind, const zend_string *key,
                    const zend_string *root, struct answer *answer, phpsync_on_throw on_throw)
{
    zval arguments[2], result;
    zend_function *make = phpsync_replaced(manager, phpsync_ce_file_manager, ZEND_STRL("ensuredirectoriesexist"));
    zend_function *open =
        kind == &integer_kind ? phpsync_replaced(driver, *kind->driver, ZEND_STRL("openfile")) : NULL;
    if (EXPECTED(make == NULL && open == NULL)) return true;

    if (answer->told == NULL) answer->told = standard_name(root, kind, key);
    zend_string *path = answer->path != NULL ? zend_string_copy(answer->path) : phpsync_path_absolute(answer->told);
    if (path == NULL) return false;
    bool there = phpsync_path_exists(path);
    zend_string *folder = phpsync_path_folder(path);
    zend_string_release(path);
    ZVAL_STR(&arguments[0], answer->told);
    bool done = true;
    if (make != NULL && !there) {
        done = call(manager, make, 1, arguments, on_throw, &result);
        if (done) zval_ptr_dtor(&result);
    }
    if (done && open != NULL) {
        done = there || phpsync_path_make_folder(folder);
        ZVAL_STRING(&arguments[1], there ? "r+" : "c");
        if (done) done = call(driver, open, 2, arguments, on_throw, &result);
        zval_ptr_dtor(&arguments[1]);
        if (done) zval_ptr_dtor(&result);
    }
    zend_string_release(folder);
    return done;
}

/* ------------------------------------------------------------------------ */
/* Where it lies                                                            */

static bool lies_below(const zend_string *path, const zend_string *root)
{
    size_t length = ZSTR_LEN(root);
    while (length > 0 && ZSTR_VAL(root)[length - 1] == '/') length--;
    return length > 0 && ZSTR_LEN(path) > length && memcmp(ZSTR_VAL(path), ZSTR_VAL(root), length) == 0 &&
           ZSTR_VAL(path)[length] == '/';
}

/* A key that the library takes: those that it does not are named by their digest, as their files are. */
static bool fits(const zend_string *key)
{
    return ZSTR_LEN(key) >= 1 && ZSTR_LEN(key) <= PSYNC_KEY_MAX;
}

/* The place that a FileManager of the user's own told. */
static bool place_named(struct answer *answer, const zend_string *root)
{
    if (!phpsync_path_check(answer->told, "the file name")) return false;
    answer->path = phpsync_path_absolute(answer->told);
    if (answer->path == NULL || !phpsync_path_allowed(answer->path)) return false;
    if (ZSTR_LEN(root) != 0) {
        if (!phpsync_path_check(root, "the root path")) return false;
        answer->root = phpsync_path_absolute(root);
        if (answer->root == NULL || lies_below(answer->path, answer->root)) return answer->root != NULL;
        zend_string_release(answer->root);
    }
    answer->root = phpsync_path_folder(answer->path);
    return true;
}

/* The standard place; its name is made only for who needs it. */
static bool place_standard(struct answer *answer, const zend_string *root, const struct kind *kind,
                           const zend_string *key)
{
    if (!phpsync_path_check(root, "the root path")) return false;
    answer->root = phpsync_path_absolute(root);
    if (answer->root == NULL || fits(key)) return answer->root != NULL;
    answer->told = standard_name(root, kind, key);
    answer->path = phpsync_path_absolute(answer->told);
    return answer->path != NULL;
}

static bool find(zend_object *driver, zend_object *manager, const struct kind *kind, zend_string *key,
                 phpsync_access access, phpsync_on_throw on_throw, struct answer *answer)
{
    if (!ask_name(manager, kind, key, on_throw, &answer->told)) return false;
    zend_string *root = ask_root(manager, on_throw);
    if (root == NULL) return false;
    bool placed = answer->told != NULL ? place_named(answer, root) : place_standard(answer, root, kind, key);
    bool found = placed && phpsync_path_allowed(answer->root);
    if (found && access == PHPSYNC_CHANGE) found = prepare(driver, manager, kind, key, root, answer, on_throw);
    zend_string_release(root);
    return found;
}

/* ------------------------------------------------------------------------ */
/* The space                                                                */

/* The DSN of the file space at root, with the rights that root has. */
static zend_string *dsn_of(const zend_string *root)
{
    struct stat status;
    smart_str dsn = {0};
    if (stat(ZSTR_VAL(root), &status) != 0) memset(&status, 0, sizeof status); /* the library says what is wrong */
    unsigned mode = (status.st_mode & 0666) | 0600;
    smart_str_appends(&dsn, "file://");
    for (const char *c = ZSTR_VAL(root); *c != '\0'; c++) {
        if (*c == '%' || *c == '?') {
            smart_str_append_printf(&dsn, "%%%02X", (unsigned char)*c);
        } else {
            smart_str_appendc(&dsn, *c);
        }
    }
    smart_str_append_printf(&dsn, "?mode=%04o", mode);
    if ((status.st_mode & S_ISGID) && !(mode & 0002)) {
        smart_str_append_printf(&dsn, "&group=%u", (unsigned)status.st_gid);
    }
    smart_str_0(&dsn);
    return dsn.s;
}

static phpsync_open_space *open_space(const zend_string *root)
{
    zend_string *dsn = dsn_of(root);
    phpsync_open_space *open = phpsync_open_space_get(dsn, true);
    zend_string_release(dsn);
    return open;
}

/* ------------------------------------------------------------------------ */
/* The handle                                                               */

phpsync_file_handle *phpsync_file_handle_retain(phpsync_file_handle *handle)
{
    if (handle != NULL) handle->references++;
    return handle;
}

void phpsync_file_handle_release(phpsync_file_handle *handle)
{
    if (handle == NULL || --handle->references != 0) return;
    psync_lock_close(handle->lock);
    psync_integer_close(handle->integer);
    phpsync_open_space_release(handle->open);
    if (handle->path != NULL) zend_string_release(handle->path);
    zend_string_release(handle->root);
    efree(handle);
}

static bool same(const zend_string *one, const zend_string *other)
{
    if (one == NULL || other == NULL) return one == other;
    return one == other || zend_string_equals(one, other);
}

static bool is_at(const phpsync_file_handle *handle, const struct answer *answer)
{
    return same(handle->root, answer->root) && same(handle->path, answer->path) &&
           phpsync_open_space_is_current(handle->open);
}

static psync_result open_handle(phpsync_file_handle *handle, const struct kind *kind, const zend_string *key,
                                psync_error *error)
{
    const char *name = ZSTR_VAL(key);
    size_t length = ZSTR_LEN(key);
    const char *path = handle->path == NULL ? NULL : ZSTR_VAL(handle->path);
    char substitute[sizeof "md5:" + 32];
    if (!fits(key)) {
        zend_string *digest = phpsync_file_standard_name(ZSTR_EMPTY_ALLOC(), ZSTR_EMPTY_ALLOC(), key);
        snprintf(substitute, sizeof substitute, "md5:%s", ZSTR_VAL(digest) + ZSTR_LEN(digest) - 32);
        zend_string_release(digest);
        name = substitute;
        length = strlen(substitute);
    }
    if (kind == &lock_kind)
        return psync_lock_open_at(handle->open->space, name, length, path, &handle->lock, error);
    return psync_integer_open_at(handle->open->space, name, length, path, &handle->integer, error);
}

/* A handle for what the FileManager answered, in the place of the one before. */
static bool renew(phpsync_file_handle **handle, const struct kind *kind, const zend_string *key,
                  const struct answer *answer)
{
    psync_error error;
    phpsync_open_space *open = open_space(answer->root);
    if (open == NULL) return false;
    phpsync_file_handle *made = ecalloc(1, sizeof *made);
    made->references = 1;
    made->root = zend_string_copy(answer->root);
    made->path = answer->path == NULL ? NULL : zend_string_copy(answer->path);
    made->open = open;
    if (open_handle(made, kind, key, &error) != PSYNC_OK) {
        phpsync_file_handle_release(made);
        phpsync_throw(&error);
        return false;
    }
    phpsync_file_handle_release(*handle);
    *handle = made;
    return true;
}

/* Makes *handle one for what the FileManager answered. */
static phpsync_found settle(phpsync_file_handle **handle, const struct kind *kind, const zend_string *key,
                            phpsync_access access, const struct answer *answer)
{
    if (*handle != NULL && is_at(*handle, answer)) return PHPSYNC_FOUND_HANDLE;
    if (access == PHPSYNC_LOOK) {
        if (!phpsync_path_exists(answer->root)) return PHPSYNC_FOUND_NOTHING;
    } else if (!phpsync_path_make_folder(answer->root)) {
        return PHPSYNC_FOUND_ERROR;
    }
    return renew(handle, kind, key, answer) ? PHPSYNC_FOUND_HANDLE : PHPSYNC_FOUND_ERROR;
}

static phpsync_found reach(zend_object *driver, const struct kind *kind, zend_string *key, phpsync_access access,
                           phpsync_on_throw on_throw, phpsync_file_handle **handle)
{
    struct answer answer = {NULL, NULL, NULL};
    phpsync_found found = PHPSYNC_FOUND_ERROR;
    zend_object *manager = phpsync_manager_of(driver, *kind->driver);
    if (manager == NULL) {
        phpsync_handle_thrown(on_throw);
        return PHPSYNC_FOUND_ERROR;
    }
    if (find(driver, manager, kind, key, access, on_throw, &answer)) {
        found = settle(handle, kind, key, access, &answer);
    }
    forget(&answer);
    OBJ_RELEASE(manager);
    return found;
}

phpsync_found phpsync_file_lock(zend_object *driver, zend_string *key, phpsync_access access,
                                phpsync_on_throw on_throw, phpsync_file_handle **handle)
{
    return reach(driver, &lock_kind, key, access, on_throw, handle);
}

phpsync_found phpsync_file_integer(zend_object *driver, zend_string *key, phpsync_access access,
                                   phpsync_on_throw on_throw, phpsync_file_handle **handle)
{
    return reach(driver, &integer_kind, key, access, on_throw, handle);
}

/* ------------------------------------------------------------------------ */

static bool all_ours(zend_object *driver, zend_class_entry *ours, const char *const *methods)
{
    if (EXPECTED(driver->ce == ours)) return true;
    if (!instanceof_function(driver->ce, ours)) return false;
    for (; *methods != NULL; methods++) {
        if (phpsync_replaced(driver, ours, *methods, strlen(*methods)) != NULL) return false;
    }
    return true;
}

bool phpsync_is_file_lock_driver(zend_object *driver)
{
    static const char *const methods[] = {"lock", "unlock", "wait", "exists", NULL};
    return all_ours(driver, phpsync_ce_file_lock_driver, methods);
}

bool phpsync_is_file_integer_driver(zend_object *driver)
{
    static const char *const methods[] = {"setvalue", "getvalue", "increment", "hasvalue", "delete", NULL};
    return all_ours(driver, phpsync_ce_file_integer_driver, methods);
}

/* ------------------------------------------------------------------------ */
/* Methods of the drivers                                                   */

phpsync_found phpsync_file_find(zend_execute_data *execute_data, phpsync_file_finder *finder, phpsync_access access,
                                phpsync_file_handle **handle)
{
    zend_string *key;
    *handle = NULL;
    if (!phpsync_string_argument(ZEND_CALL_ARG(execute_data, 1), 1, true, &key)) return PHPSYNC_FOUND_ERROR;
    return finder(Z_OBJ_P(ZEND_THIS), key, access, PHPSYNC_PASS, handle);
}

void phpsync_file_ask(INTERNAL_FUNCTION_PARAMETERS, phpsync_file_finder *finder, phpsync_file_question *question)
{
    phpsync_file_handle *handle;
    psync_error error;
    PHPSYNC_PARAMETERS_OR_MORE(1, 1);
    switch (phpsync_file_find(execute_data, finder, PHPSYNC_LOOK, &handle)) {
    case PHPSYNC_FOUND_HANDLE:
        break;
    case PHPSYNC_FOUND_NOTHING:
        RETURN_FALSE;
    default:
        RETURN_THROWS();
    }
    psync_result result = question(handle, &error);
    phpsync_file_handle_release(handle);
    if (result < 0) {
        phpsync_throw(&error);
        RETURN_THROWS();
    }
    RETURN_BOOL(result == PSYNC_OK);
}
