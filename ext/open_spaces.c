/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open_spaces.c - spaces that stay open from one request to the next.
 *
 * Opening a space costs system calls, a connection or a mapping, so a process
 * (a thread, under ZTS) opens each DSN once and keeps it: psync_spaces are
 * safe after fork, and Locks do not belong to them. What belongs to a request
 * is renewed each time: the label, and the check of open_basedir against
 * every path that the driver opened.
 *
 * A long-lived process must not sit on a file that was deleted and made anew
 * by others. So each Space::open compares the identity of those paths with
 * the one at open; on a difference a new psync_space takes the old one's
 * place, which lives on as long as objects use it.
 *
 * Nor must one that meets ever new DSNs (a space a customer, say) keep all of
 * them: from KEPT on, a new one takes the place of those that nothing uses.
 */
#include "php_phpsync.h"
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 64 };

typedef struct phpsync_path {
    struct phpsync_path *next;
    bool known;    /* device and inode are */
    bool straight; /* no link is on the way */
    dev_t device;
    ino_t inode;
    char name[];
} phpsync_path;

static void free_paths(phpsync_path *path)
{
    while (path != NULL) {
        phpsync_path *next = path->next;
        free(path);
        path = next;
    }
}

phpsync_open_space *phpsync_open_space_retain(phpsync_open_space *open)
{
    open->references++;
    return open;
}

void phpsync_open_space_release(phpsync_open_space *open)
{
    if (open == NULL || --open->references != 0) return;
    psync_space_close(open->space);
    free_paths(open->paths);
    free(open);
}

static void drop(zval *entry)
{
    phpsync_open_space_release(Z_PTR_P(entry));
}

void phpsync_open_spaces_init(HashTable *spaces)
{
    zend_hash_init(spaces, 4, NULL, drop, 1);
}

/* ------------------------------------------------------------------------ */

/* What path_check is given. */
typedef struct opening {
    phpsync_path *paths;
    bool bailed_out;
} opening;

/* Whether open_basedir allows name. May bail out. */
static bool allowed(const char *name)
{
    return php_check_open_basedir_ex(name, 0) == 0;
}

static int check_path(const char *name, void *argument)
{
    opening *state = argument;
    bool permitted = false;
    zend_try
    {
        permitted = allowed(name);
    }
    zend_catch
    {
        state->bailed_out = true;
    }
    zend_end_try();
    if (!permitted) return 1;

    size_t size = strlen(name) + 1;
    phpsync_path *path = calloc(1, sizeof *path + size);
    if (path == NULL) return 1;
    memcpy(path->name, name, size);
    path->next = state->paths;
    state->paths = path;
    return 0;
}

static void remember_identity(phpsync_path *paths)
{
    struct stat status;
    for (phpsync_path *path = paths; path != NULL; path = path->next) {
        char real[MAXPATHLEN];
        path->straight = realpath(path->name, real) != NULL && strcmp(path->name, real) == 0;
        path->known = stat(path->name, &status) == 0;
        if (!path->known) continue;
        path->device = status.st_dev;
        path->inode = status.st_ino;
    }
}

static bool still_the_same(const phpsync_path *paths)
{
    struct stat status;
    for (const phpsync_path *path = paths; path != NULL; path = path->next) {
        if (!path->known) continue;
        if (stat(path->name, &status) != 0) return false;
        if (status.st_dev != path->device || status.st_ino != path->inode) return false;
    }
    return true;
}

static bool paths_allowed(const phpsync_path *paths)
{
    for (const phpsync_path *path = paths; path != NULL; path = path->next) {
        if (allowed(path->name)) continue;
        phpsync_throw_sync("open_basedir does not allow %s; add its folder to open_basedir", path->name);
        return false;
    }
    return true;
}

/*
 * The path of the script that this request runs; NULL (the executable's path)
 * for code that is in no file. A router script of the built-in web server is
 * not in request_info; it is the outermost function of the stack.
 */
static const char *label(void)
{
    const char *path = SG(request_info).path_translated;
    if (path != NULL && *path == '/') return path;
    path = NULL;
    for (zend_execute_data *frame = EG(current_execute_data); frame != NULL; frame = frame->prev_execute_data) {
        if (frame->func != NULL && ZEND_USER_CODE(frame->func->type))
            path = ZSTR_VAL(frame->func->op_array.filename);
    }
    return path != NULL && *path == '/' ? path : NULL;
}

