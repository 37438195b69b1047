/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dsn.c - SCHEME://[USER[:PASSWORD]@]AUTHORITY[/PATH][?NAME=VALUE&...]
 *
 * The text is split in one pass over a copy of it; parts are percent-decoded
 * in place. The shown text is built beside it from the same parts, without the
 * password. Numbers are read by hand: strtod obeys the process's locale.
 */
#include "dsn.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { OPTIONS_MAX = 64, LENGTH_MAX = 4096 };

static const int64_t DEFAULT_TIMEOUT = 5 * PSYNC_NS_PER_S;

/* A psync_dsn and the memory its pointers point into. */
struct owned_dsn {
    psync_dsn dsn; /* first: freed through it */
    psync_dsn_option options[OPTIONS_MAX];
    char parts[LENGTH_MAX + 2]; /* the text, and the NUL that goes between authority and path */
    char shown[LENGTH_MAX + 1];
};

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes %XX in place. False for a broken escape or an encoded NUL. */
static bool decode(char *text)
{
    char *out = text;
    for (char *in = text; *in; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex(in[1]);
        int low = high < 0 ? -1 : hex(in[2]);
        if (low < 0 || (high == 0 && low == 0)) return false;
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return true;
}

bool psync__dsn_seconds(const char *text, int64_t *ns)
{
    int64_t whole = 0;
    int64_t part = 0;
    const char *c = text;
    if (*c < '0' || *c > '9') return false;
    for (; *c >= '0' && *c <= '9'; c++) {
        whole = whole * 10 + (*c - '0');
        if (whole > 1000000) return false;
    }
    if (*c == '.') {
        int64_t unit = PSYNC_NS_PER_S / 10;
        for (c++; *c >= '0' && *c <= '9'; c++, unit /= 10) part += (*c - '0') * unit;
    }
    if (*c) return false;
    *ns = whole * PSYNC_NS_PER_S + part;
    return *ns > 0;
}

static psync_result bad_escape(const char *part, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                           "the DSN's %s has a broken percent escape; write a literal %% as %%25, and no %%00",
                           part);
}

static psync_result add_option(struct owned_dsn *own, char *name, char *value, psync_error *error)
{
    if (!decode(name) || !decode(value)) return bad_escape("options", error);
    if (!*name) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN has an option without a name");
    }
    bool is_timeout = strcmp(name, "timeout") == 0;
    if (psync_dsn_get(&own->dsn, name) || (is_timeout && own->dsn.timeout)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN has the option \"%.80s\" twice", name);
    }
    if (is_timeout) {
        if (psync__dsn_seconds(value, &own->dsn.timeout)) return PSYNC_OK;
        return psync_error_set(
            error, PSYNC_ERROR_ARGUMENT, 0,
            "the DSN's timeout must be a number of seconds above 0 and at most 1000000, not \"%.80s\"", value);
    }
    if (own->dsn.option_count == OPTIONS_MAX) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN has more than %d options", OPTIONS_MAX);
    }
    own->options[own->dsn.option_count++] = (psync_dsn_option){name, value};
    return PSYNC_OK;
}

/* Whether an option's value must not be shown, under whatever name an engine, or a guess, knows a password. */
static bool is_secret(const char *name)
{
    static const char *const words[] = {"pass", "pwd", "secret", "token"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(name, words[i])) return true;
    }
    return false;
}

static psync_result split_options(struct owned_dsn *own, char *query, psync_error *error)
{
    const char *sign = "?";
    for (char *next; query; query = next) {
        next = strchr(query, '&');
        if (next) *next++ = '\0';
        if (!*query) continue;
        char *shown = own->shown + strlen(own->shown);
        strcat(strcpy(shown, sign), query);
        char *value = strchr(query, '=');
        if (value) *value++ = '\0';
        psync_result r = add_option(own, query, value ? value : query + strlen(query), error);
        if (r) return r;
        if (is_secret(query)) {
            *shown = '\0';
        } else {
            sign = "&";
        }
    }
    return PSYNC_OK;
}

/* A scheme, as URIs have it: else what stands before "://" may be anything, a password too. */
static bool is_scheme(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-";
    return *text && strspn(text, allowed) == strlen(text);
}

/* Whether it looks as if "user:password@" holds a "/" or a "?" as it is: then no part is what it seems. */
static bool password_is_cut(const char *rest)
{
    size_t head = strcspn(rest, "/?");
    size_t plain = strcspn(rest, ":@");
    return plain < head && strchr(rest + head, '@');
}

