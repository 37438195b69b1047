/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * owner.h - who took a Lock, as text that the engine keeps beside it.
 *
 * One line of words, then the label, which may hold any byte but NUL:
 *   1 PID START NAMESPACE ACQUIRED_AT BOOT_ID HOST LABEL
 */
#ifndef NET_OWNER_H
#define NET_OWNER_H

#include <phpsync/driver.h>

/* Room for the text, its NUL included. */
enum { NET_OWNER_SIZE = 768 };

struct net_home;

/* This process, as it describes itself. */
typedef struct net_self {
    int64_t pid;
    uint64_t start;     /* as psync_owner.process_start */
    uint64_t namespace; /* inode of its pid namespace: pids are comparable within one; 0 if unknown */
    char boot_id[37];
    char host[PSYNC_HOST_MAX + 1];
    char label[PSYNC_LABEL_MAX + 1];
} net_self;

/* Describes this process; the label stays. */
void net_self_describe(net_self *self);

/* Whether a process of this host, boot and pid namespace lives. */
psync_alive net_process_alive(int64_t pid, uint64_t start);

/* Writes who takes a Lock now. Returns the length. Not the fence, the lease or whether it is a Hold: the engine's.
 */
size_t net_owner_write(struct net_home *home, char text[NET_OWNER_SIZE]);

/*
 * Reads such a text (length bytes) into *owner, all but expires_at, fence and
 * is_hold, which become 0, and finds out whether the process lives: UNKNOWN
 * for other hosts and pid namespaces. DAMAGED if it is none.
 */
psync_result net_owner_read(const net_self *self, const char *text, size_t length, psync_owner *owner,
                            psync_error *error);

#endif
