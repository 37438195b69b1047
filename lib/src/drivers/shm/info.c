/* SPDX-License-Identifier: BSD-3-Clause */
/* info.c - facts about a space, for people. */
#include "info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "integers.h"
#include "locks.h"
#include "state.h"
#include "surroundings.h"

struct counts {
    uint64_t locks;
    uint64_t integers;
};

static int count_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    (void)key;
    (void)key_length;
    (void)owner;
    ((struct counts *)argument)->locks++;
    return 0;
}

static int count_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    (void)key;
    (void)key_length;
    (void)value;
    ((struct counts *)argument)->integers++;
    return 0;
}

static bool tell_number(psync_info_callback callback, void *argument, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return callback(argument, name, text) == 0;
}

psync_result shm_info(void *opaque, psync_info_callback callback, void *argument, psync_error *error)
{
    struct shm_state *state = opaque;
    struct shm_file *file = state->file;
    struct shm_header *header = file->header;
    struct counts counts = {0, 0};
    struct stat st;
    psync_result r = shm_lock_each(state, count_lock, &counts, error);
    if (!r) r = shm_integer_each(state, count_integer, &counts, error);
    if (r) return r;
    if (fstat(file->fd, &st) != 0) memset(&st, 0, sizeof st);
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", (unsigned)(st.st_mode & 0777));
    bool on = callback(argument, "file", file->path) == 0 && callback(argument, "mode", mode) == 0;
    on = on && tell_number(callback, argument, "uid", st.st_uid);
    on = on && tell_number(callback, argument, "gid", st.st_gid);
    on = on && tell_number(callback, argument, "layout", header->layout);
    on = on && tell_number(callback, argument, "locks", counts.locks);
    on = on && tell_number(callback, argument, "integers", counts.integers);
    on = on && tell_number(callback, argument, "bytes", (uint64_t)st.st_blocks * 512);
    on = on && tell_number(callback, argument, "bytes_max", file->limit);
    on = on && tell_number(callback, argument, "cells",
                           atomic_load_explicit(&header->cells, memory_order_relaxed) - SHM_HEADER_CELLS);
    on = on && tell_number(callback, argument, "cells_free",
                           atomic_load_explicit(&header->free_count, memory_order_relaxed));
    char others[512];
    if (on && shm_namesakes(file, others, sizeof others)) on = callback(argument, "others", others) == 0;
    return on ? PSYNC_OK : PSYNC_NO;
}