/* Splits "user:password@" off the front of rest; returns what follows it. */
static char *split_user(struct owned_dsn *own, char *rest)
{
    char *at = strpbrk(rest, "/?");
    char stop = '\0';
    if (at) {
        stop = *at;
        *at = '\0';
    }
    char *sign = strrchr(rest, '@');
    if (at) *at = stop;
    if (!sign) return rest;
    *sign = '\0';
    char *colon = strchr(rest, ':');
    if (colon) {
        *colon = '\0';
        own->dsn.password = colon + 1;
    }
    own->dsn.user = rest;
    strcat(own->shown, rest);
    strcat(own->shown, "@");
    return sign + 1;
}

static psync_result split(struct owned_dsn *own, psync_error *error)
{
    char *rest = strstr(own->parts, "://");
    if (rest) *rest = '\0';
    if (!rest || !is_scheme(own->parts)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "a DSN has the form SCHEME://NAME?OPTION=VALUE, shm://default for example");
    }
    rest += 3;
    if (password_is_cut(rest)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the DSN has an \"@\" behind a \"/\" or \"?\"; write / as %%2F, ? as %%3F and @ as "
                               "%%40 in user, password and options");
    }
    own->dsn.scheme = own->parts;
    strcat(strcpy(own->shown, own->parts), "://");
    rest = split_user(own, rest);

    size_t shown = strcspn(rest, "?");
    strncat(own->shown, rest, shown);
    own->dsn.authority = rest;
    char *end = rest + strcspn(rest, "/?");
    if (*end == '/') {
        /* Authority and path need a NUL between them: what follows moves one byte to the right. */
        memmove(end + 1, end, strlen(end) + 1);
        *end = '\0';
        own->dsn.path = end + 1;
        shown++;
    }
    char *query = rest[shown] == '?' ? rest + shown : NULL;
    if (query) *query++ = '\0';
    psync_result r = split_options(own, query, error);
    if (r) return r;
    if (!decode((char *)own->dsn.user)) return bad_escape("user", error);
    if (!decode((char *)own->dsn.password)) return bad_escape("password", error);
    if (!decode((char *)own->dsn.path)) return bad_escape("path", error);
    return PSYNC_OK;
}

psync_dsn *psync__dsn_parse(const char *text, psync_error *error)
{
    size_t length = strlen(text);
    if (length > LENGTH_MAX) {
        psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN has %zu bytes, at most %d are allowed", length,
                        LENGTH_MAX);
        return NULL;
    }
    struct owned_dsn *own = calloc(1, sizeof *own);
    if (!own) {
        psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
        return NULL;
    }
    memcpy(own->parts, text, length);
    const char *nothing = own->parts + LENGTH_MAX + 1;
    own->dsn = (psync_dsn){
        .text = own->shown,
        .user = nothing,
        .password = nothing,
        .authority = nothing,
        .path = nothing,
        .options = own->options,
    };
    if (split(own, error)) {
        free(own);
        return NULL;
    }
    if (!own->dsn.timeout) own->dsn.timeout = DEFAULT_TIMEOUT;
    return &own->dsn;
}

psync_result psync__dsn_mode(const char *text, mode_t *mode, psync_error *error)
{
    char *end;
    unsigned long number = strtoul(text, &end, 8);
    bool octal = *text >= '0' && *text <= '7' && !*end && number <= 0777;
    if (!octal || (number & 0600) != 0600) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "mode must be an octal number that lets the owner read and write, 0660 for example, "
                               "not \"%s\"",
                               text);
    }
    *mode = (mode_t)number;
    return PSYNC_OK;
}

void psync__dsn_free(psync_dsn *dsn)
{
    if (dsn) explicit_bzero((void *)((struct owned_dsn *)dsn)->parts, LENGTH_MAX + 2); /* it may hold a password */
    free(dsn);
}

const char *psync_dsn_get(const psync_dsn *dsn, const char *name)
{
    for (size_t i = 0; i < dsn->option_count; i++) {
        if (strcmp(dsn->options[i].name, name) == 0) return dsn->options[i].value;
    }
    return NULL;
}

psync_result psync_dsn_allow(const psync_dsn *dsn, const char *const *allowed, psync_error *error)
{
    for (size_t i = 0; i < dsn->option_count; i++) {
        const char *const *a = allowed;
        while (*a && strcmp(*a, dsn->options[i].name) != 0) a++;
        if (*a) continue;
        char names[512] = "timeout";
        for (a = allowed; *a && strlen(names) + strlen(*a) + 3 < sizeof names; a++) {
            strcat(names, ", ");
            strcat(names, *a);
        }
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "%s:// has no option \"%.80s\"; its options are %s",
                               dsn->scheme, dsn->options[i].name, names);
    }
    return PSYNC_OK;
}
