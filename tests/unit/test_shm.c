/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_shm.c - what the shared-memory driver promises beyond the contract of
 * all drivers: whose file it is, who may use it, who lives across namespaces,
 * and that it stays small.
 *
 * Everything runs in children, as users of its own where that matters.
 */
#include "child.h"
#include "fake.h"
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/dev/shm/phpsync-unit-XXXXXX";
static char name[40]; /* a space's name that nobody else uses */
static char dsn[200]; /* that space, in the folder */

static uint64_t take(psync_lock *lock)
{
    uint64_t fence = 0;
    NEED(psync_lock_acquire(lock, &(psync_wait){.timeout = 0}, &fence, &error) == PSYNC_OK);
    return fence;
}

/* The space's file, as it says itself. */
static int hear_file(void *argument, const char *fact, const char *value)
{
    if (strcmp(fact, "file") == 0) snprintf(argument, 300, "%s", value);
    return 0;
}

static void file_of(psync_space *space, char path[300])
{
    path[0] = '\0';
    NEED(psync_space_info(space, hear_file, path, &error) == PSYNC_OK);
    NEED(path[0] == '/');
}

static int setup_all(void **state)
{
    (void)state;
    snprintf(name, sizeof name, "unit-%d", (int)getpid());
    if (!mkdtemp(folder)) return -1;
    snprintf(dsn, sizeof dsn, "shm://%s?path=%s", name, folder);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* ---- spaces ------------------------------------------------------------------- */

static void use_two_names(void)
{
    char other[300];
    snprintf(other, sizeof other, "shm://%s.b?path=%s", name, folder);
    psync_space *one = opened(dsn), *two = opened(other);
    take(lock_of(one, "k"));
    NEED(psync_integer_set(integer_of(one, "k"), 1, &error) == PSYNC_OK);
    NEED(psync_lock_exists(lock_of(two, "k"), &error) == PSYNC_NO);
    NEED(psync_integer_exists(integer_of(two, "k"), &error) == PSYNC_NO);
    NEED(psync_lock_release(lock_of(one, "k"), &error) == PSYNC_OK);
}

static void keys_in_two_spaces_never_meet(void **state)
{
    (void)state;
    in_child(use_two_names);
}

/*
 * A new space's fences start at the microseconds since 1970: above those of the old one, if that was not taken more
 * than a million times a second over its life. Ours waits for its clock to be past them.
 */
static void lose_and_make_anew(void)
{
    char path[300];
    uint64_t last = 0;
    for (int i = 0; i < 3; i++) {
        psync_space *space = opened(dsn);
        for (int n = 0; n < 100; n++) {
            uint64_t fence = take(lock_of(space, "fenced"));
            NEED(fence > last);
            last = fence;
            NEED(psync_lock_release(lock_of(space, "fenced"), &error) == PSYNC_OK);
        }
        file_of(space, path);
        NEED(unlink(path) == 0);
        psync_space_close(space);
        struct timespec now;
        do {
            clock_gettime(CLOCK_REALTIME, &now);
        } while ((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 <= last);
    }
}

static void fences_grow_though_the_space_was_lost_and_made_anew(void **state)
{
    (void)state;
    in_child(lose_and_make_anew);
}

static void churn(void)
{
    psync_space *space = opened(dsn);
    char path[300], key[60];
    struct stat before, after;
    file_of(space, path);
    for (int i = 0; i < 200000; i++) {
        if (i == 20000) NEED(stat(path, &before) == 0);
        snprintf(key, sizeof key, "a key that comes and goes %d", i);
        psync_integer *integer = integer_of(space, key);
        NEED(psync_integer_add(integer, 1, NULL, &error) == PSYNC_OK);
        NEED(psync_integer_remove(integer, &error) == PSYNC_OK);
        psync_integer_close(integer);
        psync_lock *lock = lock_of(space, key);
        take(lock);
        NEED(psync_lock_release(lock, &error) == PSYNC_OK);
        psync_lock_close(lock);
    }
    NEED(stat(path, &after) == 0);
    NEED(after.st_size == before.st_size);
}

static void keys_that_come_and_go_do_not_grow_the_file(void **state)
{
    (void)state;
    in_child(churn);
}

/* A process that ended must leave no record behind for ever, a Lock it left must keep its. */
static void take_as_child(void)
{
    psync_space *space = opened(dsn);
    take(lock_of(space, "passed on"));
    NEED(psync_lock_release(lock_of(space, "passed on"), &error) == PSYNC_OK);
}

static void take_a_ghost(void)
{
    take(lock_of(opened(dsn), "ghost"));
}

static void many_processes(void)
{
    char path[300];
    struct stat before, after;
    psync_space *space = opened(dsn);
    file_of(space, path);
    pid_t ghost = start_child(take_a_ghost);
    NEED(ended_well(ghost));
    for (int i = 0; i < 600; i++) {
        if (i == 200) NEED(stat(path, &before) == 0);
        NEED(ended_well(start_child(take_as_child)));
    }
    NEED(stat(path, &after) == 0);
    NEED(after.st_size == before.st_size);
    psync_owner owner;
    NEED(psync_lock_inspect(lock_of(space, "ghost"), &owner, &error) == PSYNC_OK);
    NEED(owner.pid == ghost && owner.alive == PSYNC_ALIVE_NO);
}

static void processes_that_come_and_go_do_not_grow_the_file(void **state)
{
    (void)state;
    in_child(many_processes);
}

/* ---- modes and users ------------------------------------------------------------- */

static void expect_mode(const char *options, mode_t mask, mode_t mode)
{
    char text[300], path[300];
    struct stat st;
    snprintf(text, sizeof text, "shm://%s.mode?path=%s%s", name, folder, options);
    mode_t old = umask(mask);
    psync_space *space = opened(text);
    umask(old);
    file_of(space, path);
    NEED(stat(path, &st) == 0 && S_ISREG(st.st_mode));
    if ((st.st_mode & 07777) != mode) fprintf(stderr, "%s: mode %o\n", text, (unsigned)st.st_mode);
    NEED((st.st_mode & 07777) == mode);
    NEED(unlink(path) == 0);
    psync_space_close(space);
}

static void make_modes(void)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        expect_mode("", masks[i], 0600);
        expect_mode("&mode=0640", masks[i], 0640);
        expect_mode("&mode=660", masks[i], 0660);
        expect_mode("&group=0", masks[i], 0660);
        expect_mode("&group=0&mode=0600", masks[i], 0600);
    }
}

