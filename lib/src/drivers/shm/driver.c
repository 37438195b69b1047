/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * driver.c - the shared-memory driver's table, and what concerns a whole space.
 *
 * layout.h     what lies in the file           process.c    who a process is, who lives, boot_id.c
 * options.c    what a DSN says                 futex.c      sleeping, and the death watch
 * file.c       finds, checks and maps it       guard.c      the mutex of its structure
 * create.c     makes it                        cells.c      key to cell; cell_chain.c, cell_pool.c, cell_repair.c
 * room.c       gives it memory                 table.c      the shape of the table
 * failure.c    what went wrong with it         info.c       facts for people
 *
 * lock_word.h  a Lock; locks.c takes and frees it, lock_wait.c sleeps until it has moved on, lock_end.c wakes,
 *              lock_hold.c and lease.c know when Holds end, lock_owner.c whose it is, lock_look.c tells
 * integer_word.h, integers.c
 * audit.c, check.c, surroundings.c: is all well?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "info.h"
#include "integers.h"
#include "locks.h"
#include "process.h"
#include "shm.h"
#include "state.h"

static psync_result shm_open_space(const psync_dsn *dsn, const psync_options *options, void **opaque,
                                   psync_error *error)
{
    struct shm_state *state = calloc(1, sizeof *state);
    if (!state) return psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    psync_result r = shm_file_open(dsn, options, &state->file, error);
    if (r) {
        free(state);
        return r;
    }
    state->cells = (char *)state->file->header;
    state->timeout = dsn->timeout;
    *opaque = state;
    return PSYNC_OK;
}

static void shm_close_space(void *opaque)
{
    struct shm_state *state = opaque;
    shm_file_close(state->file);
    free(state);
}

/* The file's fork handler has dropped the parent's identity; here goes what was derived from it. */
static psync_result shm_after_fork(void *opaque, psync_error *error)
{
    (void)error;
    struct shm_state *state = opaque;
    atomic_store_explicit(&state->process, 0, memory_order_release);
    return PSYNC_OK;
}

static psync_result shm_set_label(void *opaque, const char *label, psync_error *error)
{
    (void)error;
    struct shm_state *state = opaque;
    shm_files_lock();
    snprintf(state->label, sizeof state->label, "%s", label);
    atomic_store_explicit(&state->process, 0, memory_order_release);
    shm_files_unlock();
    return PSYNC_OK;
}

static const char *const schemes[] = {"shm", NULL};

const psync_driver psync__shm_driver = {
    .version = PSYNC_DRIVER_VERSION,
    .schemes = schemes,
    .open = shm_open_space,
    .close = shm_close_space,
    .after_fork = shm_after_fork,
    .set_label = shm_set_label,
    .lock_acquire = shm_lock_acquire,
    .lock_release = shm_lock_release,
    .lock_renew = shm_lock_renew,
    .lock_inspect = shm_lock_inspect,
    .lock_await = shm_lock_await,
    .integer_get = shm_integer_get,
    .integer_set = shm_integer_set,
    .integer_add = shm_integer_add,
    .integer_compare_set = shm_integer_compare_set,
    .integer_remove = shm_integer_remove,
    .integer_await = shm_integer_await,
    .each_lock = shm_lock_each,
    .each_integer = shm_integer_each,
    .info = shm_info,
    .check = shm_check,
};
