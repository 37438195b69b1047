/* SPDX-License-Identifier: BSD-3-Clause */
/* audit.h - whether a space's file is in a legal state, byte by byte. */
#ifndef PSYNC_SHM_AUDIT_H
#define PSYNC_SHM_AUDIT_H

#include "file.h"

enum shm_fault {
    SHM_FAULT_HEADER, /* a number in the header is out of range, or changed that never does */
    SHM_FAULT_BLOCK,  /* blocks overlap, or lie outside the file */
    SHM_FAULT_KEY,    /* a cell's key is damaged, or there twice */
    SHM_FAULT_WORD,   /* a Lock or an Integer is in a state that it can never be in */
    SHM_FAULT_OWNER,  /* a Lock names no process's record, or a record is damaged */
    SHM_FAULT_CHAIN,  /* a bucket's chain leads astray */
    SHM_FAULT_FREE,   /* the list of free cells leads astray */
    SHM_FAULT_LOST,   /* a cell is in no place */
    SHM_FAULT_COUNT,  /* cells are counted wrongly */
    SHM_FAULTS
};

struct shm_audit {
    uint32_t count[SHM_FAULTS];
    uint32_t first[SHM_FAULTS]; /* the first such cell (OWNER: or record), 0 where it is none */
};

/*
 * Under the guard: looks at every cell once. Structure stands still then;
 * words, which change without the guard, are judged each by one whole read.
 */
psync_result shm_audit(struct shm_file *file, struct shm_audit *found, psync_error *error);

/* Whether nothing at all was found. */
bool shm_audit_clean(const struct shm_audit *found);

/*
 * Whether shm_cells_repair mends it all and loses nothing: it makes chains,
 * lists and counts anew from the cells, so the cells themselves must be whole.
 */
bool shm_audit_mendable(const struct shm_audit *found);

#endif
