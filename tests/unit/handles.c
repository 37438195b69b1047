/* SPDX-License-Identifier: BSD-3-Clause */
/* handles.c - handles for tests, on the fake driver or on a real one. */
#include "handles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "fake.h"

psync_space *space;
psync_lock *lock;
psync_integer *integer;
char folder[64];

static void close_all(void)
{
    psync_lock_close(lock);
    psync_integer_close(integer);
    psync_space_close(space);
}

int open_fake(void **state)
{
    fake_reset(state);
    space = fake_space();
    lock = fake_lock(space);
    integer = fake_integer(space);
    memset(&error, 0, sizeof error);
    return 0;
}

int close_fake(void **state)
{
    (void)state;
    close_all();
    return 0;
}

void open_in_folder(const char *beginning)
{
    char dsn[128];
    strcpy(folder, "/dev/shm/phpsync-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(dsn, sizeof dsn, "%s%s", beginning, folder);
    assert_int_equal(psync_space_open(dsn, NULL, &space, NULL), PSYNC_OK);
    assert_int_equal(psync_lock_open(space, "k", 1, &lock, NULL), PSYNC_OK);
    assert_int_equal(psync_integer_open(space, "k", 1, &integer, NULL), PSYNC_OK);
}

int close_in_folder(void **state)
{
    char command[96];
    (void)state;
    close_all();
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}
