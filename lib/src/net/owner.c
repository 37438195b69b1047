/* SPDX-License-Identifier: BSD-3-Clause */
/* owner.c - owners as text, and whether their processes live. */
#include "net/owner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/home.h"
#include "system.h"

/* Makes a word of text: what would end it becomes '_', and nothing becomes "-". */
static void make_word(char *text)
{
    if (!*text) strcpy(text, "-");
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f) *c = '_';
    }
}

void net_self_describe(net_self *self)
{
    self->pid = getpid();
    self->start = psync__start_time();
    self->namespace = psync__pid_namespace();
    psync__boot_id(self->boot_id);
    make_word(self->boot_id);
    memset(self->host, 0, sizeof self->host);
    gethostname(self->host, sizeof self->host - 1);
    make_word(self->host);
}

size_t net_owner_write(struct net_home *home, char text[NET_OWNER_SIZE])
{
    const net_self *self = &home->self;
    pthread_mutex_lock(&home->mutex); /* for the label */
    int length = snprintf(text, NET_OWNER_SIZE, "1 %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %s %s %s",
                          self->pid, self->start, self->namespace, psync__clock->realtime() / 1000, self->boot_id,
                          self->host, self->label);
    pthread_mutex_unlock(&home->mutex);
    return (size_t)length;
}

psync_alive net_process_alive(int64_t pid, uint64_t start)
{
    uint64_t started;
    bool ended;
    /* Not by /proc alone, which may hide the processes of others. */
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) return PSYNC_ALIVE_NO;
    if (!start || !psync__process((pid_t)pid, &started, &ended)) return PSYNC_ALIVE_UNKNOWN;
    /* Seen from different time namespaces it may differ by a rounded tick. */
    const bool is_same = started + 1 - start <= 2;
    return is_same && !ended ? PSYNC_ALIVE_YES : PSYNC_ALIVE_NO;
}

static psync_alive alive(const net_self *self, const psync_owner *owner, uint64_t namespace)
{
    bool here = strcmp(owner->boot_id, self->boot_id) == 0 && strcmp(owner->host, self->host) == 0 &&
                strcmp(owner->boot_id, "-") != 0 && namespace && namespace == self->namespace;
    return here ? net_process_alive(owner->pid, owner->process_start) : PSYNC_ALIVE_UNKNOWN;
}

psync_result net_owner_read(const net_self *self, const char *text, size_t length, psync_owner *owner,
                            psync_error *error)
{
    char copy[NET_OWNER_SIZE];
    uint64_t namespace;
    int end = -1;
    memset(owner, 0, sizeof *owner);
    if (length < sizeof copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
        sscanf(copy, "1 %" SCNd64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %36s %64s%n", &owner->pid,
               &owner->process_start, &namespace, &owner->acquired_at, owner->boot_id, owner->host, &end);
    }
    if (end < 0 || copy[end] != ' ' || owner->pid <= 0 || owner->pid > INT32_MAX) {
        return psync_error_set(
            error, PSYNC_ERROR_DAMAGED, 0,
            "its owner's record is none of this library's; somebody else writes there, or another "
            "version of it does");
    }
    snprintf(owner->label, sizeof owner->label, "%s", copy + end + 1);
    owner->alive = alive(self, owner, namespace);
    if (strcmp(owner->host, "-") == 0) owner->host[0] = '\0';
    if (strcmp(owner->boot_id, "-") == 0) owner->boot_id[0] = '\0';
    return PSYNC_OK;
}
