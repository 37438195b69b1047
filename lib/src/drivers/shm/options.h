/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - what a shm:// DSN says. */
#ifndef PSYNC_SHM_OPTIONS_H
#define PSYNC_SHM_OPTIONS_H

#include <phpsync/driver.h>

#include <limits.h>
#include <sys/types.h>

/* Where a space lies and who may use it, from its DSN. */
struct shm_place {
    char folder[PATH_MAX];
    char path[PATH_MAX];
    const char *name;
    mode_t mode;
    bool mode_given;
    bool shared_folder; /* path=: whoever may write into the folder is trusted */
    bool group_given;
    bool another_user; /* user=: never created */
    uid_t uid;
    gid_t gid;
    uint64_t limit;
};

/* PSYNC_ERROR_ARGUMENT: the DSN says what no space can be. */
psync_result shm_options_read(const psync_dsn *dsn, struct shm_place *place, psync_error *error);

#endif
