/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * points.h - included before everything else in a driver's sources, in the
 * build "crash": each call below becomes one with a fail point on either side.
 *
 * In the shared-memory driver (CRASH_MEMORY) these are the atomic operations
 * that change something, the futex calls and the announcements to the kernel;
 * in all drivers, system calls. Reads are left out where CRASH_MEMORY is
 * defined: there is no step between them that another process could see.
 */
#ifndef PSYNC_CRASH_POINTS_H
#define PSYNC_CRASH_POINTS_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "fail_point.h"

/* Names the call that is written here. */
#define CRASH_CALL(text)                                                                                           \
    static const struct crash_call crash_here = {__FILE__, __func__, text, __LINE__};                              \
    static const struct crash_call *const crash_listed __attribute__((section("crash_calls"), used)) = &crash_here

#define CRASH_AROUND(text, ...)                                                                                    \
    __extension__({                                                                                                \
        CRASH_CALL(text);                                                                                          \
        crash_pass(&crash_listed, 0);                                                                              \
        __auto_type crash_result = (__VA_ARGS__);                                                                  \
        crash_pass(&crash_listed, 1);                                                                              \
        crash_result;                                                                                              \
    })

#define CRASH_AROUND_VOID(text, ...)                                                                               \
    __extension__({                                                                                                \
        CRASH_CALL(text);                                                                                          \
        crash_pass(&crash_listed, 0);                                                                              \
        (void)(__VA_ARGS__);                                                                                       \
        crash_pass(&crash_listed, 1);                                                                              \
    })

/* ---- memory ---------------------------------------------------------------------------- */

#ifdef CRASH_MEMORY
#include "drivers/shm/atomic16.h"
#include "drivers/shm/futex.h"

#undef atomic_store_explicit
#define atomic_store_explicit(object, value, order)                                                                \
    CRASH_AROUND_VOID("store " #object, __extension__({                                                            \
                          __auto_type crash_object = (object);                                                     \
                          __typeof__((void)0, *crash_object) crash_value = (value);                                \
                          __atomic_store(crash_object, &crash_value, (order));                                     \
                      }))
#undef atomic_exchange_explicit
#define atomic_exchange_explicit(object, value, order)                                                             \
    CRASH_AROUND("exchange " #object, __extension__({                                                              \
                     __auto_type crash_object = (object);                                                          \
                     __typeof__((void)0, *crash_object) crash_value = (value);                                     \
                     __typeof__((void)0, *crash_object) crash_old;                                                 \
                     __atomic_exchange(crash_object, &crash_value, &crash_old, (order));                           \
                     crash_old;                                                                                    \
                 }))
#define shm_swap(word, ...)         CRASH_AROUND("swap " #word, (shm_swap)(word, __VA_ARGS__))
#define shm_swap_once(word, ...)    CRASH_AROUND("swap " #word, (shm_swap_once)(word, __VA_ARGS__))
#define shm_futex_wake(word, ...)   CRASH_AROUND("wake " #__VA_ARGS__, (shm_futex_wake)(word, __VA_ARGS__))
#define shm_futex_wait(word, ...)   CRASH_AROUND_VOID("sleep on " #word, (shm_futex_wait)(word, __VA_ARGS__))
#define shm_death_watch(word)       CRASH_AROUND("announce", (shm_death_watch)(word))
#define shm_death_watch_end(nobody) CRASH_AROUND_VOID("end the announcement", (shm_death_watch_end)(nobody))
#endif

/* ---- system calls ---------------------------------------------------------------------- */

