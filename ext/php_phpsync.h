/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * php_phpsync.h - what the files of the extension share.
 *
 * The classes sit on the library's public headers alone. Arrows: lock.c,
 * integer.c, space.c, hold.c, owner.c, listing.c -> arguments.c, wait.c,
 * exceptions.c, user_driver.c, open_spaces.c, default_manager.c -> library.
 * The classes that keep Locks and Integers in files have files.h besides.
 *
 * Two rules hold everywhere:
 * - No PHP call, and nothing that can bail out (longjmp), runs while a frame
 *   of the library is on the stack, but inside phpsync_interrupt and the
 *   callbacks that catch a bail-out and raise it again afterwards.
 * - Library objects (psync_*) live in C memory, PHP objects own them.
 */
#ifndef PHPSYNC_EXT_PHP_PHPSYNC_H
#define PHPSYNC_EXT_PHP_PHPSYNC_H

#include "compat.h"
#include <inttypes.h>
#include <math.h>
#include <phpsync/phpsync.h>

#define PHP_PHPSYNC_VERSION PSYNC_VERSION

extern zend_module_entry phpsync_module_entry;
#define phpext_phpsync_ptr &phpsync_module_entry

/* ------------------------------------------------------------------------ */
/* Module globals: one set a thread                                         */

ZEND_BEGIN_MODULE_GLOBALS(phpsync)
char *dsn;          /* ini phpsync.dsn */
HashTable spaces;   /* DSN and user -> phpsync_open_space, for the process (thread) */
HashTable objects;  /* the default manager's entries, for the request */
bool objects_ready; /* objects is initialised */
bool bailed_out;    /* the engine bailed out in a handler; phpsync_after_call goes on with that */
bool deaf;          /* no handler may run now: an object is being freed */
uint64_t request;   /* counts requests, from 1 */
uint64_t last_id;   /* of the open spaces */
ZEND_END_MODULE_GLOBALS(phpsync)

ZEND_EXTERN_MODULE_GLOBALS(phpsync)
#define PHPSYNC_G(v) ZEND_MODULE_GLOBALS_ACCESSOR(phpsync, v)

#if defined(ZTS) && defined(COMPILE_DL_PHPSYNC)
ZEND_TSRMLS_CACHE_EXTERN()
#endif

/* ------------------------------------------------------------------------ */
/* Classes                                                                  */

extern zend_class_entry *phpsync_ce_lock_interface;
extern zend_class_entry *phpsync_ce_integer_interface;
extern zend_class_entry *phpsync_ce_lock_driver;
extern zend_class_entry *phpsync_ce_integer_driver;
extern zend_class_entry *phpsync_ce_manager_interface;
extern zend_class_entry *phpsync_ce_sync_exception;
extern zend_class_entry *phpsync_ce_integer_absent;
extern zend_class_entry *phpsync_ce_outcome_unknown;
extern zend_class_entry *phpsync_ce_lock_timeout;
extern zend_class_entry *phpsync_ce_lease_lost;
extern zend_class_entry *phpsync_ce_lock;
extern zend_class_entry *phpsync_ce_integer;
extern zend_class_entry *phpsync_ce_space;

void phpsync_register_contracts(void);
void phpsync_register_exceptions(void);
void phpsync_register_singleton_manager(void);
void phpsync_register_lock(void);
void phpsync_register_integer(void);
void phpsync_register_space(void);
void phpsync_register_hold(void);
void phpsync_register_owner(void);
void phpsync_register_listing(void);
void phpsync_register_file_manager(void);
void phpsync_register_with_file_manager(void);
void phpsync_forget_with_file_manager(void);
void phpsync_register_file_lock_driver(void);
void phpsync_register_file_integer_driver(void);

/* Registers a class; methods is the generated table. */
zend_class_entry *phpsync_register_class(const char *name, const zend_function_entry *methods,
                                         zend_class_entry *parent);
zend_class_entry *phpsync_register_interface(const char *name, const zend_function_entry *methods);

/* ------------------------------------------------------------------------ */
/* Arguments (arguments.c). number counts from 1; false: an error was thrown. */

/* Checks the number of arguments as PHP does. */
#define PHPSYNC_PARAMETERS(min, max)                                                                               \
    do {                                                                                                           \
        if (UNEXPECTED(ZEND_NUM_ARGS() - (uint32_t)(min) > (uint32_t)(max) - (uint32_t)(min))) {                   \
            phpsync_count_error((min), (max));                                                                     \
            return;                                                                                                \
        }                                                                                                          \
    } while (0)

/*
 * The same for methods that the PHP packages had: what is given beyond the last
 * parameter is ignored, as for any method written in PHP.
 */
