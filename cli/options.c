/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - the one table of options, and the reading of arguments.
 *
 * Options may stand anywhere, before the command's name too; an option means
 * the same to every command that accepts it, so the arguments can be read
 * before the command is known. "--" ends the options. An argument like -5 is a
 * number, not an option.
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct option_row {
    uint32_t bit;
    char letter; /* '\0': a long name alone */
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
} option_row;

static const option_row table[] = {
    {OPT_NONBLOCK, 'n', "nonblock", NULL, "do not wait: end at once with \"no\""},
    {OPT_WAIT, 'w', "wait", "SECONDS", "wait at most so long; fractions are fine"},
    {OPT_CONFLICT, 'E', "conflict-exit-code", "CODE", "the exit code for \"no\" with -n and -w, 0 to 255 (1)"},
    {OPT_IF_GHOST, '\0', "if-ghost", NULL, "only if the owner is known to have ended"},
    {OPT_IF_FENCE, '\0', "if-fence", "N", "only the acquisition with this fence"},
    {OPT_LEASE, '\0', "lease", "SECONDS", "a lease for the Hold, renewed each third of it"},
    {OPT_AT_LEAST, '\0', "at-least", "N", "until the value is N or more"},
    {OPT_AT_MOST, '\0', "at-most", "N", "until the value is N or less"},
    {OPT_CHANGE, '\0', "change", NULL, "until value or existence differ from now"},
    {OPT_LEFT, '\0', "left", NULL, "the Integer counts what is left, from TOTAL down to 0"},
    {OPT_LOCKS, '\0', "locks", NULL, "the Locks only"},
    {OPT_INTEGERS, '\0', "integers", NULL, "the Integers only"},
    {OPT_CREATE, '\0', "create", NULL, "print what an administrator may run to make what the space needs"},
    {OPT_REPAIR, '\0', "repair", NULL, "mend what can be mended without losing anything"},
    {OPT_QUIET, 'q', "quiet", NULL, "no message if there is no such Integer"},
    {OPT_VERBOSE, 'v', "verbose", NULL, "print what came of it"},
    {OPT_KEY_BASE64, '\0', "key-base64", NULL, "KEY is written in base64: any bytes, NUL too"},
    {OPT_JSON, '\0', "json", NULL, "print JSON"},
    {OPT_SPACE, '\0', "space", "DSN", "the space; else $PHPSYNC_DSN, else shm://default"},
    {OPT_HELP, 'h', "help", NULL, "print this help"},
    {OPT_VERSION, 'V', "version", NULL, "print the version"},
};
enum { table_size = sizeof table / sizeof *table };

/* ------------------------------------------------------------------------ */
/* Numbers                                                                  */

/* Nothing but digits, after a sign where one is allowed: strtoll alone would take blanks and hex too. */
static bool is_decimal(const char *text, const char *signs)
{
    if (*text != '\0' && strchr(signs, *text) != NULL) text++;
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

bool parse_int64(const char *text, int64_t *value)
{
    if (!is_decimal(text, "+-")) return false;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno != 0) return false;
    *value = number;
    return true;
}

bool parse_uint64(const char *text, uint64_t *value)
{
    if (!is_decimal(text, "")) return false;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    if (errno != 0) return false;
    *value = number;
    return true;
}

static bool parse_seconds(const char *text, double *seconds)
{
    if (text[strspn(text, "0123456789.")] != '\0') return false;
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number)) return false;
    *seconds = number;
    return true;
}

/* ------------------------------------------------------------------------ */
/* Reading                                                                  */

