/* SPDX-License-Identifier: BSD-3-Clause */
/* room.h - memory for a space's file. */
#ifndef PSYNC_SHM_ROOM_H
#define PSYNC_SHM_ROOM_H

#include <stdint.h>

/*
 * Gets the memory for these bytes of the file, which becomes longer if need be.
 * What it has already stays as it is. Returns 0 or an errno; EOPNOTSUPP: its
 * file system knows no fallocate.
 */
int shm_room_allocate(int fd, uint64_t from, uint64_t length);

/* The same for the file's end, whatever the file system. Returns 0 or an errno. */
int shm_room_reserve(int fd, uint64_t from, uint64_t length);

#endif
