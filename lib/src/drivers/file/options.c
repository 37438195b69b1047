/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - file:///DIR?mode=&group=&durable=&poll=
 *
 * Who may write into a folder can replace what lies in it. So the root and our
 * folders in it must be this user's (or root's, and closed to others), or the
 * group's that the DSN names, unless the DSN lets everybody in by its mode.
 */
#include "options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dsn.h"
#include "failure.h"
#include "folder.h"
#include "place.h"
#include "system.h"
#include "watch.h"

static const int64_t DEFAULT_POLL = PSYNC_NS_PER_S / 4;

static psync_result parse_mode(const char *text, struct file_options *options, psync_error *error)
{
    mode_t mode;
    psync_result r = psync__dsn_mode(text, &mode, error);
    if (r) return r;
    if ((mode & 0002) && options->group) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "mode %s would let every user of this host write; use 0660 with group=", text);
    }
    options->mode = mode & 0666;
    return PSYNC_OK;
}

/* A folder's mode: who may read or write a file may enter its folder, and who may write may add to it. */
static mode_t folder_mode(const struct file_options *options)
{
    mode_t mode = options->mode & 0666;
    for (mode_t class = 1; class <= 0100; class *= 8) {
        if (mode & (class * 6)) mode |= class * 5;
    }
    return options->group ? mode | S_ISGID : mode;
}

/* Seconds above 0 and at most an hour, with at most nine digits behind the point. */
static psync_result parse_poll(const char *text, struct file_options *options, psync_error *error)
{
    int64_t ns = 0;
    int64_t unit = PSYNC_NS_PER_S;
    const char *c = text;
    for (; *c >= '0' && *c <= '9' && ns <= 3600 * PSYNC_NS_PER_S; c++) ns = ns * 10 + (*c - '0') * PSYNC_NS_PER_S;
    bool whole = c > text;
    if (whole && *c == '.') {
        for (c++; *c >= '0' && *c <= '9'; c++) ns += (*c - '0') * (unit /= 10);
    }
    if (!whole || *c || ns < PSYNC_NS_PER_MS || ns > 3600 * PSYNC_NS_PER_S) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "poll must be a number of seconds from 0.001 to 3600, not \"%s\"", text);
    }
    options->poll = ns;
    options->polling = true;
    return PSYNC_OK;
}

static psync_result parse_durable(const char *text, struct file_options *options, psync_error *error)
{
    if (strcmp(text, "1") != 0 && strcmp(text, "0") != 0) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "durable must be 1 or 0, not \"%s\"", text);
    }
    options->durable = *text == '1';
    return PSYNC_OK;
}

static psync_result parse(const psync_dsn *dsn, struct file_options *options, psync_error *error)
{
    static const char *const allowed[] = {"mode", "group", "durable", "poll", NULL};
    psync_result r = psync_dsn_allow(dsn, allowed, error);
    if (!r && (*dsn->authority || *dsn->user || *dsn->password || *dsn->path != '/')) {
        r = psync_error_set(
            error, PSYNC_ERROR_ARGUMENT, 0,
            "a file:// DSN is file:///FOLDER?OPTION=VALUE, with three slashes and an absolute path");
    }
    if (r) return r;
    const char *group = psync_dsn_get(dsn, "group");
    const char *mode = psync_dsn_get(dsn, "mode");
    const char *durable = psync_dsn_get(dsn, "durable");
    const char *poll = psync_dsn_get(dsn, "poll");
    options->group = group != NULL;
    options->mode = group ? 0660 : 0600;
    options->poll = DEFAULT_POLL;
    if (group && !psync__find_group(group, &options->gid)) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "there is no group \"%s\" on this host", group);
    }
    if (mode) r = parse_mode(mode, options, error);
    if (!r && durable) r = parse_durable(durable, options, error);
    if (!r && poll) r = parse_poll(poll, options, error);
    options->folder_mode = folder_mode(options);
    options->grants = (options->mode & 0066) != 0;
    return r;
}

/* ------------------------------------------------------------------------ */
/* The folder                                                               */

static psync_result refuse(psync_error *error, const char *path, const char *why)
{
    return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0, "the folder %s is not used: %s", path, why);
}

