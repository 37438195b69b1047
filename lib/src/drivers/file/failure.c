/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.c - what the usual error numbers mean for files, and what helps. */
#include "failure.h"

#include "system.h"

psync_result file_failed(psync_error *error, int number, const char *verb, const char *path)
{
    psync_result r = PSYNC_ERROR_SYSTEM;
    const char *what;
    char buffer[128];
    switch (number) {
    case EACCES:
    case EPERM:
        r = PSYNC_ERROR_PERMISSION;
        what = "permission denied; use the space as its owner, or share it with group= or mode=";
        break;
    case EROFS:
        r = PSYNC_ERROR_PERMISSION;
        what = "its file system is read-only";
        break;
    case ELOOP:
        r = PSYNC_ERROR_PERMISSION;
        what = "a symbolic link stands there, which is not followed; remove it";
        break;
    case ENOENT:
        r = PSYNC_ERROR_UNAVAILABLE;
        what = "it keeps being removed";
        break;
    case ENOTDIR:
        r = PSYNC_ERROR_UNAVAILABLE;
        what = "something that is no folder (a file, or a symbolic link) stands in its way; remove it";
        break;
    case ENOSPC:
    case EDQUOT:
        r = PSYNC_ERROR_FULL;
        what = "no room on its file system, or in this user's quota; nothing was changed";
        break;
    case EMFILE:
    case ENFILE:
        r = PSYNC_ERROR_FULL;
        what = "too many open files; raise the limit (ulimit -n)";
        break;
    case ENOMEM:
        r = PSYNC_ERROR_FULL;
        what = "out of memory";
        break;
    case ENOLCK:
    case EOPNOTSUPP:
        what = "its file system knows no locks of files (flock); use another";
        break;
    case ENAMETOOLONG:
        what = "the path is too long";
        break;
    case EISDIR:
        r = PSYNC_ERROR_DAMAGED;
        what = "a folder stands there; remove it";
        break;
    case EXDEV:
        what = "it lies on another file system than the space's folder; both must be on one";
        break;
    case ESTALE:
        r = PSYNC_ERROR_UNAVAILABLE;
        what = "its file server no longer knows it; is the folder still there?";
        break;
    default:
        what = psync__describe(number, buffer, sizeof buffer);
        break;
    }
    return psync_error_set(error, r, number, "cannot %s %s: %s", verb, path, what);
}

psync_result file_damaged(psync_error *error, const char *path, const char *what)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0, "%s is not a file of this library: %s", path, what);
}

psync_result file_no_memory(psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_FULL, ENOMEM, "out of memory");
}
