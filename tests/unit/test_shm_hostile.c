/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_shm_hostile.c - a space's file that is foreign, damaged, scribbled over,
 * in the wrong hands, or out of room.
 *
 * Whatever lies in the file, a call gives an error of one line or a result
 * that the contract knows; it never crashes and never hangs. Each case runs in
 * a child under an alarm, on a file of its own.
 */
#include "fake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/shm/layout.h"
#include "isolation.h"

static char folder[] = "/dev/shm/phpsync-hostile-XXXXXX";
static char file_path[200]; /* of the space "n" in the folder */
static char dsn[200];
static psync_error error;

/* A whole file with a bit of everything, to be damaged. */
static unsigned char *template_bytes;
static size_t template_length;

#define NEED(condition)                                                                                            \
    do {                                                                                                           \
        if (!(condition)) {                                                                                        \
            fprintf(stderr, "%s:%d: not true: %s (%s)\n", __FILE__, __LINE__, #condition, error.message);          \
            _exit(1);                                                                                              \
        }                                                                                                          \
    } while (0)

/* Runs body in a child that must end by itself, and well. */
static void in_child_named(void (*body)(void), const char *what, long number)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        alarm(120);
        body();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        fail_msg("%s %ld: %s %d", what, number, WTERMSIG(status) == SIGALRM ? "hung, signal" : "crashed, signal",
                 WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) fail_msg("%s %ld: failed", what, number);
}

static void in_child(void (*body)(void))
{
    in_child_named(body, "case", 0);
}

static bool one_line(void)
{
    size_t length = strnlen(error.message, sizeof error.message);
    if (length == 0 || length == sizeof error.message) return false;
    return !strpbrk(error.message, "\n\r\x1b");
}

/* ---- the template ------------------------------------------------------------- */

static void write_file(const void *bytes, size_t length)
{
    unlink(file_path);
    int fd = open(file_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    NEED(fd >= 0);
    NEED(write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

static psync_space *opened(void)
{
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == PSYNC_OK);
    return space;
}

static psync_lock *lock_of(psync_space *space, const char *key)
{
    psync_lock *lock = NULL;
    NEED(psync_lock_open(space, key, strlen(key), &lock, &error) == PSYNC_OK);
    return lock;
}

static psync_integer *integer_of(psync_space *space, const char *key)
{
    psync_integer *integer = NULL;
    NEED(psync_integer_open(space, key, strlen(key), &integer, &error) == PSYNC_OK);
    return integer;
}

enum { KEYS = 40 };

static void key_name(char *key, int number)
{
    /* Every fourth is long enough to need cells of its own. */
    sprintf(key, "key %0*d", number % 4 == 0 ? 150 + 15 * number : 3, number);
}

static void fill_space(void)
{
    psync_space *space = opened();
    char key[1100];
    for (int i = 0; i < KEYS; i++) {
        key_name(key, i);
        psync_hold *hold = NULL;
        if (i % 3 == 0) NEED(psync_lock_acquire(lock_of(space, key), NULL, NULL, &error) == PSYNC_OK);
        if (i % 3 == 1)
            NEED(psync_lock_hold(lock_of(space, key), i % 2 ? 0 : 1000, NULL, &hold, &error) == PSYNC_OK);
        NEED(psync_integer_set(integer_of(space, key), i, &error) == PSYNC_OK);
        if (i % 5 == 0) NEED(psync_integer_remove(integer_of(space, key), &error) == PSYNC_OK);
    }
}

static int make_template(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(dsn, sizeof dsn, "shm://n?path=%s&timeout=0.05", folder);
    in_child(fill_space);
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] != '.') snprintf(file_path, sizeof file_path, "%s/%.100s", folder, entry->d_name);
    }
    if (listing) closedir(listing);
    int fd = open(file_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return -1;
    template_length = (size_t)st.st_size;
    template_bytes = malloc(template_length);
    bool good = template_bytes && read(fd, template_bytes, template_length) == (ssize_t)template_length;
    close(fd);
    return good ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    free(template_bytes);
    unlink(file_path);
    return rmdir(folder);
}

/* ---- every operation ------------------------------------------------------------ */

static int seen_entries;

