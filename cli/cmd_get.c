/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_get.c - phpsync get: prints an Integer's value.
 */
#include "cli.h"

#include <stdlib.h>

static void tell_missing(const invocation *call)
{
    if (call->options.given & OPT_JSON) {
        json_t *object = json_answer(call);
        json_object_set_new(object, "value", json_null());
        json_print(object);
    }
    if (call->options.given & OPT_QUIET) return;
    char *key = escaped(call->key, call->key_length);
    say("there is no Integer \"%s\" in %s", key, psync_space_dsn(call->space));
    free(key);
}

static int get_key(invocation *call)
{
    psync_error error;
    psync_integer *integer;
    int64_t value = 0;
    int code = open_integer(call, &integer);
    if (code != 0) return code;

    psync_result result = psync_integer_get(integer, &value, &error);
    if (result == PSYNC_OK) answer_value(call, value);
    if (result == PSYNC_NO) tell_missing(call);
    code = exit_code_of(call, result, &error);
    psync_integer_close(integer);
    return code;
}

const command cmd_get = {
    .name = "get",
    .operands = "KEY",
    .summary = "print an Integer's value",
    .details = "Exit codes: 0 printed, 1 there is no such Integer.\n",
    .operands_min = 1,
    .operands_max = 1,
    .has_key = true,
    .options = OPT_QUIET | OPT_KEY_BASE64 | OPT_JSON,
    .run = get_key,
};
