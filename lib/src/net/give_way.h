/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * give_way.h - who has freed a Lock that others wait for does not take it again before them.
 *
 * Who waits for a Lock across a network is rung, and has to ask for it then:
 * that takes the bell's way and a round trip. One that frees a Lock and takes it
 * again at once is there first, every time but by luck. So a release that the
 * engine says it told somebody of makes this process's next takes of
 * that key give way for a while: a first try that may wait answers that it is
 * not its turn (psync_take.waiting_since in driver.h), the core awaits, and that
 * sleeps until the while is over. A try that may not wait is never held back,
 * nor is one that has waited already.
 *
 * How long: a few times what the release itself took, which is what it takes
 * to be served at this distance under this load. Who waits may be farther
 * away, though, or look more seldom. So a release that tells somebody yet again, with none
 * between that told nobody, gives way for twice as long, up to a limit and to half
 * of the time that the Lock was in use since: that much is lost at most.
 *
 * The driver calls net_gave after each release that freed an acquisition,
 * net_gives_way first of all in lock_acquire, and net_give_way in lock_await
 * where what was seen is no acquisition.
 */
#ifndef NET_GIVE_WAY_H
#define NET_GIVE_WAY_H

#include <stdatomic.h>
#include <stdbool.h>

#include <phpsync/driver.h>

struct net_home;

/* Whom a release told that the Lock is free, as the engine says. */
typedef enum net_told {
    NET_TOLD_NOBODY,
    NET_TOLD_SOMEBODY,
    NET_TOLD_POLLERS /* somebody waits who cannot hear it, but looks from time to time */
} net_told;

/* A release has freed an acquisition of this key. began: monotonic, before it was asked for. */
void net_gave(struct net_home *home, const psync_key *key, net_told told, int64_t began);

/* Whether this try gives way: lock_acquire then returns PSYNC_NO, *now says that there is no acquisition. */
bool net_gives_way(struct net_home *home, const psync_key *key, const psync_take *take, psync_lock_state *now);

/* Sleeps until others have had their turn, or the monotonic deadline. PSYNC_NO: until a signal was handled. */
psync_result net_give_way(struct net_home *home, const psync_key *key, int64_t deadline);

/* ---- for net alone ---- */

/* What was given of one key. */
typedef struct net_gift {
    uint64_t key;  /* its hash; keys that share one give way for each other */
    int64_t until; /* monotonic: others go first until then */
    int64_t length;
} net_gift;

/* Of more keys at a time the oldest is forgotten, and who takes that one goes before others once more. */
enum { NET_GIFTS = 32 };

typedef struct net_gifts {
    atomic_uint count; /* changed under the home's mutex; read without it to see that there are none */
    net_gift all[NET_GIFTS];
} net_gifts;

#endif
