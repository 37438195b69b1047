/* SPDX-License-Identifier: BSD-3-Clause */
/* file.h - the file driver's one name. */
#ifndef PSYNC_FILE_H
#define PSYNC_FILE_H

#include <phpsync/driver.h>

extern const psync_driver psync__file_driver;

#endif
