/* SPDX-License-Identifier: BSD-3-Clause */
/* space.c - opening, closing, lists and facts of a space; what a fork means for it. */
#include "space.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsn.h"
#include "error.h"
#include "registry.h"

static const char DEFAULT_DSN[] = "shm://default";

psync_result psync__space_error(const psync_space *space, psync_result result, const char *kind,
                                const psync_key *key, psync_error *error)
{
    return psync__error_locate(error, result, kind, key->bytes, key->length, space->dsn->text);
}

psync_result psync__space_after_fork(psync_space *space, psync_error *error)
{
    psync_result r = PSYNC_OK;
    psync__fork_lock();
    unsigned now = atomic_load_explicit(&psync__forks, memory_order_relaxed);
    if (atomic_load_explicit(&space->forks, memory_order_relaxed) != now) {
        if (space->driver->after_fork) r = space->driver->after_fork(space->state, error);
        if (!r) atomic_store_explicit(&space->forks, now, memory_order_release);
    }
    psync__fork_unlock();
    return r;
}

psync_result psync__space_failed(const psync_space *space, psync_result result, psync_error *error)
{
    if (!error || result >= 0) return result;
    psync_error inner = *error;
    return psync_error_set(error, result, inner.system_code, "%.200s: %s", space->dsn->text, inner.message);
}

psync_result psync__space_has_places(const psync_space *space, psync_error *error)
{
    if (space->driver->places) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_UNSUPPORTED, 0,
                           "the driver \"%s\" decides itself where a key lies; only file:// is told a place",
                           space->driver->schemes[0]);
}

/* The path of this process's executable: what an acquisition is labelled with unless the user says otherwise. */
static void default_label(char label[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", label, PATH_MAX - 1);
    label[length > 0 ? length : 0] = '\0';
}

/* A label that is too long keeps its end: a path's end tells more. */
static psync_result set_label(psync_space *space, const char *label, psync_error *error)
{
    char own[PATH_MAX];
    if (!label) {
        default_label(own);
        label = own;
    }
    size_t length = strlen(label);
    if (length > PSYNC_LABEL_MAX) label += length - PSYNC_LABEL_MAX;
    return space->driver->set_label(space->state, label, error);
}

/* driver NULL: the registry's for the DSN's scheme. */
static psync_result open_space(const psync_driver *driver, const char *text, const psync_options *options,
                               psync_space **space, psync_error *error)
{
    static const psync_options no_options;
    psync_error unasked;
    if (!options) options = &no_options;
    if (!error) error = &unasked; /* its result is needed */
    psync_space *new = calloc(1, sizeof *new);
    if (!new) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    new->dsn = psync__dsn_parse(text, error);
    psync_result r = new->dsn ? PSYNC_OK : error->result;
    if (r) goto failed;
    new->driver = driver;
    r = driver ? psync__registry_check(driver, new->dsn->scheme, error)
               : psync__registry_find(new->dsn->scheme, &new->driver, error);
    if (r) goto failed;
    int system_error = psync__fork_watch();
    if (system_error) {
        r = psync_error_set(error, PSYNC_ERROR_FULL, system_error, "out of memory");
        goto failed;
    }
    atomic_init(&new->forks, atomic_load_explicit(&psync__forks, memory_order_relaxed));
    r = psync__space_failed(new, new->driver->open(new->dsn, options, &new->state, error), error);
    if (r) goto failed;
    r = psync__space_failed(new, set_label(new, options->label, error), error);
    if (r) {
        new->driver->close(new->state);
        goto failed;
    }
    *space = new;
    return PSYNC_OK;
failed:
    psync__dsn_free(new->dsn);
    free(new);
    return r;
}

psync_result psync_space_open(const char *dsn, const psync_options *options, psync_space **space,
                              psync_error *error)
{
    if (!dsn) {
        dsn = getenv("PHPSYNC_DSN");
        if (!dsn || !*dsn) dsn = DEFAULT_DSN;
    }
    return open_space(NULL, dsn, options, space, error);
}

psync_result psync_space_open_driver(const psync_driver *driver, const char *dsn, const psync_options *options,
                                     psync_space **space, psync_error *error)
{
    return open_space(driver, dsn, options, space, error);
}

void psync_space_close(psync_space *space)
{
    if (!space) return;
    /* A child that cannot become a process of its own still has to let go of its memory. */
    psync__space_enter(space, NULL);
    space->driver->close(space->state);
    psync__dsn_free(space->dsn);
    free(space);
}

const char *psync_space_dsn(const psync_space *space)
{
    return space->dsn->text;
}

const char *psync_space_driver(const psync_space *space)
{
    return space->driver->schemes[0];
}

const char *psync_space_setup(const psync_space *space)
{
    return space->driver->setup ? space->driver->setup(space->state) : NULL;
}

psync_result psync_space_set_label(psync_space *space, const char *label, psync_error *error)
{
    psync_result r = psync__space_enter(space, error);
    return psync__space_failed(space, r ? r : set_label(space, label, error), error);
}

psync_result psync_space_info(psync_space *space, psync_info_callback callback, void *argument, psync_error *error)
{
    psync_result r = psync__space_enter(space, error);
    return psync__space_failed(space, r ? r : space->driver->info(space->state, callback, argument, error), error);
}

psync_result psync_space_each_lock(psync_space *space, psync_lock_callback callback, void *argument,
                                   psync_error *error)
{
    psync_result r = psync__space_enter(space, error);
    return psync__space_failed(space, r ? r : space->driver->each_lock(space->state, callback, argument, error),
                               error);
}

psync_result psync_space_each_integer(psync_space *space, psync_integer_callback callback, void *argument,
                                      psync_error *error)
{
    psync_result r = psync__space_enter(space, error);
    return psync__space_failed(space, r ? r : space->driver->each_integer(space->state, callback, argument, error),
                               error);
}
