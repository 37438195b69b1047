/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - reads a postgresql:// DSN.
 *
 * libpq parses its own part: the DSN is put together again without user,
 * passwords and our options, and PQconninfoParse makes parameters of it, so
 * that several hosts, sockets, TLS and all the rest are just what libpq says.
 * A password, also one among the options, never becomes part of that text: an
 * error of libpq's may show all of it.
 */
#if PSYNC_WITH_POSTGRESQL

#include "options.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "net/home.h"

static const char *const own_options[] = {NET_OPTIONS, "schema", NULL};

static psync_result no_memory(psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
}

static bool is_own(const char *name)
{
    for (const char *const *own = own_options; *own; own++) {
        if (strcmp(*own, name) == 0) return true;
    }
    return false;
}

static bool is_secret(const char *name)
{
    return strcasestr(name, "pass") || strcasestr(name, "secret");
}

/* ---- the URI for libpq ---------------------------------------------------- */

/* Appends text, all but letters and digits percent-encoded. */
static char *append_encoded(char *end, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')) {
            *end++ = (char)*c;
        } else {
            *end++ = '%';
            *end++ = digits[*c >> 4];
            *end++ = digits[*c & 15];
        }
    }
    *end = '\0';
    return end;
}

static char *make_uri(const psync_dsn *dsn)
{
    size_t size = strlen(dsn->authority) + 3 * strlen(dsn->path) + 32;
    for (size_t i = 0; i < dsn->option_count; i++) {
        size += 3 * (strlen(dsn->options[i].name) + strlen(dsn->options[i].value)) + 2;
    }
    char *uri = malloc(size);
    if (!uri) return NULL;
    char *end = stpcpy(stpcpy(uri, "postgresql://"), dsn->authority);
    if (*dsn->path) {
        *end++ = '/';
        end = append_encoded(end, dsn->path + 1);
    }
    char sign = '?';
    for (size_t i = 0; i < dsn->option_count; i++) {
        if (is_own(dsn->options[i].name) || is_secret(dsn->options[i].name)) continue;
        *end++ = sign;
        sign = '&';
        /* libpq does not decode names. */
        end = stpcpy(stpcpy(end, dsn->options[i].name), "=");
        end = append_encoded(end, dsn->options[i].value);
    }
    *end = '\0';
    return uri;
}

/* ---- parameters ----------------------------------------------------------- */

enum { PARAMETERS_MAX = 64 };

static bool put(pg_parameters *all, size_t *count, const char *name, const char *value)
{
    if (*count == PARAMETERS_MAX) return true; /* libpq has some 40 */
    all->names[*count] = strdup(name);
    all->values[*count] = strdup(value);
    if (!all->names[*count] || !all->values[*count]) return false;
    ++*count;
    return true;
}

static bool allocate(pg_parameters *all)
{
    *all = (pg_parameters){calloc(PARAMETERS_MAX + 1, sizeof(char *)), calloc(PARAMETERS_MAX + 1, sizeof(char *))};
    return all->names && all->values;
}

void pg_parameters_free(pg_parameters *parameters)
{
    for (size_t i = 0; parameters->names && parameters->values && i < PARAMETERS_MAX; i++) {
        free(parameters->names[i]);
        if (parameters->values[i]) explicit_bzero(parameters->values[i], strlen(parameters->values[i]));
        free(parameters->values[i]);
    }
    free(parameters->names);
    free(parameters->values);
    *parameters = (pg_parameters){NULL, NULL};
}

static size_t items(const char *list)
{
    size_t count = 1;
    for (; *list; list++) count += *list == ',';
    return count;
}

/* Where a parameter is, or where the next one goes. */
static size_t place_of(const pg_parameters *parameters, const char *name)
{
    size_t i = 0;
    while (parameters->names[i] && strcmp(parameters->names[i], name) != 0) i++;
    return i;
}

const char *pg_parameters_get(const pg_parameters *parameters, const char *name)
{
    return parameters->values[place_of(parameters, name)];
}

size_t pg_parameters_items(const pg_parameters *parameters, const char *name)
{
    const char *list = pg_parameters_get(parameters, name);
    return list ? items(list) : 0;
}

size_t pg_parameters_hosts(const pg_parameters *parameters)
{
    const size_t hosts = pg_parameters_items(parameters, "host");
    const size_t addresses = pg_parameters_items(parameters, "hostaddr");
    return hosts > addresses ? hosts : addresses ? addresses : 1;
}

bool pg_parameters_set(pg_parameters *parameters, const char *name, const char *value)
{
    size_t place = place_of(parameters, name);
    if (!parameters->names[place]) return put(parameters, &place, name, value);
    char *copy = strdup(value);
    if (!copy) return false;
    free(parameters->values[place]);
    parameters->values[place] = copy;
    return true;
}

/* A list with commas, begun by the turn-th item. */
static char *turned(const char *list, unsigned turn)
{
    char *text = calloc(1, strlen(list) + 2);
    const char *middle = list;
    for (size_t skip = turn % items(list); skip > 0; skip--) middle = strchr(middle, ',') + 1;
    if (!text) return NULL;
    strcpy(text, middle);
    if (middle > list) {
        strcat(text, ",");
        strncat(text, list, (size_t)(middle - list) - 1);
    }
    return text;
}

pg_parameters pg_options_copy(const pg_options *options)
{
    pg_parameters all;
    size_t count = 0;
    bool whole = allocate(&all);
    for (size_t i = 0; whole && options->parameters.names[i]; i++)
        whole = put(&all, &count, options->parameters.names[i], options->parameters.values[i]);
    if (!whole) pg_parameters_free(&all);
    return all;
}