#define open(...)      CRASH_AROUND("open(" #__VA_ARGS__ ")", (open)(__VA_ARGS__))
#define openat(...)    CRASH_AROUND("openat(" #__VA_ARGS__ ")", (openat)(__VA_ARGS__))
#define close(...)     CRASH_AROUND("close(" #__VA_ARGS__ ")", (close)(__VA_ARGS__))
#define link(...)      CRASH_AROUND("link(" #__VA_ARGS__ ")", (link)(__VA_ARGS__))
#define linkat(...)    CRASH_AROUND("linkat(" #__VA_ARGS__ ")", (linkat)(__VA_ARGS__))
#define unlink(...)    CRASH_AROUND("unlink(" #__VA_ARGS__ ")", (unlink)(__VA_ARGS__))
#define unlinkat(...)  CRASH_AROUND("unlinkat(" #__VA_ARGS__ ")", (unlinkat)(__VA_ARGS__))
#define rename(...)    CRASH_AROUND("rename(" #__VA_ARGS__ ")", (rename)(__VA_ARGS__))
#define renameat2(...) CRASH_AROUND("renameat2(" #__VA_ARGS__ ")", (renameat2)(__VA_ARGS__))
#define write(...)     CRASH_AROUND("write(" #__VA_ARGS__ ")", (write)(__VA_ARGS__))
#define pwrite(...)    CRASH_AROUND("pwrite(" #__VA_ARGS__ ")", (pwrite)(__VA_ARGS__))
#define fallocate(...) CRASH_AROUND("fallocate(" #__VA_ARGS__ ")", (fallocate)(__VA_ARGS__))
#define ftruncate(...) CRASH_AROUND("ftruncate(" #__VA_ARGS__ ")", (ftruncate)(__VA_ARGS__))
#define fchown(...)    CRASH_AROUND("fchown(" #__VA_ARGS__ ")", (fchown)(__VA_ARGS__))
#define fchmod(...)    CRASH_AROUND("fchmod(" #__VA_ARGS__ ")", (fchmod)(__VA_ARGS__))
#define futimens(...)  CRASH_AROUND("futimens(" #__VA_ARGS__ ")", (futimens)(__VA_ARGS__))
#define fsync(...)     CRASH_AROUND("fsync(" #__VA_ARGS__ ")", (fsync)(__VA_ARGS__))
#define fdatasync(...) CRASH_AROUND("fdatasync(" #__VA_ARGS__ ")", (fdatasync)(__VA_ARGS__))
#define fcntl(...)     CRASH_AROUND("fcntl(" #__VA_ARGS__ ")", (fcntl)(__VA_ARGS__))
#define flock(...)     CRASH_AROUND("flock(" #__VA_ARGS__ ")", (flock)(__VA_ARGS__))
#define mkdir(...)     CRASH_AROUND("mkdir(" #__VA_ARGS__ ")", (mkdir)(__VA_ARGS__))
#define rmdir(...)     CRASH_AROUND("rmdir(" #__VA_ARGS__ ")", (rmdir)(__VA_ARGS__))
#define mmap(...)      CRASH_AROUND("mmap(" #__VA_ARGS__ ")", (mmap)(__VA_ARGS__))
#define munmap(...)    CRASH_AROUND("munmap(" #__VA_ARGS__ ")", (munmap)(__VA_ARGS__))

#ifndef CRASH_MEMORY
#define access(...)            CRASH_AROUND("access(" #__VA_ARGS__ ")", (access)(__VA_ARGS__))
#define read(...)              CRASH_AROUND("read(" #__VA_ARGS__ ")", (read)(__VA_ARGS__))
#define pread(...)             CRASH_AROUND("pread(" #__VA_ARGS__ ")", (pread)(__VA_ARGS__))
#define stat(...)              CRASH_AROUND("stat(" #__VA_ARGS__ ")", (stat)(__VA_ARGS__))
#define lstat(...)             CRASH_AROUND("lstat(" #__VA_ARGS__ ")", (lstat)(__VA_ARGS__))
#define fstat(...)             CRASH_AROUND("fstat(" #__VA_ARGS__ ")", (fstat)(__VA_ARGS__))
#define fstatat(...)           CRASH_AROUND("fstatat(" #__VA_ARGS__ ")", (fstatat)(__VA_ARGS__))
#define statfs(...)            CRASH_AROUND("statfs(" #__VA_ARGS__ ")", (statfs)(__VA_ARGS__))
#define fstatfs(...)           CRASH_AROUND("fstatfs(" #__VA_ARGS__ ")", (fstatfs)(__VA_ARGS__))
#define realpath(...)          CRASH_AROUND("realpath(" #__VA_ARGS__ ")", (realpath)(__VA_ARGS__))
#define opendir(...)           CRASH_AROUND("opendir(" #__VA_ARGS__ ")", (opendir)(__VA_ARGS__))
#define readdir(...)           CRASH_AROUND("readdir(" #__VA_ARGS__ ")", (readdir)(__VA_ARGS__))
#define closedir(...)          CRASH_AROUND("closedir(" #__VA_ARGS__ ")", (closedir)(__VA_ARGS__))
#define poll(...)              CRASH_AROUND("poll(" #__VA_ARGS__ ")", (poll)(__VA_ARGS__))
#define ppoll(...)             CRASH_AROUND("ppoll(" #__VA_ARGS__ ")", (ppoll)(__VA_ARGS__))
#define clock_nanosleep(...)   CRASH_AROUND("clock_nanosleep(" #__VA_ARGS__ ")", (clock_nanosleep)(__VA_ARGS__))
#define inotify_init1(...)     CRASH_AROUND("inotify_init1(" #__VA_ARGS__ ")", (inotify_init1)(__VA_ARGS__))
#define inotify_add_watch(...) CRASH_AROUND("inotify_add_watch(" #__VA_ARGS__ ")", (inotify_add_watch)(__VA_ARGS__))
#define inotify_rm_watch(...)  CRASH_AROUND("inotify_rm_watch(" #__VA_ARGS__ ")", (inotify_rm_watch)(__VA_ARGS__))
#endif

#endif
