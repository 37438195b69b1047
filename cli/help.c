/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * help.c - the help texts, made from the tables of commands and options.
 */
#include "cli.h"

void help_print_all(const command *const *commands)
{
    printf("Usage: phpsync [--space DSN] COMMAND [OPTION]... [ARGUMENT]...\n"
           "Named Locks and atomic Integers that processes share.\n\nCommands:\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", commands[i]->name, commands[i]->operands);
        printf("  %-26s  %s\n", left, commands[i]->summary);
    }
    printf("\nOptions of every command:\n");
    options_print(stdout, OPTS_GLOBAL);
    printf("\nphpsync COMMAND --help tells the rest. Options may stand anywhere; -- ends them.\n"
           "Exit codes: 0 done, 1 no (not locked, timed out, conflict), 64 wrong usage,\n"
           "69 engine unavailable, 77 no permission, 70 anything else.\n");
}

void help_print_command(const command *which)
{
    printf("Usage: phpsync %s [OPTION]...%s%s\n%s.\n\nOptions:\n", which->name, *which->operands ? " " : "",
           which->operands, which->summary);
    options_print(stdout, which->options | OPTS_GLOBAL);
    printf("\n%s", which->details);
}
