/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * room.c - gives a file its memory.
 *
 * A page that the file system has not given yet is missed only when it is
 * touched, and then the process is killed by SIGBUS. So every page is asked
 * for before anybody may touch it, and what cannot be had is an error.
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Without the signal that a process over its file size limit would be killed
 * by. All signals wait: a kernel may undo all that a call has done on tmpfs when
 * one comes, and with a timer that is quicker than the call it would never be done.
 */
int shm_room_allocate(int fd, uint64_t from, uint64_t length)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && from + length > limit.rlim_cur) {
        return EFBIG;
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number;
    do {
        number = fallocate(fd, 0, (off_t)from, (off_t)length) == 0 ? 0 : errno;
    } while (number == EINTR);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

int shm_room_reserve(int fd, uint64_t from, uint64_t length)
{
    int number = shm_room_allocate(fd, from, length);
    if (number != EOPNOTSUPP) return number;
    /* A file system without fallocate: write the zeros. Only ever beyond what others use. */
    static const char zeros[4096];
    for (uint64_t at = from; at < from + length; at += sizeof zeros) {
        ssize_t n;
        do {
            n = pwrite(fd, zeros, sizeof zeros, (off_t)at);
        } while (n < 0 && errno == EINTR);
        if (n < 0) return errno;
        if (n != (ssize_t)sizeof zeros) return ENOSPC;
    }
    return 0;
}
