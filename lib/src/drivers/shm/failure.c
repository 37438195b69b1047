/* SPDX-License-Identifier: BSD-3-Clause */
/* failure.c - what the usual error numbers mean for a space's file, and what helps. */
#include "failure.h"

#include <errno.h>

#include "system.h"

psync_result shm_system_failed(psync_error *error, int number, const char *did, const char *path)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return psync_error_set(
            error, PSYNC_ERROR_PERMISSION, number,
            "cannot %s %s: permission denied; use the space as its owner, or share it with group= or mode=", did,
            path);
    case ENOENT:
    case ENOTDIR:
        return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, number,
                               "cannot %s %s: there is no such folder; make it, or name another with path=", did,
                               path);
    case ELOOP:
        return psync_error_set(error, PSYNC_ERROR_DAMAGED, number,
                               "cannot %s %s: it is a symbolic link, which is not followed; remove it", did, path);
    case ENOSPC:
    case EDQUOT:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: its file system is full; free some room, or name another folder with "
                               "path=",
                               did, path);
    case EFBIG:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: over this process's file size limit; raise it (ulimit -f)", did,
                               path);
    case EROFS:
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, number,
                               "cannot %s %s: its file system is read-only; name another folder with path=", did,
                               path);
    case ENOMEM:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: no memory or address space left; a smaller size= needs less", did,
                               path);
    case EMFILE:
    case ENFILE:
        return psync_error_set(error, PSYNC_ERROR_FULL, number,
                               "cannot %s %s: too many open files; raise the limit (ulimit -n)", did, path);
    default: {
        char buffer[128];
        return psync_error_set(error, PSYNC_ERROR_SYSTEM, number, "cannot %s %s: %s", did, path,
                               psync__describe(number, buffer, sizeof buffer));
    }
    }
}

psync_result shm_damaged(const struct shm_file *file, const char *what, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "the file %s is damaged: %s; stop whoever uses it and remove it", file->path, what);
}

psync_result shm_foreign(const char *path, const char *what, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "%s is not a space of this library: %s; remove it or choose another name", path, what);
}