static phpsync_open_space *open_new(const char *dsn, bool any_folder)
{
    opening state = {NULL, false};
    psync_options options = {
        .label = label(),
        .path_check = check_path,
        .argument = &state,
        .any_folder = any_folder,
        .interrupt = phpsync_interrupt,
    };
    psync_error error;
    psync_space *space = NULL;
    psync_result result = psync_space_open(dsn, &options, &space, &error);
    phpsync_open_space *open = result == PSYNC_OK ? calloc(1, sizeof *open) : NULL;
    if (open == NULL) {
        if (result == PSYNC_OK) psync_space_close(space);
        free_paths(state.paths);
        if (state.bailed_out) zend_bailout();
        if (result == PSYNC_OK) zend_error_noreturn(E_ERROR, "Out of memory");
        phpsync_throw(&error);
        return NULL;
    }
    open->space = space;
    open->paths = state.paths;
    open->id = ++PHPSYNC_G(last_id);
    open->request = PHPSYNC_G(request);
    open->references = 1;
    remember_identity(open->paths);
    return open;
}

/* Makes a space that an earlier request opened fit for this one. */
static bool enter_request(phpsync_open_space *open)
{
    psync_error error;
    if (open->request == PHPSYNC_G(request)) return true;
    if (psync_space_set_label(open->space, label(), &error) != PSYNC_OK) {
        phpsync_throw(&error);
        return false;
    }
    open->request = PHPSYNC_G(request);
    return true;
}

/*
 * To compare a path costs as much as a third of an increment, and the library
 * heeds a folder that was replaced itself. So in a burst it is done some
 * hundred times a second; but each time where a link leads to the folder: the
 * library knows only what it led to.
 */
static bool was_just_compared(phpsync_open_space *open)
{
    static const int64_t BURST = 4 * 1000 * 1000;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    int64_t time = (int64_t)now.tv_sec * 1000 * 1000 * 1000 + now.tv_nsec;
    bool straight = true;
    for (const phpsync_path *path = open->paths; path != NULL; path = path->next) straight &= path->straight;
    if (straight && time - open->compared < BURST) return true;
    open->compared = time;
    return false;
}

bool phpsync_open_space_is_current(phpsync_open_space *open)
{
    bool restricted = PG(open_basedir) != NULL && *PG(open_basedir) != '\0';
    if (open->request != PHPSYNC_G(request) || restricted) return false;
    return was_just_compared(open) || still_the_same(open->paths);
}

/* The user is part of it: what a DSN names may depend on who asks. */
static zend_string *cache_key(const zend_string *dsn, bool any_folder)
{
    return zend_strpprintf(0, "%lu:%lu:%s%s", (unsigned long)geteuid(), (unsigned long)getegid(),
                           any_folder ? "any " : "", ZSTR_VAL(dsn));
}

/* Whether to keep an entry: not if nobody uses it, and its paths have gone or there are too many. */
static int keep_or_remove(zval *entry, void *crowded)
{
    const phpsync_open_space *open = Z_PTR_P(entry);
    bool idle = open->references == 1 && (*(bool *)crowded || !still_the_same(open->paths));
    return idle ? ZEND_HASH_APPLY_REMOVE : ZEND_HASH_APPLY_KEEP;
}

static phpsync_open_space *open_and_keep(HashTable *spaces, zend_string *key, const char *dsn, bool any_folder)
{
    bool crowded = zend_hash_num_elements(spaces) >= KEPT;
    phpsync_open_space *open = open_new(dsn, any_folder);
    if (open == NULL) return NULL;
    zend_hash_apply_with_argument(spaces, keep_or_remove, &crowded);
    zend_hash_str_update_ptr(spaces, ZSTR_VAL(key), ZSTR_LEN(key), open);
    return open;
}

phpsync_open_space *phpsync_open_space_get(const zend_string *dsn, bool any_folder)
{
    if (strlen(ZSTR_VAL(dsn)) != ZSTR_LEN(dsn)) {
        phpsync_throw_sync("the DSN holds a NUL byte; write it as SCHEME://...");
        return NULL;
    }
    if (ZSTR_LEN(dsn) == 0) {
        phpsync_throw_sync("the DSN is empty; write it as SCHEME://..., or null for the configured one");
        return NULL;
    }
    HashTable *spaces = &PHPSYNC_G(spaces);
    zend_string *key = cache_key(dsn, any_folder);
    phpsync_open_space *open = zend_hash_find_ptr(spaces, key);
    if (open != NULL && !still_the_same(open->paths)) {
        zend_hash_del(spaces, key);
        open = NULL;
    }
    if (open != NULL) {
        if (!paths_allowed(open->paths) || !enter_request(open)) open = NULL;
    } else {
        open = open_and_keep(spaces, key, ZSTR_VAL(dsn), any_folder);
    }
    zend_string_release(key);
    return open != NULL ? phpsync_open_space_retain(open) : NULL;
}
