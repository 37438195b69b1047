/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stat.h - which file it is, and how many names it has.
 *
 * By statx where there is one: to ask for a file's times makes newer kernels
 * (6.13) give it a new time at each later write, which costs more than the write.
 */
#ifndef PSYNC_FILE_STAT_H
#define PSYNC_FILE_STAT_H

#include <stdbool.h>
#include <stdint.h>

struct file_id {
    uint64_t device;
    uint64_t inode;
    uint64_t links; /* not part of its identity */
    uint64_t size;  /* nor is this */
    bool regular;
};

/* The file at a path; a link is not followed. -1 and errno as stat(2). */
int file_stat_path(int at, const char *path, struct file_id *id);
/* The same; a link is followed. */
int file_stat_followed(int at, const char *path, struct file_id *id);
/* An open file. */
int file_stat_open(int fd, struct file_id *id);

/* Closes a file that was open once, unless its number is another file's by now. */
void file_close_if_ours(int fd, const struct file_id *id);

static inline bool file_same(const struct file_id *one, const struct file_id *other)
{
    return one->inode == other->inode && one->device == other->device;
}

#endif
