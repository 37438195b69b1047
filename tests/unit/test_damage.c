/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_damage.c - a shared-memory space that a killed process left half changed
 * is made whole; one that holds nonsense gives errors. Each test writes into
 * the space's file as the dead, or the scribbler, would have; what loops or
 * crashes ends by the alarm or the sanitizer.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/shm/integer_word.h"
#include "drivers/shm/layout.h"
#include "drivers/shm/lock_word.h"

enum { LIMIT = 1 << 20 };

struct fixture {
    char folder[64];
    char path[128];
    psync_space *space;
    struct shm_header *header;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    *state = f;
    strcpy(f->folder, "/dev/shm/phpsync-test-XXXXXX");
    if (!mkdtemp(f->folder)) return -1;
    snprintf(f->path, sizeof f->path, "%s/phpsync-%d.damage", f->folder, SHM_LAYOUT);
    char dsn[160];
    snprintf(dsn, sizeof dsn, "shm://damage?path=%s&size=%d&timeout=1", f->folder, LIMIT);
    psync_error error;
    if (psync_space_open(dsn, NULL, &f->space, &error)) return -1;
    int fd = open(f->path, O_RDWR);
    f->header = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    alarm(20);
    return f->header == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    alarm(0);
    psync_space_close(f->space);
    munmap(f->header, LIMIT);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

/* The only cell of this kind. */
static struct shm_cell *only_cell(struct fixture *f, enum shm_kind kind)
{
    struct shm_cell *cells = (struct shm_cell *)(void *)f->header;
    const uint32_t first =
        SHM_HEADER_CELLS + SHM_FIRST_BUCKETS / SHM_BUCKETS_PER_CELL + SHM_FIRST_PROCESSES * SHM_CELLS_PER_PROCESS;
    for (uint32_t i = first; i < atomic_load(&f->header->cells); i++) {
        if ((atomic_load(&cells[i].tag) & 0xff) == kind) return &cells[i];
    }
    fail_msg("no such cell");
    return NULL;
}

/* The library's fallocate, with a file system that has none put under it. */
static bool file_system_knows_fallocate = true;

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (file_system_knows_fallocate) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
    errno = EOPNOTSUPP;
    return -1;
}

static const psync_wait at_once = {.timeout = 0};

