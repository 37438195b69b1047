/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * entry.h - a folder's content as bytes, laid out, packed up and mutated.
 *
 * An entry is {kind, place, length in two bytes, content}. The place is a
 * number in the list of places where the file driver looks for the keys of
 * honest spaces; or, from ENTRY_ELSEWHERE on, the content begins with a path
 * and a NUL. A torn last entry counts as far as it goes.
 */
#ifndef PHPSYNC_FUZZ_ENTRY_H
#define PHPSYNC_FUZZ_ENTRY_H

#include "fuzz.h"

enum entry_kind {
    ENTRY_FILE,
    ENTRY_FOLDER,
    ENTRY_LINK, /* symbolic: to the content, or to what lies outside */
    ENTRY_SAME, /* another name of the entry before it */
    ENTRY_PIPE,
    ENTRY_KINDS
};

/* The name of a folder beside the root, with a file "file" in it. */
#define ENTRY_OUTSIDE "outside"

/* Makes what the entries say below root, and nothing anywhere else. What cannot be made is left out. */
void entries_lay(const char *root, const uint8_t *data, size_t size);
/* The folder's content as entries; their length. */
size_t entries_of_folder(const char *root, uint8_t *data, size_t room);
/* Changes an entry, adds, drops or doubles one; the new length. */
size_t entries_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t *random);

#endif
