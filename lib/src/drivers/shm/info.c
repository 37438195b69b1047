/* SPDX-License-Identifier: BSD-3-Clause */
/* info.c - facts about a space, for people. */
#include "info.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "integers.h"
#include "locks.h"
#include "state.h"

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

/*
 * Lists the spaces of the same name that belong to other users and groups:
 * who meets nobody in a space often finds them in one of these. A space in a
 * folder of its own choice (path=) has no such namesakes. False: there are none.
 */
static bool find_others(const struct shm_file *file, char *list, size_t room)
{
    const char *slash = strrchr(file->path, '/');
    char folder[PATH_MAX];
    *list = '\0';
    if (!file->scoped || !slash || (size_t)(slash - file->path) >= sizeof folder) return false;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - file->path), file->path);
    DIR *entries = opendir(folder);
    if (!entries) return false;
    size_t used = 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char scope;
        unsigned id;
        int end = 0;
        if (strcmp(entry->d_name, slash + 1) == 0) continue;
        if (sscanf(entry->d_name, SHM_FILE_PREFIX "%c%u.%n", &scope, &id, &end) != 2 || !end) continue;
        if ((scope != 'u' && scope != 'g') || strcmp(entry->d_name + end, file->name) != 0) continue;
        int n = snprintf(list + used, room - used, "%s%s %u", used ? ", " : "", scope == 'u' ? "uid" : "gid", id);
        if (n < 0 || (size_t)n >= room - used) break;
        used += (size_t)n;
    }
    closedir(entries);
    return used > 0;
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
    if (on && find_others(file, others, sizeof others)) on = callback(argument, "others", others) == 0;
    return on ? PSYNC_OK : PSYNC_NO;
}
