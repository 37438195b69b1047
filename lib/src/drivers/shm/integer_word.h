/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * integer_word.h - an Integer in 16 bytes.
 *
 *   low  half  bits 0..31   bell, what sleepers sleep on, see below
 *              bit  32      EXISTS
 *              bit  33      RING
 *              bits 34..63  version
 *   high half               the value, 0 unless it exists
 *
 * bell: 0                              nobody sleeps
 *       SHM_FUTEX_SET | version's low  somebody may sleep, who saw the value that
 *                                      stands beside it
 *       INTEGER_RETIRED                the cell is no longer this key's
 *
 * A change of an Integer with its bell set clears the bell, counts the version
 * up and sets RING, in the same swap; then it wakes all sleepers and clears
 * RING. While RING is set nobody sets the bell: who changes the Integer, wants
 * to sleep, or has woken, and sees RING does the waking too. So a change whose
 * author died or was stopped before the wake-up is rung by the next one, or by
 * a sleeper that the kernel woke in the dead author's place (the bell is 0
 * then: see futex.h). The version keeps a sleeper that looked before the change
 * from sleeping on a bell that was set after it. A change that finds neither
 * bell nor RING is one swap, no more.
 *
 * An Integer's versions go on from those of all Integers that had its cell
 * before, also if the cell was a Lock's in between (shm_cell.version), so a
 * swap from a word read in an earlier life fails. What a word of the cell says
 * means something only if the cell is still of the generation that was looked
 * up, and that has to be asked after the word was read.
 */
#ifndef PSYNC_SHM_INTEGER_WORD_H
#define PSYNC_SHM_INTEGER_WORD_H

#include "atomic16.h"
#include "futex.h"

#define INTEGER_RETIRED UINT32_C(0x40000000)

#define INTEGER_BELL    UINT64_C(0xffffffff)
#define INTEGER_EXISTS  (UINT64_C(1) << 32)
#define INTEGER_RING    (UINT64_C(1) << 33)
#define INTEGER_VERSION (UINT64_C(1) << 34) /* one step of the version */

static inline uint32_t integer_bell(shm_pair word)
{
    return (uint32_t)word.low;
}

static inline bool integer_retired(shm_pair word)
{
    return integer_bell(word) == INTEGER_RETIRED;
}

static inline bool integer_exists(shm_pair word)
{
    return (word.low & INTEGER_EXISTS) != 0;
}

/* Whether somebody may sleep on it. */
static inline bool integer_armed(shm_pair word)
{
    return (word.low & SHM_FUTEX_SET) != 0;
}

/* The low half with its bell set: SHM_FUTEX_SET and the version. */
static inline uint64_t integer_arm(uint64_t low)
{
    return (low & ~INTEGER_BELL) | SHM_FUTEX_SET | (low / INTEGER_VERSION & SHM_FUTEX_COUNT);
}

/* The low half after a change: bell cleared, version up; RING if somebody may sleep. */
static inline uint64_t integer_disarm(uint64_t low)
{
    return ((low & ~INTEGER_BELL) | INTEGER_RING) + INTEGER_VERSION;
}

#endif
