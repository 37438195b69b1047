/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * adder - a client that lives on: adds 1 to the Integer "k" for each line "add" of its standard input, reads it for
 * each line "get", and says in a line what came of that: the value, "unknown", or what was wrong.
 *
 *   adder DSN
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <phpsync/phpsync.h>

int main(int argc, char **argv)
{
    char line[16];
    psync_space *space;
    psync_integer *integer;
    psync_error error;
    if (argc != 2 || psync_space_open(argv[1], NULL, &space, &error) != PSYNC_OK ||
        psync_integer_open(space, "k", 1, &integer, &error) != PSYNC_OK)
        return EXIT_FAILURE;
    while (fgets(line, sizeof line, stdin)) {
        int64_t value = 0;
        psync_result r = strcmp(line, "add\n") == 0 ? psync_integer_add(integer, 1, &value, &error)
                                                    : psync_integer_get(integer, &value, &error);
        if (r == PSYNC_OK) printf("%" PRId64 "\n", value);
        if (r != PSYNC_OK) printf("%s\n", r == PSYNC_ERROR_UNKNOWN ? "unknown" : error.message);
        fflush(stdout);
    }
    psync_integer_close(integer);
    psync_space_close(space);
    return EXIT_SUCCESS;
}
