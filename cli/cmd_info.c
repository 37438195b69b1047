/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_info.c - phpsync info: facts about the space and its engine.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* One line for each member of the object. */
static void print_facts(json_t *facts)
{
    const char *name;
    json_t *value;
    json_object_foreach(facts, name, value)
    {
        char *shown_name = escaped(name, strlen(name));
        char *shown_value = escaped(json_string_value(value), json_string_length(value));
        printf("%-16s  %s\n", shown_name, shown_value);
        free(shown_name);
        free(shown_value);
    }
}

static int keep_fact(void *argument, const char *name, const char *value)
{
    json_object_set_new(argument, name, json_text(value));
    return 0;
}

static int tell_info(invocation *call)
{
    psync_error error;
    json_t *facts = json_object();
    if (facts == NULL) out_of_memory();
    psync_result result = psync_space_info(call->space, keep_fact, facts, &error);
    if (result < 0) {
        json_decref(facts);
        return fail(&error);
    }

    json_t *all = json_object();
    if (all == NULL) out_of_memory();
    json_object_set_new(all, "dsn", json_text(psync_space_dsn(call->space)));
    json_object_set_new(all, "driver", json_text(psync_space_driver(call->space)));
    json_object_set_new(all, "version", json_text(psync_version()));
    if (call->options.given & OPT_JSON) {
        json_object_set_new(all, "facts", facts);
        json_print(all);
        return EXIT_DONE;
    }
    print_facts(all);
    print_facts(facts);
    json_decref(all);
    json_decref(facts);
    return EXIT_DONE;
}

const command cmd_info = {
    .name = "info",
    .operands = "",
    .summary = "print facts about the space and its engine",
    .details = "Which facts there are depends on the driver.\n"
               "Exit codes: 0 printed.\n",
    .options = OPT_JSON,
    .run = tell_info,
};