/* A sweep was killed after it had retired the words and before it had unlinked the cells. */
static void keys_of_a_sweep_that_was_killed_come_back(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    psync_lock *lock;
    psync_integer *integer;
    assert_int_equal(PSYNC_OK, psync_lock_open(f->space, "k", 1, &lock, &error));
    assert_int_equal(PSYNC_OK, psync_integer_open(f->space, "k", 1, &integer, &error));
    assert_int_equal(PSYNC_OK, psync_lock_acquire(lock, &at_once, NULL, &error));
    assert_int_equal(PSYNC_OK, psync_lock_release(lock, &error));
    assert_int_equal(PSYNC_OK, psync_integer_set(integer, 1, &error));
    assert_int_equal(PSYNC_OK, psync_integer_remove(integer, &error));
    only_cell(f, SHM_LOCK)->word.whole = LOCK_RETIRED;
    only_cell(f, SHM_INTEGER)->word.whole = INTEGER_RETIRED;
    atomic_store(&f->header->dirty, 1);

    int64_t value = 0;
    assert_int_equal(PSYNC_NO, psync_lock_exists(lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_acquire(lock, &at_once, NULL, &error));
    assert_int_equal(PSYNC_OK, psync_lock_release(lock, &error));
    assert_int_equal(PSYNC_NO, psync_integer_exists(integer, &error));
    assert_int_equal(PSYNC_OK, psync_integer_add(integer, 2, &value, &error));
    assert_int_equal(2, value);
    psync_lock_close(lock);
    psync_integer_close(integer);
}

static void a_scribbled_word_is_an_error(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    psync_lock *lock;
    psync_owner owner;
    assert_int_equal(PSYNC_OK, psync_lock_open(f->space, "k", 1, &lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_acquire(lock, &at_once, NULL, &error));
    only_cell(f, SHM_LOCK)->word.half.low |= LOCK_RETIRED;
    assert_int_equal(PSYNC_ERROR_DAMAGED, psync_lock_exists(lock, &error));
    assert_int_equal(PSYNC_ERROR_DAMAGED, psync_lock_inspect(lock, &owner, &error));
    assert_int_equal(PSYNC_ERROR_DAMAGED, psync_lock_release(lock, &error));
    assert_int_equal(PSYNC_ERROR_DAMAGED, psync_lock_acquire(lock, &at_once, NULL, &error));
    assert_non_null(strstr(error.message, "is damaged"));
    psync_lock_close(lock);
}

static void a_scribbled_count_of_cells_is_an_error(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    psync_lock *lock;
    atomic_store(&f->header->free_count, 0);
    static const uint32_t counts[] = {0, 1, SHM_HEADER_CELLS - 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        atomic_store(&f->header->dirty, 0);
        atomic_store(&f->header->cells, counts[i]);
        assert_int_equal(PSYNC_OK, psync_lock_open(f->space, "k", 1, &lock, &error));
        assert_int_equal(PSYNC_ERROR_DAMAGED, psync_lock_acquire(lock, &at_once, NULL, &error));
        psync_lock_close(lock);
    }
}

static void a_scribbled_count_of_keys_takes_no_memory(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    psync_integer *integer;
    for (char key = 'a'; key <= 'z'; key++) {
        atomic_store(&f->header->keys, UINT32_MAX / 2);
        assert_int_equal(PSYNC_OK, psync_integer_open(f->space, &key, 1, &integer, &error));
        assert_int_equal(PSYNC_OK, psync_integer_set(integer, key, &error));
        psync_integer_close(integer);
    }
    assert_int_equal(1, atomic_load(&f->header->bucket_blocks));
}

static int stop_at_once(void *argument, const char *key, size_t key_length, int64_t value)
{
    (void)argument;
    (void)key;
    (void)key_length;
    (void)value;
    return 1;
}

static void a_list_of_a_removed_space_is_an_error(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    assert_int_equal(PSYNC_OK, psync_space_each_integer(f->space, stop_at_once, NULL, &error));
    unlink(f->path);
    assert_int_equal(PSYNC_ERROR_UNAVAILABLE, psync_space_each_integer(f->space, stop_at_once, NULL, &error));
    assert_int_equal(PSYNC_ERROR_UNAVAILABLE, psync_space_each_lock(f->space, NULL, NULL, &error));
    assert_non_null(strstr(error.message, "was removed while in use"));
}

/* A compressed or copied file has fewer blocks than its length says. */
static void opening_a_sparse_file_loses_nothing(void **state)
{
    struct fixture *f = *state;
    psync_error error;
    psync_lock *lock;
    psync_space *again;
    char dsn[160];
    assert_int_equal(PSYNC_OK, psync_lock_open(f->space, "k", 1, &lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_acquire(lock, &at_once, NULL, &error));
    int fd = open(f->path, O_RDWR);
    off_t page = 2 * 4096; /* records of processes that there are not */
    assert_int_equal(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page, 4096));
    close(fd);
    snprintf(dsn, sizeof dsn, "shm://damage?path=%s", f->folder);
    file_system_knows_fallocate = false;
    psync_result r = psync_space_open(dsn, NULL, &again, &error);
    file_system_knows_fallocate = true;
    assert_int_equal(PSYNC_OK, r);
    assert_int_equal(PSYNC_OK, psync_lock_exists(lock, &error));
    assert_int_equal(SHM_MAGIC, f->header->magic);
    psync_lock_close(lock);
    psync_space_close(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_of_a_sweep_that_was_killed_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scribbled_word_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scribbled_count_of_cells_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scribbled_count_of_keys_takes_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_of_a_removed_space_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opening_a_sparse_file_loses_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
