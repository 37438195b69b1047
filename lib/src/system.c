/* SPDX-License-Identifier: BSD-3-Clause */
/* system.c - random numbers, boot, start time, names of users and groups. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

/* An entry that needs more than this is reported as unknown: 64 KiB hold a group of thousands. */
enum { NAME_BUFFER = 65536 };

uint64_t psync__random(void)
{
    uint64_t value = 0;
    while (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value) {
        /* A sandbox may forbid it. Then the time: another number each time, and a nonce in use is noticed. */
        if (errno != EINTR) {
            return (uint64_t)psync__clock->monotonic() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid();
        }
    }
    return value;
}

/* Reads a small file of /proc as text. */
static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length;
    do {
        length = read(fd, text, size - 1);
    } while (length < 0 && errno == EINTR);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

void psync__boot_id(char id[PSYNC_BOOT_ID + 1])
{
    char text[64];
    id[0] = '\0';
    if (read_text("/proc/sys/kernel/random/boot_id", text, sizeof text)) {
        snprintf(id, PSYNC_BOOT_ID + 1, "%.*s", (int)strcspn(text, "\n"), text);
    }
}

/* The field of that number, from 3 on, of a /proc/PID/stat; NULL: it has none. */
static const char *stat_field(const char *text, int number)
{
    const char *c = strrchr(text, ')'); /* the name before it may hold anything */
    for (int field = 2; c && field < number; field++) c = strchr(c + 1, ' ');
    return c ? c + 1 : NULL;
}

int64_t psync__time_namespace(void)
{
    char text[256];
    long long seconds;
    long long nanoseconds;
    if (!read_text("/proc/self/timens_offsets", text, sizeof text)) return 0;
    const char *line = strstr(text, "boottime");
    if (!line || sscanf(line, "boottime %lld %lld", &seconds, &nanoseconds) != 2) return 0;
    return seconds * 1000000000 + nanoseconds;
}

/* A process's start as /proc tells it, by the clock of this process's time namespace, in ticks by the host's. */
static uint64_t start_of_host(uint64_t ticks)
{
    const long second = sysconf(_SC_CLK_TCK);
    const int64_t ahead = psync__time_namespace() / (1000000000 / (second > 0 ? second : 100));
    return ticks - (uint64_t)ahead;
}

static bool read_stat(const char *path, uint64_t *start, bool *ended)
{
    char text[1024];
    if (!read_text(path, text, sizeof text)) return false;
    const char *state = stat_field(text, 3);
    const char *threads = stat_field(text, 20);
    const char *started = stat_field(text, 22);
    if (!started) return false;
    *start = start_of_host(strtoull(started, NULL, 10));
    /* A zombie has ended, unless it is but the first thread of a process that goes on. */
    *ended = *state == 'X' || (*state == 'Z' && strtoull(threads, NULL, 10) <= 1);
    return true;
}

/* /proc may be another pid namespace's, in which our number is nobody's or another's. */
uint64_t psync__start_time(void)
{
    uint64_t start;
    bool ended;
    return read_stat("/proc/self/stat", &start, &ended) ? start : 0;
}

bool psync__process(pid_t pid, uint64_t *start, bool *ended)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    return read_stat(path, start, ended);
}

uint64_t psync__pid_namespace(void)
{
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

int psync__keep_descriptor(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO) return fd;
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int number = errno;
    close(fd);
    errno = number;
    return kept;
}

const char *psync__describe(int number, char *buffer, size_t size)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(number, buffer, size);
#else
    return strerror_r(number, buffer, size) == 0 ? buffer : "unknown error";
#endif
}

bool psync__parse_number(const char *text, uint64_t *number)
{
    if (*text < '0' || *text > '9') return false;
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return !*end && !errno;
}

bool psync__find_group(const char *name, gid_t *gid)
{
    uint64_t number;
    if (psync__parse_number(name, &number) && number < UINT32_MAX) {
        *gid = (gid_t)number;
        return true;
    }
    char *buffer = malloc(NAME_BUFFER);
    struct group entry;
    struct group *found = NULL;
    if (buffer && getgrnam_r(name, &entry, buffer, NAME_BUFFER, &found) == 0 && found) *gid = found->gr_gid;
    free(buffer);
    return found != NULL;
}

bool psync__find_user(const char *name, uid_t *uid)
{
    uint64_t number;
    if (psync__parse_number(name, &number) && number < UINT32_MAX) {
        *uid = (uid_t)number;
        return true;
    }
    char *buffer = malloc(NAME_BUFFER);
    struct passwd entry;
    struct passwd *found = NULL;
    if (buffer && getpwnam_r(name, &entry, buffer, NAME_BUFFER, &found) == 0 && found) *uid = found->pw_uid;
    free(buffer);
    return found != NULL;
}
