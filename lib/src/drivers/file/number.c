/* SPDX-License-Identifier: BSD-3-Clause */
/* number.c - reading and changing a number in its file. */
#include "number.h"

#include <string.h>
#include <unistd.h>

#include "failure.h"

static bool is_space(char c)
{
    return c == '\n' || c == ' ' || c == '\r' || c == '\t';
}

/* A decimal number in int64_t's range with space around it; nothing but space is 0. */
static bool parse(const char *text, int64_t *value)
{
    while (is_space(*text)) text++;
    bool negative = *text == '-';
    if (negative) text++;
    bool any = false;
    *value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        int digit = *text - '0';
        any = true;
        if (__builtin_mul_overflow(*value, 10, value)) return false;
        if (__builtin_add_overflow(*value, negative ? -digit : digit, value)) return false;
    }
    if (negative && !any) return false;
    while (is_space(*text)) text++;
    return !*text;
}

size_t file_number_format(char text[FILE_NUMBER_MAX], int64_t value)
{
    char digits[20];
    size_t count = 0;
    size_t length = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) text[length++] = '-';
    while (count) text[length++] = digits[--count];
    return length;
}

static bool is_removed(const char *text)
{
    if (*text++ != FILE_NUMBER_REMOVED) return false;
    while (is_space(*text)) text++;
    return !*text;
}

psync_result file_number_read_text(int fd, const char *path, struct file_number *number, psync_error *error)
{
    ssize_t length;
    FILE_RETRY(length, pread(fd, number->text, FILE_NUMBER_MAX, 0));
    if (length < 0) return file_failed(error, errno, "read", path);
    number->length = (size_t)length;
    number->text[length] = '\0';
    return PSYNC_OK;
}

psync_result file_number_parse(const char *path, struct file_number *number, psync_error *error)
{
    number->value = 0;
    number->removed = is_removed(number->text);
    if (number->removed) return PSYNC_OK;
    bool whole = number->length < FILE_NUMBER_MAX && strlen(number->text) == number->length;
    if (whole && parse(number->text, &number->value)) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0,
                           "%s does not hold a 64-bit number in decimal but \"%.32s\"; correct or remove it", path,
                           number->text);
}

psync_result file_number_read(int fd, const char *path, struct file_number *number, psync_error *error)
{
    psync_result r = file_number_read_text(fd, path, number, error);
    return r ? r : file_number_parse(path, number, error);
}

/* 0, or an errno. */
static int write_all(int fd, const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t written;
        FILE_RETRY(written, pwrite(fd, text + done, length - done, (off_t)done));
        if (written <= 0) return written < 0 ? errno : ENOSPC;
        done += (size_t)written;
    }
    return 0;
}

/* Puts back the old number, over as many bytes as the new one may have reached. */
static void put_back(int fd, const struct file_number *old, size_t length)
{
    char text[FILE_NUMBER_MAX];
    if (length < old->length) length = old->length;
    memcpy(text, old->text, old->length);
    memset(text + old->length, '\n', length - old->length);
    (void)write_all(fd, text, length);
}

/* All of it, or nothing: what a short write changed is put back. */
psync_result file_number_write_text(int fd, const char *path, const struct file_number *old, const char *text,
                                    size_t length, psync_error *error)
{
    ssize_t written;
    FILE_RETRY(written, pwrite(fd, text, length, 0));
    if (written == (ssize_t)length) return PSYNC_OK;
    int number = written < 0 ? errno : write_all(fd, text, length);
    if (!number) return PSYNC_OK;
    if (written >= 0) put_back(fd, old, length);
    return file_failed(error, number, "write", path);
}

psync_result file_number_write(int fd, const char *path, const struct file_number *number, int64_t value,
                               bool durable, psync_error *error)
{
    char text[FILE_NUMBER_MAX];
    size_t length = file_number_format(text, value);
    for (; length < number->length; length++) text[length] = '\n';
    psync_result r = file_number_write_text(fd, path, number, text, length, error);
    if (r || !durable) return r;
    int synced;
    FILE_RETRY(synced, fsync(fd));
    if (synced == 0) return PSYNC_OK;
    r = file_failed(error, errno, "flush", path);
    put_back(fd, number, length);
    return r;
}

psync_result file_number_remove(int fd, const char *path, const struct file_number *number, psync_error *error)
{
    char text[FILE_NUMBER_MAX] = {FILE_NUMBER_REMOVED};
    size_t length = number->length ? number->length : 1;
    memset(text + 1, '\n', length - 1);
    return file_number_write_text(fd, path, number, text, length, error);
}

void file_number_restore(int fd, const struct file_number *number)
{
    put_back(fd, number, number->length ? number->length : 1);
}
