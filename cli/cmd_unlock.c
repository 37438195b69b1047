/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_unlock.c - phpsync unlock: frees a Lock, whoever took it.
 */
#include "cli.h"

static psync_result release(const invocation *call, psync_lock *lock, psync_error *error)
{
    if (call->options.given & OPT_IF_GHOST) return psync_lock_release_ghost(lock, error);
    if (call->options.given & OPT_IF_FENCE) return psync_lock_release_if(lock, call->options.if_fence, error);
    return psync_lock_release(lock, error);
}

static int unlock_key(invocation *call)
{
    psync_error error;
    psync_lock *lock;
    int code = open_lock(call, &lock);
    if (code != 0) return code;

    psync_result result = release(call, lock, &error);
    code = exit_code_of(call, result, &error);
    if (result >= 0) answer_bool(call, "unlocked", result == PSYNC_OK);
    psync_lock_close(lock);
    return code;
}

const command cmd_unlock = {
    .name = "unlock",
    .operands = "KEY",
    .summary = "free a Lock, whoever took it",
    .details = "Everyone who waits for the Lock goes on.\n"
               "Exit codes: 0 freed, 1 it was not locked or not what --if-ghost or --if-fence ask.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPT_IF_GHOST | OPT_IF_FENCE | OPT_KEY_BASE64 | OPT_JSON,
    .at_most_one = OPT_IF_GHOST | OPT_IF_FENCE,
    .run = unlock_key,
};
