/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.c - the text of a Lock's file:
 *
 *     phpsync-1 FENCE (20) hold|lock  -|s BOOTTIME (19) WALL (19)
 *     taken MICROSECONDS
 *     process PID START NONCE BOOT
 *     host HOST
 *     label LABEL
 *     key KEY
 *     end
 *
 * Bytes of names that are no printable ASCII, and %, stand as %XX. Behind "end"
 * there may be newlines: a spare's earlier text was longer.
 */
#include "record.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

static char *put_escaped(char *at, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c > ' ' && c < 0x7f && c != '%') {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    return at;
}

static char *put_name(char *at, const char *name, const char *bytes, size_t length)
{
    at = stpcpy(at, name);
    at = put_escaped(at, bytes, length);
    *at++ = '\n';
    return at;
}

/* In decimal, with zeros in front up to so many digits. Records are read and written at every step: printf takes as
 * long as a system call. */
static char *put_number(char *at, uint64_t number, unsigned least)
{
    char reversed[20];
    unsigned count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (least > count) {
        *at++ = '0';
        least--;
    }
    while (count) *at++ = reversed[--count];
    return at;
}

static char *put_hex(char *at, uint64_t number)
{
    for (int shift = 60; shift >= 0; shift -= 4) *at++ = digits[number >> shift & 15];
    return at;
}

char *file_record_put_lease(char *at, int64_t expires_boot, int64_t expires_wall)
{
    at = put_number(at, (uint64_t)expires_boot, 19);
    *at++ = ' ';
    return put_number(at, (uint64_t)expires_wall, 19);
}

/* The first line: FILE_RECORD_HEAD bytes. */
static char *put_head(char *at, const struct file_record *r)
{
    at = stpcpy(at, "phpsync-1 ");
    at = put_number(at, r->fence, 20);
    at = stpcpy(at, r->hold ? " hold     " : " lock     ");
    *at++ = r->starving ? 's' : '-';
    *at++ = ' ';
    at = file_record_put_lease(at, r->expires_boot, r->expires_wall);
    *at++ = '\n';
    return at;
}

size_t file_record_format(char text[FILE_RECORD_MAX], const struct file_record *r, const char *key,
                          size_t key_length)
{
    char *at = put_head(text, r);
    at = stpcpy(at, "taken ");
    at = put_number(at, (uint64_t)r->acquired, 0);
    at = stpcpy(at, "\nprocess ");
    at = put_number(at, (uint64_t)r->pid, 0);
    *at++ = ' ';
    at = put_number(at, r->start, 0);
    *at++ = ' ';
    at = put_hex(at, r->nonce);
    *at++ = ' ';
    at = stpcpy(at, *r->boot ? r->boot : "-");
    *at++ = '\n';
    at = put_name(at, "host ", r->host, strlen(r->host));
    at = put_name(at, "label ", r->label, strlen(r->label));
    at = put_name(at, "key ", key, key_length);
    at = stpcpy(at, "end\n");
    return (size_t)(at - text);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The readers below return what follows what they have read, or NULL; given NULL they return it. */

static const char *get_text(const char *at, const char *text)
{
    while (at && *text) at = *at == *text++ ? at + 1 : NULL;
    return at;
}

static const char *get_number(const char *at, uint64_t *number)
{
    if (!at || *at < '0' || *at > '9') return NULL;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(*number, 10, number)) return NULL;
        if (__builtin_add_overflow(*number, (uint64_t)(*at - '0'), number)) return NULL;
    }
    return at;
}

static const char *get_time(const char *at, int64_t *time)
{
    uint64_t number = 0;
    at = get_number(at, &number);
    *time = (int64_t)number;
    return number <= INT64_MAX ? at : NULL;
}

static const char *get_hex(const char *at, uint64_t *number)
{
    *number = 0;
    for (int i = 0; at && i < 16; i++) {
        int digit = hex(*at++);
        if (digit < 0) return NULL;
        *number = *number << 4 | (uint64_t)digit;
    }
    return at;
}

/* "-" or a boot's id, and the end of its line. */
static const char *get_boot(const char *at, char boot[PSYNC_BOOT_ID + 1])
{
    size_t length = 0;
    while (at && length < PSYNC_BOOT_ID && (at[length] == '-' || hex(at[length]) >= 0)) length++;
    if (length == 0) return NULL;
    bool none = length == 1 && *at == '-';
    memcpy(boot, at, length);
    boot[none ? 0 : length] = '\0';
    return get_text(at + length, "\n");
}

/* Reads a line "name escaped\n" into room bytes. */
static const char *get_name(const char *at, const char *name, char *out, size_t room, size_t *length)
{
    at = get_text(at, name);
    if (!at) return NULL;
    size_t count = 0;
    for (; *at && *at != '\n'; at++) {
        int byte = (unsigned char)*at;
        if (*at == '%') {
            int high = hex(at[1]);
            int low = high < 0 ? -1 : hex(at[2]);
            if (low < 0) return NULL;
            byte = high * 16 + low;
            at += 2;
        }
        if (count + 1 >= room) return NULL;
        out[count++] = (char)byte;
    }
    out[count] = '\0';
    if (length) *length = count;
    return get_text(at, "\n");
}

const char *file_record_parse_head(const char *text, struct file_record *r)
{
    const char *at = get_text(text, "phpsync-1 ");
    at = get_number(at, &r->fence);
    if (!at) return NULL;
    r->hold = strncmp(at, " hold     ", 10) == 0;
    at = get_text(at, r->hold ? " hold     " : " lock     ");
    if (!at || (*at != '-' && *at != 's')) return NULL;
    r->starving = *at == 's';
    at = get_text(at + 1, " ");
    at = get_time(at, &r->expires_boot);
    at = get_text(at, " ");
    at = get_time(at, &r->expires_wall);
    at = get_text(at, "\n");
    return at == text + FILE_RECORD_HEAD ? at : NULL;
}

bool file_record_parse(const char *text, size_t length, struct file_record *r)
{
    const char *at = file_record_parse_head(text, r);
    at = get_text(at, "taken ");
    at = get_time(at, &r->acquired);
    at = get_text(at, "\nprocess ");
    at = get_time(at, &r->pid);
    at = get_text(at, " ");
    at = get_number(at, &r->start);
    at = get_text(at, " ");
    at = get_hex(at, &r->nonce);
    at = get_text(at, " ");
    at = get_boot(at, r->boot);
    at = get_name(at, "host ", r->host, sizeof r->host, NULL);
    at = get_name(at, "label ", r->label, sizeof r->label, NULL);
    at = get_name(at, "key ", r->key, sizeof r->key, &r->key_length);
    at = get_text(at, "end\n");
    return at && r->key_length &&
           at <= text + length; /* a NUL ends every reader above, and one stands behind the text */
}
