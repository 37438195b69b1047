/* SPDX-License-Identifier: BSD-3-Clause */
/* owner.c - who made an acquisition, and whether that process still runs. */
#include "suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static psync_owner inspect(psync_lock *lock)
{
    psync_owner owner;
    memset(&owner, 0xAA, sizeof owner);
    EXPECT(PSYNC_OK, psync_lock_inspect(lock, &owner, ERR));
    return owner;
}

static void read_text(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    ssize_t length = read(file, text, size - 1);
    close(file);
    CHECK(length > 0);
    text[length] = '\0';
}

/* Field 22 of /proc/self/stat. */
static uint64_t own_start_time(void)
{
    char line[1024];
    read_text("/proc/self/stat", line, sizeof line);
    char *at = strrchr(line, ')');
    for (int field = 2; field < 22; field++) at = strchr(at + 1, ' ');
    return strtoull(at, NULL, 10);
}

static void the_owner_is_this_process(void)
{
    psync_lock *lock = fresh_lock();
    uint64_t fence = take(lock);
    psync_owner owner = inspect(lock);
    char host[256], boot[64];
    CHECK(gethostname(host, sizeof host) == 0);
    host[PSYNC_HOST_MAX] = '\0';
    CHECK(strcmp(owner.host, host) == 0);
    read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    CHECK(strncmp(owner.boot_id, boot, 36) == 0 && owner.boot_id[36] == '\0');
    CHECK_EQUAL(getpid(), owner.pid);
    CHECK_EQUAL(own_start_time(), owner.process_start);
    CHECK_EQUAL(fence, owner.fence);
    CHECK_EQUAL(0, owner.expires_at);
    CHECK(!owner.is_hold);
    CHECK_EQUAL(PSYNC_ALIVE_YES, owner.alive);
    int64_t age = now_us_wall() - owner.acquired_at;
    CHECK(age > -1000000 && age < 2000000);
}

static void acquired_at_moves_on_with_each_acquisition(void)
{
    psync_lock *lock = fresh_lock();
    take(lock);
    int64_t first = inspect(lock).acquired_at;
    EXPECT(PSYNC_OK, psync_lock_release(lock, ERR));
    sleep_for(0.1);
    take(lock);
    int64_t second = inspect(lock).acquired_at;
    CHECK(second - first > 50000 && second - first < 3000000);
    CHECK_EQUAL(second, inspect(lock).acquired_at);
}

static void the_label_is_the_program_unless_told(void)
{
    psync_lock *lock = fresh_lock();
    char path[PATH_MAX + 1] = {0};
    CHECK(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    size_t length = strlen(path);
    take(lock);
    CHECK(strcmp(inspect(lock).label, length > PSYNC_LABEL_MAX ? path + length - PSYNC_LABEL_MAX : path) == 0);
}

static void the_label_told_at_open_is_shown(void)
{
    const char *key = fresh_key();
    psync_space *opened = NULL;
    psync_lock *lock = NULL;
    char label[] = "/srv/jobs/import.php";
    psync_options options = {.label = label};
    EXPECT(PSYNC_OK, psync_space_open(suite.dsn, &options, &opened, ERR));
    memset(label, 'x', sizeof label - 1); /* it was copied */
    EXPECT(PSYNC_OK, psync_lock_open(opened, key, strlen(key), &lock, ERR));
    take(lock);
    CHECK(strcmp(inspect(lock).label, "/srv/jobs/import.php") == 0);
    CHECK(strcmp(inspect(lock_of(key)).label, "/srv/jobs/import.php") == 0);
    psync_lock_close(lock);
    psync_space_close(opened);
}

static void set_label_changes_later_acquisitions_only(void)
{
    psync_lock *early = fresh_lock(), *late = fresh_lock(), *back = fresh_lock();
    take(early);
    psync_owner before = inspect(early);
    EXPECT(PSYNC_OK, psync_space_set_label(space(), "import/step two", ERR));
    take(late);
    CHECK(strcmp(inspect(late).label, "import/step two") == 0);
    CHECK(strcmp(inspect(early).label, before.label) == 0);
    EXPECT(PSYNC_OK, psync_space_set_label(space(), NULL, ERR));
    take(back);
    CHECK(strcmp(inspect(back).label, before.label) == 0);
}

static void a_long_label_keeps_its_end(void)
{
    char label[PSYNC_LABEL_MAX * 2 + 1];
    for (size_t i = 0; i < sizeof label - 1; i++) label[i] = (char)('a' + i % 26);
    label[sizeof label - 1] = '\0';
    for (size_t length = PSYNC_LABEL_MAX - 1; length <= sizeof label - 1; length += length < 400 ? 1 : 300) {
        psync_lock *lock = fresh_lock();
        const char *given = label + sizeof label - 1 - length;
        EXPECT(PSYNC_OK, psync_space_set_label(space(), given, ERR));
        take(lock);
        CHECK(strcmp(inspect(lock).label, length > PSYNC_LABEL_MAX ? label + PSYNC_LABEL_MAX : given) == 0);
    }
    EXPECT(PSYNC_OK, psync_space_set_label(space(), NULL, ERR));
}

static void taking_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    take(lock_of(a->key));
    meet(&a->ready);
    expect_meeting(&a->go, LOST, "the test's look");
}

