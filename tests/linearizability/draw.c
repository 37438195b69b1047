/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draw.c - a time-line: a lane a process, a bar a call from its invoke to its respond.
 *
 * Calls last from a tenth of a microsecond to many milliseconds, so the picture
 * keeps the order of all invokes and responds, not their distances: what
 * overlaps overlaps. The true times stand below.
 */
#include "draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEFT = 120, /* where lanes begin */
    TOP = 118,  /* below the words */
    ROW = 46,   /* of a lane */
    BAR = 28,   /* of a call */
    STEP = 16,  /* between two moments, at the least */
    LETTER = 7, /* about as wide as one is */
    TICK = 64,  /* between two times that are written out */
    SHOWN_MAX = LANES_MAX * CALLS_MAX
};

struct moment {
    int64_t time;
    int call;
    bool respond;
};

struct picture {
    const struct heart *heart;
    FILE *file;
    int count;
    struct moment moments[2 * SHOWN_MAX + 1];
    int at[2 * SHOWN_MAX + 1]; /* the moments' places */
    int from[SHOWN_MAX];       /* of history's calls, 0: not shown */
    int to[SHOWN_MAX];
    int rows[LANES_MAX]; /* 1 + the row of a lane, 0: it has none */
    int row_count, width;
    int quiet; /* the place of the moment before the first call of the part */
};

static const struct call *call_at(const struct picture *p, int place)
{
    return &p->heart->history.calls[place];
}

static int by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->respond - y->respond;
}

static void add_calls(struct picture *p, const struct part *part)
{
    for (int i = 0; i < part->count; i++) {
        int place = part->calls[i];
        const struct call *call = call_at(p, place);
        p->moments[p->count++] = (struct moment){call->invoke, place, false};
        if (call->respond != NEVER) p->moments[p->count++] = (struct moment){call->respond, place, true};
        p->rows[call->lane] = 1;
    }
}

static int label_width(const struct call *call)
{
    char text[120];
    call_describe(call, text, sizeof text);
    return (int)strlen(text) * LETTER + 10;
}

/* Between what was over before the first state, and the rest. */
static int64_t quiet_time(const struct picture *p)
{
    int64_t last = 0;
    for (int i = 0; i < p->heart->before.count; i++) {
        const struct call *call = call_at(p, p->heart->before.calls[i]);
        if (call->respond > last) last = call->respond;
    }
    return last;
}

static void lay_out(struct picture *p)
{
    add_calls(p, &p->heart->before);
    int64_t quiet = quiet_time(p);
    add_calls(p, &p->heart->part);
    qsort(p->moments, (size_t)p->count, sizeof p->moments[0], by_time);
    int x = LEFT;
    for (int i = 0; i < p->count; i++) {
        const struct moment *moment = &p->moments[i];
        if (!p->quiet && moment->time > quiet) {
            p->quiet = x + STEP;
            x = p->quiet + STEP;
        }
        x += STEP;
        if (moment->respond && x < p->from[moment->call] + label_width(call_at(p, moment->call))) {
            x = p->from[moment->call] + label_width(call_at(p, moment->call));
        }
        p->at[i] = x;
        *(moment->respond ? &p->to[moment->call] : &p->from[moment->call]) = x;
    }
    for (int lane = 0; lane < LANES_MAX; lane++) {
        if (p->rows[lane]) p->rows[lane] = ++p->row_count;
    }
    p->width = x + 80;
}

/* The colours tell takers, enders, other changes and looks apart. */
static const char *colour(const struct picture *p, int place)
{
    const struct call *call = call_at(p, place);
    if (place == p->heart->culprit) return "#e03131";
    if (call_takes(call)) return "#b2f2bb";
    if (call_may_end(call)) return "#ffd8a8";
    return call_changes(call) ? "#a5d8ff" : "#e9ecef";
}

