/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_wait.c - phpsync wait: waits for a Lock to be freed, and takes nothing.
 */
#include "cli.h"

static int wait_for_key(invocation *call)
{
    psync_error error;
    psync_lock *lock;
    int code = open_lock(call, &lock);
    if (code != 0) return code;

    psync_wait wait = wait_for(call);
    psync_result result = psync_lock_wait(lock, &wait, &error);
    code = exit_code_of(call, result, &error);
    if (result >= 0) answer_bool(call, "free", result == PSYNC_OK);
    psync_lock_close(lock);
    return code;
}

const command cmd_wait = {
    .name = "wait",
    .operands = "KEY",
    .summary = "wait until a Lock is free, without taking it",
    .details = "Ends at once if the Lock does not exist, and when the acquisition that existed\n"
               "has ended, even if another began in the same moment.\n"
               "Exit codes: 0 free, 1 (or CODE) still locked with -n or after the time of -w.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPTS_WAITING | OPT_KEY_BASE64 | OPT_JSON,
    .run = wait_for_key,
};