static psync_result check_folder(const struct file_options *options, const char *path, const struct stat *st,
                                 psync_error *error)
{
    char why[160];
    bool for_all = (options->mode & 0002) != 0;
    if (!S_ISDIR(st->st_mode)) return refuse(error, path, "it is no folder; remove it or name another");
    if (for_all || options->any_folder) return PSYNC_OK;
    if (options->group && st->st_gid != options->gid) {
        snprintf(why, sizeof why, "it belongs to group %u, not to group %u that the DSN names; chgrp it",
                 (unsigned)st->st_gid, (unsigned)options->gid);
        return refuse(error, path, why);
    }
    if (!options->group && st->st_uid != geteuid() && st->st_uid != 0) {
        snprintf(why, sizeof why,
                 "it belongs to user %u, not to user %u; share a space with group=", (unsigned)st->st_uid,
                 (unsigned)geteuid());
        return refuse(error, path, why);
    }
    if (st->st_mode & S_IWOTH) {
        return refuse(error, path,
                      "every user may write to it; name a folder of its own, or chmod o-w it, or share it with "
                      "everybody by mode=0666");
    }
    return PSYNC_OK;
}

/* A link to the root is the user's own doing, unless another user put it there. */
static psync_result check_link(const struct file_options *options, const char *path, psync_error *error)
{
    struct stat st;
    if (options->any_folder) return PSYNC_OK;
    if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)) return PSYNC_OK;
    if (st.st_uid == geteuid() || st.st_uid == 0) return PSYNC_OK;
    return refuse(error, path, "it is a symbolic link that another user made; name the folder itself");
}

/* Our folders in the root: links are refused, and what was planted there before the root was closed. */
static psync_result check_inner(const struct file_options *options, const char *name, psync_error *error)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%.*s/%s", FILE_ROOT_MAX, options->root, name);
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? PSYNC_OK : file_failed(error, errno, "look at", path);
    }
    if (S_ISLNK(st.st_mode)) return refuse(error, path, "a symbolic link stands there; remove it");
    return check_folder(options, path, &st, error);
}

psync_result file_options_check(const struct file_options *options, psync_error *error)
{
    struct stat st;
    if (stat(options->root, &st) != 0) return file_failed(error, errno, "look at", options->root);
    psync_result r = check_link(options, options->root, error);
    if (!r) r = check_folder(options, options->root, &st, error);
    if (!r) r = check_inner(options, FILE_OWN_FOLDER, error);
    if (!r) r = check_inner(options, FILE_SPARE_FOLDER, error);
    if (!r) r = check_inner(options, FILE_LOCKS, error);
    if (!r) r = check_inner(options, FILE_INTEGERS, error);
    return r;
}

/* The folder's absolute path without links, the folder made if it is missing. */
static psync_result find_root(const char *given, struct file_options *options, psync_error *error)
{
    size_t length = strlen(given);
    char path[PATH_MAX];
    char real[PATH_MAX];
    if (length >= FILE_ROOT_MAX) {
        return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0,
                               "the folder's path has %zu bytes, at most %d are allowed", length,
                               FILE_ROOT_MAX - 1);
    }
    memcpy(path, given, length + 1);
    while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
    if (length == 1) return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "file:/// needs a folder of its own");
    for (int attempt = 0; attempt < 16; attempt++) {
        psync_result r = check_link(options, path, error);
        if (r) return r;
        if (realpath(path, real)) {
            if (strlen(real) >= FILE_ROOT_MAX) return file_failed(error, ENAMETOOLONG, "use", real);
            memcpy(options->root, real, strlen(real) + 1);
            return file_options_check(options, error);
        }
        if (errno != ENOENT) return file_failed(error, errno, "find", path);
        r = file_folder_make_path(options, path, path, error);
        if (r) return r;
    }
    return file_failed(error, ENOENT, "make the folder", path);
}

psync_result file_options_read(const psync_dsn *dsn, const psync_options *open_options,
                               struct file_options *options, psync_error *error)
{
    memset(options, 0, sizeof *options);
    options->any_folder = open_options->any_folder;
    psync_result r = parse(dsn, options, error);
    if (r) return r;
    if (open_options->path_check && open_options->path_check(dsn->path, open_options->argument)) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, 0, "the path %s is not allowed here", dsn->path);
    }
    r = find_root(dsn->path, options, error);
    if (r) return r;
    if (!file_watch_sees(options->root, &options->remote)) options->polling = true;
    return PSYNC_OK;
}
