/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.h - a whole history: every key of it, and the story if it is rejected. */
#ifndef LINEARIZABILITY_JUDGE_H
#define LINEARIZABILITY_JUDGE_H

#include "check.h"

struct judgement {
    enum answer answer;
    bool lock; /* of the first key that was not accepted */
    int key;
    struct verdict verdict;
    size_t configurations; /* of all keys */
};

struct judgement judge(const struct history *history);

/* Prints what was not accepted. Of a rejected one it draws the heart, if folder is not NULL, as folder/name.svg. */
void tell(const struct history *history, const struct judgement *judgement, const char *name, const char *folder);

#endif
