/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cli.h - what the files of the command line tool share.
 *
 * main.c holds the table of commands, reads the arguments (options.c), opens
 * the space and calls the command. A command is one `struct command` in its
 * cmd_NAME.c: what it accepts, its help and the function that does it. Nothing
 * here knows the library but by its public header.
 */
#ifndef PHPSYNC_CLI_H
#define PHPSYNC_CLI_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* before any system header: each file of the tool includes this one first */
#endif

#include <jansson.h>
#include <phpsync/phpsync.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

/* ------------------------------------------------------------------------ */
/* Exit codes: those of <sysexits.h>, and these.                            */

enum {
    EXIT_DONE = 0,
    EXIT_NO = 1, /* not locked, timed out, conflict, no such Integer */
    /* A signal asked the command to end: main cleans up, then dies by that signal. Never an exit code. */
    EXIT_BY_SIGNAL = -1,
};

/* ------------------------------------------------------------------------ */
/* Options (options.c)                                                      */

/* Each option is a bit: a command lists those it accepts, and `given` those that were there. */
enum {
    OPT_SPACE = 1u << 0,
    OPT_HELP = 1u << 1,
    OPT_VERSION = 1u << 2,
    OPT_JSON = 1u << 3,
    OPT_NONBLOCK = 1u << 4,
    OPT_WAIT = 1u << 5,
    OPT_CONFLICT = 1u << 6,
    OPT_QUIET = 1u << 7,
    OPT_VERBOSE = 1u << 8,
    OPT_KEY_BASE64 = 1u << 9,
    OPT_IF_GHOST = 1u << 10,
    OPT_IF_FENCE = 1u << 11,
    OPT_LEASE = 1u << 12,
    OPT_AT_LEAST = 1u << 13,
    OPT_AT_MOST = 1u << 14,
    OPT_CHANGE = 1u << 15,
    OPT_LEFT = 1u << 16,
    OPT_LOCKS = 1u << 17,
    OPT_INTEGERS = 1u << 18,
    OPT_REPAIR = 1u << 19,
    OPT_CREATE = 1u << 20,

    OPTS_GLOBAL = OPT_SPACE | OPT_HELP | OPT_VERSION, /* every command's */
    OPTS_WAITING = OPT_NONBLOCK | OPT_WAIT | OPT_CONFLICT,
};

typedef struct option_values {
    uint32_t given;    /* OPT_ bits of the options that were there */
    const char *space; /* the DSN, NULL: the library's default */
    double wait;       /* seconds; INFINITY without -n and -w */
    int conflict_code; /* -E, else EXIT_NO */
    uint64_t if_fence;
    double lease;  /* 0 without one */
    int64_t limit; /* of --at-least or --at-most */
} option_values;

struct command;

/* One call of the tool: its arguments, and the space when it is open. */
typedef struct invocation {
    const struct command *command;
    option_values options;
    char **operands; /* NULL-terminated; without the command's name */
    int operand_count;
    int dashes; /* how many operands stood before "--"; -1 if there was none */
    const char *key;
    size_t key_length;
    int64_t number; /* the second operand of a command that has a number; 1 if it was left out */
    psync_space *space;
} invocation;

typedef struct command {
    const char *name;
    const char *operands; /* as usage lines show them: "KEY [BY]" */
    const char *summary;  /* one line, a verb first */
    const char *details;  /* the help's text below the options; complete lines */
    int operands_min, operands_max;
    bool has_key;         /* its first operand is a key */
    bool has_program;     /* what stands behind "--" is another program's command line */
    const char *number;   /* its second operand is a number of this name; NULL: it has none */
    int64_t number_min;   /* the smallest such number */
    uint32_t options;     /* OPT_ bits beyond OPTS_GLOBAL */
    uint32_t exactly_one; /* of these options one must be there, and one alone */
    uint32_t at_most_one; /* of these options one may be there */
    bool opens_space;     /* it opens the space itself */
    int (*run)(invocation *call);
} command;

/* Reads the arguments into *call. 0, or an exit code after it has said what is wrong. */
int options_parse(int argc, char **argv, const command *const *commands, invocation *call);

/* The rows of the options in `which`, as help shows them. */
void options_print(FILE *to, uint32_t which);

/* Exact: a sign, digits, nothing else, within the type. False otherwise. */
bool parse_int64(const char *text, int64_t *value);
bool parse_uint64(const char *text, uint64_t *value);

