/* SPDX-License-Identifier: BSD-3-Clause */
/* futex.c - the two futex calls and the announcement in the robust list. */
#include "futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <phpsync/driver.h>

#include "clock.h"

void shm_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint32_t bits, int64_t deadline)
{
    struct timespec at = {
        .tv_sec = (time_t)(deadline / PSYNC_NS_PER_S),
        .tv_nsec = (long)(deadline % PSYNC_NS_PER_S),
    };
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, deadline == PSYNC_NEVER ? NULL : &at, NULL, bits);
}

int shm_futex_wake(_Atomic uint32_t *word, int count, uint32_t bits)
{
    long woken = syscall(SYS_futex, word, FUTEX_WAKE_BITSET, count, NULL, NULL, bits);
    return woken > 0 ? (int)woken : 0;
}

/*
 * The calling thread's robust list, which the C library registered when the
 * thread began; a forked child's thread has its at the same place. A C library
 * that registers it at first use (musl) gets one of ours; it is empty, and
 * replaced when the C library wants its own.
 */
static struct robust_list_head *own_list(void)
{
    static _Thread_local struct robust_list_head *known;
    static _Thread_local struct robust_list_head ours;
    if (known) return known;
    struct robust_list_head *head = NULL;
    size_t size;
    if (syscall(SYS_get_robust_list, 0, &head, &size) != 0) return NULL;
    if (!head) {
        ours.list.next = &ours.list;
        if (syscall(SYS_set_robust_list, &ours, sizeof ours) != 0) return NULL;
        return &ours; /* asked for again next time: it may have been replaced */
    }
    if (head != &ours) known = head;
    return head;
}

/*
 * Only this thread and, after its death, the kernel read the list: a compiler
 * barrier on either side keeps the announcement around what it guards.
 */
static void announce(struct robust_list_head *head, struct robust_list *entry)
{
    atomic_signal_fence(memory_order_seq_cst);
    *(struct robust_list *volatile *)&head->list_op_pending = entry;
    atomic_signal_fence(memory_order_seq_cst);
}

bool shm_death_watch(_Atomic uint32_t *word)
{
    struct robust_list_head *head = own_list();
    if (!head) return false;
    announce(head, (struct robust_list *)(void *)((char *)(void *)word - head->futex_offset));
    return true;
}

void shm_death_watch_end(void)
{
    struct robust_list_head *head = own_list();
    if (head) announce(head, NULL);
}
