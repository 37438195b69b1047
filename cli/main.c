/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c - phpsync, the command line tool: the table of commands, and the way
 * of one call from its arguments to its exit code.
 *
 * Everything that can be wrong about the arguments is found before the space
 * is opened. A command returns an exit code; EXIT_BY_SIGNAL makes the tool,
 * once everything is closed, die by the signal that had ended the wait.
 */
#include "cli.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

/* The one table of commands, in the order of the help. */
static const command *const commands[] = {
    &cmd_lock, &cmd_unlock, &cmd_wait,  &cmd_exists,   &cmd_run, &cmd_get,  &cmd_set,    &cmd_incr,
    &cmd_decr, &cmd_del,    &cmd_await, &cmd_progress, &cmd_ls,  &cmd_info, &cmd_doctor, NULL,
};

/*
 * A standard stream that was closed would give its number to the next file
 * that is opened, and output would land in it. An end of /dev/null that cannot be
 * written to makes writing fail instead, which is then reported.
 */
static void occupy_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            _exit(EX_SOFTWARE);
        }
    }
}

static int run_in_space(invocation *call)
{
    if (call->command->opens_space) return call->command->run(call);
    psync_error error;
    psync_result result = psync_space_open(call->options.space, NULL, &call->space, &error);
    if (result != PSYNC_OK) return fail(&error);
    int code = call->command->run(call);
    psync_space_close(call->space);
    return code;
}

static int answer(invocation *call)
{
    if (call->options.given & OPT_HELP) {
        if (call->command == NULL) {
            help_print_all(commands);
        } else {
            help_print_command(call->command);
        }
        return EXIT_DONE;
    }
    if (call->options.given & OPT_VERSION) {
        printf("phpsync %s (libphpsync %s)\n", PSYNC_VERSION, psync_version());
        return EXIT_DONE;
    }
    return run_in_space(call);
}

int main(int argc, char **argv)
{
    occupy_standard_streams();
    signals_ignore_pipe();
    setlocale(LC_CTYPE, "");

    invocation call = {0};
    int code = options_parse(argc, argv, commands, &call);
    if (code == 0) code = answer(&call);
    free(call.operands);

    int flushed = output_flush();
    if (code == EXIT_BY_SIGNAL) signals_die();
    return flushed == 0 ? code : flushed;
}