static void draw_call(const struct picture *p, int place, double opacity)
{
    const struct call *call = call_at(p, place);
    char text[120];
    call_describe(call, text, sizeof text);
    bool open = call->respond == NEVER;
    int from = p->from[place], to = open ? p->width - 10 : p->to[place];
    int y = TOP + (p->rows[call->lane] - 1) * ROW + (ROW - BAR) / 2;
    fprintf(p->file,
            "<g opacity=\"%g\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"%s\" "
            "stroke=\"#343a40\"%s/><text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text></g>\n",
            opacity, from, y, to - from, BAR, colour(p, place), open ? " stroke-dasharray=\"5 4\"" : "", from + 5,
            y + BAR / 2 + 4, place == p->heart->culprit ? "#ffffff" : "#000000", text);
}

static void draw_lanes(const struct picture *p)
{
    const struct history *history = &p->heart->history;
    for (int lane = 0; lane < LANES_MAX; lane++) {
        if (!p->rows[lane]) continue;
        int y = TOP + (p->rows[lane] - 1) * ROW;
        fprintf(p->file, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#ced4da\"/>\n", LEFT, y + ROW / 2,
                p->width, y + ROW / 2);
        fprintf(p->file, "<text x=\"10\" y=\"%d\">%s %d</text>\n", y + ROW / 2 + 4,
                lane == history->lanes - 1 ? "last look" : "lane", lane);
    }
}

static void draw_times(const struct picture *p)
{
    int y = TOP + p->row_count * ROW, last = 0;
    for (int i = 0; i < p->count; i++) {
        fprintf(p->file, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#868e96\"/>\n", p->at[i], y,
                p->at[i], y + 5);
        if (last && p->at[i] - last < TICK) continue;
        last = p->at[i];
        double us = history_us(&p->heart->history, p->moments[i].time);
        fprintf(p->file, "<text x=\"%d\" y=\"%d\" class=\"small\" text-anchor=\"middle\">%.1f</text>\n", p->at[i],
                y + 18, us);
    }
    fprintf(p->file, "<text x=\"10\" y=\"%d\" class=\"small\">microseconds</text>\n", y + 18);
}

static void draw_words(const struct picture *p, const char *title)
{
    char text[120], state[160];
    call_describe(call_at(p, p->heart->culprit), text, sizeof text);
    p->heart->part.model->describe(&p->heart->history, &p->heart->part.start, state, sizeof state);
    fprintf(p->file, "<text x=\"10\" y=\"20\" class=\"title\">%s</text>\n", title);
    fprintf(p->file, "<text x=\"10\" y=\"40\">No order of these calls fits \"%s\" (red).</text>\n", text);
    fprintf(p->file, "<text x=\"10\" y=\"57\">It began with: %s.</text>\n", state);
    fprintf(
        p->file,
        "<text x=\"10\" y=\"74\" class=\"small\">A call takes effect at one moment of its bar. Dashed: its outcome "
        "is not known, it took effect at any later time or never.</text>\n");
    fprintf(
        p->file,
        "<text x=\"10\" y=\"88\" class=\"small\">Green takes, orange ends, blue changes, grey looks. Pale: over "
        "before the line, told for orientation.</text>\n");
    if (!p->heart->before.count) return;
    fprintf(p->file,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#000000\" stroke-dasharray=\"2 3\"/>"
            "<text x=\"%d\" y=\"%d\" class=\"small\" text-anchor=\"middle\">it began here</text>\n",
            p->quiet, TOP - 4, p->quiet, TOP + p->row_count * ROW, p->quiet, TOP - 8);
}

bool draw(const struct heart *heart, const char *title, const char *path)
{
    struct picture *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->heart = heart;
    lay_out(p);
    p->file = fopen(path, "w");
    if (p->file) {
        int width = p->width < 760 ? 760 : p->width, height = TOP + p->row_count * ROW + 30;
        fprintf(p->file,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\" "
                "font-size=\"12\">\n<style>.title{font-size:15px;font-weight:bold}.small{font-size:10px}</style>\n"
                "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
                width, height);
        draw_words(p, title);
        draw_lanes(p);
        for (int i = 0; i < heart->before.count; i++) draw_call(p, heart->before.calls[i], 0.4);
        for (int i = 0; i < heart->part.count; i++) draw_call(p, heart->part.calls[i], 1);
        draw_times(p);
        fprintf(p->file, "</svg>\n");
    }
    bool written = p->file && !ferror(p->file);
    if (p->file && fclose(p->file) != 0) written = false;
    free(p);
    return written;
}
