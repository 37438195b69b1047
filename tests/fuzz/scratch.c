/* SPDX-License-Identifier: BSD-3-Clause */
/* scratch.c - a folder for a target's files, and the writing of seeds. */
#include "fuzz.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[200];

static void remove_folder(void)
{
    scratch_remove(folder);
}

const char *scratch(void)
{
    if (*folder) return folder;
    const char *given = getenv("PHPSYNC_FUZZ_FOLDER");
    bool fits =
        snprintf(folder, sizeof folder, "%s/phpsync-fuzz-XXXXXX", given ? given : "/dev/shm") < (int)sizeof folder;
    NEED(fits && mkdtemp(folder));
    atexit(remove_folder);
    return folder;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

void scratch_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool fuzz_is_remote(const char *dsn)
{
    return strncasecmp(dsn, "redis", 5) == 0 || strncasecmp(dsn, "postgres", 8) == 0;
}

void scratch_seeds(int argc, char **argv, size_t (*make)(int number, uint8_t *data, size_t room))
{
    static uint8_t data[1 << 18];
    if (argc != 3 || strcmp(argv[1], "--seeds") != 0) return;
    size_t length;
    for (int number = 0; (length = make(number, data, sizeof data)) != 0; number++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%d", argv[2], number);
        FILE *file = fopen(path, "w");
        NEED(file && fwrite(data, 1, length, file) == length && fclose(file) == 0);
    }
    exit(0);
}
