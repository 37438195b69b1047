/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_check.c - psync_space_check: finds nothing in a space that was used in
 * any legal way, and each kind of damage; never crashes or hangs on a damaged
 * file; repairs only what loses nothing. The tests of the shared-memory driver
 * write into the space's file as a scribbler would; what loops ends by the alarm.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/shm/integer_word.h"
#include "drivers/shm/layout.h"
#include "drivers/shm/lock_word.h"
#include "drivers/shm/surroundings.h"
#include "fake.h"

enum { LIMIT = 1 << 20 };

static char folder[64];
static char path[128];
static char dsn[160];
static psync_space *space;
static struct shm_header *header;
static psync_error error;
static const psync_wait at_once = {.timeout = 0};

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/dev/shm/phpsync-test-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/phpsync-%d.check", folder, SHM_LAYOUT);
    snprintf(dsn, sizeof dsn, "shm://check?path=%s&size=%d&timeout=5", folder, LIMIT);
    if (psync_space_open(dsn, NULL, &space, &error)) return -1;
    int fd = open(path, O_RDWR);
    header = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    alarm(600);
    return header == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    alarm(0);
    psync_space_close(space);
    munmap(header, LIMIT);
    unlink(path);
    return rmdir(folder);
}

/* ---- what a check found -------------------------------------------------------------- */

static struct {
    int count[3];
    char all[4096];
} found;

static int hear(void *argument, const psync_finding *finding)
{
    (void)argument;
    found.count[finding->severity]++;
    if (finding->severity == PSYNC_NOTE) return 0; /* about this machine */
    size_t used = strlen(found.all);
    snprintf(found.all + used, sizeof found.all - used, "%s; ", finding->what);
    return 0;
}

static psync_result check(psync_space *which, bool repair)
{
    memset(&found, 0, sizeof found);
    return psync_space_check(which, repair, hear, NULL, &error);
}

static void must_be_well(void)
{
    assert_int_equal(PSYNC_OK, check(space, false));
    assert_string_equal("", found.all);
}

static void must_be_wrong(const char *what)
{
    assert_int_equal(PSYNC_OK, check(space, false));
    if (!strstr(found.all, what)) fail_msg("not found: %s; but: %s", what, found.all);
    assert_int_not_equal(0, found.count[PSYNC_WRONG]);
}

/* ---- using the space ----------------------------------------------------------------- */

static size_t key_of(char *key, int number)
{
    /* Short ones and long ones: every third needs further cells. */
    int length = snprintf(key, PSYNC_KEY_MAX + 1, "%0*d", number % 3 ? 8 : 70 + number % 900, number);
    return (size_t)length;
}

/* These say false where something went wrong, so that children can use them too: cmocka's asserts are its own
 * process's.
 */

static bool change_integer(int number, bool remove)
{
    char key[PSYNC_KEY_MAX + 1];
    psync_integer *integer;
    if (psync_integer_open(space, key, key_of(key, number), &integer, &error) != PSYNC_OK) return false;
    psync_result r = remove ? psync_integer_remove(integer, &error) : psync_integer_set(integer, number, &error);
    psync_integer_close(integer);
    return r == PSYNC_OK;
}

static psync_lock *take(int number)
{
    char key[PSYNC_KEY_MAX + 1];
    psync_lock *lock;
    if (psync_lock_open(space, key, key_of(key, number), &lock, &error) != PSYNC_OK) return NULL;
    if (psync_lock_acquire(lock, &at_once, NULL, &error) == PSYNC_OK) return lock;
    psync_lock_close(lock);
    return NULL;
}

static bool give_back(psync_lock *lock)
{
    psync_result r = psync_lock_release(lock, &error);
    psync_lock_close(lock);
    return r == PSYNC_OK;
}

static void set_integer(int number)
{
    assert_true(change_integer(number, false));
}

static void remove_integer(int number)
{
    assert_true(change_integer(number, true));
}

