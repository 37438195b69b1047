/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * number.h - a file whose content is one decimal number, as php-sync-fs has it.
 *
 * It is changed by one pwrite of the new number, padded with newlines to the
 * old length: the file never gets shorter and never another inode, so a
 * process killed at any system call leaves the old number or the new one.
 * A number that is being removed is an exclamation mark alone, to PHP code a 0.
 * Both calls are made under the file's flock: shared to read, exclusive to write.
 */
#ifndef PSYNC_FILE_NUMBER_H
#define PSYNC_FILE_NUMBER_H

#include <phpsync/driver.h>

enum { FILE_NUMBER_MAX = 64 /* bytes of a file that holds a number */, FILE_NUMBER_REMOVED = '!' };

struct file_number {
    bool removed;                   /* the file is about to lose its name */
    int64_t value;                  /* 0 if the file is empty */
    size_t length;                  /* of the file's content */
    char text[FILE_NUMBER_MAX + 1]; /* the content */
};

/* Only the text and its length. */
psync_result file_number_read_text(int fd, const char *path, struct file_number *number, psync_error *error);
/* The value of a text that was read. */
psync_result file_number_parse(const char *path, struct file_number *number, psync_error *error);
/* Both. */
psync_result file_number_read(int fd, const char *path, struct file_number *number, psync_error *error);

/* number: what was read under the same flock. On an error the file holds what it held. */
psync_result file_number_write(int fd, const char *path, const struct file_number *number, int64_t value,
                               bool durable, psync_error *error);

/* Any text, not shorter than what was read. */
psync_result file_number_write_text(int fd, const char *path, const struct file_number *old, const char *text,
                                    size_t length, psync_error *error);

/* Marks the number as removed: whoever has the file open reads it, and need not look for its name. */
psync_result file_number_remove(int fd, const char *path, const struct file_number *number, psync_error *error);
/* Takes that back. */
void file_number_restore(int fd, const struct file_number *number);

/* Writes value as text without a terminating NUL; its length. */
size_t file_number_format(char text[FILE_NUMBER_MAX], int64_t value);

#endif