/* Stores an option's argument. NULL, or what it should have been. */
static const char *store(option_values *values, const option_row *row, const char *text)
{
    int64_t number = 0;
    values->given |= row->bit;
    switch (row->bit) {
    case OPT_SPACE:
        values->space = text;
        return *text != '\0' ? NULL : "a DSN";
    case OPT_NONBLOCK:
        values->wait = 0;
        return NULL;
    case OPT_WAIT:
        return parse_seconds(text, &values->wait) ? NULL : "seconds, 0 or more";
    case OPT_CONFLICT:
        if (!parse_int64(text, &number) || number < 0 || number > 255) return "an exit code, 0 to 255";
        values->conflict_code = (int)number;
        return NULL;
    case OPT_IF_FENCE:
        return parse_uint64(text, &values->if_fence) ? NULL : "a fence, a whole number";
    case OPT_LEASE:
        return parse_seconds(text, &values->lease) && values->lease > 0 ? NULL : "seconds, more than 0";
    case OPT_AT_LEAST:
    case OPT_AT_MOST:
        return parse_int64(text, &values->limit) ? NULL : "a whole number of 64 bits";
    default:
        return NULL;
    }
}

static int complain(const char *what, const char *name, size_t length)
{
    char *shown = escaped(name, length);
    int code = usage_error(NULL, "%s %s", what, shown);
    free(shown);
    return code;
}

static int store_or_complain(invocation *call, const option_row *row, const char *text)
{
    const char *wanted = store(&call->options, row, text);
    if (wanted == NULL) return 0;
    char *shown = escaped(text, strlen(text));
    int code = usage_error(NULL, "--%s wants %s, not \"%s\"", row->name, wanted, shown);
    free(shown);
    return code;
}

/* "--name", "--name=value" or "--name value". */
static int read_long(char **argv, int *at, invocation *call)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    for (int i = 0; i < table_size; i++) {
        const option_row *row = &table[i];
        if (strlen(row->name) != length || strncmp(row->name, name, length) != 0) continue;
        if (row->argument == NULL && value != NULL) {
            return usage_error(NULL, "--%s takes no value", row->name);
        }
        if (row->argument != NULL && value == NULL) {
            value = argv[*at + 1];
            if (value == NULL) return usage_error(NULL, "--%s wants its %s", row->name, row->argument);
            ++*at;
        }
        return store_or_complain(call, row, value);
    }
    return complain("unknown option", argv[*at], length + 2);
}

/* "-n", "-nv", "-w5" or "-w 5". */
static int read_short(char **argv, int *at, invocation *call)
{
    for (const char *letter = argv[*at] + 1; *letter != '\0'; letter++) {
        const option_row *row = table;
        while (row < table + table_size && row->letter != *letter) row++;
        if (row == table + table_size) return complain("unknown option", argv[*at], strlen(argv[*at]));
        if (row->argument == NULL) {
            store(&call->options, row, NULL);
            continue;
        }
        const char *value = letter[1] != '\0' ? letter + 1 : argv[*at + 1];
        if (value == NULL) return usage_error(NULL, "-%c wants its %s", row->letter, row->argument);
        if (letter[1] == '\0') ++*at;
        return store_or_complain(call, row, value);
    }
    return 0;
}

static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0' && !isdigit((unsigned char)argument[1]);
}

/* Splits the arguments into options and operands; the command's name is the first operand. */
static int read_arguments(int argc, char **argv, invocation *call)
{
    int count = 0, code;
    for (int at = 1; at < argc; at++) {
        if (call->dashes >= 0 || !is_option(argv[at])) {
            call->operands[count++] = argv[at];
        } else if (strcmp(argv[at], "--") == 0) {
            call->dashes = count;
        } else {
            code = argv[at][1] == '-' ? read_long(argv, &at, call) : read_short(argv, &at, call);
            if (code != 0) return code;
        }
    }
    call->operands[count] = NULL;
    call->operand_count = count;
    return 0;
}

/* ------------------------------------------------------------------------ */
/* Checking                                                                 */

/* Takes the first operand away and finds the command that it names. */
static int find_command(const command *const *commands, invocation *call)
{
    if (call->operand_count == 0) {
        if (call->options.given & (OPT_HELP | OPT_VERSION)) return 0;
        return usage_error(NULL, "which command?");
    }
    char *name = call->operands[0];
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) call->command = commands[i];
    }
    if (call->command == NULL) return complain("unknown command", name, strlen(name));
    memmove(call->operands, call->operands + 1, (size_t)call->operand_count * sizeof *call->operands);
    call->operand_count--;
    if (call->dashes > 0) call->dashes--;
    return 0;
}