static int hear_lock(void *argument, const char *key, size_t length, const psync_owner *owner)
{
    (void)argument;
    NEED(key && length >= 1 && length <= PSYNC_KEY_MAX);
    NEED(memchr(owner->host, '\0', sizeof owner->host) && memchr(owner->label, '\0', sizeof owner->label));
    NEED(memchr(owner->boot_id, '\0', sizeof owner->boot_id));
    NEED(owner->alive >= PSYNC_ALIVE_UNKNOWN && owner->alive <= PSYNC_ALIVE_NO);
    return ++seen_entries > 1000000;
}

static int hear_integer(void *argument, const char *key, size_t length, int64_t value)
{
    (void)argument, (void)value;
    NEED(key && length >= 1 && length <= PSYNC_KEY_MAX);
    return ++seen_entries > 1000000;
}

static int hear_fact(void *argument, const char *name, const char *value)
{
    (void)argument;
    NEED(name && value);
    return 0;
}

/* A result that the contract knows, and a message of one line with each error. */
static psync_result sane(psync_result result)
{
    NEED(result <= PSYNC_NO && result >= PSYNC_ERROR_SYSTEM);
    if (result < 0) NEED(error.result == result && one_line());
    return result;
}

static void use_key(psync_space *space, int number)
{
    static const psync_wait short_wait = {.timeout = 0.0005}, no_wait = {.timeout = 0};
    char key[1100];
    key_name(key, number);
    psync_lock *lock = lock_of(space, key);
    psync_integer *integer = integer_of(space, key);
    psync_owner owner;
    psync_hold *hold = NULL;
    int64_t value;
    uint64_t fence = 0;
    sane(psync_lock_exists(lock, &error));
    sane(psync_lock_inspect(lock, &owner, &error));
    sane(psync_lock_wait(lock, &short_wait, &error));
    sane(psync_lock_release_ghost(lock, &error));
    if (sane(psync_lock_acquire(lock, &short_wait, &fence, &error)) == PSYNC_OK) {
        sane(psync_lock_release_if(lock, fence, &error));
    }
    sane(psync_lock_release(lock, &error));
    if (sane(psync_lock_hold(lock, number % 2, &no_wait, &hold, &error)) == PSYNC_OK) {
        sane(psync_hold_is_valid(hold, &error));
        sane(psync_hold_renew(hold, 5, &error));
        sane(psync_hold_release(hold, &error));
        psync_hold_free(hold);
    }
    sane(psync_integer_get(integer, &value, &error));
    sane(psync_integer_add(integer, 1, &value, &error));
    sane(psync_integer_compare_set(integer, 1, 2, &error));
    sane(psync_integer_await_change(integer, &short_wait, &error));
    sane(psync_integer_await_at_least(integer, INT64_MAX, &no_wait, &error));
    sane(psync_integer_remove(integer, &error));
    sane(psync_integer_set(integer, 9, &error));
    psync_lock_close(lock);
    psync_integer_close(integer);
}

static void use_everything(void)
{
    struct rlimit small = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_FSIZE, &small); /* a scribbled length must not fill the machine's memory */
    signal(SIGXFSZ, SIG_IGN);
    psync_space *space = NULL;
    if (sane(psync_space_open(dsn, NULL, &space, &error)) != PSYNC_OK) {
        NEED(!space);
        return;
    }
    sane(psync_space_each_lock(space, hear_lock, NULL, &error));
    sane(psync_space_each_integer(space, hear_integer, NULL, &error));
    for (int i = 0; i < 8; i++) use_key(space, i * 5);
    for (int i = 0; i < 6; i++) use_key(space, KEYS + i); /* fresh ones */
    sane(psync_space_info(space, hear_fact, NULL, &error));
    sane(psync_space_each_lock(space, hear_lock, NULL, &error));
    sane(psync_space_each_integer(space, hear_integer, NULL, &error));
    psync_space_close(space);
}

static void the_template_is_whole(void **state)
{
    (void)state;
    write_file(template_bytes, template_length);
    in_child(use_everything);
}

/* ---- foreign files ---------------------------------------------------------------- */

static psync_result expected;
static const char *expected_words;

static void open_fails(void)
{
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == expected);
    NEED(!space && one_line());
    NEED(strstr(error.message, expected_words ? expected_words : file_path));
}