bool pg_parameters_turn(pg_parameters *parameters, unsigned turn)
{
    static const char *const lists[] = {"host", "hostaddr", "port"};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        const size_t place = place_of(parameters, lists[l]);
        if (!parameters->names[place]) continue;
        char *list = turned(parameters->values[place], turn);
        if (!list) return false;
        free(parameters->values[place]);
        parameters->values[place] = list;
    }
    return true;
}

/*
 * What we want otherwise than libpq, which would notice a peer that vanished without a word after two hours where
 * nothing was sent, and after a quarter of an hour where something was. These two are half a minute here.
 */
static const struct preference {
    const char *name, *value;
    bool may_be_in_service; /* libpq reads its service file later, and heeds what it says of this */
} preferences[] = {
    {"fallback_application_name", "phpsync", false},
    {"target_session_attrs", "read-write", false},
    {"keepalives_idle", "10", true},
    {"keepalives_interval", "5", true},
    {"keepalives_count", "4", true},
    {"tcp_user_timeout", "30000", true},
};

static const char *preferred(const char *name, bool has_service)
{
    for (size_t i = 0; i < sizeof preferences / sizeof *preferences; i++) {
        const struct preference *our = &preferences[i];
        if (strcmp(our->name, name) == 0) return has_service && our->may_be_in_service ? NULL : our->value;
    }
    return NULL;
}

/* What the DSN says, and what it leaves to us. parsed: all that libpq knows. */
static bool collect(const psync_dsn *dsn, const PQconninfoOption *parsed, pg_options *options)
{
    pg_parameters *all = &options->parameters;
    const bool has_service = psync_dsn_get(dsn, "service") || getenv("PGSERVICE");
    size_t count = 0;
    bool whole = allocate(all);
    for (; whole && parsed->keyword; parsed++) {
        const char *value = parsed->val ? parsed->val : preferred(parsed->keyword, has_service);
        if (value) whole = put(all, &count, parsed->keyword, value);
    }
    for (size_t i = 0; whole && i < dsn->option_count; i++) {
        const psync_dsn_option *option = &dsn->options[i];
        if (is_secret(option->name)) whole = put(all, &count, option->name, option->value);
    }
    if (whole && *dsn->user) whole = put(all, &count, "user", dsn->user);
    if (whole && *dsn->password) whole = put(all, &count, "password", dsn->password);
    options->hosts = whole ? pg_parameters_hosts(all) : 1;
    return whole;
}

/* ---- what is wrong with it ------------------------------------------------ */

static psync_result check_names(const psync_dsn *dsn, psync_error *error)
{
    PQconninfoOption *known = PQconndefaults();
    if (!known) return no_memory(error);
    psync_result r = PSYNC_OK;
    for (size_t i = 0; !r && i < dsn->option_count; i++) {
        const char *name = dsn->options[i].name;
        const PQconninfoOption *option = known;
        while (option->keyword && strcmp(option->keyword, name) != 0) option++;
        if (option->keyword || is_own(name) || strcmp(name, "ssl") == 0) continue;
        r = psync_error_set(
            error, PSYNC_ERROR_ARGUMENT, 0,
            "%s:// has no option \"%.80s\"; its options are timeout, space, liveness, poll, schema, "
            "and the connection parameters of libpq (host, sslmode, options ...)",
            dsn->scheme, name);
    }
    PQconninfoFree(known);
    return r;
}

static psync_result read_schema(const psync_dsn *dsn, pg_options *options, psync_error *error)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const char *schema = psync_dsn_get(dsn, "schema");
    if (!schema) schema = "phpsync";
    size_t length = strlen(schema);
    if (length == 0 || length > 63 || strspn(schema, allowed) != length) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the DSN's schema must have 1 to 63 letters, digits and underscores, not \"%.80s\"",
                               schema);
    }
    strcat(strcat(strcpy(options->schema, "\""), schema), "\"");
    return PSYNC_OK;
}

/* libpq heeds it only where it blocks. */
static psync_result read_connect_timeout(const psync_dsn *dsn, pg_options *options, psync_error *error)
{
    const char *text = psync_dsn_get(dsn, "connect_timeout");
    if (!text) return PSYNC_OK;
    char *end;
    long seconds = strtol(text, &end, 10);
    if (end == text || *end || seconds < 0 || seconds > 1000000) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the DSN's connect_timeout must be a whole number of seconds, not \"%.80s\"", text);
    }
    if (seconds > 0) options->connect_timeout = seconds * PSYNC_NS_PER_S;
    return PSYNC_OK;
}

psync_result pg_options_read(const psync_dsn *dsn, pg_options *options, psync_error *error)
{
    *options = (pg_options){.hosts = 1};
    psync_result r = check_names(dsn, error);
    if (!r) r = read_schema(dsn, options, error);
    if (r) return r;
    char *uri = make_uri(dsn);
    if (!uri) return no_memory(error);
    char *problem = NULL;
    PQconninfoOption *parsed = PQconninfoParse(uri, &problem);
    free(uri);
    if (!parsed) {
        r = psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "the DSN is not one for libpq: %.*s",
                            problem ? (int)strcspn(problem, "\n") : 0, problem ? problem : "");
        PQfreemem(problem);
        return r;
    }
    r = collect(dsn, parsed, options) ? PSYNC_OK : no_memory(error);
    PQconninfoFree(parsed);
    if (!r) r = read_connect_timeout(dsn, options, error);
    if (r) pg_options_free(options);
    return r;
}

void pg_options_free(pg_options *options)
{
    pg_parameters_free(&options->parameters);
}

#endif
