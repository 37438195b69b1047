/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's program, built with pkg-config's flags against the installed library alone. C and C++. */
#include <phpsync/phpsync.h>
#include <phpsync/driver.h>

#include <stdio.h>
#include <string.h>

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

/* The version has one truth: its text, its three numbers and the library's own word agree. */
int main(void)
{
    const char *numbers = TEXT(PSYNC_VERSION_MAJOR) "." TEXT(PSYNC_VERSION_MINOR) "." TEXT(PSYNC_VERSION_PATCH);
    puts(psync_version());
    return strcmp(psync_version(), PSYNC_VERSION) != 0 || strcmp(numbers, PSYNC_VERSION) != 0;
}
