/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - reads a space's DSN: the file's path, its mode and group, whose it is, how far it may grow.
 *
 * Nothing is looked at but users' and groups' names: whether what lies there
 * may be used is for file.c to see.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dsn.h"
#include "file.h"
#include "system.h"

static psync_result check_name(const char *name, psync_error *error)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    if (length >= 1 && length <= 64 && strspn(name, allowed) == length) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                           "a shm:// name has 1 to 64 characters of A-Z a-z 0-9 . _ -, not \"%.80s\"", name);
}

static psync_result parse_mode(const char *text, struct shm_place *place, psync_error *error)
{
    mode_t mode;
    psync_result r = psync__dsn_mode(text, &mode, error);
    if (r) return r;
    if ((mode & 0002) && (place->group_given || !place->shared_folder)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "mode %s would let every user of this host write; use 0660 and group=", text);
    }
    place->mode = mode;
    place->mode_given = true;
    return PSYNC_OK;
}

static psync_result parse_size(const char *text, struct shm_place *place, psync_error *error)
{
    static const char units[] = "KMG";
    uint64_t number = 0;
    char digits[24] = "";
    size_t length = strlen(text);
    const char *unit = length ? strchr(units, text[length - 1]) : NULL;
    if (unit) length--;
    bool good = length && length < sizeof digits;
    if (good) {
        memcpy(digits, text, length);
        good = psync__parse_number(digits, &number);
    }
    for (const char *u = units; good && unit && u <= unit; u++) {
        good = number <= SHM_SIZE_MAX;
        number *= 1024;
    }
    if (!good || number < SHM_SIZE_MIN || number > SHM_SIZE_MAX) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "size must be a number of bytes from 128K to 64G, with K, M or G behind it if you "
                               "like, not \"%s\"",
                               text);
    }
    place->limit = number & ~(uint64_t)4095;
    return PSYNC_OK;
}

static psync_result parse_users(const psync_dsn *dsn, struct shm_place *place, psync_error *error)
{
    const char *group = psync_dsn_get(dsn, "group");
    const char *user = psync_dsn_get(dsn, "user");
    place->uid = geteuid();
    place->group_given = group != NULL;
    if (group && !psync__find_group(group, &place->gid)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "there is no group \"%s\" on this host", group);
    }
    if (!user) return PSYNC_OK;
    if (group || place->shared_folder) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "user= names another user's private space; it does not go with group= or path=");
    }
    if (!psync__find_user(user, &place->uid)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "there is no user \"%s\" on this host", user);
    }
    place->another_user = place->uid != geteuid();
    return PSYNC_OK;
}

static psync_result make_path(const psync_dsn *dsn, struct shm_place *place, psync_error *error)
{
    const char *folder = psync_dsn_get(dsn, "path");
    if (!folder) folder = "/dev/shm";
    if (*folder != '/') {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "path must be an absolute folder, not \"%s\"",
                               folder);
    }
    char scope[32] = "";
    if (place->shared_folder) {
        scope[0] = '\0';
    } else if (place->group_given) {
        snprintf(scope, sizeof scope, "g%u.", (unsigned)place->gid);
    } else {
        snprintf(scope, sizeof scope, "u%u.", (unsigned)place->uid);
    }
    int a = snprintf(place->folder, sizeof place->folder, "%s", folder);
    int b = snprintf(place->path, sizeof place->path, "%s/" SHM_FILE_PREFIX "%s%s", folder, scope, dsn->authority);
    place->name = dsn->authority;
    if (a < 0 || b < 0 || (size_t)b >= sizeof place->path) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "path is too long: at most %d bytes",
                               PATH_MAX - 128);
    }
    return PSYNC_OK;
}

psync_result shm_options_read(const psync_dsn *dsn, struct shm_place *place, psync_error *error)
{
    static const char *const allowed[] = {"path", "mode", "group", "user", "size", NULL};
    psync_result r = psync_dsn_allow(dsn, allowed, error);
    if (!r && (*dsn->path || *dsn->user || *dsn->password)) {
        r = psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                            "a shm:// DSN is shm://NAME?OPTION=VALUE; a folder goes into path=, a user into user=");
    }
    if (!r) r = check_name(dsn->authority, error);
    place->limit = SHM_SIZE_DEFAULT;
    place->shared_folder = psync_dsn_get(dsn, "path") != NULL;
    if (!r) r = parse_users(dsn, place, error);
    place->mode = place->group_given ? 0660 : 0600;
    const char *mode = psync_dsn_get(dsn, "mode");
    const char *size = psync_dsn_get(dsn, "size");
    if (!r && mode) r = parse_mode(mode, place, error);
    if (!r && size) r = parse_size(size, place, error);
    if (!r) r = make_path(dsn, place, error);
    return r;
}
