/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree.c - walks CATEGORY/ab/cd/ab..., passing over whatever has no such name,
 * and removes folders that have been empty for a while.
 */
#include "tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "folder.h"
#include "root.h"

/* One level of the walk. */
struct level {
    unsigned depth;    /* of the names in this folder: 1 is "ab", 3 a file */
    const char *below; /* the folder, below the root */
    struct file_home *home;
    file_visit visit;
    void *argument;
    psync_result *result;
    psync_error *error;
    bool any; /* something lies in this folder */
};

enum { FILE_DEPTH = 3, IDLE_SECONDS = 1 };

static bool is_hex(const char *name, size_t length)
{
    return strlen(name) == length && strspn(name, "0123456789abcdef") == length;
}

static psync_result visit_file(const struct level *level, const char *below)
{
    struct file_place place;
    psync_result r = file_place_own(level->home, below, &place, level->error);
    if (r) return r;
    r = level->visit(level->argument, &place, level->error);
    file_place_leave(&place);
    return r;
}

static psync_result walk(struct level *level, int at, const char *name);

static bool visit_name(void *argument, int folder, const char *name)
{
    struct level *level = argument;
    char below[64];
    level->any = true;
    if (!is_hex(name, level->depth == FILE_DEPTH ? 32 : 2)) return true;
    snprintf(below, sizeof below, "%s/%s", level->below, name);
    psync_result r;
    if (level->depth == FILE_DEPTH) {
        r = visit_file(level, below);
    } else {
        struct level next = *level;
        next.depth++;
        next.below = below;
        r = walk(&next, folder, name);
    }
    *level->result = r;
    return r == PSYNC_OK;
}

/*
 * Keys come and go, and their folders would pile up and make lists slow.
 * Removing an empty one is always right: who wants it makes it again.
 */
static void sweep(int at, const char *name)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (psync__clock->realtime() / PSYNC_NS_PER_S - st.st_mtime > IDLE_SECONDS) unlinkat(at, name, AT_REMOVEDIR);
}

static psync_result walk(struct level *level, int at, const char *name)
{
    const int follow = file_root_shared(level->home) ? O_NOFOLLOW : 0;
    level->any = false;
    psync_result r = file_folder_each(at, name, follow, visit_name, level, level->error);
    if (!r && !level->any && level->depth == FILE_DEPTH) sweep(at, name);
    return r ? r : *level->result;
}

psync_result file_tree_each(struct file_home *home, const char *category, file_visit visit, void *argument,
                            psync_error *error)
{
    psync_result result = PSYNC_OK;
    int root;
    psync_result r = file_root(home, true, &root, error);
    if (r || root < 0) return r;
    struct level top = {.depth = 1,
                        .below = category,
                        .home = home,
                        .visit = visit,
                        .argument = argument,
                        .result = &result,
                        .error = error};
    return walk(&top, root, category);
}
