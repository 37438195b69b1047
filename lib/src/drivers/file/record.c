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

#include <inttypes.h>
#include <stdio.h>
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

void file_record_format_lease(char text[FILE_RECORD_LEASE_LENGTH + 1], int64_t expires_boot, int64_t expires_wall)
{
    snprintf(text, FILE_RECORD_LEASE_LENGTH + 1, "%019" PRId64 " %019" PRId64, expires_boot, expires_wall);
}

size_t file_record_format(char text[FILE_RECORD_MAX], const struct file_record *r, const char *key,
                          size_t key_length)
{
    char lease[FILE_RECORD_LEASE_LENGTH + 1];
    file_record_format_lease(lease, r->expires_boot, r->expires_wall);
    int head = snprintf(text, FILE_RECORD_MAX,
                        "phpsync-1 %020" PRIu64 " %s     %c %s\ntaken %" PRId64 "\nprocess %" PRId64 " %" PRIu64
                        " %016" PRIx64 " %s\n",
                        r->fence, r->hold ? "hold" : "lock", r->starving ? 's' : '-', lease, r->acquired, r->pid,
                        r->start, r->nonce, *r->boot ? r->boot : "-");
    char *at = text + head;
    at = put_name(at, "host ", r->host, strlen(r->host));
    at = put_name(at, "label ", r->label, strlen(r->label));
    at = put_name(at, "key ", key, key_length);
    at = stpcpy(at, "end\n");
    return (size_t)(at - text);
}

static int hex(char c)
{
    const char *digit = c ? strchr(digits, c) : NULL;
    return digit ? (int)(digit - digits) : -1;
}

/* Reads a line "name escaped\n" into room bytes; NULL if it is none, else what follows. */
static const char *get_name(const char *at, const char *name, char *out, size_t room, size_t *length)
{
    size_t head = strlen(name);
    if (!at || strncmp(at, name, head) != 0) return NULL;
    size_t count = 0;
    for (at += head; *at && *at != '\n'; at++) {
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
    return *at == '\n' ? at + 1 : NULL;
}

static const char *get_head(const char *text, struct file_record *r)
{
    char kind[5];
    char mark;
    int end = 0;
    int got = sscanf(text,
                     "phpsync-1 %20" SCNu64 " %4s %c %19" SCNd64 " %19" SCNd64 "\ntaken %" SCNd64
                     "\nprocess %" SCNd64 " %" SCNu64 " %16" SCNx64 " %36s\n%n",
                     &r->fence, kind, &mark, &r->expires_boot, &r->expires_wall, &r->acquired, &r->pid, &r->start,
                     &r->nonce, r->boot, &end);
    if (got != 10 || !end) return NULL;
    r->hold = strcmp(kind, "hold") == 0;
    r->starving = mark == 's';
    if (strcmp(r->boot, "-") == 0) r->boot[0] = '\0';
    return r->hold || strcmp(kind, "lock") == 0 ? text + end : NULL;
}

bool file_record_parse(const char *text, size_t length, struct file_record *r)
{
    if (strlen(text) != length) return false;
    const char *at = get_head(text, r);
    at = get_name(at, "host ", r->host, sizeof r->host, NULL);
    at = get_name(at, "label ", r->label, sizeof r->label, NULL);
    at = get_name(at, "key ", r->key, sizeof r->key, &r->key_length);
    return at && r->key_length && strncmp(at, "end\n", 4) == 0;
}
