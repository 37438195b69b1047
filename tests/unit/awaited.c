/* SPDX-License-Identifier: BSD-3-Clause */
/* awaited.c - one key that a test waits for: its looks and its sleeps. */
#include "awaited.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

struct awaited awaited;

/* Real descriptors, looked at once; else the fake clock moves. */
static int poll_the_descriptors(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    if (awaited.on_sleep) awaited.on_sleep();
    if (awaited.signal) {
        awaited.signal = false;
        errno = EINTR;
        return -1;
    }
    int ready = poll(descriptors, count, 0);
    if (ready == 0) fake_pass(ns);
    return ready;
}

static struct psync_clock half_fake;

int awaited_reset(void **state)
{
    memset(&awaited, 0, sizeof awaited);
    awaited.again = PSYNC_NEVER;
    engine_reset(state);
    half_fake = *psync__clock;
    half_fake.poll = poll_the_descriptors;
    psync__clock = &half_fake;
    return 0;
}

static psync_result look(void *argument, bool ask, int64_t *again, psync_error *told)
{
    (void)argument, (void)told;
    engine_note(A_LOOK);
    engine.asked[engine.count - 1].number = ask;
    *again = awaited.again;
    const psync_result r = awaited.changed ? PSYNC_OK : PSYNC_NO;
    if (awaited.after_look) awaited.after_look();
    return r;
}

psync_result await_version(int64_t time, uint64_t version)
{
    const uint64_t seen[2] = {7, version};
    return net_await(&home, "chan", seen, look, NULL, fake.monotonic + time, awaited.news, &error);
}

psync_result await(int64_t time)
{
    return await_version(time, 1);
}

void expect_order(int count, const enum ask *order)
{
    assert_int_equal(engine.count, count);
    for (int i = 0; i < count; i++) assert_int_equal(engine.asked[i].what, order[i]);
}
