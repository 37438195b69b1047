/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_doctor.c - phpsync doctor: is the space well, and what to do if not.
 *
 * It opens the space itself: that a space is too damaged to be opened is a
 * finding too.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct diagnosis {
    json_t *findings;
    int wrong;
} diagnosis;

static const char *const names[] = {[PSYNC_NOTE] = "note", [PSYNC_MENDED] = "mended", [PSYNC_WRONG] = "wrong"};

static int keep_finding(void *argument, const psync_finding *finding)
{
    diagnosis *all = argument;
    json_t *one = json_object();
    if (one == NULL) out_of_memory();
    json_object_set_new(one, "severity", json_text(names[finding->severity]));
    json_object_set_new(one, "what", json_text(finding->what));
    if (*finding->advice) json_object_set_new(one, "advice", json_text(finding->advice));
    json_array_append_new(all->findings, one);
    if (finding->severity == PSYNC_WRONG) all->wrong++;
    return 0;
}

/* Text of a finding's member, safe on a terminal; "" if there is none. The caller frees it. */
static char *shown(json_t *finding, const char *member)
{
    json_t *value = json_object_get(finding, member);
    return value == NULL ? must_strdup("") : escaped(json_string_value(value), json_string_length(value));
}

static void print_findings(const diagnosis *all, const char *dsn)
{
    size_t i;
    json_t *finding;
    json_array_foreach(all->findings, i, finding)
    {
        char *severity = shown(finding, "severity");
        char *what = shown(finding, "what");
        char *advice = shown(finding, "advice");
        printf("%-6s  %s%s%s\n", severity, what, *advice ? ": " : "", advice);
        free(severity);
        free(what);
        free(advice);
    }
    char *shown_dsn = escaped(dsn, strlen(dsn));
    if (all->wrong == 0) {
        printf("%s is well\n", shown_dsn);
    } else {
        printf("%s is not well: %d %s\n", shown_dsn, all->wrong,
               all->wrong == 1 ? "thing is wrong" : "things are wrong");
    }
    free(shown_dsn);
}

static int print_diagnosis(const invocation *call, diagnosis *all, const char *dsn)
{
    if (call->options.given & OPT_JSON) {
        json_t *answer = json_object();
        if (answer == NULL) out_of_memory();
        json_object_set_new(answer, "dsn", json_text(dsn));
        json_object_set_new(answer, "well", json_boolean(all->wrong == 0));
        json_object_set(answer, "findings", all->findings);
        json_print(answer);
    } else {
        print_findings(all, dsn);
    }
    return all->wrong == 0 ? EXIT_DONE : EXIT_NO;
}

static int examine(invocation *call, diagnosis *all)
{
    psync_error error;
    psync_result result = psync_space_open(call->options.space, NULL, &call->space, &error);
    if (result == PSYNC_ERROR_DAMAGED) {
        /* The message names the space, and what to do. */
        keep_finding(all, &(psync_finding){.severity = PSYNC_WRONG, .what = error.message, .advice = ""});
        return print_diagnosis(call, all, "the space");
    }
    if (result < 0) return fail(&error);
    bool repair = (call->options.given & OPT_REPAIR) != 0;
    result = psync_space_check(call->space, repair, keep_finding, all, &error);
    int code = result < 0 ? fail(&error) : print_diagnosis(call, all, psync_space_dsn(call->space));
    psync_space_close(call->space);
    return code;
}

/* Nothing is asked of the engine: who may not use the space may well print it. */
static int print_setup(invocation *call)
{
    psync_error error;
    if (psync_space_open(call->options.space, NULL, &call->space, &error) < 0) return fail(&error);
    const char *setup = psync_space_setup(call->space);
    if (setup != NULL) {
        fputs(setup, stdout);
    } else {
        fprintf(stderr, "phpsync: a space of %s:// needs nothing that its users may not make themselves\n",
                psync_space_driver(call->space));
    }
    psync_space_close(call->space);
    return EXIT_DONE;
}

static int doctor(invocation *call)
{
    if (call->options.given & OPT_CREATE) return print_setup(call);
    diagnosis all = {.findings = json_array()};
    if (all.findings == NULL) out_of_memory();
    int code = examine(call, &all);
    json_decref(all.findings);
    return code;
}

const command cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "examine the space and say what is wrong with it",
    .details = "It may be in use meanwhile. One line for each thing found: wrong, mended, or a note\n"
               "on what is worth knowing; and what to do. With --create nothing is examined: it prints\n"
               "what an administrator may run in the engine if the space's users may not.\n"
               "Exit codes: 0 nothing is wrong (any more), 1 something is.\n",
    .options = OPT_JSON | OPT_REPAIR | OPT_CREATE,
    .opens_space = true,
    .run = doctor,
};
