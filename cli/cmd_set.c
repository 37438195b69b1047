/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_set.c - phpsync set: gives an Integer a value.
 */
#include "cli.h"

static int set_key(invocation *call)
{
    psync_error error;
    psync_integer *integer;
    int code = open_integer(call, &integer);
    if (code != 0) return code;

    psync_result result = psync_integer_set(integer, call->number, &error);
    code = exit_code_of(call, result, &error);
    if (result == PSYNC_OK && (call->options.given & OPT_JSON)) answer_value(call, call->number);
    psync_integer_close(integer);
    return code;
}

const command cmd_set = {
    .name = "set",
    .operands = "KEY VALUE",
    .summary = "give an Integer a value, creating it if it is missing",
    .details = "VALUE is a signed 64-bit number in decimal digits.\n"
               "Exit codes: 0 done.\n",
    .operands_min = 2,
    .operands_max = 2,
    .has_key = true,
    .number = "VALUE",
    .number_min = INT64_MIN,
    .options = OPT_KEY_BASE64 | OPT_JSON,
    .run = set_key,
};
