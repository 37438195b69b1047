/* SPDX-License-Identifier: BSD-3-Clause */
/* version.c - the library's version at run time. */
#include <phpsync/phpsync.h>

const char *psync_version(void)
{
    return PSYNC_VERSION;
}