static void expect_refused(psync_result result, const char *words)
{
    expected = result;
    expected_words = words;
    in_child(open_fails);
}

static void a_file_that_begins_otherwise_is_refused(void **state)
{
    (void)state;
    unsigned char *bytes = malloc(template_length);
    for (int i = 0; i < 8; i++) {
        memcpy(bytes, template_bytes, template_length);
        bytes[i] ^= (unsigned char)(1 << i);
        write_file(bytes, template_length);
        expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    }
    memset(bytes, 0, template_length);
    write_file(bytes, template_length);
    expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    free(bytes);
}

static void a_file_of_another_version_is_refused(void **state)
{
    (void)state;
    static const uint32_t others[] = {0, SHM_LAYOUT + 1, UINT32_MAX};
    unsigned char *bytes = malloc(template_length);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        memcpy(bytes, template_bytes, template_length);
        memcpy(bytes + offsetof(struct shm_header, layout), &others[i], sizeof others[i]);
        write_file(bytes, template_length);
        expect_refused(PSYNC_ERROR_DAMAGED, "version");
    }
    free(bytes);
}

static void a_file_that_is_too_short_is_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 8, 100, sizeof(struct shm_header) - 1, 4096, 8192};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_file(template_bytes, lengths[i]);
        expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    }
    write_file(template_bytes, template_length - 1);
    expect_refused(PSYNC_ERROR_DAMAGED, NULL);
}

static void every_number_of_the_header_may_be_wrong(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 31, 33, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x12345678};
    unsigned char *bytes = malloc(template_length);
    for (size_t at = 8; at + 4 <= sizeof(struct shm_header); at += 4) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            memcpy(bytes, template_bytes, template_length);
            memcpy(bytes + at, &values[i], 4);
            write_file(bytes, template_length);
            in_child_named(use_everything, "header byte", (long)(at * 100 + i));
        }
    }
    free(bytes);
}