#define PHPSYNC_PARAMETERS_OR_MORE(min, max)                                                                       \
    do {                                                                                                           \
        int given_ = (int)ZEND_NUM_ARGS();                                                                         \
        if (UNEXPECTED(given_ < (min) || (PHPSYNC_REFUSES_SURPLUS && given_ > (max)))) {                           \
            phpsync_count_error((min), (max));                                                                     \
            return;                                                                                                \
        }                                                                                                          \
    } while (0)

/* The n-th argument, or NULL if fewer were given. */
#define PHPSYNC_ARGUMENT(n) (ZEND_NUM_ARGS() >= (n) ? ZEND_CALL_ARG(execute_data, n) : NULL)

/*
 * A string. strict: obey the caller's strict_types. The string is borrowed
 * from the argument's slot, which is converted in place.
 */
bool phpsync_string_argument(zval *argument, uint32_t number, bool strict, zend_string **string);
/* The same; absent or null leaves *string NULL. */
bool phpsync_optional_string_argument(zval *argument, uint32_t number, zend_string **string);
/* A string, and 1 to PSYNC_KEY_MAX bytes long. */
bool phpsync_key_argument(zval *argument, uint32_t number, zend_string **key);
/* Throws unless a key fits a Space. */
bool phpsync_check_key(const zend_string *key, uint32_t number);
/* An int; what would lose something is a TypeError. */
bool phpsync_int_argument(zval *argument, uint32_t number, bool strict, zend_long *value);
/* Seconds, 0 or more; argument NULL leaves *seconds, null means INFINITY if nullable. */
bool phpsync_seconds_argument(zval *argument, uint32_t number, bool nullable, double *seconds);
/* Finite seconds above 0; argument NULL leaves *lease, null means 0 (none) if nullable. */
bool phpsync_lease_argument(zval *argument, uint32_t number, bool nullable, double *lease);
/* An object of ce; null leaves *object NULL if nullable. */
bool phpsync_object_argument(zval *argument, uint32_t number, zend_class_entry *ce, bool nullable,
                             zend_object **object);
/* Something that can be called. */
bool phpsync_callable_argument(zval *argument, uint32_t number, zend_fcall_info *fci, zend_fcall_info_cache *fcc);

/* ------------------------------------------------------------------------ */
/* Errors (exceptions.c)                                                    */

/* Throws what the library's error is in PHP. */
void phpsync_throw(const psync_error *error);
/* Throws SyncOperationException with a message. */
void phpsync_throw_sync(const char *format, ...) ZEND_ATTRIBUTE_FORMAT(printf, 1, 2);
/* Throws 'what "key" <format>'. */
void phpsync_throw_about(zend_class_entry *ce, const char *what, const zend_string *key, const char *format, ...)
    ZEND_ATTRIBUTE_FORMAT(printf, 4, 5);
/* Throws IntegerDoesNotExistException. */
void phpsync_throw_absent(const zend_string *key);
/* Makes the pending exception the previous of a SyncOperationException with its message; exit passes. */
void phpsync_wrap_exception(void);
/* Throws an Error: the object was made around its factory. */
void phpsync_throw_unmade(zend_object *object, const char *factory);

/* RETURN_BOOL by the result of a library call, which fills in error; an error is thrown. */
#define PHPSYNC_RETURN_RESULT(call)                                                                                \
    do {                                                                                                           \
        psync_error error;                                                                                         \
        psync_result result_ = (call);                                                                             \
        if (UNEXPECTED(result_ < 0)) {                                                                             \
            phpsync_throw(&error);                                                                                 \
            RETURN_THROWS();                                                                                       \
        }                                                                                                          \
        phpsync_after_call();                                                                                      \
        RETURN_BOOL(result_ == PSYNC_OK);                                                                          \
    } while (0)

/* ------------------------------------------------------------------------ */
/* Waiting (wait.c)                                                         */

/* Serves PHP's signals and time limit; the interrupt hook of every wait and every space. Its argument is not used.
 */
int phpsync_interrupt(void *argument);

/* A wait of so many seconds that does so. */
static inline psync_wait phpsync_wait(double seconds)
{
    return (psync_wait){.timeout = seconds, .interrupt = phpsync_interrupt};
}

ZEND_COLD void phpsync_bail_out(void);

/*
 * To be called after each call of the library that may have asked an engine,
 * once its frames are left and C memory is released: goes on with a bail-out
 * that was held back. phpsync_throw does it too.
 */
static inline void phpsync_after_call(void)
{
    if (UNEXPECTED(PHPSYNC_G(bailed_out))) phpsync_bail_out();
}

/* ------------------------------------------------------------------------ */
/* Open spaces (open_spaces.c): one psync_space a DSN, kept by the process  */

typedef struct phpsync_open_space {
    psync_space *space;
    uint64_t id;      /* no two open spaces of a thread share one */
    uint64_t request; /* the request that opened or checked it last */
    uint32_t references;
    struct phpsync_path *paths; /* what the driver opened */
    int64_t compared;           /* coarse monotonic, ns: when a file space's folder was last */
} phpsync_open_space;

