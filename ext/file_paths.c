/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_paths.c - paths that FileManagers tell, and folders.
 *
 * A path stays as it was told, but for a working folder before a relative one:
 * nothing is resolved, so that links mean what they mean to everybody else.
 */
#include "files.h"

#include <limits.h>
#include <sys/stat.h>

/* Whether it begins as an URL does: fopen() would give it to another wrapper. */
static bool has_scheme(const char *path)
{
    size_t length = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return length > 1 && strncmp(path + length, "://", 3) == 0;
}

bool phpsync_path_check(const zend_string *path, const char *what)
{
    const char *wrong = NULL;
    if (ZSTR_LEN(path) == 0) {
        wrong = "is empty; it must name a place in the file system";
    } else if (strlen(ZSTR_VAL(path)) != ZSTR_LEN(path)) {
        wrong = "holds a NUL byte; no file can be named so";
    } else if (has_scheme(ZSTR_VAL(path))) {
        wrong = "begins as an URL does; Locks and Integers need a folder of the file system";
    }
    if (EXPECTED(wrong == NULL)) return true;
    phpsync_throw_sync("%s that the FileManager told %s", what, wrong);
    return false;
}

/* Takes an absolute path over. */
static zend_string *of_length(zend_string *path)
{
    if (EXPECTED(ZSTR_LEN(path) < PATH_MAX)) return path;
    phpsync_throw_sync("the path %.200s... is too long: it has %zu bytes, and the system takes %d", ZSTR_VAL(path),
                       ZSTR_LEN(path), PATH_MAX - 1);
    zend_string_release(path);
    return NULL;
}

zend_string *phpsync_path_absolute(const zend_string *path)
{
    char folder[MAXPATHLEN];
    if (*ZSTR_VAL(path) == '/') return of_length(zend_string_copy((zend_string *)path));
    if (VCWD_GETCWD(folder, sizeof folder) == NULL) {
        phpsync_throw_sync("the working folder is not known (%s), so the relative path %s names nothing; use an "
                           "absolute one",
                           strerror(errno), ZSTR_VAL(path));
        return NULL;
    }
    return of_length(zend_strpprintf(0, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, ZSTR_VAL(path)));
}

zend_string *phpsync_path_folder(const zend_string *path)
{
    const char *slash = strrchr(ZSTR_VAL(path), '/');
    size_t length = (size_t)(slash - ZSTR_VAL(path));
    return zend_string_init(ZSTR_VAL(path), length == 0 ? 1 : length, 0);
}

bool phpsync_path_exists(const zend_string *path)
{
    struct stat status;
    return stat(ZSTR_VAL(path), &status) == 0;
}

bool phpsync_path_allowed(const zend_string *path)
{
    if (php_check_open_basedir_ex(ZSTR_VAL(path), 0) == 0) return true;
    phpsync_throw_sync("open_basedir does not allow %s; add its folder to open_basedir", ZSTR_VAL(path));
    return false;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Length without the last part, and without the slashes before that. */
static size_t parent_length(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] == '/') length--;
    while (length > 0 && path[length - 1] != '/') length--;
    while (length > 0 && path[length - 1] == '/') length--;
    return length;
}

/* Makes path, length bytes of it, and what is above; 0 or errno. The buffer is as it was afterwards. */
static int make_folder(char *path, size_t length)
{
    int result = ENOENT;
    char end = path[length];
    /* A folder that somebody removes while the next one is made in it is made again, but not for ever. */
    for (int attempt = 0; attempt < 100 && result == ENOENT && length > 0; attempt++) {
        path[length] = '\0';
        result = mkdir(path, 0777) == 0 ? 0 : errno;
        if (result == EEXIST) result = is_folder(path) ? 0 : ENOTDIR;
        path[length] = end;
        if (result != ENOENT) break;
        int above = make_folder(path, parent_length(path, length));
        if (above != 0) return above;
    }
    return length > 0 ? result : 0;
}

bool phpsync_path_make_folder(const zend_string *path)
{
    if (is_folder(ZSTR_VAL(path))) return true;
    zend_string *buffer = zend_string_init(ZSTR_VAL(path), ZSTR_LEN(path), 0);
    int failed = make_folder(ZSTR_VAL(buffer), ZSTR_LEN(buffer));
    zend_string_release(buffer);
    if (failed == 0) return true;
    phpsync_throw_sync("cannot make the folder %.900s: %s", ZSTR_VAL(path), strerror(failed));
    return false;
}