/* ---- random damage ------------------------------------------------------------------ */

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t mixed = (random_state ^ (random_state >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* Cells that are in use are where damage hurts; most of a fresh file is empty. */
static size_t used_cell(void)
{
    size_t cells = template_length / SHM_CELL;
    for (int i = 0; i < 1000; i++) {
        size_t at = next_random() % cells * SHM_CELL;
        for (size_t b = 0; b < SHM_CELL; b++) {
            if (template_bytes[at + b]) return at;
        }
    }
    return 0;
}

static void damage(unsigned char *bytes)
{
    int times = 1 + (int)(next_random() % 6);
    for (int i = 0; i < times; i++) {
        size_t at = used_cell();
        if (at == 0) at = 32; /* the header's beginning has its own tests */
        at += next_random() % (SHM_CELL - 8) & ~(size_t)3;
        uint64_t kind = next_random() % 5, value = next_random();
        if (kind == 0) value = next_random() % 2048; /* some cell's index */
        if (kind == 1) value = (next_random() % 2048) << 32 | next_random() % 2048;
        if (kind == 2) value = 0;
        if (kind == 3) value = UINT64_MAX;
        memcpy(bytes + at, &value, next_random() % 2 ? 4 : 8);
    }
}

static void any_bytes_give_errors_or_results_but_no_crash(void **state)
{
    (void)state;
    const char *more = getenv("PHPSYNC_FUZZ_ROUNDS"), *first = getenv("PHPSYNC_FUZZ_SEED");
    long rounds = more ? atol(more) : 400, seed = first ? atol(first) : (long)getpid() * 100000;
    unsigned char *bytes = malloc(template_length);
    for (long round = 0; round < rounds; round++) {
        random_state = (uint64_t)(seed + round);
        memcpy(bytes, template_bytes, template_length);
        damage(bytes);
        write_file(bytes, template_length);
        in_child_named(use_everything, "PHPSYNC_FUZZ_ROUNDS=1 PHPSYNC_FUZZ_SEED", seed + round);
    }
    free(bytes);
}

/* ---- not a file, not ours -------------------------------------------------------------- */

static void a_symbolic_link_is_not_followed(void **state)
{
    (void)state;
    char target[250];
    snprintf(target, sizeof target, "%s/target", folder);
    unlink(file_path);
    assert_int_equal(symlink(target, file_path), 0);
    expect_refused(PSYNC_ERROR_DAMAGED, "link");
    assert_int_equal(access(target, F_OK), -1); /* nothing was made behind it */
    int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, template_bytes, template_length), template_length);
    close(fd);
    expect_refused(PSYNC_ERROR_DAMAGED, "link");
    unlink(target);
    unlink(file_path);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
    (void)state;
    unlink(file_path);
    assert_int_equal(mkfifo(file_path, 0600), 0);
    expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    unlink(file_path);
    assert_int_equal(mkdir(file_path, 0700), 0);
    expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    rmdir(file_path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(strlen(file_path) < sizeof address.sun_path);
    memcpy(address.sun_path, file_path, strlen(file_path));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    expect_refused(PSYNC_ERROR_DAMAGED, NULL);
    close(fd);
    unlink(file_path);
}

static bool is_root(void)
{
    return geteuid() == 0;
}

/* In a folder that everybody may write to, another's file is not trusted. */
static void a_file_of_another_user_in_an_open_folder_is_refused(void **state)
{
    (void)state;
    if (!is_root()) skip();
    write_file(template_bytes, template_length);
    assert_int_equal(chown(file_path, 12345, 0), 0);
    assert_int_equal(chmod(folder, 01777), 0);
    expect_refused(PSYNC_ERROR_PERMISSION, "12345");
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_file_that_everybody_may_write_is_refused(void **state)
{
    (void)state;
    write_file(template_bytes, template_length);
    assert_int_equal(chmod(file_path, 0602), 0);
    expect_refused(PSYNC_ERROR_PERMISSION, NULL);
    unlink(file_path);
}

static void become_nobody(void)
{
    NEED(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
}

static void open_fails_as_nobody(void)
{
    become_nobody();
    open_fails();
}

static void a_user_without_permission_is_told_so(void **state)
{
    (void)state;
    if (!is_root()) skip();
    write_file(template_bytes, template_length);
    assert_int_equal(chmod(folder, 0755), 0);
    expected = PSYNC_ERROR_PERMISSION;
    expected_words = "permission";
    in_child(open_fails_as_nobody);
    unlink(file_path);
    in_child(open_fails_as_nobody); /* nor may it be made */
    assert_int_equal(access(file_path, F_OK), -1);
    assert_int_equal(chmod(folder, 0700), 0);
}

static char other_dsn[300];

static void other_dsn_fails(void)
{
    psync_space *space = NULL;
    psync_result result = psync_space_open(other_dsn, NULL, &space, &error);
    if (result != expected) fprintf(stderr, "%s: %d, %s\n", other_dsn, result, error.message);
    NEED(result == expected && !space && one_line());
    if (!strstr(error.message, expected_words))
        fprintf(stderr, "%s: no '%s' in: %s\n", other_dsn, expected_words, error.message);
    NEED(strstr(error.message, expected_words));
}

static void a_file_of_another_group_is_refused(void **state)
{
    (void)state;
    if (!is_root()) skip();
    write_file(template_bytes, template_length);
    assert_int_equal(chown(file_path, 0, 54321), 0);
    snprintf(other_dsn, sizeof other_dsn, "%s&group=0", dsn);
    expected = PSYNC_ERROR_PERMISSION;
    expected_words = "54321";
    in_child(other_dsn_fails);
    unlink(file_path);
}

static void wrong_options_are_refused_with_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"shm://", "1 to 64"},
        {"shm://a/b", "shm://NAME"},
        {"shm://a%2fb", "a%2fb"},
        {"shm://..%2f", "A-Z"},
        {"shm://a b", "A-Z"},
        {"shm://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "64"},
        {"shm://a?mode=", "octal"},
        {"shm://a?mode=9", "\"9\""},
        {"shm://a?mode=0400", "0400"},
        {"shm://a?mode=0666", "0666"},
        {"shm://a?mode=07777", "07777"},
        {"shm://a?mode=-0600", "-0600"},
        {"shm://a?size=", "128K"},
        {"shm://a?size=1", "128K"},
        {"shm://a?size=-1", "-1"},
        {"shm://a?size=65G", "64G"},
        {"shm://a?size=1T", "1T"},
        {"shm://a?size=1KK", "1KK"},
        {"shm://a?size=99999999999999999999", "64G"},
        {"shm://a?size=18446744073709551615G", "64G"},
        {"shm://a?group=no-such-group-here", "no-such-group-here"},
        {"shm://a?user=no-such-user-here", "no-such-user-here"},
        {"shm://a?path=relative", "relative"},
        {"shm://a?path=", "absolute"},
        {"shm://a?pfad=/tmp", "pfad"},
        {"shm://a?user=0&group=0", "group"},
        {"shm://a?user=0&path=/tmp", "path"},
        {"shm://joe@a", "user"},
    };
    expected = PSYNC_ERROR_ARGUMENT;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(other_dsn, sizeof other_dsn, "%s", wrong[i].text);
        expected_words = wrong[i].says;
        in_child_named(other_dsn_fails, wrong[i].text, 0);
    }
    expected = PSYNC_ERROR_UNAVAILABLE;
    expected_words = "folder";
    snprintf(other_dsn, sizeof other_dsn, "shm://a?path=%s/missing", folder);
    in_child(other_dsn_fails);
    expected_words = "has no space";
    snprintf(other_dsn, sizeof other_dsn, "shm://no-such-space-here?user=65533");
    in_child(other_dsn_fails);
}

