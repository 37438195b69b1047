/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_check_file.c - psync_space_check on files: finds nothing in a space
 * that was used in any legal way, and each kind of damage, also what somebody
 * else has put there; never follows a link, never hangs.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

static char folder[] = "/dev/shm/phpsync-test-XXXXXX";
static char integer_file[256];
static char lock_file[256];
static char key_file[272];
static psync_space *space;
static psync_lock *lock;
static psync_integer *integer;
static psync_error error;

/* How often the check has paused: it is linked in statically, and comes here. */
static int pauses;

int nanosleep(const struct timespec *pause, struct timespec *rest)
{
    pauses++;
    return clock_nanosleep(CLOCK_MONOTONIC, 0, pause, rest) == 0 ? 0 : -1;
}

static psync_result open_all(void)
{
    char dsn[64];
    snprintf(dsn, sizeof dsn, "file://%s", folder);
    psync_result r = psync_space_open(dsn, NULL, &space, &error);
    if (!r) r = psync_lock_open(space, "k", 1, &lock, &error);
    return r ? r : psync_integer_open(space, "k", 1, &integer, &error);
}

/* A space with one Lock and one Integer, both "k", whose MD5 digest is 8ce4b16b22b58894aa86c421e8759df3. */
static int set_up(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder) || open_all()) return -1;
    snprintf(lock_file, sizeof lock_file, "%s/locks/8c/e4/8ce4b16b22b58894aa86c421e8759df3", folder);
    snprintf(integer_file, sizeof integer_file, "%s/integers/8c/e4/8ce4b16b22b58894aa86c421e8759df3", folder);
    snprintf(key_file, sizeof key_file, "%s.key", integer_file);
    if (psync_lock_acquire(lock, NULL, NULL, &error) || psync_integer_set(integer, 7, &error)) return -1;
    alarm(600);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    alarm(0);
    psync_lock_close(lock);
    psync_integer_close(integer);
    psync_space_close(space);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static struct {
    int count[3];
    char all[8192];
} found;

static int hear(void *argument, const psync_finding *finding)
{
    (void)argument;
    found.count[finding->severity]++;
    size_t used = strlen(found.all);
    snprintf(found.all + used, sizeof found.all - used, "%s: %s; ", finding->what, finding->advice);
    return 0;
}

static void check(bool repair)
{
    memset(&found, 0, sizeof found);
    assert_int_equal(PSYNC_OK, psync_space_check(space, repair, hear, NULL, &error));
}

static void must_be_well(void)
{
    check(false);
    if (found.count[PSYNC_WRONG]) fail_msg("%s", found.all);
}

static void must_be_wrong(const char *what)
{
    check(false);
    if (!found.count[PSYNC_WRONG] || !strstr(found.all, what)) fail_msg("not found: %s; but: %s", what, found.all);
}

static void write_file(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(length, write(fd, text, length));
    close(fd);
}

static size_t read_file(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, text, room);
    close(fd);
    assert_true(length > 0);
    return (size_t)length;
}

static void a_space_of_files_in_use_is_well(void **state)
{
    (void)state;
    must_be_well();
    psync_hold *hold;
    assert_int_equal(PSYNC_OK, psync_lock_release(lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_hold(lock, 60, NULL, &hold, &error));
    must_be_well();
    psync_hold_free(hold);
    assert_int_equal(PSYNC_OK, psync_integer_remove(integer, &error));
    must_be_well();
}

static void a_space_of_files_is_well_while_others_change_it(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            bool well = psync_integer_add(integer, 99999, NULL, &error) == PSYNC_OK &&
                        psync_integer_remove(integer, &error) == PSYNC_OK &&
                        psync_lock_release(lock, &error) == PSYNC_OK &&
                        psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK;
            if (!well) _exit(1);
        }
    }
    for (int i = 0; i < 500; i++) must_be_well();
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
}

static void an_empty_lock_is_not_read_again_and_again(void **state)
{
    (void)state;
    char text[8192];
    size_t length = read_file(lock_file, text, sizeof text);
    write_file(lock_file, "", 0);
    pauses = 0;
    must_be_wrong("does not say who took the Lock");
    assert_int_equal(pauses, 0);
    write_file(lock_file, "half", 4);
    must_be_wrong("does not say who took the Lock");
    assert_true(pauses > 1);
    write_file(lock_file, text, length);
    must_be_well();
}