static psync_lock *take_lock(int number)
{
    psync_lock *lock = take(number);
    assert_non_null(lock);
    return lock;
}

static struct shm_cell *first_cell(enum shm_kind kind)
{
    struct shm_cell *cells = (struct shm_cell *)(void *)header;
    uint32_t first =
        SHM_HEADER_CELLS + SHM_FIRST_BUCKETS / SHM_BUCKETS_PER_CELL + SHM_FIRST_PROCESSES * SHM_CELLS_PER_PROCESS;
    for (uint32_t i = first; i < atomic_load(&header->cells); i++) {
        if ((atomic_load(&cells[i].tag) & 0xff) == kind) return &cells[i];
    }
    fail_msg("no such cell");
    return NULL;
}

static struct shm_cell *first_free(void)
{
    return (struct shm_cell *)(void *)header + atomic_load(&header->free_head);
}

/* ---- healthy spaces ------------------------------------------------------------------ */

static void a_fresh_space_is_well(void **state)
{
    (void)state;
    must_be_well();
}

static void a_space_is_well_while_it_grows_and_after_it_was_swept(void **state)
{
    (void)state;
    /* The table is widened at 257 and at 513 keys. */
    for (int number = 0; number < 600; number++) {
        set_integer(number);
        if (number % 100 == 0 || number == 257 || number == 513) must_be_well();
    }
    assert_int_equal(3, atomic_load(&header->bucket_blocks));
    must_be_well();
    for (int number = 0; number < 600; number++) remove_integer(number);
    must_be_well();
    for (int number = 1000; number < 3000; number++) {
        set_integer(number);
        remove_integer(number);
    }
    must_be_well();
}

static void a_space_is_well_with_locks_of_the_living_and_the_dead(void **state)
{
    (void)state;
    psync_lock *lock = take_lock(1);
    psync_hold *hold;
    for (int number = 2; number < 100; number++) { /* more than the first block has records */
        char label[32];
        snprintf(label, sizeof label, "label %d", number);
        assert_int_equal(PSYNC_OK, psync_space_set_label(space, label, &error));
        psync_lock_close(take_lock(number));
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(!take(200));
    }
    waitpid(pid, NULL, 0);
    assert_int_equal(PSYNC_OK, psync_lock_release(lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_hold(lock, 60, &at_once, &hold, &error));
    must_be_well();
    psync_hold_free(hold);
    psync_lock_close(lock);
    must_be_well();
}

static _Noreturn void work(int first)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0;; i++) {
        int number = first + i % 300;
        bool well = change_integer(number, false);
        psync_lock *lock = well ? take(number) : NULL;
        if (!lock || !change_integer(number, true) || !give_back(lock)) _exit(1);
    }
}

#if defined(__SANITIZE_THREAD__)
#define OWN_ATOMICS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OWN_ATOMICS 1
#endif
#endif

static void a_space_is_well_while_others_change_it(void **state)
{
    (void)state;
#ifdef OWN_ATOMICS
    skip(); /* TSan puts a mutex of each process's own in the place of 16-byte swaps: between processes they are
               none */
#endif
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) work(300 * i);
    }
    for (int i = 0; i < 300; i++) must_be_well();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(0, kill(pids[i], SIGKILL));
        int status;
        waitpid(pids[i], &status, 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    must_be_well();
}

/* ---- damage -------------------------------------------------------------------------- */

/* Sets number to value, wants the check to say what, and sets it back. */
#define SPOILED(number, value, what)                                                                               \
    do {                                                                                                           \
        __typeof__((number) + 0) before = (number);                                                                \
        (number) = (__typeof__((number) + 0))(value);                                                              \
        must_be_wrong(what);                                                                                       \
        (number) = before;                                                                                         \
        must_be_well();                                                                                            \
    } while (0)

