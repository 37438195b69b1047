/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.c - turns on a home's lanes, first come, first served.
 *
 * Who finds no lane to have stands in the queue. A lane is had by the first
 * one there, or by whoever comes while nobody has stood there for a
 * millisecond. For that long whoever runs may make one request after the other:
 * to wake another thread for each takes longer than many of them. After that
 * who leaves a lane and comes again stands behind those who waited for it.
 *
 * Who runs its hook keeps its place, but is passed over until it is back: the
 * hook takes what time it likes, and its own requests stand behind it.
 * Whoever leaves the queue, with a lane or without, calls the first one left
 * there if a lane is to be had: a call that came to one who was just giving up is
 * not lost.
 *
 * The time that one may wait for is time in which the engine gives no answer: it
 * counts anew from each answer that others get meanwhile, and stops while the hook runs.
 */
#include "net/lane.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/home.h"
#include "system.h"

/* How long the first in the queue lets others pass who come just now. */
static const int64_t PATIENCE = PSYNC_NS_PER_MS;

/* ---- lanes, under the mutex ---------------------------------------------------- */

void net_lane_new_client(net_lane *lane)
{
    lane->number = 0;
    snprintf(lane->client, sizeof lane->client, "%016llx%016llx", (unsigned long long)psync__random(),
             (unsigned long long)psync__random());
}

/* Adds one at the end; NULL: out of memory. */
static net_lane *add_lane(net_home *home)
{
    net_lane *lane = calloc(1, sizeof *lane);
    if (!lane) return NULL;
    net_lane_new_client(lane);
    net_lane **end = &home->lanes;
    while (*end) end = &(*end)->next;
    *end = lane;
    return lane;
}

/* Whether a lane is to be had: one is free (*lane), or all there are have been set aside, so that one may be added.
 */
static bool is_to_be_had(const net_home *home, net_lane **lane)
{
    *lane = home->lanes;
    while (*lane && (*lane)->use != NET_FREE) *lane = (*lane)->next;
    if (*lane) return true;
    for (const net_lane *other = home->lanes; other; other = other->next) {
        if (other->use == NET_BUSY) return false;
    }
    return true;
}

/* ---- the queue, under the mutex ------------------------------------------------ */

/* Whose turn is next; NULL: nobody waits. */
static net_place *first_in_queue(const net_home *home)
{
    net_place *place = home->queue;
    while (place && place->is_away) place = place->next;
    return place;
}

static void call_next(const net_home *home)
{
    net_lane *lane;
    net_place *first = first_in_queue(home);
    if (first && is_to_be_had(home, &lane)) pthread_cond_signal(&first->called);
}

static void enter_queue(net_home *home, net_place *place, int64_t time)
{
    net_place **end = &home->queue;
    while (*end) end = &(*end)->next;
    *place = (net_place){.is_queued = true, .since = psync__clock->monotonic(), .time = time};
    place->forks = atomic_load_explicit(&psync__forks, memory_order_relaxed); /* fork.h: relaxed is enough */
    net_cond_init(&place->called);
    *end = place;
}

static void leave_queue(net_home *home, net_place *place)
{
    if (!place->is_queued) return;
    net_place **at = &home->queue;
    while (*at != place) at = &(*at)->next;
    *at = place->next;
    place->is_queued = false;
    pthread_cond_destroy(&place->called);
}

/* Whether it is its turn; *lane is what it may have, NULL: one that is yet to be added. */
static bool has_turn(const net_home *home, const net_place *place, net_lane **lane)
{
    const net_place *first = first_in_queue(home);
    *lane = NULL;
    if (first && first != place) {
        const bool may_pass = !place->is_queued && psync__clock->monotonic() - first->since < PATIENCE;
        if (!may_pass) return false;
    }
    return is_to_be_had(home, lane);
}

static void count_from_last_answer(const net_home *home, const net_place *place, int64_t *until)
{
    const int64_t end = home->answered_at + place->time;
    if (*until < end) *until = end;
}

/* Runs the hook, without the mutex, passed over meanwhile. */
static psync_result run_hook(net_home *home, net_place *place, int64_t *until, psync_error *error)
{
    const int64_t began = psync__clock->monotonic();
    place->is_away = true;
    pthread_mutex_unlock(&home->mutex);
    bool leave = home->interrupt(home->interrupt_argument);
    const bool is_child = net_forked_since(place->forks);
    if (is_child) (void)net_home_after_fork(home, NULL);
    pthread_mutex_lock(&home->mutex);
    if (is_child) enter_queue(home, place, place->time); /* the child's is another */
    place->is_away = false;
    *until += psync__clock->monotonic() - began;
    return leave ? psync_error_set(error, PSYNC_ERROR_INTERRUPTED, 0, "the call was interrupted") : PSYNC_OK;
}

