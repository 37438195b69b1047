/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_shm_room.c - a space whose file is removed while in use, or that has no
 * room: at its own limit, the file system's or the process's. Every call that
 * needs more is an error, nothing is lost, and the rest goes on.
 */
#include "fake.h"

#include <dirent.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "child.h"
#include "isolation.h"
#include "template.h"

/* ---- removed while in use ----------------------------------------------------------------- */
static void use_after_removal(void)
{
    psync_space *space = opened(dsn);
    psync_lock *lock = lock_of(space, "l");
    psync_integer *integer = integer_of(space, "i");
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    NEED(unlink(file_path) == 0);
    NEED(psync_lock_wait(lock, &(psync_wait){.timeout = 5}, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(strstr(error.message, file_path) && one_line());
    NEED(psync_lock_acquire(lock, &(psync_wait){.timeout = 5}, NULL, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(psync_integer_await_at_least(integer, 1, &(psync_wait){.timeout = 5}, &error) == PSYNC_ERROR_UNAVAILABLE);
    psync_space *again = opened(dsn); /* a new one, apart from the old */
    NEED(psync_lock_exists(lock_of(again, "l"), &error) == PSYNC_NO);
    NEED(psync_lock_release(lock, &error) == PSYNC_OK);
    psync_space_close(space);
    NEED(psync_lock_acquire(lock_of(again, "l"), NULL, NULL, &error) == PSYNC_OK);
    psync_space_close(again);
}

static void a_file_removed_while_in_use_is_noticed(void **state)
{
    (void)state;
    unlink(file_path);
    in_child(use_after_removal);
    unlink(file_path);
}

/* ---- no room --------------------------------------------------------------------------------- */

static char small_dsn[300];

static void many_key(char *key, int number)
{
    sprintf(key, "many keys of this kind %d", number);
}

/* Fills the space until it is full, and looks that nothing was lost and what works goes on. */
static void fill_to_the_brim(void)
{
    psync_space *space = NULL;
    char key[100];
    int count = 0;
    NEED(psync_space_open(small_dsn, NULL, &space, &error) == PSYNC_OK);
    psync_lock *lock = lock_of(space, "the lock");
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    for (;; count++) {
        NEED(count < 1000000);
        many_key(key, count);
        psync_integer *integer = integer_of(space, key);
        psync_result result = psync_integer_set(integer, count, &error);
        psync_integer_close(integer);
        if (result != PSYNC_OK) break;
    }
    NEED(count > 100);
    NEED(error.result == PSYNC_ERROR_FULL && one_line());
    NEED(strstr(error.message, key));
    NEED(psync_lock_acquire(lock_of(space, "a fresh lock"), NULL, NULL, &error) == PSYNC_ERROR_FULL);
    NEED(psync_integer_await_at_least(integer_of(space, "missing"), 1, &(psync_wait){.timeout = 0.05}, &error) <=
         PSYNC_NO);
    for (int i = 0; i < count; i++) {
        int64_t value = -1;
        many_key(key, i);
        psync_integer *integer = integer_of(space, key);
        NEED(psync_integer_get(integer, &value, &error) == PSYNC_OK && value == i);
        NEED(psync_integer_add(integer, 1, NULL, &error) == PSYNC_OK);
        if (i % 2) NEED(psync_integer_remove(integer, &error) == PSYNC_OK);
        psync_integer_close(integer);
    }
    NEED(psync_lock_exists(lock, &error) == PSYNC_OK);
    NEED(psync_lock_release(lock, &error) == PSYNC_OK);
    for (int i = 0; i < count / 4; i++) { /* what was removed is room again */
        snprintf(key, sizeof key, "new key no. %d", i);
        psync_integer *integer = integer_of(space, key);
        NEED(psync_integer_set(integer, i, &error) == PSYNC_OK);
        psync_integer_close(integer);
    }
    NEED(psync_lock_acquire(lock_of(space, "a fresh lock"), NULL, NULL, &error) == PSYNC_OK);
    psync_space_close(space);
}

static void a_space_at_its_limit_says_so_and_loses_nothing(void **state)
{
    (void)state;
    unlink(file_path);
    snprintf(small_dsn, sizeof small_dsn, "%s&size=256K", dsn);
    in_child(fill_to_the_brim);
    unlink(file_path);
}

static void fill_a_small_file_system(void)
{
    NEED(isolate("/dev/shm"));
    NEED(mount("tmpfs", template_folder, "tmpfs", 0, "size=1M") == 0);
    snprintf(small_dsn, sizeof small_dsn, "%s", dsn);
    fill_to_the_brim();
}

static void a_full_file_system_is_an_error_and_loses_nothing(void **state)
{
    (void)state;
    if (!may_isolate("/dev/shm")) skip();
    in_child(fill_a_small_file_system);
}

static void make_on_a_full_file_system(void)
{
    NEED(isolate("/dev/shm"));
    NEED(mount("tmpfs", template_folder, "tmpfs", 0, "size=16k") == 0);
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == PSYNC_ERROR_FULL);
    NEED(!space && one_line());
    DIR *listing = opendir(template_folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) NEED(entry->d_name[0] == '.'); /* no debris */
    closedir(listing);
}

static void a_space_that_does_not_fit_is_not_made(void **state)
{
    (void)state;
    if (!may_isolate("/dev/shm")) skip();
    in_child(make_on_a_full_file_system);
}

static void grow_past_the_process_s_limit(void)
{
    struct rlimit limit = {256 << 10, 256 << 10};
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0); /* SIGXFSZ has its default action: it would kill */
    snprintf(small_dsn, sizeof small_dsn, "%s", dsn);
    fill_to_the_brim();
}

static void the_process_s_file_size_limit_is_an_error_and_no_signal(void **state)
{
    (void)state;
    unlink(file_path);
    in_child(grow_past_the_process_s_limit);
    unlink(file_path);
}

static void without_address_space(void)
{
    struct rlimit limit = {256 << 20, 256 << 20};
    NEED(setrlimit(RLIMIT_AS, &limit) == 0);
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == PSYNC_ERROR_FULL);
    NEED(!space && one_line() && strstr(error.message, "size="));
    snprintf(small_dsn, sizeof small_dsn, "shm://small?path=%s&size=1M", template_folder);
    NEED(psync_space_open(small_dsn, NULL, &space, &error) == PSYNC_OK);
    psync_space_close(space);
    char path[300];
    snprintf(path, sizeof path, "%.*ssmall", (int)(strlen(file_path) - 1), file_path);
    NEED(unlink(path) == 0);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static void a_process_short_of_address_space_is_told_what_helps(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip(); /* the sanitizer itself needs terabytes of it */
#endif
    unlink(file_path);
    in_child(without_address_space);
    unlink(file_path);
}

static void without_descriptors(void)
{
    psync_space *space = opened(dsn);
    psync_lock *lock = lock_of(space, "l");
    psync_integer *integer = integer_of(space, "i");
    int last = -1;
    for (int fd; (fd = dup(0)) >= 0;) last = fd;
    psync_space *none = NULL;
    NEED(psync_space_open("shm://other", NULL, &none, &error) == PSYNC_ERROR_FULL && one_line());
    psync_result result = sane(psync_lock_acquire(lock, NULL, NULL, &error)); /* needs a descriptor, once */
    NEED(result == PSYNC_OK || result == PSYNC_ERROR_FULL);
    sane(psync_integer_add(integer, 1, NULL, &error));
    close(last);
    close(last - 1);
    (void)psync_lock_release(lock, NULL);
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    NEED(psync_integer_add(integer, 1, NULL, &error) == PSYNC_OK);
}

static void a_process_without_descriptors_gets_errors_and_recovers(void **state)
{
    (void)state;
    unlink(file_path);
    in_child(without_descriptors);
    unlink(file_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_removed_while_in_use_is_noticed),
        cmocka_unit_test(a_space_at_its_limit_says_so_and_loses_nothing),
        cmocka_unit_test(a_full_file_system_is_an_error_and_loses_nothing),
        cmocka_unit_test(a_space_that_does_not_fit_is_not_made),
        cmocka_unit_test(the_process_s_file_size_limit_is_an_error_and_no_signal),
        cmocka_unit_test(a_process_short_of_address_space_is_told_what_helps),
        cmocka_unit_test(a_process_without_descriptors_gets_errors_and_recovers),
    };
    return cmocka_run_group_tests_name("shm, no room", tests, make_template, remove_template);
}
