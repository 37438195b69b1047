/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree.c - walks CATEGORY/ab/cd/ab..., passing over whatever has no such name,
 * and removes folders that have been empty for a while.
 */
#include "tree.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "folder.h"

/* One level of the walk. */
struct level {
    unsigned depth;    /* of the names in this folder: 1 is "ab", 3 a file */
    const char *below; /* the folder, below the root */
    const struct file_home *home;
    file_visit visit;
    void *argument;
    psync_result *result;
    psync_error *error;
    bool *any; /* something lies in this folder */
};

enum { FILE_DEPTH = 3, IDLE_SECONDS = 1 };

static bool is_hex(const char *name, size_t length)
{
    return strlen(name) == length && strspn(name, "0123456789abcdef") == length;
}

static void visit_file(const struct level *level, const char *below)
{
    struct file_place place;
    *level->result = file_place_own(level->home, below, &place, level->error);
    if (*level->result) return;
    *level->result = level->visit(level->argument, &place, level->error);
    file_place_leave(&place);
}

static void walk(const struct level *level);

static bool visit_name(void *argument, const char *name)
{
    const struct level *level = argument;
    char below[64];
    *level->any = true;
    if (!is_hex(name, level->depth == FILE_DEPTH ? 32 : 2)) return true;
    snprintf(below, sizeof below, "%s/%s", level->below, name);
    if (level->depth == FILE_DEPTH) {
        visit_file(level, below);
    } else {
        struct level next = *level;
        next.depth++;
        next.below = below;
        walk(&next);
    }
    return *level->result == PSYNC_OK;
}

/*
 * Keys come and go, and their folders would pile up and make lists slow.
 * Removing an empty one is always right: who wants it makes it again.
 */
static void sweep(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return;
    if (psync__clock->realtime() / PSYNC_NS_PER_S - st.st_mtime > IDLE_SECONDS) rmdir(path);
}

static void walk(const struct level *level)
{
    char path[PATH_MAX];
    bool any = false;
    snprintf(path, sizeof path, "%.*s/%s", FILE_ROOT_MAX, level->home->options.root, level->below);
    struct level copy = *level;
    copy.any = &any;
    psync_result r = file_folder_each(path, visit_name, &copy, level->error);
    if (r && !*level->result) *level->result = r;
    if (!r && !any && level->depth == FILE_DEPTH) sweep(path);
}

psync_result file_tree_each(const struct file_home *home, const char *category, file_visit visit, void *argument,
                            psync_error *error)
{
    psync_result result = PSYNC_OK;
    const struct level top = {.depth = 1,
                              .below = category,
                              .home = home,
                              .visit = visit,
                              .argument = argument,
                              .result = &result,
                              .error = error};
    walk(&top);
    return result;
}
