/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_ls.c - phpsync ls: lists Locks and Integers, as tables or as JSON.
 *
 * A list is collected, sorted by key and only then printed, so that columns
 * fit and an error on the way leaves no half of a list. An entry is a row of cells;
 * in JSON its only cell is the finished object.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS_MAX = 8 };

typedef struct row {
    char *key; /* the bytes, to sort by */
    size_t key_length;
    char *cells[COLUMNS_MAX];
} row;

typedef struct list {
    const char *const *titles; /* of the columns; NULL-terminated */
    bool json;
    row *rows;
    size_t count, room;
} list;

static const char *const lock_titles[] = {"LOCK", "STATE", "TAKEN",   "LEASE ENDS", "FENCE",
                                          "HOST", "PID",   "PROGRAM", NULL};
static const char *const integer_titles[] = {"INTEGER", "VALUE", NULL};

/* ------------------------------------------------------------------------ */
/* Collecting                                                               */

static row *add_row(list *to, const char *key, size_t key_length)
{
    if (to->count == to->room) {
        to->room = to->room == 0 ? 64 : to->room * 2;
        to->rows = must_realloc(to->rows, to->room * sizeof *to->rows);
    }
    row *added = &to->rows[to->count++];
    *added = (row){.key = must_realloc(NULL, key_length), .key_length = key_length};
    memcpy(added->key, key, key_length);
    return added;
}

static json_t *json_entry(const char *key, size_t key_length)
{
    json_t *object = json_object();
    if (object == NULL) out_of_memory();
    key_into_json(object, key, key_length);
    return object;
}

/* Local time to the second; "-" for none. */
static char *time_cell(int64_t microseconds)
{
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm parts;
    char text[64];
    if (microseconds <= 0 || localtime_r(&seconds, &parts) == NULL) return must_strdup("-");
    return must_strdup(strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) > 0 ? text : "-");
}

static char *number_cell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *number_cell(const char *format, ...)
{
    char text[32];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return must_strdup(text);
}

static const char *state_of(const psync_owner *owner)
{
    if (owner->alive == PSYNC_ALIVE_NO) return "owner ended";
    if (owner->alive == PSYNC_ALIVE_UNKNOWN) return owner->is_hold ? "held, owner unknown" : "owner unknown";
    return owner->is_hold ? "held" : "locked";
}

static int add_lock(void *argument, const char *key, size_t key_length, const psync_owner *owner)
{
    list *to = argument;
    row *added = add_row(to, key, key_length);
    if (to->json) {
        json_t *object = json_entry(key, key_length);
        json_add_owner(object, owner);
        added->cells[0] = json_line(object);
        return 0;
    }
    char **cells = added->cells;
    cells[0] = escaped(key, key_length);
    cells[1] = must_strdup(state_of(owner));
    cells[2] = time_cell(owner->acquired_at);
    cells[3] = time_cell(owner->expires_at);
    cells[4] = number_cell("%" PRIu64, owner->fence);
    cells[5] = escaped(owner->host, strlen(owner->host));
    cells[6] = number_cell("%" PRId64, owner->pid);
    cells[7] = escaped(owner->label, strlen(owner->label));
    return 0;
}

static int add_integer(void *argument, const char *key, size_t key_length, int64_t value)
{
    list *to = argument;
    row *added = add_row(to, key, key_length);
    if (to->json) {
        json_t *object = json_entry(key, key_length);
        json_object_set_new(object, "value", json_integer(value));
        added->cells[0] = json_line(object);
        return 0;
    }
    added->cells[0] = escaped(key, key_length);
    added->cells[1] = number_cell("%" PRId64, value);
    return 0;
}

static int by_key(const void *left, const void *right)
{
    const row *a = left, *b = right;
    int order = memcmp(a->key, b->key, a->key_length < b->key_length ? a->key_length : b->key_length);
    if (order != 0) return order;
    return (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

static void free_list(list *which)
{
    for (size_t i = 0; i < which->count; i++) {
        free(which->rows[i].key);
        for (int column = 0; column < COLUMNS_MAX; column++) free(which->rows[i].cells[column]);
    }
    free(which->rows);
}

/* ------------------------------------------------------------------------ */
/* Printing                                                                 */

/* Pads every cell but the last of a line to its column's width. */
static void print_line(const char *const *cells, const size_t *widths, int columns)
{
    for (int column = 0; column + 1 < columns; column++) {
        size_t used = columns_of(cells[column]);
        printf("%s%*s", cells[column], (int)(widths[column] - used) + 2, "");
    }
    printf("%s\n", cells[columns - 1]);
}

static void print_table(const list *which)
{
    size_t widths[COLUMNS_MAX];
    int columns = 0;
    if (which->count == 0) return;
    for (; which->titles[columns] != NULL; columns++) {
        widths[columns] = strlen(which->titles[columns]);
        for (size_t i = 0; i < which->count; i++) {
            size_t width = columns_of(which->rows[i].cells[columns]);
            if (width > widths[columns]) widths[columns] = width;
        }
    }
    print_line(which->titles, widths, columns);
    for (size_t i = 0; i < which->count; i++) {
        print_line((const char *const *)which->rows[i].cells, widths, columns);
    }
}

/* "name":[…], one entry a line. */
static void print_json_member(const char *name, const list *which)
{
    printf("\"%s\":[", name);
    for (size_t i = 0; i < which->count; i++) printf("%s\n%s", i > 0 ? "," : "", which->rows[i].cells[0]);
    printf("]");
}

static void print_lists(const invocation *call, const list *locks, const list *integers)
{
    if (!(call->options.given & OPT_JSON)) {
        print_table(locks);
        if (locks->count > 0 && integers->count > 0) putchar('\n');
        print_table(integers);
        return;
    }
    putchar('{');
    if (!(call->options.given & OPT_INTEGERS)) print_json_member("locks", locks);
    if (!(call->options.given & (OPT_INTEGERS | OPT_LOCKS))) putchar(',');
    if (!(call->options.given & OPT_LOCKS)) print_json_member("integers", integers);
    printf("}\n");
}

static int list_keys(invocation *call)
{
    psync_error error;
    psync_result result = PSYNC_OK;
    list locks = {.titles = lock_titles, .json = call->options.given & OPT_JSON};
    list integers = {.titles = integer_titles, .json = locks.json};

    if (!(call->options.given & OPT_INTEGERS)) {
        result = psync_space_each_lock(call->space, add_lock, &locks, &error);
    }
    if (result >= 0 && !(call->options.given & OPT_LOCKS)) {
        result = psync_space_each_integer(call->space, add_integer, &integers, &error);
    }
    if (result >= 0) {
        if (locks.count > 1) qsort(locks.rows, locks.count, sizeof *locks.rows, by_key);
        if (integers.count > 1) qsort(integers.rows, integers.count, sizeof *integers.rows, by_key);
        print_lists(call, &locks, &integers);
    }
    free_list(&locks);
    free_list(&integers);
    return result >= 0 ? EXIT_DONE : fail(&error);
}

const command cmd_ls = {
    .name = "ls",
    .operands = "",
    .summary = "list the Locks and Integers of the space",
    .details = "\"owner ended\" is a Lock that stays though its process is gone: for a plain lock\n"
               "that is normal. Bytes of keys that a terminal could act on are shown as escapes;\n"
               "--json has the keys as they are. The list is no snapshot of one moment.\n"
               "Exit codes: 0 listed, also if there is nothing.\n",
    .options = OPT_LOCKS | OPT_INTEGERS | OPT_JSON,
    .at_most_one = OPT_LOCKS | OPT_INTEGERS,
    .run = list_keys,
};