/* The space at dsn; throws and returns NULL on failure. Release it afterwards. any_folder: as psync_options says.
 */
phpsync_open_space *phpsync_open_space_get(const zend_string *dsn, bool any_folder);
/* Whether getting a file space again would give the same one, or would have some milliseconds ago. */
bool phpsync_open_space_is_current(phpsync_open_space *open);
phpsync_open_space *phpsync_open_space_retain(phpsync_open_space *open);
void phpsync_open_space_release(phpsync_open_space *open);
void phpsync_open_spaces_init(HashTable *spaces);

/* ------------------------------------------------------------------------ */
/* The default manager (default_manager.c): one object a key, one request   */

/* kind: 'L' or 'I'; open NULL for drivers written in PHP. Borrowed, or NULL. */
zend_object *phpsync_default_get(char kind, const phpsync_open_space *open, const zend_string *key);
void phpsync_default_set(char kind, const phpsync_open_space *open, const zend_string *key, zend_object *object);
/* At the request's end, while objects still live. */
void phpsync_default_clear(void);
/* After it, for what was asked for later still (a session's handler): the engine has freed the objects by then. */
void phpsync_default_forget(void);

/*
 * Asks a manager object has() and get(), as its interface says. True: go on.
 * *found: result is the object that getInstance returns.
 */
bool phpsync_manager_find(zend_object *manager, zend_string *key, zend_class_entry *ce, bool *found, zval *result);
bool phpsync_manager_set(zend_object *manager, zend_string *key, zend_class_entry *ce, zend_object *object);

/* ------------------------------------------------------------------------ */
/* Drivers written in PHP (user_driver.c)                                   */

/* The method of a driver, by its lower-case name. */
zend_function *phpsync_driver_method(zend_class_entry *ce, const char *name, size_t length);

typedef enum phpsync_on_throw {
    PHPSYNC_PASS,           /* as it is */
    PHPSYNC_WRAP,           /* in a SyncOperationException */
    PHPSYNC_WRAP_BUT_ABSENT /* the same, but IntegerDoesNotExistException passes */
} phpsync_on_throw;

/* Does so to the pending exception, if there is one. */
void phpsync_handle_thrown(phpsync_on_throw on_throw);

/* Calls driver->method($key[, $number]); false: thrown. */
bool phpsync_driver_call(zend_object *driver, zend_function *method, zend_string *key, const zend_long *number,
                         phpsync_on_throw on_throw, zval *result);
/* The same, for methods whose result is an int or a bool. */
bool phpsync_driver_call_int(zend_object *driver, zend_function *method, zend_string *key, const zend_long *number,
                             phpsync_on_throw on_throw, zend_long *result);
bool phpsync_driver_call_bool(zend_object *driver, zend_function *method, zend_string *key,
                              phpsync_on_throw on_throw, bool *result);
/* Throws: a driver written in PHP cannot serve this method. */
void phpsync_throw_lacks(zend_object *driver, const char *feature);

/* ------------------------------------------------------------------------ */
/* Objects                                                                  */

/* The open space of a Space object; NULL if it was made around open(). */
phpsync_open_space *phpsync_space_of(zend_object *object);

/* Lock::getInstance and Integer::getInstance; result is set or an exception thrown. */
void phpsync_lock_instance(zend_string *key, zend_object *driver, zend_object *manager, zval *result);
void phpsync_integer_instance(zend_string *key, zend_object *driver, zend_object *manager, zval *result);

/*
 * Takes the Lock as a Hold object. PSYNC_NO: the time ran out; an error was thrown. Else result stays as it was.
 * owner: what lock belongs to, or NULL; released as soon as the library is done with it, whatever comes then.
 */
struct phpsync_file_handle;
psync_result phpsync_hold_acquire(psync_lock *lock, phpsync_open_space *open, zend_string *key, double seconds,
                                  double lease, struct phpsync_file_handle *owner, zval *result);
uint64_t phpsync_hold_object_fence(zend_object *object);
/* Releases the Hold of a Hold object: PSYNC_OK, PSYNC_NO or an error. */
psync_result phpsync_hold_object_release(zend_object *object, psync_error *error);

/* What an Owner object is made of. */
typedef struct phpsync_owner_facts {
    const char *host;
    const char *label;
    int64_t pid;
    int64_t acquired_at;
    int64_t expires_at;
    uint64_t fence;
    psync_alive alive;
} phpsync_owner_facts;

/* Makes an Owner object, or throws. */
void phpsync_owner_object(const phpsync_owner_facts *facts, zval *result);
/* A DateTimeImmutable in UTC; false: thrown. */
bool phpsync_date(int64_t microseconds, zval *result);

/* Lists a space's Locks or Integers into a Listing object; throws on failure. */
void phpsync_listing_locks(phpsync_open_space *open, zval *result);
void phpsync_listing_integers(phpsync_open_space *open, zval *result);

#endif
