/* SPDX-License-Identifier: BSD-3-Clause */
/* give_way.c - which keys were given up to others, since when, and how long that holds. */
#include "net/give_way.h"

#include <string.h>

#include "net/hash.h"
#include "net/home.h"

/* How often the time that a release took goes into the time that others get: a ring, a try, and what may delay
 * them. */
enum { ROUND_TRIPS = 4 };

/* How many pauses between looks who polls gets besides: in the first the Lock may go to another who gave way
 * before. */
enum { LOOKS = 2 };

static const int64_t LEAST = 2 * PSYNC_NS_PER_MS; /* what it takes a thread to be woken on a busy machine */
static const int64_t MOST = 100 * PSYNC_NS_PER_MS;
static const int64_t MOST_FOR_POLLERS = NET_SLICE;

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- under the mutex ---------------------------------------------------------- */

/* NULL: nothing is known of it. */
static net_gift *find(net_gifts *gifts, uint64_t key)
{
    const unsigned count = atomic_load_explicit(&gifts->count, memory_order_relaxed);
    for (unsigned i = 0; i < count; i++) {
        if (gifts->all[i].key == key) return &gifts->all[i];
    }
    return NULL;
}

/* One to be filled in: a new one, or what was the oldest. */
static net_gift *add(net_gifts *gifts)
{
    const unsigned count = atomic_load_explicit(&gifts->count, memory_order_relaxed);
    net_gift *oldest = gifts->all;
    if (count < NET_GIFTS) {
        atomic_store_explicit(&gifts->count, count + 1, memory_order_relaxed);
        return &gifts->all[count];
    }
    for (net_gift *gift = gifts->all; gift < gifts->all + NET_GIFTS; gift++) {
        if (gift->until < oldest->until) oldest = gift;
    }
    return oldest;
}

static void take_out(net_gifts *gifts, net_gift *gift)
{
    const unsigned last = atomic_load_explicit(&gifts->count, memory_order_relaxed) - 1;
    *gift = gifts->all[last];
    atomic_store_explicit(&gifts->count, last, memory_order_relaxed);
}

/* before: the last time that others were told; NULL: not since nobody was. */
static int64_t length_of(const net_home *home, net_told told, int64_t took, const net_gift *before, int64_t now)
{
    int64_t length = larger(LEAST, ROUND_TRIPS * took);
    if (told == NET_TOLD_POLLERS) length += LOOKS * smaller(NET_FIRST_POLL, home->poll);
    if (before) length = larger(length, smaller(2 * before->length, (now - before->until) / 2));
    return smaller(length, told == NET_TOLD_POLLERS ? MOST_FOR_POLLERS : MOST);
}

/* ------------------------------------------------------------------------------- */

static uint64_t hash_of(const psync_key *key)
{
    return net_hash(NET_HASH_START, key->bytes, key->length);
}

/*
 * Relaxed: what this thread has given it sees, and of what another gives at this moment nothing is known to this
 * one.
 */
static bool nothing_given(const net_home *home)
{
    return !atomic_load_explicit(&home->gifts.count, memory_order_relaxed);
}

void net_gave(net_home *home, const psync_key *key, net_told told, int64_t began)
{
    if (told == NET_TOLD_NOBODY && nothing_given(home)) return;
    net_gifts *gifts = &home->gifts;
    const uint64_t hash = hash_of(key);
    const int64_t now = psync__clock->monotonic();
    pthread_mutex_lock(&home->mutex);
    net_gift *gift = find(gifts, hash);
    if (told != NET_TOLD_NOBODY) {
        const int64_t length = length_of(home, told, now - began, gift, now);
        if (!gift) gift = add(gifts);
        *gift = (net_gift){.key = hash, .until = now + length, .length = length};
    } else if (gift) {
        take_out(gifts, gift);
    }
    pthread_mutex_unlock(&home->mutex);
}

/* How long others still go first; 0: no longer. */
static int64_t time_left(net_home *home, const psync_key *key)
{
    if (nothing_given(home)) return 0;
    const uint64_t hash = hash_of(key);
    const int64_t now = psync__clock->monotonic();
    pthread_mutex_lock(&home->mutex);
    const net_gift *gift = find(&home->gifts, hash);
    const int64_t left = gift ? gift->until - now : 0;
    pthread_mutex_unlock(&home->mutex);
    return larger(left, 0);
}

bool net_gives_way(net_home *home, const psync_key *key, const psync_take *take, psync_lock_state *now)
{
    if (!take->may_wait || take->waiting_since || !time_left(home, key)) return false;
    *now = (psync_lock_state){.exists = false};
    return true;
}

psync_result net_give_way(net_home *home, const psync_key *key, int64_t deadline)
{
    const int64_t now = psync__clock->monotonic();
    const int64_t until = smaller(now + time_left(home, key), deadline);
    if (until <= now) return PSYNC_OK;
    return psync__clock->poll(NULL, 0, until - now) < 0 ? PSYNC_NO : PSYNC_OK;
}
