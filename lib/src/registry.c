/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * registry.c - the one place of the core that names drivers.
 *
 * Drivers of engines across the network need a client library, and a build
 * without it leaves them out (PSYNC_WITH_REDIS, PSYNC_WITH_POSTGRESQL). Their
 * schemes are known all the same, so that an error can tell how to get them.
 */
#include "registry.h"

#include <string.h>

#include "drivers/file/file.h"
#include "drivers/shm/shm.h"
#if PSYNC_WITH_REDIS
#include "drivers/redis/redis.h"
#endif
#if PSYNC_WITH_POSTGRESQL
#include "drivers/postgresql/postgresql.h"
#endif

/* A driver that this library has, or could have had. */
struct entry {
    const psync_driver *driver;
    const char *const *schemes; /* if it was not built in, else NULL */
    const char *needs;          /* what its build needs */
};

#if !PSYNC_WITH_REDIS
static const char *const redis_schemes[] = {"redis", "rediss", "redis+unix", "redis+sentinel", NULL};
#endif
#if !PSYNC_WITH_POSTGRESQL
static const char *const postgresql_schemes[] = {"postgresql", "postgres", NULL};
#endif

static const struct entry entries[] = {
    {.driver = &psync__shm_driver},
    {.driver = &psync__file_driver},
#if PSYNC_WITH_REDIS
    {.driver = &psync__redis_driver},
#else
    {.schemes = redis_schemes, .needs = "hiredis and OpenSSL (Debian: libhiredis-dev, libssl-dev)"},
#endif
#if PSYNC_WITH_POSTGRESQL
    {.driver = &psync__postgresql_driver},
#else
    {.schemes = postgresql_schemes, .needs = "libpq (Debian: libpq-dev)"},
#endif
};

enum { ENTRIES = sizeof entries / sizeof entries[0] };

static const char *const *schemes_of(const struct entry *entry)
{
    return entry->driver ? entry->driver->schemes : entry->schemes;
}

static bool names(const char *const *schemes, const char *scheme)
{
    for (const char *const *s = schemes; *s; s++) {
        if (strcmp(*s, scheme) == 0) return true;
    }
    return false;
}

psync_result psync__registry_check(const psync_driver *d, const char *scheme, psync_error *error)
{
    if (d->version != PSYNC_DRIVER_VERSION) {
        return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0,
                               "the driver was made for version %u of the driver interface, this library has %d",
                               d->version, PSYNC_DRIVER_VERSION);
    }
    bool whole = d->schemes && d->schemes[0] && d->open && d->close && d->set_label && d->lock_acquire &&
                 d->lock_release && d->lock_renew && d->lock_inspect && d->lock_await && d->integer_get &&
                 d->integer_set && d->integer_add && d->integer_compare_set && d->integer_remove &&
                 d->integer_await && d->each_lock && d->each_integer && d->info;
    if (!whole) return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0, "the driver lacks a mandatory function");
    if (!names(d->schemes, scheme)) {
        return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0,
                               "the driver \"%s\" does not serve the scheme \"%s\"", d->schemes[0], scheme);
    }
    return PSYNC_OK;
}

const char *psync_scheme(size_t index, bool *built_in)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        for (const char *const *s = schemes_of(&entries[i]); *s; s++) {
            if (index-- == 0) {
                if (built_in) *built_in = entries[i].driver != NULL;
                return *s;
            }
        }
    }
    return NULL;
}

static psync_result unknown(const char *scheme, psync_error *error)
{
    char known[256] = "";
    const char *name;
    bool built_in;
    for (size_t i = 0; (name = psync_scheme(i, &built_in)); i++) {
        if (!built_in) continue;
        if (strlen(known) + strlen(name) + 6 > sizeof known) break;
        if (*known) strcat(known, ", ");
        strcat(known, name);
        strcat(known, "://");
    }
    return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0, "no driver for the scheme \"%.80s\"; this build has %s",
                           scheme, known);
}

psync_result psync__registry_find(const char *scheme, const psync_driver **driver, psync_error *error)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (!names(schemes_of(&entries[i]), scheme)) continue;
        if (!entries[i].driver) {
            return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0,
                                   "the driver for %s:// was not built in; build php-sync where %s can be found",
                                   scheme, entries[i].needs);
        }
        *driver = entries[i].driver;
        return psync__registry_check(*driver, scheme, error);
    }
    return unknown(scheme, error);
}
