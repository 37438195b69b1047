/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_dsn.c - any text as a DSN: parsed, and handed to its driver, which may
 * read its options but is kept from the disk.
 *
 * Besides: the text to be shown is a DSN for the same place, and shows no password.
 */
#include "fuzz.h"

#include <string.h>

#include "dsn.h"

/* What a password is in inputs that have one. In the dictionary. */
static const char password[] = "hunter2";

static bool is_secret(const char *name)
{
    static const char *const words[] = {"pass", "pwd", "secret", "token"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        if (strcasestr(name, words[w])) return true;
    }
    return false;
}

static bool has_secret(const psync_dsn *dsn)
{
    for (size_t i = 0; i < dsn->option_count; i++) {
        if (is_secret(dsn->options[i].name)) return true;
    }
    return false;
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, word)); at++) found++;
    return found;
}

/* Whether the text has that password where passwords begin, and nowhere else. */
static bool has_password(const char *text)
{
    const char *user = strstr(text, "://");
    const char *at = strstr(text, ":hunter2");
    if (!user || !at || at < user + 3 || !strchr(at, '@')) return false;
    return strcspn(user + 3, "/?:@") == (size_t)(at - user - 3) && count(text, password) == 1;
}

/* Whether an option with a secret's name has that password, and nothing else has. */
static bool has_secret_password(const char *text, const psync_dsn *dsn)
{
    for (size_t i = 0; i < dsn->option_count; i++) {
        const psync_dsn_option *option = &dsn->options[i];
        if (is_secret(option->name) && strcmp(option->value, password) == 0) return count(text, password) == 1;
    }
    return false;
}

static void check_shown(const char *text, const psync_dsn *dsn)
{
    psync_error error;
    if (has_secret_password(text, dsn)) NEED(count(dsn->text, password) == 0);
    if (has_password(text)) NEED(strncmp(dsn->password, password, 7) == 0 && count(dsn->text, password) == 0);
    psync_dsn *again = psync__dsn_parse(dsn->text, &error);
    NEED(again);
    NEED(strcmp(again->text, dsn->text) == 0);
    NEED(strcmp(again->scheme, dsn->scheme) == 0 && strcmp(again->user, dsn->user) == 0);
    NEED(strcmp(again->authority, dsn->authority) == 0 && strcmp(again->path, dsn->path) == 0);
    NEED(again->timeout == dsn->timeout || has_secret(dsn));
    NEED(again->option_count == dsn->option_count || has_secret(dsn));
    NEED(!*again->password && !has_secret(again));
    psync__dsn_free(again);
}

static int allow_nothing(const char *path, void *argument)
{
    (void)argument;
    NEED(path && *path);
    return 1;
}

static void open_it(const char *text)
{
    const psync_options options = {.path_check = allow_nothing};
    psync_error error;
    psync_space *space = NULL;
    if (fuzz_sane(psync_space_open(text, &options, &space, &error), &error) == PSYNC_OK) {
        NEED(fuzz_is_remote(text)); /* nothing connects before the first call; other drivers need a path */
        psync_space_close(space);
        return;
    }
    NEED(!space && !(has_password(text) && strstr(error.message, password)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psync_error error;
    char *text = malloc(size + 1); /* exactly as long as it is: what reads on is seen */
    NEED(text);
    memcpy(text, data, size);
    text[size] = '\0';
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    if (dsn) {
        check_shown(text, dsn);
        psync__dsn_free(dsn);
    } else {
        fuzz_sane(error.result, &error);
        NEED(error.result < 0 && !(has_password(text) && strstr(error.message, password)));
    }
    open_it(text);
    free(text);
    return 0;
}
