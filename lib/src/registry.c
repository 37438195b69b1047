/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.c - the one place of the core that names drivers. */
#include "registry.h"

#include <string.h>

#include "drivers/file/file.h"
#include "drivers/shm/shm.h"

static const psync_driver *const built_in[] = {
    &psync__shm_driver,
    &psync__file_driver,
};

enum { BUILT_IN = sizeof built_in / sizeof built_in[0] };

static bool serves(const psync_driver *driver, const char *scheme)
{
    for (const char *const *s = driver->schemes; *s; s++) {
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
    if (!serves(d, scheme)) {
        return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0,
                               "the driver \"%s\" does not serve the scheme \"%s\"", d->schemes[0], scheme);
    }
    return PSYNC_OK;
}

const char *psync_scheme(size_t index, bool *is_built_in)
{
    for (size_t i = 0; i < BUILT_IN; i++) {
        for (const char *const *s = built_in[i]->schemes; *s; s++) {
            if (index-- == 0) {
                if (is_built_in) *is_built_in = true;
                return *s;
            }
        }
    }
    return NULL;
}

psync_result psync__registry_find(const char *scheme, const psync_driver **driver, psync_error *error)
{
    for (size_t i = 0; i < BUILT_IN; i++) {
        if (serves(built_in[i], scheme)) {
            *driver = built_in[i];
            return psync__registry_check(*driver, scheme, error);
        }
    }
    char known[256] = "";
    const char *name;
    for (size_t i = 0; (name = psync_scheme(i, NULL)); i++) {
        if (strlen(known) + strlen(name) + 6 > sizeof known) break;
        if (i) strcat(known, ", ");
        strcat(known, name);
        strcat(known, "://");
    }
    return psync_error_set(error, PSYNC_ERROR_NO_DRIVER, 0, "no driver for the scheme \"%.80s\"; this build has %s",
                           scheme, known);
}