/* Waits a slice for its turn; if that has not come by its end, the hook is due. */
static psync_result wait_in_queue(net_home *home, net_place *place, int64_t *until, bool hooked, psync_error *error)
{
    net_lane *lane;
    const int64_t now = psync__clock->monotonic();
    if (!place->is_queued) enter_queue(home, place, *until - now);
    count_from_last_answer(home, place, until);
    if (now >= *until) return PSYNC_NO;
    const int64_t end = now + NET_SLICE < *until ? now + NET_SLICE : *until;
    net_cond_wait(&place->called, &home->mutex, end);
    const bool is_due = psync__clock->monotonic() >= end && !has_turn(home, place, &lane);
    return is_due && hooked && home->interrupt ? run_hook(home, place, until, error) : PSYNC_OK;
}

/* ---- turns --------------------------------------------------------------------- */

psync_result net_lane_take(net_home *home, int64_t *until, bool hooked, net_lane **taken, psync_error *error)
{
    psync_result r = PSYNC_OK;
    net_place place = {.is_queued = false};
    net_lane *lane = NULL;
    pthread_mutex_lock(&home->mutex);
    while (!r && !has_turn(home, &place, &lane)) r = wait_in_queue(home, &place, until, hooked, error);
    if (!r && !lane) lane = add_lane(home);
    if (!r && !lane) r = psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
    if (lane) {
        lane->use = NET_BUSY;
        lane->user = pthread_self();
    }
    if (place.is_queued) count_from_last_answer(home, &place, until);
    leave_queue(home, &place);
    call_next(home);
    pthread_mutex_unlock(&home->mutex);
    *taken = lane;
    return r;
}

/* Under the mutex: takes the free lanes behind the first out of the list. */
static net_lane *take_surplus(net_home *home)
{
    net_lane *surplus = NULL;
    for (net_lane **at = &home->lanes->next; *at;) {
        net_lane *lane = *at;
        if (lane->use != NET_FREE) {
            at = &lane->next;
            continue;
        }
        *at = lane->next;
        lane->next = surplus;
        surplus = lane;
    }
    return surplus;
}

static void free_lanes(net_home *home, net_lane *lane)
{
    while (lane) {
        net_lane *next = lane->next;
        net_drop(home, lane->connection, false);
        free(lane);
        lane = next;
    }
}

void net_lane_leave(net_home *home, net_lane *lane)
{
    net_lane *surplus = NULL;
    pthread_mutex_lock(&home->mutex);
    lane->use = NET_FREE;
    if (lane->answered) home->answered_at = psync__clock->monotonic();
    lane->answered = false;
    if (lane == home->lanes && lane->next) surplus = take_surplus(home);
    call_next(home);
    pthread_mutex_unlock(&home->mutex);
    free_lanes(home, surplus);
}

void net_lanes_close(net_home *home)
{
    free_lanes(home, home->lanes);
}

void net_lane_set_aside(net_home *home, net_lane *lane)
{
    pthread_mutex_lock(&home->mutex);
    lane->use = NET_ASIDE;
    call_next(home);
    pthread_mutex_unlock(&home->mutex);
}

void net_lane_take_back(net_home *home, net_lane *lane)
{
    pthread_mutex_lock(&home->mutex);
    lane->use = NET_BUSY;
    pthread_mutex_unlock(&home->mutex);
}

/*
 * What another thread of the parent was using is only unplugged and never
 * freed: it may be half changed. A lane that this thread has set aside, for
 * the hook that forked, is dropped by the request that set it aside.
 */
void net_lanes_after_fork(net_home *home)
{
    net_lane *lane = home->lanes;
    home->lanes = NULL;
    home->queue = NULL;
    while (lane) {
        net_lane *next = lane->next;
        bool mine = lane->use != NET_FREE && pthread_equal(lane->user, pthread_self());
        if (lane->use == NET_FREE) net_drop(home, lane->connection, true);
        if (lane->use != NET_FREE && !mine && lane->connection) (void)net_unplug(home, lane->connection);
        if (!mine) free(lane);
        lane = next;
    }
}
