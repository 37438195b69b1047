/* SPDX-License-Identifier: BSD-3-Clause */
/* stat.c - statx, or stat where it is missing. */
#include "stat.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int stat_times_too(int at, const char *path, int flags, struct file_id *id)
{
    struct stat st;
    if (fstatat(at, path, &st, flags) != 0) return -1;
    *id = (struct file_id){.device = st.st_dev,
                           .inode = st.st_ino,
                           .links = st.st_nlink,
                           .size = (uint64_t)st.st_size,
                           .regular = S_ISREG(st.st_mode)};
    return 0;
}

static int look(int at, const char *path, int flags, struct file_id *id)
{
#ifdef STATX_NLINK
    struct statx st;
    if (statx(at, path, flags, STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE, &st) == 0) {
        *id = (struct file_id){.device = makedev(st.stx_dev_major, st.stx_dev_minor),
                               .inode = st.stx_ino,
                               .links = st.stx_nlink,
                               .size = st.stx_size,
                               .regular = S_ISREG(st.stx_mode)};
        return 0;
    }
    if (errno != ENOSYS && errno != EPERM) return -1; /* EPERM: a sandbox that does not know it */
#endif
    return stat_times_too(at, path, flags, id);
}

int file_stat_path(int at, const char *path, struct file_id *id)
{
    return look(at, path, AT_SYMLINK_NOFOLLOW, id);
}

int file_stat_followed(int at, const char *path, struct file_id *id)
{
    return look(at, path, 0, id);
}

int file_stat_open(int fd, struct file_id *id)
{
    return look(fd, "", AT_EMPTY_PATH, id);
}

void file_close_if_ours(int fd, const struct file_id *id)
{
    struct file_id here;
    if (fd >= 0 && file_stat_open(fd, &here) == 0 && file_same(&here, id)) close(fd);
}
