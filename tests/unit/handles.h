/* SPDX-License-Identifier: BSD-3-Clause */
/* handles.h - a space, a Lock and an Integer that are open during each test: setups and teardowns for cmocka. */
#ifndef UNIT_HANDLES_H
#define UNIT_HANDLES_H

#include <phpsync/phpsync.h>

extern psync_space *space;
extern psync_lock *lock;
extern psync_integer *integer;
extern char folder[64]; /* the space's, unless it is on the fake driver */

/* On the fake driver (fake.h), everything at its start. */
int open_fake(void **state);
int close_fake(void **state);

/* In a new folder, whose name ends the DSN; both go by the name "k". close_in_folder removes it. */
void open_in_folder(const char *beginning);
int close_in_folder(void **state);

#endif
