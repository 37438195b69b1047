/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_lock.c - phpsync lock: takes a Lock that outlives this process.
 *
 * A call that does not end with exit code 0 leaves nothing locked: what was
 * taken when a signal came, or when the fence could not be printed, is freed.
 */
#include "cli.h"

#include <inttypes.h>

/* Prints the fence where it was asked for. */
static int tell(const invocation *call, bool locked, uint64_t fence)
{
    if (call->options.given & OPT_JSON) {
        json_t *object = json_answer(call);
        json_object_set_new(object, "locked", json_boolean(locked));
        json_object_set_new(object, "fence", locked ? json_unsigned(fence) : json_null());
        json_print(object);
    } else if (locked && (call->options.given & OPT_VERBOSE)) {
        printf("%" PRIu64 "\n", fence);
    }
    return output_flush();
}

static int lock_key(invocation *call)
{
    psync_error error;
    psync_lock *lock;
    uint64_t fence = 0;
    int code = open_lock(call, &lock);
    if (code != 0) return code;

    psync_wait wait = wait_for(call);
    psync_result result = psync_lock_acquire(lock, &wait, &fence, &error);
    code = exit_code_of(call, result, &error);
    if (result == PSYNC_OK && signals_caught() != 0) code = EXIT_BY_SIGNAL;
    if (code >= 0 && result >= 0 && tell(call, result == PSYNC_OK, fence) != 0) code = EX_SOFTWARE;
    if (result == PSYNC_OK && code != EXIT_DONE && psync_lock_release_if(lock, fence, &error) < 0) fail(&error);
    psync_lock_close(lock);
    return code;
}

const command cmd_lock = {
    .name = "lock",
    .operands = "KEY",
    .summary = "take a Lock, waiting while it exists",
    .details = "The Lock stays until somebody unlocks it, also after this command and whoever\n"
               "called it have ended. -v prints the acquisition's fence.\n"
               "Exit codes: 0 taken, 1 (or CODE) not taken with -n or in the time of -w.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPTS_WAITING | OPT_VERBOSE | OPT_KEY_BASE64 | OPT_JSON,
    .run = lock_key,
};
