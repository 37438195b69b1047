/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_decr.c - phpsync decr: subtracts from an Integer and prints what it became.
 */
#include "cli.h"

static int decrement_key(invocation *call)
{
    return change_integer(call, psync_integer_subtract);
}

const command cmd_decr = {
    .name = "decr",
    .operands = "KEY [BY]",
    .summary = "subtract 1, or BY, from an Integer and print its new value",
    .details = "A missing Integer counts as 0 and is created. BY is a signed 64-bit number.\n"
               "Exit codes: 0 done, 70 the result would leave 64 bits (nothing was changed).\n",
    .operands_min = 1,
    .operands_max = 2,
    .has_key = true,
    .number = "BY",
    .number_min = INT64_MIN,
    .options = OPT_KEY_BASE64 | OPT_JSON,
    .run = decrement_key,
};
