/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is a fuzz_NAME.c with libFuzzer's entry points. It gets any bytes
 * and must neither crash nor hang nor break a promise: NEED ends the process,
 * which libFuzzer reports with the bytes. One input gives the same run each
 * time: random numbers, clocks, host and boot are our own (same.c).
 */
#ifndef PHPSYNC_FUZZ_H
#define PHPSYNC_FUZZ_H

#include <phpsync/phpsync.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NEED(condition)                                                                                            \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                              \
            abort();                                                                                               \
        }                                                                                                          \
    } while (0)

/* libFuzzer's entry points, and what it lends to mutators. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* ---- same.c: what would differ from run to run, made the same ---------------- */

/* Random numbers and clocks of the library begin anew. */
void same_begin(void);
/* A number below limit, for mutators and honest spaces. */
uint32_t draw(uint64_t *state, uint32_t limit);
uint64_t draw64(uint64_t *state);

/* ---- scratch.c: a folder of this process's own ------------------------------- */

/* Its path: $PHPSYNC_FUZZ_FOLDER, which the caller removes, or one that goes when the process ends well. */
const char *scratch(void);
/* Removes what lies at path, and below it; follows no link. */
void scratch_remove(const char *path);
/*
 * A target that is called with "--seeds FOLDER" writes its first inputs there and
 * ends: make is called until it returns 0 bytes.
 */
void scratch_seeds(int argc, char **argv, size_t (*make)(int number, uint8_t *data, size_t room));

/* Whether a DSN is one of an engine across the network, or looks like one: nothing may connect to it. */
bool fuzz_is_remote(const char *dsn);

/* ---- operations.c: every call on a space -------------------------------------- */

enum { FUZZ_KEYS = 4 };
struct fuzz_key {
    char bytes[PSYNC_KEY_MAX];
    size_t length;
};
/* Keys that honest spaces have: a short one, one with all kinds of bytes, a long one, the longest. */
const struct fuzz_key *fuzz_key(int number);

/* Puts a bit of everything into the space: done by a process that has ended then, so owners are dead. */
void fuzz_fill(const char *dsn, uint64_t seed);
/* Every operation on the space; all results must be ones that the contract knows. space: open. */
void fuzz_use(psync_space *space);
/* A result that the contract knows; an error has a message of one line. */
psync_result fuzz_sane(psync_result result, const psync_error *error);

#endif
