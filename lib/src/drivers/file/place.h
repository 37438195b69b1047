/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - where a key's file lies, and how it is reached.
 *
 * The place of key k in a category is
 *     ROOT/CATEGORY/ab/cd/abcd...   with abcd... = md5(k) in hexadecimal,
 * which is php-sync-fs's, unless the key names another place itself
 * (psync_key.place): then the path is what counts, and no key is compared.
 *
 * Files are reached from the open root (root.h). In a shared space somebody
 * could put a symbolic link in a folder's place, so the folder is entered step
 * by step, links refused, and its files are reached from there.
 */
#ifndef PSYNC_FILE_PLACE_H
#define PSYNC_FILE_PLACE_H

#include "home.h"

/* Files of ours lie below this folder of the root; never in the root itself. */
#define FILE_OWN_FOLDER   ".phpsync"
#define FILE_SPARE_FOLDER FILE_OWN_FOLDER "/spare"
#define FILE_FENCE        FILE_OWN_FOLDER "/fence"
#define FILE_LOCKS        "locks"
#define FILE_INTEGERS     "integers"

struct file_place {
    struct file_home *home;
    int at;           /* what name is relative to: AT_FDCWD, or an open folder; -1: that folder is missing */
    bool owned;       /* at is this place's own, to be closed */
    unsigned turn;    /* file_root_turn() when it was found */
    const char *name; /* into path */
    bool standard;    /* the key names no place, or the standard one */
    uint8_t digest[FILE_DIGEST]; /* of the key */
    char path[PATH_MAX];         /* absolute */
};

/*
 * Finds the place of a key, in the folder that stands at the root's path now. Folders may be missing: then the
 * calls below fail with ENOENT.
 */
psync_result file_place_find(const struct file_state *state, const psync_key *key, const char *category,
                             struct file_place *place, psync_error *error);
/* The same in the folder that stood there some milliseconds ago, for what this process has open itself. */
psync_result file_place_find_own(const struct file_state *state, const psync_key *key, const char *category,
                                 struct file_place *place, psync_error *error);
/* A file of ours with this name below the root. */
psync_result file_place_own(struct file_home *home, const char *below, struct file_place *place,
                            psync_error *error);
/* A file beside another: its name with this behind it. It uses the other's folder: leave it first. */
psync_result file_place_beside(const struct file_place *place, const char *suffix, struct file_place *beside,
                               psync_error *error);
void file_place_leave(struct file_place *place);
/* Finds a standard place anew where another folder stands at the root's path by now. */
psync_result file_place_again(struct file_place *place, psync_error *error);
/* Whether calls may go by the whole path: it leads to where the file is now, by no link that could be a trap. */
bool file_place_is_direct(const struct file_place *place);

/* Makes the folders on the way to the file. */
psync_result file_place_make(struct file_place *place, psync_error *error);
/* The part of place->path that is its folder, copied. */
void file_place_folder(const struct file_place *place, char folder[PATH_MAX]);
/* Opens the file's folder. -1 and errno. */
int file_place_folder_open(const struct file_place *place, int flags, mode_t mode);

/*
 * System calls on the file; -1 and errno as theirs. Links are not followed. What is opened is looked for again
 * where another folder stands at the root's path by now.
 */
int file_place_open(struct file_place *place, int flags, mode_t mode);
int file_place_stat(const struct file_place *place, struct file_id *id);
int file_place_unlink(const struct file_place *place);

/* Whether the place's name leads to this open file: PSYNC_OK or PSYNC_NO. */
psync_result file_place_leads_to(const struct file_place *place, int fd, psync_error *error);
/* The same of a file that is known already. */
psync_result file_place_is(const struct file_place *place, const struct file_id *id, psync_error *error);

/* Makes a change of the folder's entries durable. */
psync_result file_place_sync(const struct file_place *place, psync_error *error);

#endif