/* ------------------------------------------------------------------------ */
/* Help (help.c)                                                            */

void help_print_all(const command *const *commands);
void help_print_command(const command *which);

/* ------------------------------------------------------------------------ */
/* Keys (key.c)                                                             */

/* Makes operand the call's key. 0, or EX_USAGE after it has said what is wrong. */
int key_from_operand(invocation *call, char *operand);

/* Adds the key to a JSON object: as "key", or as "key_base64" where it is not UTF-8. */
void key_into_json(json_t *object, const char *key, size_t key_length);

/* ------------------------------------------------------------------------ */
/* Output (output.c)                                                        */

/* "phpsync: message" on stderr, one line. The arguments are shown as they are: escape foreign ones. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As say, about a wrong call of the command (NULL: of the tool); points to its help. Returns EX_USAGE. */
int usage_error(const command *which, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says an error of the library and returns the exit code that stands for it. */
int fail(const psync_error *error);
/* The same for a failed system call, by errno: "phpsync: what: why". Returns EX_SOFTWARE. */
int fail_system(const char *what);

/*
 * A copy of foreign bytes that is safe to show on a terminal: control and
 * direction-changing characters, bytes that are not UTF-8 and backslashes are
 * written as escapes; beyond ASCII also where the locale is not UTF-8. The caller frees it.
 */
char *escaped(const char *bytes, size_t length);
/* How many columns of a terminal a text from escaped() takes. */
size_t columns_of(const char *text);

/* {"key": …} to begin an answer with. */
json_t *json_answer(const invocation *call);
/* The object as text without any control character; frees the object. The caller frees the text. */
char *json_line(json_t *object);
/* Prints the object on a line of its own and frees it. */
void json_print(json_t *object);
/* Text of other processes or of the library: as it is where it is UTF-8, else escaped. */
json_t *json_text(const char *text);
/* A 64-bit number without a sign: a JSON integer, a string where no signed one can hold it. */
json_t *json_unsigned(uint64_t value);
/* Adds the owner's members to the object. */
void json_add_owner(json_t *object, const psync_owner *owner);

/* Prints {"key": …, name: value} if --json was given. */
void answer_bool(const invocation *call, const char *name, bool value);
/* Prints the value: plain, or {"key": …, "value": N} with --json. */
void answer_value(const invocation *call, int64_t value);

/* Flushes stdout. 0, or EX_SOFTWARE after it has said that writing failed. */
int output_flush(void);

/* As malloc, realloc and strdup, but they end the tool where memory has run out. */
void *must_realloc(void *old, size_t size);
char *must_strdup(const char *text);
_Noreturn void out_of_memory(void);

/* ------------------------------------------------------------------------ */
/* Signals (signals.c)                                                      */

/* Makes SIGINT, SIGTERM and SIGHUP end a wait instead of the process; those that were ignored stay so. */
void signals_catch(void);
/* Gives the caught signals their default action back. */
void signals_release(void);
/* Makes writing into a closed pipe an error instead of a death; and undoes that. */
void signals_ignore_pipe(void);
void signals_restore_pipe(void);
/* The first signal that came since, 0 if none. */
int signals_caught(void);
/* Dies by the signal that came, as if it had never been caught. */
_Noreturn void signals_die(void);
/* The call's time-out and the hook for signals, as the library wants them. Catches the signals. */
psync_wait wait_for(const invocation *call);
/* The exit code for a wait's result: fail(error) for an error, the conflict code for PSYNC_NO. */
int exit_code_of(const invocation *call, psync_result result, const psync_error *error);

/* Seconds by CLOCK_MONOTONIC. */
double now(void);

/* ------------------------------------------------------------------------ */
/* Handles (handle.c): for the call's key. 0, or an exit code after the error was said. */

int open_lock(const invocation *call, psync_lock **lock);
int open_integer(const invocation *call, psync_integer **integer);

/* Changes the call's Integer by its number and prints the new value. */
typedef psync_result (*integer_change)(psync_integer *, int64_t by, int64_t *result, psync_error *);
int change_integer(const invocation *call, integer_change change);

/* ------------------------------------------------------------------------ */
/* Commands                                                                 */

extern const command cmd_lock, cmd_unlock, cmd_wait, cmd_exists, cmd_run;
extern const command cmd_get, cmd_set, cmd_incr, cmd_decr, cmd_del, cmd_await, cmd_progress;
extern const command cmd_ls, cmd_info, cmd_doctor;

#endif
