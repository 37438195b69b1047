/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * broken.h - drivers with one bug each, and a scene for each in which it shows every time.
 *
 * A broken driver is the twin with some slots replaced. A slot widens its own
 * window by signals: it says that it is inside and waits for the other lane to
 * have done its part. With `honest` it keeps the window and does the right
 * thing: then the same scene must be accepted, so what is rejected is the bug
 * and not the scene.
 */
#ifndef LINEARIZABILITY_BROKEN_H
#define LINEARIZABILITY_BROKEN_H

#include <phpsync/driver.h>

#include "history.h"

enum { SCENE_LANES = 2, SCENE_OPS = 8 };

/* A step of a scene. */
#define DO(kind_, ...)                                                                                             \
    {                                                                                                              \
        .kind = kind_, __VA_ARGS__                                                                                 \
    }

enum needs { NEEDS_NOTHING, NEEDS_KILLS /* and so processes */, NEEDS_OUTAGES /* some calls get no answer */ };

struct bug {
    const char *name;
    enum needs needs;    /* of its scene */
    psync_driver driver; /* the slots that it replaces */
    struct op scene[SCENE_LANES][SCENE_OPS];
};

/* Both end with a bug without a name. */
extern const struct bug lock_bugs[], integer_bugs[];

/* Before the fork. */
extern bool honest;

/* How soon after its process's end a Hold has to be free in the scenes. */
#define SCENE_LIVENESS 0.02

#endif
