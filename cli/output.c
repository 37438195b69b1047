/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.c - what the tool prints: messages, foreign text made safe, JSON.
 *
 * Messages are one line on stderr. Data goes to stdout through stdio and is
 * flushed once, in main (progress flushes as it goes), where a failure to
 * write is reported. JSON is ASCII only, so no byte of a key can act on a terminal.
 */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* ------------------------------------------------------------------------ */
/* Messages                                                                 */

void say(const char *format, ...)
{
    char line[2 * PSYNC_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "phpsync: %s\n", line);
}

int usage_error(const command *which, const char *format, ...)
{
    char line[PSYNC_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (which == NULL) {
        say("%s; see phpsync --help", line);
    } else {
        say("%s: %s; see phpsync %s --help", which->name, line, which->name);
    }
    return EX_USAGE;
}

int fail(const psync_error *error)
{
    if (error->result == PSYNC_ERROR_INTERRUPTED) return EXIT_BY_SIGNAL;
    say("%s", error->message);
    switch (error->result) {
    case PSYNC_ERROR_ARGUMENT:
    case PSYNC_ERROR_NO_DRIVER:
        return EX_USAGE;
    case PSYNC_ERROR_UNAVAILABLE:
        return EX_UNAVAILABLE;
    case PSYNC_ERROR_PERMISSION:
        return EX_NOPERM;
    default:
        return EX_SOFTWARE;
    }
}

int fail_system(const char *what)
{
    say("%s: %s", what, strerror(errno));
    return EX_SOFTWARE;
}

int output_flush(void)
{
    static bool failed; /* said once; it stays a failure */
    if (failed) return EX_SOFTWARE;
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    failed = true;
    return fail_system("cannot write the output");
}

/* ------------------------------------------------------------------------ */
/* Memory                                                                   */

void out_of_memory(void)
{
    say("out of memory");
    exit(EX_SOFTWARE);
}

void *must_realloc(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory == NULL) out_of_memory();
    return memory;
}

char *must_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(must_realloc(NULL, size), text, size);
}

/* ------------------------------------------------------------------------ */
/* Foreign text                                                             */

/* Reads one UTF-8 character of at most `length` bytes. Its length in bytes, 0 if there is no valid one. */
static size_t utf8_decode(const unsigned char *bytes, size_t length, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = bytes[0] < 0x80   ? 1
                  : bytes[0] < 0xc2 ? 0
                  : bytes[0] < 0xe0 ? 2
                  : bytes[0] < 0xf0 ? 3
                  : bytes[0] < 0xf5 ? 4
                                    : 0;
    if (size == 0 || size > length) return 0;
    uint32_t value = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    *character = value;
    return size;
}

/* Whether a terminal shows the character as itself, without changing how it shows others. */
static bool is_harmless(uint32_t c)
{
    if (c < 0x80) return c >= 0x20 && c != 0x7f && c != '\\';
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) return false;
    bool is_format = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
                     c == 0x61c || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || c >= 0xe0000;
    return !is_format && wcwidth((wchar_t)c) >= 0;
}

char *escaped(const char *bytes, size_t length)
{
    char *text = must_realloc(NULL, length * 10 + 1); /* the longest escape: \u{10ffff} */
    char *end = text;
    for (size_t at = 0; at < length;) {
        const unsigned char *here = (const unsigned char *)bytes + at;
        uint32_t character = 0;
        size_t size = utf8_decode(here, length - at, &character);
        if (size > 0 && is_harmless(character)) {
            memcpy(end, here, size);
            end += size;
        } else if (*here == '\\') {
            end += sprintf(end, "\\\\");
        } else if (size > 1) {
            end += sprintf(end, "\\u{%x}", character);
        } else {
            size = 1;
            end += sprintf(end, "\\x%02x", *here);
        }
        at += size;
    }
    *end = '\0';
    return must_realloc(text, (size_t)(end - text) + 1); /* lists keep many of them */
}

size_t columns_of(const char *text)
{
    size_t columns = 0, length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t character = 0;
        size_t size = utf8_decode((const unsigned char *)text + at, length - at, &character);
        int width = size > 1 ? wcwidth((wchar_t)character) : 1;
        columns += width > 0 ? (size_t)width : 0;
        at += size > 0 ? size : 1;
    }
    return columns;
}

/* ------------------------------------------------------------------------ */
/* JSON                                                                     */

json_t *json_answer(const invocation *call)
{
    json_t *object = json_object();
    if (object == NULL) out_of_memory();
    key_into_json(object, call->key, call->key_length);
    return object;
}

char *json_line(json_t *object)
{
    char *dumped = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (dumped == NULL) out_of_memory();
    json_decref(object);

    /* DEL is the one control character that JSON lets stand as it is; it can only be inside a string. */
    char *line = must_realloc(NULL, strlen(dumped) * 6 + 1);
    char *end = line;
    for (const char *at = dumped; *at != '\0'; at++) {
        if (*at == 0x7f) {
            end += sprintf(end, "\\u007f");
        } else {
            *end++ = *at;
        }
    }
    *end = '\0';
    free(dumped);
    return must_realloc(line, (size_t)(end - line) + 1);
}

void json_print(json_t *object)
{
    char *line = json_line(object);
    printf("%s\n", line); /* a failure to write shows at output_flush */
    free(line);
}

json_t *json_unsigned(uint64_t value)
{
    if (value <= INT64_MAX) return json_integer((json_int_t)value);
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string != NULL) return string;
    char *safe = escaped(text, strlen(text));
    string = json_string(safe);
    free(safe);
    return string;
}

/* Microseconds since 1970 as "2026-01-31T12:00:00.123456Z"; null for 0. */
static json_t *json_time(int64_t microseconds)
{
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm parts;
    char date[64], text[96];
    if (microseconds <= 0 || gmtime_r(&seconds, &parts) == NULL) return json_null();
    if (strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0) return json_null();
    snprintf(text, sizeof text, "%s.%06dZ", date, (int)(microseconds % 1000000));
    return json_string(text);
}

void json_add_owner(json_t *object, const psync_owner *owner)
{
    json_object_set_new(object, "fence", json_unsigned(owner->fence));
    json_object_set_new(object, "host", json_text(owner->host));
    json_object_set_new(object, "pid", json_integer(owner->pid));
    json_object_set_new(object, "label", json_text(owner->label));
    json_object_set_new(object, "acquired_at", json_time(owner->acquired_at));
    json_object_set_new(object, "expires_at", json_time(owner->expires_at));
    json_object_set_new(object, "hold", json_boolean(owner->is_hold));
    json_object_set_new(object, "owner_alive",
                        owner->alive == PSYNC_ALIVE_UNKNOWN ? json_null()
                                                            : json_boolean(owner->alive == PSYNC_ALIVE_YES));
}

void answer_bool(const invocation *call, const char *name, bool value)
{
    if (!(call->options.given & OPT_JSON)) return;
    json_t *object = json_answer(call);
    json_object_set_new(object, name, json_boolean(value));
    json_print(object);
}

void answer_value(const invocation *call, int64_t value)
{
    if (!(call->options.given & OPT_JSON)) {
        printf("%" PRId64 "\n", value);
        return;
    }
    json_t *object = json_answer(call);
    json_object_set_new(object, "value", json_integer(value));
    json_print(object);
}
