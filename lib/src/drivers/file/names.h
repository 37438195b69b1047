/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * names.h - the driver with names of files that somebody else decides.
 *
 * For the extension, which is compiled together with the library: FileManagers
 * written in PHP lay out their folder as they like. It opens a space so:
 *
 *     struct file_names names = {.options = {.label = ...}, .resolve = ..., .argument = ...};
 *     psync_space_open_driver(&psync__file_named_driver, "file:///ROOT", &names.options, &space, &error);
 *
 * All else (Locks, Integers, waiting, fences in ROOT/.phpsync) is as in the
 * driver "file". Keys are kept beside Integers only where the name is the
 * standard one; lists show what lies at standard places.
 */
#ifndef PSYNC_FILE_NAMES_H
#define PSYNC_FILE_NAMES_H

#include <phpsync/driver.h>

struct file_names {
    psync_options options; /* first: what psync_space_open_driver is given */
    /*
     * Writes the path of key's file in category ("locks", "integers") to path,
     * NUL included, and returns 0; anything else refuses the key. Called in
     * each step, in the calling thread, while the step may hold a lock of the
     * library: it must be quick, not call the library, and not leave by
     * longjmp. So a PHP FileManager is asked before the call, and this hands
     * on what it said. The path may change from call to call.
     */
    int (*resolve)(void *argument, const char *key, size_t length, const char *category, char *path, size_t size);
    void *argument;
};

extern const psync_driver psync__file_named_driver;

#endif
