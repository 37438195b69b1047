/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * create.c - makes a space's file.
 *
 * A new file gets its name only when it is whole: it is made without a name
 * (O_TMPFILE), filled, and linked; who loses the race for the name uses the
 * winner's. So nobody ever sees half a header, and a process killed here
 * leaves nothing behind. (Where there are no unnamed files it may leave one
 * beside the space's, which surroundings.c knows.)
 */
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_id.h"
#include "clock.h"
#include "failure.h"
#include "layout.h"
#include "room.h"
#include "system.h"

/* Writes what a space begins as. Cells behind the blocks are zeros, which is what a free cell is. */
static void fill_header(struct shm_header *header, uint64_t limit)
{
    const uint32_t buckets = SHM_HEADER_CELLS;
    const uint32_t processes = buckets + SHM_FIRST_BUCKETS / SHM_BUCKETS_PER_CELL;
    const uint32_t end = processes + SHM_FIRST_PROCESSES * SHM_CELLS_PER_PROCESS;
    int64_t now = psync__clock->realtime() / 1000;
    *header = (struct shm_header){
        .magic = SHM_MAGIC,
        .layout = SHM_LAYOUT,
        .cell_size = SHM_CELL,
        .limit = limit,
        .seed = psync__random(),
        .created = now,
        .id = psync__random(),
    };
    shm_boot_id(header->boot_id);
    atomic_init(&header->cells, (end + SHM_PAGE_CELLS - 1) / SHM_PAGE_CELLS * SHM_PAGE_CELLS);
    atomic_init(&header->fence, (uint64_t)now);
    atomic_init(&header->bucket_blocks, 1);
    atomic_init(&header->process_blocks, 1);
    atomic_init(&header->bucket_block[0], buckets);
    atomic_init(&header->process_block[0], processes);
    atomic_init(&header->dirty, 1); /* the first guard's holder makes the free list */
}

static psync_result grant(int fd, const struct shm_place *place, psync_error *error)
{
    if (place->group_given && fchown(fd, (uid_t)-1, place->gid) != 0) {
        return psync_error_set(error, PSYNC_ERROR_PERMISSION, errno,
                               "cannot give %s to group %u: this process is not in that group", place->path,
                               (unsigned)place->gid);
    }
    if (fchmod(fd, place->mode) != 0) return shm_system_failed(error, errno, "set the mode of", place->path);
    return PSYNC_OK;
}

static psync_result fill(int fd, const struct shm_place *place, psync_error *error)
{
    struct shm_header header;
    fill_header(&header, place->limit);
    uint64_t length = (uint64_t)atomic_load_explicit(&header.cells, memory_order_relaxed) * SHM_CELL;
    int number = shm_room_reserve(fd, 0, length);
    if (number) return shm_system_failed(error, number, "create", place->path);
    ssize_t written;
    do {
        written = pwrite(fd, &header, sizeof header, 0);
    } while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof header) {
        return shm_system_failed(error, written < 0 ? errno : ENOSPC, "create", place->path);
    }
    return grant(fd, place, error);
}

/* Links a file without a name. Returns 0 or an errno; EEXIST: another was quicker. */
static int name_unnamed(int fd, const char *path)
{
    char link_path[64];
    snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link_path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* As shm_create, where the file system knows no unnamed files or /proc is missing. */
static psync_result create_beside(const struct shm_place *place, psync_error *error)
{
    char temporary[PATH_MAX + 32];
    snprintf(temporary, sizeof temporary, "%s.new.%016llx", place->path, (unsigned long long)psync__random());
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return shm_system_failed(error, errno, "create", place->path);
    psync_result r = fill(fd, place, error);
    if (!r && link(temporary, place->path) != 0 && errno != EEXIST) {
        r = shm_system_failed(error, errno, "create", place->path);
    }
    unlink(temporary);
    close(fd);
    return r;
}

psync_result shm_create(const struct shm_place *place, psync_error *error)
{
    int fd = open(place->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) return create_beside(place, error);
    if (fd < 0) return shm_system_failed(error, errno, "create", place->path);
    psync_result r = fill(fd, place, error);
    int number = r ? 0 : name_unnamed(fd, place->path);
    close(fd);
    if (number == ENOENT) return create_beside(place, error);
    if (number && number != EEXIST) return shm_system_failed(error, number, "create", place->path);
    return r;
}
