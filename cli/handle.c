/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.c - the library's handles for the call's key, and what incr and decr share.
 */
#include "cli.h"

int open_lock(const invocation *call, psync_lock **lock)
{
    psync_error error;
    psync_result result = psync_lock_open(call->space, call->key, call->key_length, lock, &error);
    return result == PSYNC_OK ? 0 : fail(&error);
}

int open_integer(const invocation *call, psync_integer **integer)
{
    psync_error error;
    psync_result result = psync_integer_open(call->space, call->key, call->key_length, integer, &error);
    return result == PSYNC_OK ? 0 : fail(&error);
}

int change_integer(const invocation *call, integer_change change)
{
    psync_error error;
    psync_integer *integer;
    int64_t value = 0;
    int code = open_integer(call, &integer);
    if (code != 0) return code;

    psync_result result = change(integer, call->number, &value, &error);
    code = exit_code_of(call, result, &error);
    if (result == PSYNC_OK) answer_value(call, value);
    psync_integer_close(integer);
    return code;
}
