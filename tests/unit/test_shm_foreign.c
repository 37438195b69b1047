/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_shm_foreign.c - a space's place that something else lies in, or somebody
 * else's file, or none that a DSN may name: it is refused, in one line that
 * says what to do, and nothing is made or followed.
 */
#include "fake.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "child.h"
#include "drivers/shm/layout.h"
#include "template.h"

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

/* ---- not a file, not ours -------------------------------------------------------------- */

static void a_symbolic_link_is_not_followed(void **state)
{
    (void)state;
    char target[250];
    snprintf(target, sizeof target, "%s/target", template_folder);
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
    assert_int_equal(chmod(template_folder, 01777), 0);
    expect_refused(PSYNC_ERROR_PERMISSION, "12345");
    assert_int_equal(chmod(template_folder, 0700), 0);
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
    assert_int_equal(chmod(template_folder, 0755), 0);
    expected = PSYNC_ERROR_PERMISSION;
    expected_words = "permission";
    in_child(open_fails_as_nobody);
    unlink(file_path);
    in_child(open_fails_as_nobody); /* nor may it be made */
    assert_int_equal(access(file_path, F_OK), -1);
    assert_int_equal(chmod(template_folder, 0700), 0);
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
    snprintf(other_dsn, sizeof other_dsn, "shm://a?path=%s/missing", template_folder);
    in_child(other_dsn_fails);
    expected_words = "has no space";
    snprintf(other_dsn, sizeof other_dsn, "shm://no-such-space-here?user=65533");
    in_child(other_dsn_fails);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_begins_otherwise_is_refused),
        cmocka_unit_test(a_file_of_another_version_is_refused),
        cmocka_unit_test(a_file_that_is_too_short_is_refused),
        cmocka_unit_test(a_symbolic_link_is_not_followed),
        cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
        cmocka_unit_test(a_file_of_another_user_in_an_open_folder_is_refused),
        cmocka_unit_test(a_file_that_everybody_may_write_is_refused),
        cmocka_unit_test(a_user_without_permission_is_told_so),
        cmocka_unit_test(a_file_of_another_group_is_refused),
        cmocka_unit_test(wrong_options_are_refused_with_what_is_allowed),
    };
    return cmocka_run_group_tests_name("shm, foreign files", tests, make_template, remove_template);
}
