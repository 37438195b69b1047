/* SPDX-License-Identifier: BSD-3-Clause */
/* draw.h - a rejected history as a picture. */
#ifndef LINEARIZABILITY_DRAW_H
#define LINEARIZABILITY_DRAW_H

#include "shrink.h"

/* Writes an SVG time-line to path; false: it could not be written (errno). */
bool draw(const struct heart *heart, const char *title, const char *path);

#endif
