/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failure.c - SQLSTATEs and libpq's messages.
 *
 * libpq tells the SQLSTATE of a failed statement, but that of a failed login
 * only within the text of a verbose message: "FATAL:  28P01: password ...",
 * the first word in the server's language.
 */
#if PSYNC_WITH_POSTGRESQL

#include "failure.h"

#include <stdio.h>
#include <string.h>

#include "state.h"

/* The first line of text that says something, without a newline. */
static void first_line(char *line, size_t size, const char *text)
{
    text += strspn(text, " \t\n");
    snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
}

void pg_connection_failed(psync_error *error, PGconn *pg)
{
    char line[256];
    first_line(line, sizeof line, PQerrorMessage(pg));
    psync_error_set(error, PSYNC_ERROR_UNAVAILABLE, 0, "%s", *line ? line : "the connection was closed");
}

/* ---- logins --------------------------------------------------------------- */

/* Finds ": XXXXX: " in a verbose message; stores the state and returns what follows, or NULL. */
static const char *find_state(const char *text, char state[6])
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *c = strchr(text, ':'); c; c = strchr(c + 1, ':')) {
        const char *word = c + 1 + strspn(c + 1, " ");
        if (word == c + 1 || strspn(word, allowed) != 5 || word[5] != ':') continue;
        if (strcspn(word, "0123456789") > 4) continue; /* "FATAL": no state is letters alone */
        memcpy(state, word, 5);
        state[5] = '\0';
        return word + 6 + strspn(word + 6, " ");
    }
    return NULL;
}

/* What a class of login errors means: waiting helps, or somebody has to do something. */
static psync_result login_result(const char *state, const char **advice)
{
    *advice = "";
    if (strncmp(state, "28", 2) == 0) {
        *advice = "; check user and password, and pg_hba.conf";
        return PSYNC_ERROR_PERMISSION;
    }
    if (strcmp(state, "42501") == 0) return PSYNC_ERROR_PERMISSION;
    if (strcmp(state, "3D000") == 0) {
        *advice = "; create it, or name another in the DSN's path";
        return PSYNC_ERROR_SYSTEM;
    }
    if (strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0 || strncmp(state, "57", 2) == 0 ||
        strcmp(state, "25006") == 0) {
        return PSYNC_ERROR_UNAVAILABLE;
    }
    return PSYNC_ERROR_SYSTEM;
}

/*
 * What libpq finds wrong with TLS before the server can refuse anything. It has no codes for that; where its
 * messages are translated, they are as any other.
 */
static const struct trouble {
    const char *words;
    psync_result result;
    const char *advice;
} of_tls[] = {
    {"certificate verify failed", PSYNC_ERROR_PERMISSION,
     "name who signed the server's certificate with sslrootcert=, and see whether it has expired"},
    {"does not match host name", PSYNC_ERROR_PERMISSION, "use a name that the server's certificate is for"},
    {" alert ", PSYNC_ERROR_PERMISSION,
     "the server turns this client's certificate away, or wants one: see sslcert= and sslkey="},
    {"root certificate file", PSYNC_ERROR_ARGUMENT, "name a good one with sslrootcert="},
    {"certificate file", PSYNC_ERROR_ARGUMENT, "name a good one with sslcert="},
    {"private key file", PSYNC_ERROR_ARGUMENT, "name a good one with sslkey="},
    {"does not support SSL", PSYNC_ERROR_ARGUMENT, "give the server a certificate, or ask for less with sslmode="},
};

/* Finds it in one of the lines, of which there is one for each address that was tried; copies that line. */
static const struct trouble *find_trouble(char *line, size_t size, const char *text)
{
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        first_line(line, size, text);
        for (size_t i = 0; i < sizeof of_tls / sizeof *of_tls; i++) {
            if (strstr(line, of_tls[i].words)) return &of_tls[i];
        }
    }
    return NULL;
}

/* Whether libpq cannot even begin with what it was told. It has no codes for that either. */
static bool is_nonsense(const char *line)
{
    static const char *const beginnings[] = {"invalid ", "could not match ", "definition of service ",
                                             "service file ", "syntax error in service file "};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0) return true;
    }
    return false;
}

