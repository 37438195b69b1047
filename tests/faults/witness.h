/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * witness.h - what a caller was told, against what the proxy saw of its requests.
 *
 * "Unknown" may be said only of a request that was sent and not answered, or while the connection was cut; "nothing
 * was done" not of one that was sent and not answered; "done" only of one that was sent.
 */
#ifndef FAULTS_WITNESS_H
#define FAULTS_WITNESS_H

#include "faults.h"
#include "ledger.h"

/* Without a ledger, and before a process has joined, nobody asks. */
void witness_open(const char *path);
void witness_join(void);

/* When one of this process's connections was cut last; 0: never, or nobody knows. */
int64_t witness_cut_at(void);

/* A call that is about to be made. */
struct question {
    enum about about;
    bool changes; /* something, or else it only looks */
    unsigned asked, lost;
    int64_t began;
};
struct question witness_before(enum about about, bool changes);
/* Notes a lie as a broken promise; returns the outcome. */
enum outcome witness_after(const struct question *question, enum outcome outcome, const char *call,
                           const psync_error *error);

#endif
