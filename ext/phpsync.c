/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * phpsync.c - the module: its life, its ini settings, its phpinfo() section.
 *
 * A process (a thread, under ZTS) keeps its open spaces from init_globals to
 * free_globals; a request keeps the default manager's objects.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "php_phpsync.h"

ZEND_DECLARE_MODULE_GLOBALS(phpsync)

/* ------------------------------------------------------------------------ */
/* ini                                                                      */

/* Length of the part of text up to the first of the stop characters. */
static size_t until(const char *text, const char *stop)
{
    return strcspn(text, stop);
}

/*
 * Copies a DSN without what may be a password: all between the first colon
 * and the last "@" of the authority, and the values of options named so.
 */
static zend_string *without_password(const char *dsn)
{
    smart_str out = {0};
    const char *slashes = strstr(dsn, "://");
    const char *rest = slashes == NULL ? dsn : slashes + 3;
    const char *at =
        strrchr(rest, '@'); /* behind an unescaped "/" or "?" too: that DSN is refused, and shown all the same */
    size_t authority = at == NULL ? until(rest, "?") : (size_t)(at - rest) + until(at, "?");
    const char *colon = at == NULL ? NULL : memchr(rest, ':', (size_t)(at - rest));
    smart_str_appendl(&out, dsn, (size_t)(rest - dsn));
    if (colon != NULL) {
        smart_str_appendl(&out, rest, (size_t)(colon - rest));
        smart_str_appends(&out, ":***");
        authority -= (size_t)(at - rest);
        rest = at;
    }
    smart_str_appendl(&out, rest, authority);
    for (const char *option = rest + authority; *option != '\0';) {
        size_t length = 1 + until(option + 1, "&");
        size_t name = until(option, "=");
        if (name < length && zend_memnstr(option, "pass", 4, option + name) != NULL) {
            smart_str_appendl(&out, option, name);
            smart_str_appends(&out, "=***");
        } else {
            smart_str_appendl(&out, option, length);
        }
        option += length;
    }
    smart_str_0(&out);
    return out.s != NULL ? out.s : ZSTR_EMPTY_ALLOC();
}

/* How phpinfo() and php -i show phpsync.dsn. */
static ZEND_INI_DISP(display_dsn)
{
    zend_string *value =
        type == ZEND_INI_DISPLAY_ORIG && ini_entry->modified ? ini_entry->orig_value : ini_entry->value;
    if (value == NULL || ZSTR_LEN(value) == 0) {
        php_printf("%s", sapi_module.phpinfo_as_text ? "no value" : "<i>no value</i>");
        return;
    }
    zend_string *shown = without_password(ZSTR_VAL(value));
    if (sapi_module.phpinfo_as_text) {
        php_printf("%s", ZSTR_VAL(shown));
    } else {
        zend_string *escaped =
            php_escape_html_entities((unsigned char *)ZSTR_VAL(shown), ZSTR_LEN(shown), 0, ENT_QUOTES, "utf-8");
        php_printf("%s", ZSTR_VAL(escaped));
        zend_string_release(escaped);
    }
    zend_string_release(shown);
}

PHP_INI_BEGIN()
STD_PHP_INI_ENTRY_EX("phpsync.dsn", "", PHP_INI_ALL, OnUpdateString, dsn, zend_phpsync_globals, phpsync_globals,
                     display_dsn)
PHP_INI_END()

/* ------------------------------------------------------------------------ */
/* Life                                                                     */

static void init_globals(void *argument)
{
    zend_phpsync_globals *globals = argument;
#if defined(COMPILE_DL_PHPSYNC) && defined(ZTS)
    ZEND_TSRMLS_CACHE_UPDATE();
#endif
    memset(globals, 0, sizeof *globals);
    phpsync_open_spaces_init(&globals->spaces);
}

static void free_globals(void *argument)
{
    zend_phpsync_globals *globals = argument;
    zend_hash_destroy(&globals->spaces);
}

static PHP_MINIT_FUNCTION(phpsync)
{
    (void)type;
    REGISTER_INI_ENTRIES();
    phpsync_register_contracts();
    phpsync_register_exceptions();
    phpsync_register_singleton_manager();
    phpsync_register_lock();
    phpsync_register_integer();
    phpsync_register_space();
    phpsync_register_hold();
    phpsync_register_owner();
    phpsync_register_listing();
    phpsync_register_file_manager();
    phpsync_register_with_file_manager();
    phpsync_register_file_lock_driver();
    phpsync_register_file_integer_driver();
    return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(phpsync)
{
    (void)type;
    UNREGISTER_INI_ENTRIES();
    phpsync_forget_with_file_manager();
    return SUCCESS;
}

static PHP_RINIT_FUNCTION(phpsync)
{
    (void)type;
    (void)module_number;
#if defined(COMPILE_DL_PHPSYNC) && defined(ZTS)
    ZEND_TSRMLS_CACHE_UPDATE();
#endif
    PHPSYNC_G(request)++;
    return SUCCESS;
}

static PHP_RSHUTDOWN_FUNCTION(phpsync)
{
    (void)type;
    (void)module_number;
    phpsync_default_clear();
    return SUCCESS;
}

static ZEND_MODULE_POST_ZEND_DEACTIVATE_D(phpsync)
{
    phpsync_default_forget();
    return SUCCESS;
}

static PHP_MINFO_FUNCTION(phpsync)
{
    const char *scheme;
    bool built_in;
    smart_str present = {0}, missing = {0};
    for (size_t i = 0; (scheme = psync_scheme(i, &built_in)) != NULL; i++) {
        smart_str *list = built_in ? &present : &missing;
        if (list->s != NULL) smart_str_appends(list, ", ");
        smart_str_appends(list, scheme);
    }
    smart_str_0(&present);
    smart_str_0(&missing);

    php_info_print_table_start();
    php_info_print_table_row(2, "phpsync", "enabled");
    php_info_print_table_row(2, "Version", PHP_PHPSYNC_VERSION);
    php_info_print_table_row(2, "Drivers", present.s != NULL ? ZSTR_VAL(present.s) : "none");
    if (missing.s != NULL) php_info_print_table_row(2, "Drivers not built in", ZSTR_VAL(missing.s));
    php_info_print_table_end();
    smart_str_free(&present);
    smart_str_free(&missing);
    DISPLAY_INI_ENTRIES();
    (void)zend_module;
}

static const zend_module_dep dependencies[] = {ZEND_MOD_REQUIRED("date") ZEND_MOD_REQUIRED("spl") ZEND_MOD_END};

zend_module_entry phpsync_module_entry = {
    STANDARD_MODULE_HEADER_EX,
    NULL,
    dependencies,
    "phpsync",
    NULL,
    PHP_MINIT(phpsync),
    PHP_MSHUTDOWN(phpsync),
    PHP_RINIT(phpsync),
    PHP_RSHUTDOWN(phpsync),
    PHP_MINFO(phpsync),
    PHP_PHPSYNC_VERSION,
    PHP_MODULE_GLOBALS(phpsync),
    init_globals,
    free_globals,
    ZEND_MODULE_POST_ZEND_DEACTIVATE_N(phpsync),
    STANDARD_MODULE_PROPERTIES_EX,
};

#ifdef COMPILE_DL_PHPSYNC
#ifdef ZTS
ZEND_TSRMLS_CACHE_DEFINE()
#endif
ZEND_GET_MODULE(phpsync)
#endif