static void a_file_has_its_mode_whatever_the_umask(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    in_child(make_modes);
}

enum { GROUP = 54321, USER_A = 54001, USER_B = 54002 };

static void become(uid_t user, gid_t group)
{
    NEED(setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
}

/* Belongs to the group, but not in the first place: files that it makes are another group's at first. */
static void become_member(uid_t user)
{
    const gid_t group = GROUP;
    NEED(setgroups(1, &group) == 0 && setgid(user) == 0 && setuid(user) == 0);
}

static char group_dsn[100], private_dsn[100];

static void a_takes_in_the_group(void)
{
    become_member(USER_A);
    take(lock_of(opened(group_dsn), "shared"));
}

static void b_frees_in_the_group(void)
{
    become_member(USER_B);
    psync_space *space = opened(group_dsn);
    psync_owner owner;
    NEED(psync_lock_inspect(lock_of(space, "shared"), &owner, &error) == PSYNC_OK);
    NEED(owner.alive == PSYNC_ALIVE_NO);
    NEED(psync_lock_release(lock_of(space, "shared"), &error) == PSYNC_OK);
    take(lock_of(space, "shared"));
    NEED(psync_integer_add(integer_of(space, "new"), 1, NULL, &error) == PSYNC_OK);
}

static void a_stranger_stays_out(void)
{
    become(USER_B, GROUP + 1);
    psync_space *space = NULL;
    NEED(psync_space_open(group_dsn, NULL, &space, &error) == PSYNC_ERROR_PERMISSION);
    NEED(!space);
}

static void users_of_a_group_meet_and_others_stay_out(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    char path[200];
    snprintf(group_dsn, sizeof group_dsn, "shm://%s?group=%d", name, GROUP);
    in_child(a_takes_in_the_group);
    in_child(b_frees_in_the_group);
    in_child(a_stranger_stays_out);
    psync_space *space = opened(group_dsn); /* root may */
    char file[300];
    file_of(space, file);
    psync_space_close(space);
    snprintf(path, sizeof path, "%.190s", file);
    assert_int_equal(unlink(path), 0);
}

static void a_takes_in_private(void)
{
    become(USER_A, USER_A);
    take(lock_of(opened(private_dsn), "mine"));
}

static int hear_others(void *argument, const char *fact, const char *value)
{
    if (strcmp(fact, "others") == 0) snprintf(argument, 300, "%s", value);
    return 0;
}

static void b_has_another(void)
{
    become(USER_B, USER_B);
    psync_space *space = opened(private_dsn);
    NEED(psync_lock_exists(lock_of(space, "mine"), &error) == PSYNC_NO);
    char path[300], others[300] = "";
    NEED(psync_space_info(space, hear_others, others, &error) == PSYNC_OK);
    NEED(strcmp(others, "uid 54001") == 0); /* USER_A's: who misses a Lock learns where it may be */
    file_of(space, path);
    NEED(unlink(path) == 0);
    char text[200];
    snprintf(text, sizeof text, "%s?user=%d", private_dsn, USER_A);
    NEED(psync_space_open(text, NULL, &space, &error) == PSYNC_ERROR_PERMISSION);
}

static void root_reaches_it_by_user(void)
{
    char text[200], path[300];
    snprintf(text, sizeof text, "%s?user=%d", private_dsn, USER_A);
    psync_space *space = opened(text);
    NEED(psync_lock_exists(lock_of(space, "mine"), &error) == PSYNC_OK);
    NEED(psync_lock_release(lock_of(space, "mine"), &error) == PSYNC_OK);
    file_of(space, path);
    NEED(unlink(path) == 0);
}

static void a_space_is_private_to_its_user_but_root_reaches_it_by_name(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    snprintf(private_dsn, sizeof private_dsn, "shm://%s", name);
    in_child(a_takes_in_private);
    in_child(b_has_another);
    in_child(root_reaches_it_by_user);
}

/* ---- namespaces and numbers used again -------------------------------------------- */

static int to_parent[2], to_child[2];

static void tell(int fd)
{
    NEED(write(fd, "+", 1) == 1);
}

static void hear(int fd)
{
    char byte;
    NEED(read(fd, &byte, 1) == 1);
}

static void hold_in_namespace(void)
{
    NEED(getpid() == 1); /* a number that outside is somebody else's */
    psync_space *space = opened(dsn);
    psync_hold *hold = NULL;
    take(lock_of(space, "far lock"));
    NEED(psync_lock_hold(lock_of(space, "far hold"), 0, NULL, &hold, &error) == PSYNC_OK);
    tell(to_parent[1]);
    hear(to_child[0]);
}

static void look_from_outside(void)
{
    NEED(pipe(to_parent) == 0 && pipe(to_child) == 0);
    NEED(unshare(CLONE_NEWPID) == 0);
    pid_t child = start_child(hold_in_namespace);
    hear(to_parent[0]);
    psync_space *space = opened(dsn);
    psync_owner owner;
    NEED(psync_lock_inspect(lock_of(space, "far lock"), &owner, &error) == PSYNC_OK);
    NEED(owner.pid == 1 && owner.alive == PSYNC_ALIVE_YES);
    NEED(psync_lock_release_ghost(lock_of(space, "far lock"), &error) == PSYNC_NO);
    NEED(psync_lock_exists(lock_of(space, "far hold"), &error) == PSYNC_OK);
    tell(to_child[1]);
    NEED(ended_well(child));
    NEED(psync_lock_inspect(lock_of(space, "far lock"), &owner, &error) == PSYNC_OK);
    NEED(owner.alive == PSYNC_ALIVE_NO); /* though there is a process 1 here */
    NEED(psync_lock_exists(lock_of(space, "far hold"), &error) == PSYNC_NO);
    NEED(psync_lock_release_ghost(lock_of(space, "far lock"), &error) == PSYNC_OK);
}

static void who_lives_is_right_across_pid_namespaces(void **state)
{
    (void)state;
    if (!may_isolate("/proc")) skip();
    in_child(look_from_outside);
}

static void take_both(void)
{
    psync_space *space = opened(dsn);
    psync_hold *hold = NULL;
    take(lock_of(space, "old lock"));
    NEED(psync_lock_hold(lock_of(space, "old hold"), 0, NULL, &hold, &error) == PSYNC_OK);
}

static void live_on(void)
{
    psync_space *space = opened(dsn);
    take(lock_of(space, "new lock"));
    pause();
}

/* The first process of a pid namespace: it can choose the next number. */
static void use_a_number_again(void)
{
    NEED(isolate("/proc"));
    NEED(mount("proc", "/proc", "proc", 0, NULL) == 0);
    pid_t first = start_child(take_both);
    NEED(ended_well(first));
    char text[20];
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    int length = snprintf(text, sizeof text, "%d", first - 1);
    NEED(fd >= 0 && write(fd, text, (size_t)length) == length);
    close(fd);
    pid_t second = start_child(live_on);
    NEED(second == first);
    psync_space *space = opened(dsn);
    psync_owner owner;
    while (psync_lock_exists(lock_of(space, "new lock"), &error) != PSYNC_OK) usleep(1000);
    NEED(psync_lock_inspect(lock_of(space, "old lock"), &owner, &error) == PSYNC_OK);
    NEED(owner.pid == second && owner.alive == PSYNC_ALIVE_NO);
    NEED(psync_lock_exists(lock_of(space, "old hold"), &error) == PSYNC_NO);
    NEED(psync_lock_inspect(lock_of(space, "new lock"), &owner, &error) == PSYNC_OK);
    NEED(owner.pid == second && owner.alive == PSYNC_ALIVE_YES);
    kill(second, SIGKILL);
    while (waitpid(second, NULL, 0) < 0 && errno == EINTR) continue;
    NEED(psync_lock_release(lock_of(space, "old lock"), &error) == PSYNC_OK);
    NEED(psync_lock_release_ghost(lock_of(space, "new lock"), &error) == PSYNC_OK);
}

static void in_namespace(void)
{
    NEED(unshare(CLONE_NEWPID) == 0);
    NEED(ended_well(start_child(use_a_number_again)));
}

static void a_process_number_used_again_brings_no_ghost_to_life(void **state)
{
    (void)state;
    if (!may_isolate("/proc")) skip();
    in_child(in_namespace);
}

static void holder_lives(void)
{
    psync_space *space = opened(dsn);
    psync_owner owner;
    NEED(psync_lock_inspect(lock_of(space, "daemon"), &owner, &error) == PSYNC_OK);
    NEED(owner.alive == PSYNC_ALIVE_YES);
}

/* A daemon closes its standard streams, opens things, and puts /dev/null into its standard streams later. */
static void become_a_daemon(void)
{
    for (int fd = 0; fd <= 2; fd++) close(fd);
    psync_space *space = opened(dsn);
    psync_hold *hold = NULL;
    psync_owner owner;
    NEED(psync_lock_hold(lock_of(space, "daemon"), 0, NULL, &hold, &error) == PSYNC_OK);
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; fd++) NEED(fd == nothing || dup2(nothing, fd) == fd);
    psync_lock *lock = lock_of(space, "daemon");
    NEED(ended_well(start_child(holder_lives))); /* only another process looks at the record lock */
    NEED(psync_lock_inspect(lock, &owner, &error) == PSYNC_OK && owner.alive == PSYNC_ALIVE_YES);
    NEED(psync_hold_is_valid(hold, &error) == PSYNC_OK);
    /* And the file itself can still be made longer. */
    for (int i = 0; i < 1000; i++) {
        char key[20];
        snprintf(key, sizeof key, "grows %d", i);
        NEED(psync_integer_set(integer_of(space, key), i, &error) == PSYNC_OK);
    }
}

static void a_daemon_that_fills_its_standard_streams_keeps_its_holds(void **state)
{
    (void)state;
    in_child(become_a_daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_in_two_spaces_never_meet),
        cmocka_unit_test(fences_grow_though_the_space_was_lost_and_made_anew),
        cmocka_unit_test(keys_that_come_and_go_do_not_grow_the_file),
        cmocka_unit_test(processes_that_come_and_go_do_not_grow_the_file),
        cmocka_unit_test(a_file_has_its_mode_whatever_the_umask),
        cmocka_unit_test(users_of_a_group_meet_and_others_stay_out),
        cmocka_unit_test(a_space_is_private_to_its_user_but_root_reaches_it_by_name),
        cmocka_unit_test(who_lives_is_right_across_pid_namespaces),
        cmocka_unit_test(a_process_number_used_again_brings_no_ghost_to_life),
        cmocka_unit_test(a_daemon_that_fills_its_standard_streams_keeps_its_holds),
    };
    return cmocka_run_group_tests_name("shm", tests, setup_all, remove_all);
}
