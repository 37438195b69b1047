/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_progress.c - phpsync progress: shows how far an Integer is on its way.
 *
 * The engine wakes it when the value changes. A look costs a redraw, so after
 * each one it sleeps a tenth of a second, whatever happens meanwhile. On a
 * terminal one line is drawn over and over, and once a second even without a change,
 * since the time left grows; elsewhere a line is printed at the start, at each further tenth of
 * the way, every ten seconds if something changed, and at the end.
 *
 * The rate is the mean of the last seconds, older ones counting less and less:
 * gains and times are both added up and fade alike, so the first
 * seconds need no special case.
 */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double redraw_pause = 0.1;  /* seconds between two looks, at least */
static const double terminal_tick = 1.0; /* a terminal's line is redrawn so often without a change */
static const double line_pause = 10.0;   /* seconds between two plain lines within one tenth of the way */
static const double line_least = 1.0;    /* seconds between any two plain lines but the last */
static const double rate_memory = 10.0;  /* seconds after which a gain counts 1/e */

typedef struct progress {
    const invocation *call;
    char *name; /* the key, safe to show */
    bool on_terminal;
    int64_t total, done, value;
    bool exists;
    double seen_at; /* when done was last looked at; 0 before the first look */
    double gains, times;
    double printed_at; /* the last plain line; 0 before the first */
    int64_t printed_done;
    int printed_tenth;
    size_t drawn_columns;
} progress;

/* ------------------------------------------------------------------------ */
/* How far it is                                                            */

/* Takes in a value; done stays within int64_t whatever the value is. */
static void take_in(progress *p, bool exists, int64_t value)
{
    int64_t done = 0;
    if (exists && !(p->call->options.given & OPT_LEFT)) done = value;
    if (exists && (p->call->options.given & OPT_LEFT) && __builtin_sub_overflow(p->total, value, &done)) {
        done = INT64_MAX; /* total is not negative, so only a very negative value overflows: all is done */
    }
    double at = now();
    if (p->seen_at > 0) {
        double fade = exp((p->seen_at - at) / rate_memory);
        p->gains = p->gains * fade + ((double)done - (double)p->done);
        p->times = p->times * fade + (at - p->seen_at);
    }
    p->seen_at = at;
    p->done = done;
    p->exists = exists;
    p->value = value;
}

static bool is_reached(const progress *p)
{
    return p->done >= p->total;
}

/* The way that is done, 0 to 1. */
static double fraction(const progress *p)
{
    if (is_reached(p)) return 1;
    return p->done <= 0 ? 0 : (double)p->done / (double)p->total;
}

/* Whole per cent, 100 only when it is reached. */
static int percent(const progress *p)
{
    int whole = (int)(fraction(p) * 100);
    return whole >= 100 && !is_reached(p) ? 99 : whole;
}

/* A second; 0 if it stands still, runs backwards or is not known yet. */
static double rate(const progress *p)
{
    return p->times > 0 && p->gains > 0 ? p->gains / p->times : 0;
}

/* Seconds that are left; INFINITY if that cannot be said. */
static double seconds_left(const progress *p)
{
    if (is_reached(p)) return 0;
    return rate(p) > 0 ? ((double)p->total - (double)p->done) / rate(p) : INFINITY;
}

/* ------------------------------------------------------------------------ */
/* Showing it                                                               */

/* "1:02:03 left", "2:03 left", "" if it cannot be said. */
static void format_left(const progress *p, char *text, size_t size)
{
    double left = ceil(seconds_left(p));
    text[0] = '\0';
    if (is_reached(p) || left > 1e7) return;
    long seconds = (long)left;
    if (seconds >= 3600) {
        snprintf(text, size, "  %ld:%02ld:%02ld left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    } else {
        snprintf(text, size, "  %ld:%02ld left", seconds / 60, seconds % 60);
    }
}

/* "42/100  42%  3.1/s  0:19 left" */
static void format_figures(const progress *p, char *text, size_t size)
{
    char left[48];
    format_left(p, left, sizeof left);
    snprintf(text, size, "%" PRId64 "/%" PRId64 "  %3d%%  %.*f/s%s", p->done, p->total, percent(p),
             rate(p) < 100 ? 1 : 0, rate(p), left);
}

static size_t terminal_columns(void)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col < 20) return 80;
    return window.ws_col;
}

/* One line that fits the terminal: name, bar, figures; what does not fit is left out, the name first. */
static void draw(progress *p)
{
    char figures[160], bar[64];
    format_figures(p, figures, sizeof figures);
    size_t width = terminal_columns() - 1, figure_columns = strlen(figures);
    size_t name_columns = columns_of(p->name) + 2;
    if (name_columns + figure_columns > width) name_columns = 0;

    size_t room = width > name_columns + figure_columns ? width - name_columns - figure_columns : 0;
    size_t cells = room < 4 ? 0 : room - 4 < sizeof bar - 1 ? room - 4 : sizeof bar - 1;
    size_t full = (size_t)(fraction(p) * (double)cells);
    memset(bar, '#', full);
    memset(bar + full, '.', cells - full);
    bar[cells] = '\0';

    size_t columns = name_columns + (cells > 0 ? cells + 4 : 0) + figure_columns;
    int blanks = columns < p->drawn_columns ? (int)(p->drawn_columns - columns) : 0;
    printf("\r%s%s%s%s%s%.*s%*s", name_columns ? p->name : "", name_columns ? "  " : "", cells ? "[" : "", bar,
           cells ? "]  " : "", (int)width, figures, blanks, "");
    p->drawn_columns = columns;
}

