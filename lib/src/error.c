/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * error.c - error objects.
 *
 * A message is one line: whatever a caller's key or a foreign file puts into
 * it, control bytes come out escaped and the buffer is never overrun.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How much of a key a message shows, in bytes of the key. */
enum { KEY_SHOWN = 128 };

psync_result psync_error_set(psync_error *error, psync_result result, int system_code, const char *format, ...)
{
    if (!error) return result;
    error->result = result;
    error->system_code = system_code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    return result;
}

/* Writes key, quoted and with its odd bytes as \xNN, shortened to KEY_SHOWN bytes. */
static void show_key(char *out, size_t room, const char *key, size_t length)
{
    size_t shown = length < KEY_SHOWN ? length : KEY_SHOWN;
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < shown && at + 12 < room; i++) {
        unsigned char c = (unsigned char)key[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
            at += (size_t)snprintf(out + at, room - at, "\\x%02x", c);
        } else {
            out[at++] = (char)c;
        }
    }
    snprintf(out + at, room - at, shown < length ? "...\"" : "\"");
}

psync_result psync__error_locate(psync_error *error, psync_result result, const char *kind, const char *key,
                                 size_t key_length, const char *dsn)
{
    if (!error) return result;
    char shown[KEY_SHOWN * 4 + 16];
    char what[PSYNC_MESSAGE_SIZE];
    show_key(shown, sizeof shown, key, key_length);
    memcpy(what, error->message, sizeof what);
    what[sizeof what - 1] = '\0';
    return psync_error_set(error, result, error->system_code, "%s %s in %.200s: %s", kind, shown, dsn, what);
}
