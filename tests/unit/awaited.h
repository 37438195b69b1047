/* SPDX-License-Identifier: BSD-3-Clause */
/* awaited.h - one key that a test waits for as network drivers do, and sleeps that it can fill. */
#ifndef UNIT_AWAITED_H
#define UNIT_AWAITED_H

#include "engine.h"

struct awaited {
    bool changed;             /* what a look finds */
    int64_t again;            /* what it answers */
    void (*after_look)(void); /* what happens right after it */
    void (*on_sleep)(void);   /* what happens at the beginning of a sleep */
    bool signal;              /* a signal ends the next sleep */
    char news[NET_NEWS_SIZE];
};
extern struct awaited awaited;

/* Setup for cmocka: that of engine.h; and sleeps look at real descriptors once, and else move the clock. */
int awaited_reset(void **state);

/* Waits for so long on the channel "chan", from the version seen on: 1, or another one. */
psync_result await(int64_t time);
psync_result await_version(int64_t time, uint64_t version);

/* Asserts what the engine was asked, and all of it, looks included. */
void expect_order(int count, const enum ask *order);
#define ORDER(...)                                                                                                 \
    expect_order((int)(sizeof(enum ask[]){__VA_ARGS__} / sizeof(enum ask)), (enum ask[]){__VA_ARGS__})

#endif