static void each_kind_of_damaged_file_is_told(void **state)
{
    (void)state;
    char text[8192];
    size_t length = read_file(lock_file, text, sizeof text);
    write_file(lock_file, "", 0);
    must_be_wrong("does not say who took the Lock");
    char other[300];
    snprintf(other, sizeof other, "%s/locks/8c/e4/8ce4b16b22b58894aa86c421e8759df4", folder);
    write_file(lock_file, text, length);
    write_file(other, text, length);
    must_be_wrong("is the Lock of another key");
    unlink(other);
    must_be_well();
    write_file(integer_file, "seven", 5);
    must_be_wrong("does not hold a 64-bit number");
    write_file(integer_file, "7", 1);
    write_file(key_file, "other", 5);
    must_be_wrong("holds another file's key");
    write_file(key_file, "k", 1);
    must_be_well();
    unlink(integer_file);
    must_be_wrong("is the key of no Integer");
    unlink(key_file);
    snprintf(other, sizeof other, "%s/.phpsync/fence", folder);
    write_file(other, "x", 1);
    must_be_wrong("/.phpsync/fence does not hold a 64-bit number");
}

static void links_pipes_and_folders_in_a_files_place_are_told_and_not_followed(void **state)
{
    (void)state;
    unlink(lock_file);
    assert_int_equal(0, symlink("/etc/passwd", lock_file));
    must_be_wrong("is no regular file that can be opened");
    unlink(lock_file);
    assert_int_equal(0, mkfifo(lock_file, 0600));
    must_be_wrong("is no regular file that can be opened");
    unlink(lock_file);
    assert_int_equal(0, mkdir(lock_file, 0700));
    must_be_wrong("is no regular file that can be opened");
    assert_int_equal(0, rmdir(lock_file));
    char path[300];
    snprintf(path, sizeof path, "%s/locks/ff", folder);
    assert_int_equal(0, symlink("/", path));
    must_be_wrong("/locks/ff is no folder that can be opened");
}

static void what_is_not_ours_is_noted_and_left_alone(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/locks/README", folder);
    write_file(path, "?", 1);
    must_be_well();
    check(true);
    assert_non_null(strstr(found.all, "not this library's: 1"));
    assert_int_equal(0, access(path, F_OK));
}

/* Each byte of each file another one: the check comes to an end, and goes on finding nothing when it is right
 * again. */
static void any_byte_of_a_file_may_be_wrong(void **state)
{
    (void)state;
    const char *const files[] = {lock_file, integer_file, key_file};
    int told = 0;
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        char text[8192];
        size_t length = read_file(files[f], text, sizeof text);
        for (size_t at = 0; at < length; at += f ? 1 : 16) {
            char before = text[at];
            text[at] = (char)(before ^ 0x55);
            write_file(files[f], text, length);
            check(at % 2);
            told += found.count[PSYNC_WRONG] > 0;
            text[at] = before;
        }
        write_file(files[f], text, length);
    }
    assert_true(told > 5);
    must_be_well();
}

/* It takes no lock that a process which is stopped could keep for ever. */
static void a_check_waits_for_nobody(void **state)
{
    (void)state;
    int fds[2] = {open(lock_file, O_RDWR), open(integer_file, O_RDWR)};
    for (int i = 0; i < 2; i++) assert_int_equal(0, flock(fds[i], LOCK_EX));
    must_be_well();
    for (int i = 0; i < 2; i++) close(fds[i]);
}

static void what_the_dead_left_is_noted_and_removed(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        psync_lock *other;
        bool well = psync_lock_open(space, "other", 5, &other, &error) == PSYNC_OK &&
                    psync_lock_acquire(other, NULL, NULL, &error) == PSYNC_OK;
        _exit(!well);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(0, status);
    must_be_well();
    assert_non_null(strstr(found.all, "files of processes that have ended: 1"));
    check(true);
    assert_int_equal(1, found.count[PSYNC_MENDED]);
    check(true);
    assert_int_equal(0, found.count[PSYNC_MENDED]);
    must_be_well(); /* the Lock itself, a ghost, is still there */
    psync_lock *other;
    assert_int_equal(PSYNC_OK, psync_lock_open(space, "other", 5, &other, &error));
    assert_int_equal(PSYNC_OK, psync_lock_exists(other, &error));
    psync_lock_close(other);
}

static void a_check_of_a_removed_folder_is_an_error(void **state)
{
    (void)state;
    char moved[64];
    snprintf(moved, sizeof moved, "%s.moved", folder);
    assert_int_equal(0, rename(folder, moved));
    assert_true(psync_space_check(space, false, hear, NULL, &error) < 0);
    assert_int_equal(0, rename(moved, folder));
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(a_space_of_files_in_use_is_well),
        FILES(a_space_of_files_is_well_while_others_change_it),
        FILES(an_empty_lock_is_not_read_again_and_again),
        FILES(each_kind_of_damaged_file_is_told),
        FILES(links_pipes_and_folders_in_a_files_place_are_told_and_not_followed),
        FILES(what_is_not_ours_is_noted_and_left_alone),
        FILES(any_byte_of_a_file_may_be_wrong),
        FILES(a_check_waits_for_nobody),
        FILES(what_the_dead_left_is_noted_and_removed),
        FILES(a_check_of_a_removed_folder_is_an_error),
    };
    return cmocka_run_group_tests_name("check files", tests, NULL, NULL);
}
