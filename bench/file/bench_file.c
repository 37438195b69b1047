/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_file.c - files, on tmpfs and on the disk that the current folder lies on: calls.c, wakes.c and keys.c tell
 * what of, and beside what. Start it in the project's root: php-sync-fs's part is bench/php-sync-fs.php, run by
 * the php on the PATH, with out/ext/phpsync.so where that is built.
 */
#include "file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static bench_parameter parameters[] = {{"rounds", 15, 51, "rounds of each"},
                                       {"operations", 2000, 10000, "operations in a round"},
                                       {"wakes", 50, 200, "times the waiters are woken"},
                                       {"keys", 100000, 100000, "Locks and Integers of the large space"},
                                       {"disk_keys", 20000, 100000, "and on the disk"},
                                       {NULL, 0, 0, NULL}};

static struct place place;
static pid_t parent;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_place(void)
{
    if (getpid() == parent && *place.folder) nftw(place.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    *place.folder = '\0';
}

psync_space *open_space(const struct place *where, const char *name)
{
    char dsn[PATH_MAX];
    psync_space *space;
    psync_error error;
    snprintf(dsn, sizeof dsn, "file://%s/%s", where->folder, name);
    bench_expect_ok(psync_space_open(dsn, NULL, &space, &error), &error, "psync_space_open");
    return space;
}

static const char *file_system(const char *folder)
{
    struct statfs fs;
    if (statfs(folder, &fs) != 0) bench_die("statfs of %s failed", folder);
    switch ((unsigned long)fs.f_type) {
    case 0x01021994:
        return "tmpfs";
    case 0xef53:
        return "ext4";
    case 0x58465342:
        return "xfs";
    case 0x9123683e:
        return "btrfs";
    case 0x794c7630:
        return "overlay";
    default:
        return "disk";
    }
}

static void bench_place(const char *folder)
{
    snprintf(place.folder, sizeof place.folder, "%s/phpsync-bench.XXXXXX", folder);
    if (!mkdtemp(place.folder)) bench_die("cannot make a folder in %s", folder);
    place.name = file_system(place.folder);
    place.memory = strcmp(place.name, "tmpfs") == 0;
    bench_calls(&place);
    bench_wakes(&place, parameters[2].value);
    bench_many(&place, parameters[place.memory ? 3 : 4].value);
    remove_place();
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "files", parameters);
    if (parameters[0].value > MAX_ROUNDS || parameters[2].value > MAX_ROUNDS)
        bench_die("rounds, wakes: at most %d", MAX_ROUNDS);
    parent = getpid();
    atexit(remove_place);
    place.rounds = (size_t)parameters[0].value;
    place.operations = parameters[1].value;
    if (!getcwd(place.root, sizeof place.root)) bench_die("the path of this folder is too long");
    bench_place("/dev/shm");
    bench_place(place.root);
    return bench_end();
}
