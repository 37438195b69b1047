/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_await.c - phpsync await: waits for an Integer's value, woken by the engine.
 */
#include "cli.h"

static psync_result await_value(const invocation *call, psync_integer *integer, psync_error *error)
{
    const uint32_t given = call->options.given;
    psync_wait wait = wait_for(call);
    if (given & OPT_AT_LEAST) return psync_integer_await_at_least(integer, call->options.limit, &wait, error);
    if (given & OPT_AT_MOST) return psync_integer_await_at_most(integer, call->options.limit, &wait, error);

    /* A fresh handle has seen no Integer: what is there now is what must change. */
    psync_result result = psync_integer_get(integer, NULL, error);
    return result < 0 ? result : psync_integer_await_change(integer, &wait, error);
}

/* The value now: a number, or null where there is no Integer. */
static int tell(const invocation *call, psync_integer *integer, bool reached)
{
    psync_error error;
    int64_t value = 0;
    if (!(call->options.given & (OPT_JSON | OPT_VERBOSE))) return 0;
    psync_result result = psync_integer_get(integer, &value, &error);
    if (result < 0) return fail(&error);

    if (call->options.given & OPT_JSON) {
        json_t *object = json_answer(call);
        json_object_set_new(object, "reached", json_boolean(reached));
        json_object_set_new(object, "value", result == PSYNC_OK ? json_integer(value) : json_null());
        json_print(object);
    } else if (result == PSYNC_OK) {
        answer_value(call, value);
    }
    return 0;
}

static int await_key(invocation *call)
{
    psync_error error;
    psync_integer *integer;
    int code = open_integer(call, &integer);
    if (code != 0) return code;

    psync_result result = await_value(call, integer, &error);
    code = exit_code_of(call, result, &error);
    if (result >= 0) {
        int told = tell(call, integer, result == PSYNC_OK);
        if (told != 0) code = told;
    }
    psync_integer_close(integer);
    return code;
}

const command cmd_await = {
    .name = "await",
    .operands = "KEY",
    .summary = "wait until an Integer reaches a value or changes",
    .details = "One of --at-least, --at-most and --change must be there. A missing Integer has\n"
               "not reached any value; that it is created or removed is a change. -v and --json\n"
               "print the value as it is afterwards.\n"
               "Exit codes: 0 reached, 1 (or CODE) not reached with -n or in the time of -w.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPTS_WAITING | OPT_AT_LEAST | OPT_AT_MOST | OPT_CHANGE | OPT_VERBOSE | OPT_KEY_BASE64 | OPT_JSON,
    .exactly_one = OPT_AT_LEAST | OPT_AT_MOST | OPT_CHANGE,
    .run = await_key,
};