static void print_json_line(const progress *p)
{
    json_t *object = json_answer(p->call);
    double left = seconds_left(p);
    json_object_set_new(object, "value", p->exists ? json_integer(p->value) : json_null());
    json_object_set_new(object, "done", json_integer(p->done));
    json_object_set_new(object, "total", json_integer(p->total));
    json_object_set_new(object, "rate", json_real(rate(p)));
    json_object_set_new(object, "seconds_left", isfinite(left) ? json_real(left) : json_null());
    json_object_set_new(object, "reached", json_boolean(is_reached(p)));
    json_print(object);
}

/* Whether a plain line has something new to say. */
static bool is_line_due(const progress *p)
{
    if (p->printed_at == 0) return true;
    double since = p->seen_at - p->printed_at;
    double pause = percent(p) / 10 != p->printed_tenth ? line_least : line_pause;
    return p->done != p->printed_done && since >= pause;
}

static void print_plain_line(progress *p)
{
    char figures[160];
    format_figures(p, figures, sizeof figures);
    if (p->call->options.given & OPT_JSON) {
        print_json_line(p);
    } else {
        printf("%s  %s\n", p->name, figures);
    }
    p->printed_at = p->seen_at;
    p->printed_done = p->done;
    p->printed_tenth = percent(p) / 10;
}

/* Shows what was taken in. 0, or the exit code for output that cannot be written. */
static int show(progress *p, bool is_last)
{
    if (p->on_terminal) {
        draw(p);
        if (is_last) putchar('\n');
    } else if (is_line_due(p) || (is_last && p->done != p->printed_done)) {
        print_plain_line(p);
    }
    return output_flush();
}

/* ------------------------------------------------------------------------ */
/* Following it                                                             */

static void sleep_seconds(double seconds)
{
    if (!(seconds > 0)) return;
    struct timespec pause = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1) * 1e9)};
    nanosleep(&pause, NULL); /* a signal ends it early */
}

/* Seconds until something has to be shown although nothing changes. */
static double next_tick(const progress *p)
{
    if (p->on_terminal) return terminal_tick;
    if (p->done == p->printed_done) return INFINITY;
    double pause = percent(p) / 10 != p->printed_tenth ? line_least : line_pause;
    return fmax(0, p->printed_at + pause - p->seen_at);
}

/* Waits for a change or the next tick. PSYNC_OK, PSYNC_NO when the time of -w is over, or an error. */
static psync_result await_news(const progress *p, psync_integer *integer, double deadline, psync_error *error)
{
    psync_wait wait = wait_for(p->call);
    sleep_seconds(fmin(redraw_pause, deadline - now()));
    if (signals_caught() != 0) { /* it may have come in that sleep, and a change would end the wait first */
        error->result = PSYNC_ERROR_INTERRUPTED;
        return error->result;
    }
    wait.timeout = fmax(0, fmin(deadline - now(), next_tick(p)));
    psync_result result = psync_integer_await_change(integer, &wait, error);
    return result == PSYNC_NO && now() < deadline ? PSYNC_OK : result;
}

static psync_result look(progress *p, psync_integer *integer, psync_error *error)
{
    int64_t value = 0;
    psync_result result = psync_integer_get(integer, &value, error);
    if (result >= 0) take_in(p, result == PSYNC_OK, value);
    return result;
}

/* Follows the Integer to its end. An exit code. */
static int follow(progress *p, psync_integer *integer)
{
    psync_error error;
    const double deadline = now() + p->call->options.wait;
    signals_catch(); /* from the first line on it is ours to end it */
    psync_result result = look(p, integer, &error);
    for (bool in_time = true; result >= 0; result = look(p, integer, &error)) {
        bool is_last = is_reached(p) || !in_time;
        int code = show(p, is_last);
        if (code != 0) return code;
        if (is_last) return is_reached(p) ? EXIT_DONE : p->call->options.conflict_code;

        result = await_news(p, integer, deadline, &error);
        in_time = result != PSYNC_NO;
        if (result < 0) break;
    }
    if (p->on_terminal && p->drawn_columns > 0) putchar('\n');
    return fail(&error);
}

static int show_progress(invocation *call)
{
    psync_integer *integer;
    int code = open_integer(call, &integer);
    if (code != 0) return code;
    progress p = {
        .call = call,
        .name = escaped(call->key, call->key_length),
        .on_terminal = isatty(STDOUT_FILENO) && !(call->options.given & OPT_JSON),
        .total = call->number,
    };
    code = follow(&p, integer);
    free(p.name);
    psync_integer_close(integer);
    return code;
}

const command cmd_progress = {
    .name = "progress",
    .operands = "KEY TOTAL",
    .summary = "show a bar until an Integer has reached TOTAL",
    .details = "With rate and time left, from the rate of the last seconds. Without a terminal it\n"
               "prints a line now and then; with --json each is an object. A missing Integer has\n"
               "done nothing yet.\n"
               "Exit codes: 0 reached, 1 (or CODE) not reached with -n or in the time of -w.\n",
    .operands_min = 2,
    .operands_max = 2,
    .has_key = true,
    .number = "TOTAL",
    .number_min = 0,
    .options = OPTS_WAITING | OPT_LEFT | OPT_KEY_BASE64 | OPT_JSON,
    .run = show_progress,
};