static void each_kind_of_damage_is_told(void **state)
{
    (void)state;
    for (int number = 0; number < 20; number++) set_integer(number);
    psync_lock *lock = take_lock(1);
    struct shm_cell *integer = first_cell(SHM_INTEGER);
    struct shm_cell *held = first_cell(SHM_LOCK);
    struct shm_more *more = (struct shm_more *)first_cell(SHM_MORE);
    must_be_well();
    SPOILED(header->seed, 1, "header");
    SPOILED(header->limit, LIMIT * 2, "header");
    SPOILED(header->fence, 5, "header");
    SPOILED(header->cells, header->cells + 1, "header");
    SPOILED(header->unused[3], 5, "header");
    SPOILED(((uint32_t *)header)[1000], 5, "header");
    SPOILED(header->bucket_blocks, 0, "header");
    SPOILED(header->process_block[0], header->bucket_block[0], "blocks");
    SPOILED(header->process_block[0], header->cells, "blocks");
    SPOILED(header->keys, 5, "counts");
    SPOILED(header->free_count, 5, "counts");
    SPOILED(integer->hash, integer->hash ^ 0x80000000, "key is damaged");
    SPOILED(integer->key[0], 5, "key is damaged");
    SPOILED(integer->tag, integer->tag ^ 0x100, "key is damaged");
    SPOILED(integer->generation, 0, "key is damaged");
    SPOILED(integer->generation, integer->generation | 1, "key is damaged");
    SPOILED(more->tag, SHM_FREE, "key is damaged");
    SPOILED(more->key[0], 5, "key is damaged");
    SPOILED(integer->word.half.low, 1, "never be in");
    SPOILED(held->word.half.low, held->word.half.low | LOCK_LEASE, "never be in");
    SPOILED(held->word.half.high, held->word.half.high | LOCK_PROCESS, "owner");
    SPOILED(integer->next, 5, "filed wrongly");
    SPOILED(integer->next, UINT32_MAX, "filed wrongly");
    SPOILED(header->free_head, 5, "free cells");
    SPOILED(first_free()->next, atomic_load(&header->free_head), "free cells");
    SPOILED(first_free()->tag, SHM_LOCK, "free cells");
    SPOILED(first_free()->word.futex, SHM_FUTEX_SET, "never be in");
    /* The list passes over a cell: that one lies nowhere. */
    SPOILED(header->free_head, first_free()->next, "belongs nowhere");
    psync_lock_close(lock);
}

static void a_repair_makes_anew_what_follows_from_the_cells(void **state)
{
    (void)state;
    for (int number = 0; number < 50; number++) set_integer(number);
    psync_lock_close(take_lock(1));
    header->free_head = first_free()->next;
    header->keys = 5;
    first_cell(SHM_INTEGER)->next = 7;
    must_be_wrong("belong");
    assert_int_equal(PSYNC_OK, check(space, true));
    assert_int_equal(0, found.count[PSYNC_WRONG]);
    assert_true(found.count[PSYNC_MENDED] >= 3);
    must_be_well();
    for (int number = 0; number < 50; number++) remove_integer(number);
    char key[PSYNC_KEY_MAX + 1];
    psync_lock *lock;
    assert_int_equal(PSYNC_OK, psync_lock_open(space, key, key_of(key, 1), &lock, &error));
    assert_int_equal(PSYNC_OK, psync_lock_exists(lock, &error));
    psync_lock_close(lock);
}

static void a_repair_leaves_alone_what_it_could_lose_something_by(void **state)
{
    (void)state;
    set_integer(1);
    first_cell(SHM_INTEGER)->key[0] = 7;
    header->keys = 9;
    assert_int_equal(PSYNC_OK, check(space, true));
    assert_int_equal(0, found.count[PSYNC_MENDED]);
    assert_int_equal(2, found.count[PSYNC_WRONG]);
    assert_int_equal(9, header->keys);
}

