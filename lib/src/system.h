/* SPDX-License-Identifier: BSD-3-Clause */
/* system.h - what drivers ask the operating system about this process, its host and its users. */
#ifndef PSYNC_SYSTEM_H
#define PSYNC_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PSYNC_BOOT_ID = 36 };

/* 64 random bits. */
uint64_t psync__random(void);

/* This boot's id as text, "" if it cannot be read. */
void psync__boot_id(char id[PSYNC_BOOT_ID + 1]);

/* What /proc tells of a process: when it started, as below, and whether it is a zombie. False: nothing. */
bool psync__process(pid_t pid, uint64_t *start, bool *ended);

/* The inode of this process's pid namespace, which tells it apart from others on this host; 0 if unknown. */
uint64_t psync__pid_namespace(void);

/* By how many nanoseconds CLOCK_BOOTTIME is ahead of the host's in this process's time namespace. */
int64_t psync__time_namespace(void);

/* When this process started, in clock ticks after boot by the host's clock, whatever the time namespace; 0 if
 * unknown. */
uint64_t psync__start_time(void);

/*
 * The descriptor, or one from 3 up for the same description, in which case fd is closed. A program that had its
 * standard streams closed may be given 0 to 2 for a file of ours; it, or a library of its, will close that one day
 * or put another file there. An fd below 0 is returned as it is. -1 and errno: none is left; fd is closed.
 */
int psync__keep_descriptor(int fd);

/* The system's own words for an errno, kept in buffer if it has none that last. */
const char *psync__describe(int number, char *buffer, size_t size);

/* A whole number in decimal and nothing else. */
bool psync__parse_number(const char *text, uint64_t *number);

/* A group or user by name or number. False: there is none of that name. */
bool psync__find_group(const char *name, gid_t *gid);
bool psync__find_user(const char *name, uid_t *uid);

#endif
