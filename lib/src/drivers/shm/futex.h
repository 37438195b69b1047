/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * futex.h - sleeping on a 32-bit word that processes share.
 *
 * The death watch. Two gaps would lose a wake-up when a process is killed in
 * them: after a release and before its wake-up call, and after a sleeper was
 * woken and before it took the Lock. The kernel closes both for robust
 * mutexes: a thread announces the word in its robust list's list_op_pending,
 * and if it dies so, and the word holds no thread id, the kernel wakes one
 * sleeper (Documentation/locking/robust-futexes, handle_futex_death in
 * kernel/futex). We announce our words in the same place. What that asks of a
 * word: a thread id's bits are 0 while a wake-up may be owed (older kernels:
 * the whole word), and are never those of a real thread otherwise.
 */
#ifndef PSYNC_SHM_FUTEX_H
#define PSYNC_SHM_FUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Set in every word that is not 0: larger than any thread id, so the kernel never takes it for one. */
#define SHM_FUTEX_SET UINT32_C(0x20000000)
/* The bits under it, free for a count. */
#define SHM_FUTEX_COUNT (SHM_FUTEX_SET - 1)

/*
 * Sleeps while *word is expected, until woken with one of bits, a signal was
 * handled, or the monotonic deadline in ns. Whoever returns looks again, so
 * the reason does not matter.
 */
void shm_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint32_t bits, int64_t deadline);

/* Wakes at most count sleepers that gave one of bits; returns how many. */
int shm_futex_wake(_Atomic uint32_t *word, int count, uint32_t bits);

/*
 * Announces word until shm_death_watch_end. A second announcement of this
 * thread replaces the first. False: this kernel cannot do it, and who sleeps
 * must look now and then (SHM_BLIND_LOOK).
 */
bool shm_death_watch(_Atomic uint32_t *word);
void shm_death_watch_end(void);

/* How long a sleep may last where the kernel has no robust lists, in ns. */
#define SHM_BLIND_LOOK INT64_C(1000000000)

#endif