static void a_repair_gives_back_records_and_files_of_the_dead(void **state)
{
    (void)state;
    char leftover[160];
    pid_t pid = fork();
    if (pid == 0) {
        psync_lock *lock = take(1);
        _exit(!lock || !give_back(lock));
    }
    waitpid(pid, NULL, 0);
    snprintf(leftover, sizeof leftover, "%s.new.0123abc", path);
    int fd = open(leftover, O_CREAT | O_WRONLY, 0600);
    must_be_well(); /* somebody may be making it */
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(0, futimens(fd, old));
    close(fd);
    must_be_wrong("left");
    assert_int_equal(PSYNC_OK, check(space, true));
    if (!strstr(found.all, "given back: 1")) fail_msg("%s", found.all);
    assert_int_equal(2, found.count[PSYNC_MENDED]);
    assert_int_equal(-1, access(leftover, F_OK));
    must_be_well();
}

/*
 * Each bit of the header and of all cells there are, turned over. Whatever a check says of it, and every call after
 * it, it comes to an end; and of the header no bit is wrong unnoticed but those that may have any value.
 */
static bool may_have_any_value(size_t at)
{
    static const size_t any[][2] = {
        {offsetof(struct shm_header, created), 8}, {offsetof(struct shm_header, fence), 8},
        {offsetof(struct shm_header, id), 8},      {offsetof(struct shm_header, boot_id), 16},
        {offsetof(struct shm_header, guard), 16},  {offsetof(struct shm_header, dirty), 4},
        {offsetof(struct shm_header, changes), 4},
    };
    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++) {
        if (at >= any[i][0] && at < any[i][0] + any[i][1]) return true;
    }
    /* Where further blocks will lie is written before they are counted. */
    size_t buckets = offsetof(struct shm_header, bucket_block);
    size_t processes = offsetof(struct shm_header, process_block);
    return (at >= buckets + 4 && at < processes) ||
           (at >= processes + 4 && at < processes + SHM_PROCESS_BLOCKS * sizeof header->process_block[0]);
}

static void any_bit_may_be_wrong(void **state)
{
    (void)state;
    psync_space_close(space);
    char quick[200];
    snprintf(quick, sizeof quick, "shm://check?path=%s&timeout=0.01", folder);
    assert_int_equal(PSYNC_OK, psync_space_open(quick, NULL, &space, &error));
    for (int number = 0; number < 5; number++) set_integer(number);
    psync_lock_close(take_lock(1));
    psync_lock_close(take_lock(3));
    assert_true(give_back(take_lock(2)));
    must_be_well();
    size_t length = (size_t)(atomic_load(&header->free_head) + 2) * SHM_CELL;
    char *bytes = (char *)header;
    char *saved = malloc(LIMIT);
    size_t whole = (size_t)atomic_load(&header->cells) * SHM_CELL;
    memcpy(saved, bytes, whole);
    for (size_t at = 0; at < length; at++) {
        bytes[at] = (char)(bytes[at] ^ 1 << at % 8);
        psync_result r = check(space, false);
        bool told = r < 0 || found.count[PSYNC_WRONG] > 0;
        if (at < SHM_HEADER_CELLS * SHM_CELL && !told && !may_have_any_value(at)) {
            fail_msg("a wrong bit %zu of byte %zu went unnoticed", at % 8, at);
        }
        if (at % 16 == 0) check(space, true);
        memcpy(bytes, saved, whole);
    }
    free(saved);
    must_be_well();
}

/* ---- surroundings -------------------------------------------------------------------- */

