/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.h - what the file of a Lock says: who took it, and how.
 *
 * It is text, one fact a line, so that people can read it. The first line has
 * a fixed length: what changes while the Lock is held (the mark of a starving
 * taker, the end of a lease) is overwritten in place by one pwrite.
 */
#ifndef PSYNC_FILE_RECORD_H
#define PSYNC_FILE_RECORD_H

#include <phpsync/driver.h>

#include "system.h"

enum { FILE_RECORD_MAX = 6144 };

struct file_record {
    uint64_t fence;
    bool hold;
    bool starving;        /* a taker has waited for long */
    int64_t expires_boot; /* ns of the host's CLOCK_BOOTTIME of that boot, 0: no lease */
    int64_t expires_wall; /* us since 1970 */
    int64_t acquired;     /* us since 1970 */
    uint64_t nonce;       /* of the process */
    int64_t pid;
    uint64_t start;
    char boot[PSYNC_BOOT_ID + 1];
    char host[PSYNC_HOST_MAX + 1];
    char label[PSYNC_LABEL_MAX + 1];
    size_t key_length;
    char key[PSYNC_KEY_MAX + 1];
};

/* Writes the record as text; its length. */
size_t file_record_format(char text[FILE_RECORD_MAX], const struct file_record *record, const char *key,
                          size_t key_length);

/* Reads the text, behind which a NUL stands. False: it is no record. */
bool file_record_parse(const char *text, size_t length, struct file_record *record);

/* The first line, which says what may change: fence, hold, starving, expires. What follows it; NULL: it is no
 * record. */
const char *file_record_parse_head(const char *text, struct file_record *record);

/* The places in the text of what is overwritten, and the text for it. */
enum {
    FILE_RECORD_STARVING_AT = 40,
    FILE_RECORD_LEASE_AT = 42,
    FILE_RECORD_LEASE_LENGTH = 39,
    FILE_RECORD_HEAD = FILE_RECORD_LEASE_AT + FILE_RECORD_LEASE_LENGTH + 1
};
/* Writes FILE_RECORD_LEASE_LENGTH bytes; what follows them. */
char *file_record_put_lease(char *at, int64_t expires_boot, int64_t expires_wall);

#endif
