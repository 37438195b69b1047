/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * key.c - keys from arguments, and into JSON.
 *
 * A key is the argument's bytes. An argument cannot hold a NUL, so with
 * --key-base64 the argument is the key in base64 (RFC 4648, padded), which is
 * also how JSON output shows a key that is not UTF-8.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of one base64 digit, -1 if it is none. */
static int digit_value(char digit)
{
    const char *place = digit == '\0' ? NULL : strchr(alphabet, digit);
    return place == NULL ? -1 : (int)(place - alphabet);
}

/* Decodes text in place. False unless it is whole, padded base64 without stray bits. */
static bool base64_decode(char *text, size_t *decoded)
{
    size_t length = strlen(text);
    size_t padding = length >= 2 && text[length - 1] == '=' ? (text[length - 2] == '=' ? 2 : 1) : 0;
    if (length % 4 != 0) return false;

    size_t out = 0;
    for (size_t at = 0; at < length; at += 4) {
        size_t digits = at + 4 == length ? 4 - padding : 4;
        uint32_t group = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i < digits ? digit_value(text[at + i]) : 0;
            if (value < 0) return false;
            group = group << 6 | (uint32_t)value;
        }
        for (size_t i = 0; i < 3; i++) {
            char byte = (char)(unsigned char)(group >> (16 - 8 * i) & 0xff);
            if (i + 1 < digits) {
                text[out++] = byte;
            } else if (byte != 0) {
                return false;
            }
        }
    }
    *decoded = out;
    return true;
}

static char *base64_encode(const char *bytes, size_t length)
{
    char *text = must_realloc(NULL, (length + 2) / 3 * 4 + 1);
    size_t out = 0;
    for (size_t at = 0; at < length; at += 3) {
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++) {
            group = group << 8 | (at + i < length ? (unsigned char)bytes[at + i] : 0u);
        }
        for (size_t i = 0; i < 4; i++) {
            text[out++] = at + i > length ? '=' : alphabet[group >> (18 - 6 * i) & 63];
        }
    }
    text[out] = '\0';
    return text;
}

int key_from_operand(invocation *call, char *operand)
{
    call->key = operand;
    call->key_length = strlen(operand);
    if ((call->options.given & OPT_KEY_BASE64) && !base64_decode(operand, &call->key_length)) {
        return usage_error(call->command, "the key is not base64, as --key-base64 wants it");
    }
    if (call->key_length < 1 || call->key_length > PSYNC_KEY_MAX) {
        return usage_error(call->command, "the key has %zu bytes; a key has 1 to %d", call->key_length,
                           PSYNC_KEY_MAX);
    }
    return 0;
}

void key_into_json(json_t *object, const char *key, size_t key_length)
{
    json_t *text = json_stringn(key, key_length); /* NULL if it is not UTF-8 */
    if (text != NULL) {
        json_object_set_new(object, "key", text);
        return;
    }
    char *encoded = base64_encode(key, key_length);
    json_object_set_new(object, "key_base64", json_string(encoded));
    free(encoded);
}
