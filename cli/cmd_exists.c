/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_exists.c - phpsync exists: whether a Lock exists; with --json, whose it is.
 */
#include "cli.h"

static int tell_owner(const invocation *call, psync_lock *lock)
{
    psync_error error;
    psync_owner owner;
    psync_result result = psync_lock_inspect(lock, &owner, &error);
    if (result < 0) return fail(&error);

    json_t *object = json_answer(call);
    json_object_set_new(object, "exists", json_boolean(result == PSYNC_OK));
    if (result == PSYNC_OK) json_add_owner(object, &owner);
    json_print(object);
    return result == PSYNC_OK ? EXIT_DONE : EXIT_NO;
}

static int look_at_key(invocation *call)
{
    psync_error error;
    psync_lock *lock;
    int code = open_lock(call, &lock);
    if (code != 0) return code;
    if (call->options.given & OPT_JSON) {
        code = tell_owner(call, lock);
    } else {
        psync_result result = psync_lock_exists(lock, &error);
        code = exit_code_of(call, result, &error);
    }
    psync_lock_close(lock);
    return code;
}

const command cmd_exists = {
    .name = "exists",
    .operands = "KEY",
    .summary = "tell whether a Lock exists",
    .details = "Prints nothing; --json also tells who took the Lock.\n"
               "Exit codes: 0 it exists, also if its owner has ended; 1 it does not.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPT_KEY_BASE64 | OPT_JSON,
    .run = look_at_key,
};