static int complain_choice(const command *which, uint32_t bits, const char *how_many)
{
    char names[256];
    size_t length = 0;
    for (int i = 0; i < table_size; i++) {
        if (!(table[i].bit & bits)) continue;
        length += (size_t)snprintf(names + length, sizeof names - length, " --%s", table[i].name);
    }
    return usage_error(which, "give %s of%s", how_many, names);
}

static int check_options(const invocation *call)
{
    const uint32_t given = call->options.given;
    const uint32_t foreign = given & ~(call->command->options | OPTS_GLOBAL);
    for (int i = 0; i < table_size; i++) {
        if (table[i].bit & foreign) return usage_error(call->command, "it has no option --%s", table[i].name);
    }
    const uint32_t exclusive[] = {OPT_NONBLOCK | OPT_WAIT, call->command->at_most_one, call->command->exactly_one};
    for (size_t i = 0; i < sizeof exclusive / sizeof *exclusive; i++) {
        uint32_t both = given & exclusive[i];
        if ((both & (both - 1)) != 0) return complain_choice(call->command, exclusive[i], "at most one");
    }
    uint32_t needed = call->command->exactly_one;
    return needed == 0 || (given & needed) ? 0 : complain_choice(call->command, needed, "one");
}

/* The second operand, where the command has a number. */
static int read_number(invocation *call)
{
    const command *which = call->command;
    call->number = 1;
    if (which->number == NULL || call->operand_count < 2) return 0;
    if (!parse_int64(call->operands[1], &call->number)) {
        char *shown = escaped(call->operands[1], strlen(call->operands[1]));
        int code = usage_error(which, "%s is a whole number of 64 bits, not \"%s\"", which->number, shown);
        free(shown);
        return code;
    }
    if (call->number >= which->number_min) return 0;
    return usage_error(which, "%s is %" PRId64 " or more", which->number, which->number_min);
}

/*
 * A program's command line stands behind "--", and its own "--" is its own. A
 * key that begins with a dash needs one before it as well.
 */
static int check_program(invocation *call)
{
    if (call->dashes == 0 && call->operand_count > 1 && strcmp(call->operands[1], "--") == 0) {
        memmove(call->operands + 1, call->operands + 2, (size_t)(call->operand_count - 1) * sizeof *call->operands);
        call->operand_count--;
        call->dashes = 1;
    }
    if (call->dashes == 1 && call->operand_count > 1) return 0;
    return usage_error(call->command, "give one KEY, then --, then the command to run");
}

static int check_operands(invocation *call)
{
    const command *which = call->command;
    if (call->operand_count < which->operands_min) {
        return usage_error(which, "too few arguments, it wants %s", which->operands);
    }
    if (which->has_program) {
        int code = check_program(call);
        if (code != 0) return code;
    } else if (call->operand_count > which->operands_max) {
        return usage_error(which, "too many arguments, it wants %s", *which->operands ? which->operands : "none");
    }
    int code = read_number(call);
    if (code != 0) return code;
    return which->has_key ? key_from_operand(call, call->operands[0]) : 0;
}

int options_parse(int argc, char **argv, const command *const *commands, invocation *call)
{
    call->options.wait = INFINITY;
    call->options.conflict_code = EXIT_NO;
    call->dashes = -1;
    call->operands = must_realloc(NULL, ((size_t)argc + 1) * sizeof *call->operands);

    int code = read_arguments(argc, argv, call);
    if (code == 0) code = find_command(commands, call);
    if (code != 0 || (call->options.given & (OPT_HELP | OPT_VERSION))) return code;
    code = check_options(call);
    return code != 0 ? code : check_operands(call);
}

void options_print(FILE *to, uint32_t which)
{
    for (int i = 0; i < table_size; i++) {
        const option_row *row = &table[i];
        if (!(row->bit & which)) continue;
        char left[64];
        char letter[] = {'-', row->letter, ',', ' ', '\0'};
        snprintf(left, sizeof left, "%s--%s%s%s", row->letter ? letter : "    ", row->name,
                 row->argument ? " " : "", row->argument ? row->argument : "");
        fprintf(to, "  %-30s  %s\n", left, row->help);
    }
}