psync_result pg_login_failed(net_call *call, PGconn *pg)
{
    char state[6];
    char line[300];
    const char *text = PQerrorMessage(pg);
    const char *said = find_state(text, state);
    if (said) {
        const char *advice;
        psync_result r = login_result(state, &advice);
        first_line(line, sizeof line, said);
        return psync_error_set(call->error, r, 0, "the server refused the login: %s%s", line, advice);
    }
    if (PQconnectionNeedsPassword(pg)) {
        return psync_error_set(call->error, PSYNC_ERROR_PERMISSION, 0,
                               "the server wants a password, and the DSN has none; a .pgpass file may have it too");
    }
    const struct trouble *trouble = find_trouble(line, sizeof line, text);
    if (trouble) {
        /* Of several servers another one may be good, once it is back. */
        bool alone = ((const pg_state *)call->context)->options.hosts < 2;
        return psync_error_set(call->error, alone ? trouble->result : PSYNC_ERROR_UNAVAILABLE, 0, "%s; %s", line,
                               trouble->advice);
    }
    first_line(line, sizeof line, text);
    if (is_nonsense(line)) {
        return psync_error_set(call->error, PSYNC_ERROR_ARGUMENT, 0,
                               "libpq says: %s; mend that in the DSN, or in its "
                               "service file",
                               line);
    }
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "%s", *line ? line : "the login failed");
}

/* ---- statements ----------------------------------------------------------- */

static bool is(const char *state, const char *const *states)
{
    for (; *states; states++) {
        if (strncmp(state, *states, strlen(*states)) == 0) return true;
    }
    return false;
}

/* A pooler gave this statement a session that does not know it, or knows it from somebody else. */
static bool betrays_pooler(const char *state)
{
    static const char *const states[] = {"26000", "42P05", NULL};
    return is(state, states);
}

static psync_result class_of(const char *state)
{
    static const char *const permission[] = {"42501", "28", NULL};
    static const char *const full[] = {"53100", "53200", "54", NULL};
    static const char *const missing[] = {"42P01", "3F000", "42703", "42883", NULL};
    if (strcmp(state, "22003") == 0) return PSYNC_ERROR_OVERFLOW;
    if (is(state, permission)) return PSYNC_ERROR_PERMISSION;
    if (is(state, full)) return PSYNC_ERROR_FULL;
    if (is(state, missing)) return PSYNC_ERROR_DAMAGED;
    return PSYNC_ERROR_SYSTEM;
}

/* Deadlocks, conflicts, cancelled statements, servers that stop, or that are standbys now; plans that tables
 * outran. */
static bool passes(const char *state)
{
    static const char *const states[] = {"40", "57", "55P03", "25006", "53300", "08", "0A000", "25P02", NULL};
    return is(state, states);
}

static const char *field(const PGresult *failed, int code)
{
    const char *text = PQresultErrorField(failed, code);
    return text ? text : "";
}

net_outcome pg_server_failed(net_call *call, const PGresult *failed)
{
    const char *state = field(failed, PG_DIAG_SQLSTATE);
    const char *severity = field(failed, PG_DIAG_SEVERITY_NONLOCALIZED);
    char line[300];
    first_line(line, sizeof line, *state ? field(failed, PG_DIAG_MESSAGE_PRIMARY) : PQresultErrorMessage(failed));
    psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0, "%s", *line ? line : "the connection was closed");
    if (strcmp(severity, "ERROR") != 0) { /* FATAL, or libpq's own, which has none: the session is over */
        call->drop = true;
        return NET_LOST;
    }
    if (strcmp(state, "23502") == 0) return NET_STALE; /* statements.c: only that makes a NULL of ours */
    if (betrays_pooler(state)) {
        atomic_store_explicit(&((pg_state *)call->context)->pooled, true, memory_order_relaxed);
        call->drop = true;
        return NET_RETRY;
    }
    if (passes(state)) {
        call->drop = strncmp(state, "40", 2) != 0; /* a new connection may find a server that can */
        return NET_RETRY;
    }
    call->result = class_of(state);
    psync_error_set(call->error, call->result, 0, "the server said: %s (SQLSTATE %s)", line, state);
    return NET_DONE;
}

#endif