/* ---- removed while in use ----------------------------------------------------------------- */

static void use_after_removal(void)
{
    psync_space *space = opened();
    psync_lock *lock = lock_of(space, "l");
    psync_integer *integer = integer_of(space, "i");
    NEED(psync_lock_acquire(lock, NULL, NULL, &error) == PSYNC_OK);
    NEED(unlink(file_path) == 0);
    NEED(psync_lock_wait(lock, &(psync_wait){.timeout = 5}, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(strstr(error.message, file_path) && one_line());
    NEED(psync_lock_acquire(lock, &(psync_wait){.timeout = 5}, NULL, &error) == PSYNC_ERROR_UNAVAILABLE);
    NEED(psync_integer_await_at_least(integer, 1, &(psync_wait){.timeout = 5}, &error) == PSYNC_ERROR_UNAVAILABLE);
    psync_space *again = opened(); /* a new one, apart from the old */
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
    NEED(mount("tmpfs", folder, "tmpfs", 0, "size=1M") == 0);
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
    NEED(mount("tmpfs", folder, "tmpfs", 0, "size=16k") == 0);
    psync_space *space = NULL;
    NEED(psync_space_open(dsn, NULL, &space, &error) == PSYNC_ERROR_FULL);
    NEED(!space && one_line());
    DIR *listing = opendir(folder);
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
    snprintf(small_dsn, sizeof small_dsn, "shm://small?path=%s&size=1M", folder);
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
    psync_space *space = opened();
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
        cmocka_unit_test(the_template_is_whole),
        cmocka_unit_test(a_file_that_begins_otherwise_is_refused),
        cmocka_unit_test(a_file_of_another_version_is_refused),
        cmocka_unit_test(a_file_that_is_too_short_is_refused),
        cmocka_unit_test(every_number_of_the_header_may_be_wrong),
        cmocka_unit_test(any_bytes_give_errors_or_results_but_no_crash),
        cmocka_unit_test(a_symbolic_link_is_not_followed),
        cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
        cmocka_unit_test(a_file_of_another_user_in_an_open_folder_is_refused),
        cmocka_unit_test(a_file_that_everybody_may_write_is_refused),
        cmocka_unit_test(a_user_without_permission_is_told_so),
        cmocka_unit_test(a_file_of_another_group_is_refused),
        cmocka_unit_test(wrong_options_are_refused_with_what_is_allowed),
        cmocka_unit_test(a_file_removed_while_in_use_is_noticed),
        cmocka_unit_test(a_space_at_its_limit_says_so_and_loses_nothing),
        cmocka_unit_test(a_full_file_system_is_an_error_and_loses_nothing),
        cmocka_unit_test(a_space_that_does_not_fit_is_not_made),
        cmocka_unit_test(the_process_s_file_size_limit_is_an_error_and_no_signal),
        cmocka_unit_test(a_process_short_of_address_space_is_told_what_helps),
        cmocka_unit_test(a_process_without_descriptors_gets_errors_and_recovers),
    };
    return cmocka_run_group_tests_name("shm, hostile", tests, make_template, remove_folder);
}
