/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_cli.c - any arguments for the command line tool: its main, with what NULs separate.
 *
 * The space, unless the arguments name one, has Locks and Integers with all
 * kinds of keys. No file outside the scratch folder is opened, no command is
 * run (guard_start), and a wait ends after a few looks as if a signal had come:
 * the linker puts what is below in those functions' places.
 *
 * Besides: the exit code is one of the manual's, and what is printed has no
 * control character, whatever the keys hold.
 */
#include "cli.h"
#include "fuzz.h"

#include <phpsync/driver.h>

#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drivers/shm/process.h"
#include "drivers/shm/state.h"
#include "guard.h"
#include "space.h"

int phpsync_main(int argc, char **argv);

enum { ARGUMENTS_MAX = 32, LOOKS_MAX = 4 };

static char dsn[300], path[300];
static char *image; /* the space's file, as each input finds it */
static size_t image_size;
static int looks;
static sigjmp_buf death;

/* ---- in the place of what reaches outside --------------------------------------------- */

static int allow_scratch(const char *file, void *argument)
{
    (void)argument;
    size_t length = strlen(scratch());
    return strncmp(file, scratch(), length) != 0 || file[length] != '/' || strstr(file, "..");
}

psync_result __real_psync_space_open(const char *text, const psync_options *options, psync_space **space,
                                     psync_error *error);
psync_result __wrap_psync_space_open(const char *text, const psync_options *options, psync_space **space,
                                     psync_error *error);
psync_result __wrap_psync_space_open(const char *text, const psync_options *options, psync_space **space,
                                     psync_error *error)
{
    if (text && fuzz_is_remote(text)) {
        return psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0, "there is no network here");
    }
    const psync_options guarded = {.label = options ? options->label : "/usr/bin/phpsync",
                                   .path_check = allow_scratch};
    return __real_psync_space_open(text ? text : dsn, &guarded, space, error);
}

void __real_psync_space_close(psync_space *space);
void __wrap_psync_space_close(psync_space *space);
void __wrap_psync_space_close(psync_space *space)
{
    if (space && strcmp(psync_space_driver(space), "shm") == 0) {
        struct shm_state *state = space->state;
        shm_files_lock();
        shm_process_forget(state->file); /* as if the process ended: else each input's file would stay mapped */
        shm_files_unlock();
    }
    __real_psync_space_close(space);
}

bool __wrap_guard_start(guard *started, char **program, const sigset_t *mask);
bool __wrap_guard_start(guard *started, char **program, const sigset_t *mask)
{
    (void)started;
    (void)mask;
    NEED(program[0]);
    errno = EPERM;
    return false;
}

int __wrap_signals_caught(void);
int __wrap_signals_caught(void)
{
    return looks >= LOOKS_MAX ? SIGTERM : 0;
}

static int look(void *argument)
{
    (void)argument;
    looks++;
    return __wrap_signals_caught();
}

psync_wait __wrap_wait_for(const invocation *call);
psync_wait __wrap_wait_for(const invocation *call)
{
    looks++;
    return (psync_wait){.timeout = call->options.wait, .interrupt = look};
}

_Noreturn void __wrap_signals_die(void);
_Noreturn void __wrap_signals_die(void)
{
    siglongjmp(death, 1);
}

/* ---- one call ------------------------------------------------------------------------ */

static void prepare(void)
{
    const struct rlimit limit = {8 << 20, 8 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    setenv("TZ", "UTC", 1);
    snprintf(dsn, sizeof dsn, "shm://n?path=%s&size=2M", scratch());
    snprintf(path, sizeof path, "%s/" SHM_FILE_PREFIX "n", scratch());
    same_begin();
    fuzz_fill(dsn, 1);
    FILE *file = fopen(path, "r");
    NEED(file);
    image = malloc(1 << 20);
    image_size = fread(image, 1, 1 << 20, file);
    NEED(image_size > 0 && fclose(file) == 0 && unlink(path) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    prepare();
    return 0;
}

/* The command's own code for "no" is any that the arguments ask for. */
static void check_code(int code)
{
    NEED(code >= 0 && code <= 255);
}

static void check_printed(const char *text, size_t size, bool is_error)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        NEED(c >= ' ' || c == '\n' || c == '\r');
        NEED(c != 0x7f);
    }
    NEED(!size || text[size - 1] == '\n');
    if (is_error && size) NEED(strncmp(text, "phpsync: ", 9) == 0);
}

/* Runs main with these arguments, its output caught. */
static void call_main(int argc, char **argv)
{
    char *printed = NULL, *said = NULL;
    size_t printed_size = 0, said_size = 0;
    FILE *const out = stdout, *const err = stderr;
    stdout = open_memstream(&printed, &printed_size);
    stderr = open_memstream(&said, &said_size);
    volatile int code = 0;
    looks = 0;
    if (sigsetjmp(death, 0) == 0) code = phpsync_main(argc, argv);
    fclose(stdout);
    fclose(stderr);
    stdout = out;
    stderr = err;
    check_code(code);
    check_printed(printed, printed_size, false);
    check_printed(said, said_size, true);
    free(printed);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGUMENTS_MAX + 1] = {strdup("phpsync")};
    int argc = 1;
    for (size_t at = 0; at < size && argc < ARGUMENTS_MAX;) {
        const char *argument = (const char *)data + at;
        size_t length = strnlen(argument, size - at);
        argv[argc++] = strndup(argument, length); /* each in a piece of memory of its own */
        at += length + 1;
    }
    FILE *file = fopen(path, "w");
    NEED(file && fwrite(image, 1, image_size, file) == image_size && fclose(file) == 0);
    same_begin();
    call_main(argc, argv);
    unlink(path);
    for (int i = 0; i < argc; i++) free(argv[i]);
    return 0;
}