static void write_file(const char *root, const char *name, const char *text)
{
    char file[256];
    snprintf(file, sizeof file, "mkdir -p '%s/%s' && rmdir '%s/%s'", root, name, root, name);
    assert_int_equal(0, system(file));
    snprintf(file, sizeof file, "%s/%s", root, name);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void who_loses_files_at_logout_is_told_by_systemds_settings(void **state)
{
    (void)state;
    char root[] = "/dev/shm/phpsync-test-XXXXXX";
    char command[64];
    enum { SOMEBODY = 65432 };
    assert_non_null(mkdtemp(root));
    assert_false(shm_logout_removes(root, SOMEBODY)); /* no systemd */
    write_file(root, "run/systemd/system", "");
    assert_true(shm_logout_removes(root, SOMEBODY));
    assert_false(shm_logout_removes(root, 33));
    write_file(root, "etc/systemd/logind.conf", "[Login]\n#RemoveIPC=yes\nRemoveIPC=no\n");
    assert_false(shm_logout_removes(root, SOMEBODY));
    write_file(root, "etc/systemd/logind.conf.d/50-x.conf", "[Login]\nRemoveIPC = yes\n");
    assert_true(shm_logout_removes(root, SOMEBODY));
    write_file(root, "usr/lib/systemd/logind.conf.d/60-y.conf", "[Login]\nRemoveIPC=false\n");
    assert_false(shm_logout_removes(root, SOMEBODY));
    write_file(root, "usr/lib/systemd/logind.conf.d/40-z.conf", "[Login]\nRemoveIPC=yes\n");
    assert_false(shm_logout_removes(root, SOMEBODY));
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(0, system(command));
}

/* ---- any driver ---------------------------------------------------------------------- */

static int stop(void *argument, const psync_finding *finding)
{
    (void)finding;
    ++*(int *)argument;
    return 1;
}

static void a_check_can_be_stopped_by_its_callback(void **state)
{
    (void)state;
    int calls = 0;
    set_integer(1); /* the first holder of the guard makes the counts */
    header->keys = 5;
    header->free_count = 5;
    assert_int_equal(PSYNC_NO, psync_space_check(space, false, stop, &calls, &error));
    assert_int_equal(1, calls);
}

static void a_check_of_a_removed_space_is_an_error(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(PSYNC_ERROR_UNAVAILABLE, check(space, false));
    assert_non_null(strstr(error.message, "was removed while in use"));
}

static void a_space_of_a_driver_without_a_check_is_well_if_it_can_be_listed(void **state)
{
    (void)state;
    psync_space *other = fake_space();
    assert_int_equal(PSYNC_OK, check(other, true));
    assert_int_equal(0, found.count[PSYNC_WRONG]);
    assert_int_equal(1, fake_count(EACH_LOCK));
    assert_int_equal(1, fake_count(EACH_INTEGER));
    fake.failing = EACH_INTEGER;
    fake.failure = PSYNC_ERROR_DAMAGED;
    assert_int_equal(PSYNC_OK, check(other, false));
    assert_int_equal(1, found.count[PSYNC_WRONG]);
    fake.failing = EACH_LOCK;
    fake.failure = PSYNC_ERROR_UNAVAILABLE;
    assert_int_equal(PSYNC_ERROR_UNAVAILABLE, check(other, false));
    assert_non_null(strstr(error.message, "fake://space"));
    psync_space_close(other);
}

#define SHM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHM(a_fresh_space_is_well),
        SHM(a_space_is_well_while_it_grows_and_after_it_was_swept),
        SHM(a_space_is_well_with_locks_of_the_living_and_the_dead),
        SHM(a_space_is_well_while_others_change_it),
        SHM(each_kind_of_damage_is_told),
        SHM(a_repair_makes_anew_what_follows_from_the_cells),
        SHM(a_repair_leaves_alone_what_it_could_lose_something_by),
        SHM(a_repair_gives_back_records_and_files_of_the_dead),
        SHM(any_bit_may_be_wrong),
        SHM(a_check_can_be_stopped_by_its_callback),
        SHM(a_check_of_a_removed_space_is_an_error),
        cmocka_unit_test(who_loses_files_at_logout_is_told_by_systemds_settings),
        cmocka_unit_test_setup(a_space_of_a_driver_without_a_check_is_well_if_it_can_be_listed, fake_reset),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
