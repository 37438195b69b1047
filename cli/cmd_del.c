/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_del.c - phpsync del: removes an Integer.
 */
#include "cli.h"

static int delete_key(invocation *call)
{
    psync_error error;
    psync_integer *integer;
    int code = open_integer(call, &integer);
    if (code != 0) return code;

    psync_result result = psync_integer_remove(integer, &error);
    code = exit_code_of(call, result, &error);
    if (result >= 0) answer_bool(call, "deleted", result == PSYNC_OK);
    psync_integer_close(integer);
    return code;
}

const command cmd_del = {
    .name = "del",
    .operands = "KEY",
    .summary = "remove an Integer",
    .details = "Exit codes: 0 removed, 1 there was none (which is no error).\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPT_KEY_BASE64 | OPT_JSON,
    .run = delete_key,
};
