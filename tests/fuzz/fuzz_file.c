/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_file.c - any folder as a space of the file driver: opened, then every operation.
 *
 * An input is a byte that chooses the DSN's options, then entries (entry.h)
 * that are laid into a fresh folder: files, folders, links and pipes, most of
 * them at the places where the driver looks.
 *
 * Besides: beside the folder lies another one that links may lead to. No file
 * in it is ever changed, and in a shared space nothing appears there.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entry.h"

static char root[300], outside[300], precious[320];
static const char kept[] = "not yours\n";

/* Which options a DSN has, by the input's first byte; {GROUP} is this process's. */
static const struct {
    const char *options;
    mode_t mode; /* the folder's */
    bool shared;
} variants[] = {
    {"", 0700, false},          {"&durable=1", 0700, false}, {"&poll=0.001", 0700, false},
    {"&mode=0666", 0777, true}, {"&group=%u", 02770, true},  {"&group=%u&durable=1&mode=0660", 02770, true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void make_dsn(unsigned variant, char *dsn, size_t room)
{
    int length = snprintf(dsn, room, "file://%s?timeout=1", root);
    /* The format comes from the table above alone. */
    char options[64];
    const char *group = strstr(variants[variant].options, "%u");
    if (group) {
        snprintf(options, sizeof options, "%.*s%u%s", (int)(group - variants[variant].options),
                 variants[variant].options, (unsigned)getgid(), group + 2);
    } else {
        snprintf(options, sizeof options, "%s", variants[variant].options);
    }
    snprintf(dsn + length, room - (size_t)length, "%s", options);
}

static void prepare(void)
{
    const struct rlimit limit = {8 << 20, 8 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    umask(022);
    snprintf(root, sizeof root, "%s/root", scratch());
    snprintf(outside, sizeof outside, "%s/" ENTRY_OUTSIDE, scratch());
    snprintf(precious, sizeof precious, "%s/file", outside);
}

static void make_outside(void)
{
    NEED(mkdir(outside, 0777) == 0);
    int fd = open(precious, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    NEED(fd >= 0 && write(fd, kept, sizeof kept) == (ssize_t)sizeof kept && close(fd) == 0);
}

static int names_in(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    NEED(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count - 2;
}

static void check_outside(bool shared)
{
    char text[sizeof kept + 1] = "";
    int fd = open(precious, O_RDONLY | O_CLOEXEC);
    NEED(fd >= 0 && read(fd, text, sizeof text) == (ssize_t)sizeof kept && memcmp(text, kept, sizeof kept) == 0);
    close(fd);
    if (shared) NEED(names_in(outside) == 1);
}

/* ---- an honest folder as an input ----------------------------------------------- */

static size_t make_seed(int number, uint8_t *data, size_t room)
{
    char dsn[512];
    if (number == 12) return 0;
    unsigned variant = (unsigned)number % VARIANTS;
    prepare();
    same_begin();
    NEED(mkdir(root, 0700) == 0 && chmod(root, variants[variant].mode) == 0);
    make_dsn(variant, dsn, sizeof dsn);
    fuzz_fill(dsn, (uint64_t)number);
    data[0] = (uint8_t)variant;
    size_t used = 1 + entries_of_folder(root, data + 1, room - 1);
    scratch_remove(root);
    return used;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    scratch_seeds(*argc, *argv, make_seed);
    prepare();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dsn[512];
    psync_error error;
    psync_space *space = NULL;
    if (size < 1) return 0;
    const unsigned variant = data[0] % VARIANTS;
    NEED(mkdir(root, 0700) == 0 && chmod(root, variants[variant].mode) == 0);
    make_outside();
    entries_lay(root, data + 1, size - 1);
    make_dsn(variant, dsn, sizeof dsn);
    same_begin();
    if (fuzz_sane(psync_space_open(dsn, NULL, &space, &error), &error) == PSYNC_OK) {
        fuzz_use(space);
        psync_space_close(space);
    }
    check_outside(variants[variant].shared);
    scratch_remove(root);
    scratch_remove(outside);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t random = seed;
    if (size < 1 || max_size < 1) return LLVMFuzzerMutate(data, size, max_size);
    if (draw(&random, 20) == 0) data[0] = (uint8_t)draw(&random, VARIANTS);
    return 1 + entries_mutate(data + 1, size - 1, max_size - 1, &random);
}