static void another_process_is_shown_alive_and_then_ended(void)
{
    struct stage *a = stage(1, 0);
    psync_lock *lock = lock_of(a->key);
    pid_t process = process_start(taking_worker, 0, a);
    expect_meeting(&a->ready, LOST, "the worker's acquire");
    for (int look = 0; look < 3; look++) {
        psync_owner owner = inspect(lock);
        CHECK_EQUAL(process, owner.pid);
        CHECK_EQUAL(PSYNC_ALIVE_YES, owner.alive);
        EXPECT(PSYNC_NO, psync_lock_release_ghost(lock, ERR));
    }
    meet(&a->go);
    process_join(process);
    psync_owner owner = inspect(lock);
    CHECK_EQUAL(process, owner.pid);
    CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
}

static void a_zombie_has_ended(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = process_start(taking_worker, 0, a);
    expect_meeting(&a->ready, LOST, "the worker's acquire");
    process_kill_unreaped(process);
    CHECK_EQUAL(PSYNC_ALIVE_NO, inspect(lock_of(a->key)).alive);
    process_reap(process);
    CHECK_EQUAL(PSYNC_ALIVE_NO, inspect(lock_of(a->key)).alive);
}

/* Takes the key's Lock through an opening of the space that is closed again. */
static void take_and_close(const char *key)
{
    psync_space *opened = space_open();
    psync_lock *lock = NULL;
    EXPECT(PSYNC_OK, psync_lock_open(opened, key, strlen(key), &lock, ERR));
    take(lock);
    psync_lock_close(lock);
    psync_space_close(opened);
}

/* A process that goes on without the space has not ended. */
static void closes_space_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    take_and_close(a->key);
    meet(&a->ready);
    expect_meeting(&a->go, LOST, "the test's look");
}

static void an_owner_that_closed_its_space_is_no_ghost(void)
{
    struct stage *a = stage(1, 0);
    pid_t process = process_start(closes_space_worker, 0, a);
    expect_meeting(&a->ready, LOST, "the worker's acquire");
    CHECK(inspect(lock_of(a->key)).alive != PSYNC_ALIVE_NO);
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock_of(a->key), ERR));
    meet(&a->go);
    process_join(process);
    CHECK_EQUAL(PSYNC_ALIVE_NO, inspect(lock_of(a->key)).alive);
}

static void own_look_worker(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    take_and_close(a->key);
    CHECK(inspect(lock_of(a->key)).alive == PSYNC_ALIVE_YES); /* through a later opening of its own */
    EXPECT(PSYNC_NO, psync_lock_release_ghost(lock_of(a->key), ERR));
}

static void a_process_knows_its_own_acquisitions_through_any_opening(void)
{
    struct stage *a = stage(1, 0);
    process_join(process_start(own_look_worker, 0, a));
}

static psync_lock *inherited;

static void child_takes(int index, void *argument)
{
    (void)index;
    (void)argument;
    take(inherited);
    psync_owner owner = inspect(inherited);
    CHECK_EQUAL(getpid(), owner.pid);
    CHECK_EQUAL(own_start_time(), owner.process_start);
    CHECK_EQUAL(PSYNC_ALIVE_YES, owner.alive);
}

static void a_forked_child_is_an_owner_of_its_own(void)
{
    inherited = fresh_lock();
    take(inherited);
    CHECK_EQUAL(getpid(), inspect(inherited).pid);
    EXPECT(PSYNC_OK, psync_lock_release(inherited, ERR));
    pid_t child = process_start(child_takes, 0, NULL);
    process_join(child);
    psync_owner owner = inspect(inherited);
    CHECK_EQUAL(child, owner.pid);
    CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
}

static void forks_and_ends(int index, void *argument)
{
    (void)index;
    struct stage *a = argument;
    inherited = lock_of(a->key);
    take(inherited);
    pid_t heir = fork();
    if (heir == 0) {
        meet(&a->ready);
        sleep_for(1000); /* lives on with what it inherited, and never touches it */
    }
    CHECK(heir > 0);
}

static void a_lock_of_an_ended_parent_is_a_ghost_though_its_child_lives(void)
{
    struct stage *a = stage(1, 0);
    pid_t parent = process_start(forks_and_ends, 0, a);
    process_join(parent);
    expect_meeting(&a->ready, LOST, "the child's start");
    psync_owner owner = inspect(lock_of(a->key));
    CHECK_EQUAL(parent, owner.pid);
    CHECK_EQUAL(PSYNC_ALIVE_NO, owner.alive);
}

const struct test owner_tests[] = {
    THREADS(the_owner_is_this_process),
    THREADS(acquired_at_moves_on_with_each_acquisition),
    THREADS(the_label_is_the_program_unless_told),
    THREADS(the_label_told_at_open_is_shown),
    THREADS(set_label_changes_later_acquisitions_only),
    THREADS(a_long_label_keeps_its_end),
    PROCESSES(another_process_is_shown_alive_and_then_ended),
    PROCESSES(a_zombie_has_ended),
    PROCESSES(an_owner_that_closed_its_space_is_no_ghost),
    PROCESSES(a_process_knows_its_own_acquisitions_through_any_opening),
    PROCESSES(a_forked_child_is_an_owner_of_its_own),
    PROCESSES(a_lock_of_an_ended_parent_is_a_ghost_though_its_child_lives),
    END_OF_TESTS,
};
