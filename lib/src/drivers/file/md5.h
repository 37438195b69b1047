/* SPDX-License-Identifier: BSD-3-Clause */
/* md5.h - MD5 (RFC 1321), which php-sync-fs names files by. It keeps nothing secret: a file's key is kept beside
 * it. */
#ifndef PSYNC_FILE_MD5_H
#define PSYNC_FILE_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { FILE_DIGEST = 16 };

void file_md5(const void *bytes, size_t length, uint8_t digest[FILE_DIGEST]);

#endif
