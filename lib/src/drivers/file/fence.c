/* SPDX-License-Identifier: BSD-3-Clause */
/* fence.c - ROOT/.phpsync/fence, a counter like the Integers' (counter.h). */
#include "fence.h"

#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "counter.h"
#include "failure.h"
#include "number.h"
#include "spare.h"

static const char fence_name[] = FILE_FENCE;

static psync_result create_fences(struct file_home *home, struct file_place *place, psync_error *error)
{
    struct file_temporary temporary;
    psync_result r = file_temporary_make(home, "0", 1, &temporary, error);
    if (r) return r;
    r = file_publish(&temporary, place, false, error);
    file_temporary_close(&temporary);
    return r == PSYNC_NO ? PSYNC_OK : r;
}

/* Opens the fences' file, made if it is missing. */
static psync_result open_fences(struct file_home *home, psync_error *error)
{
    psync_result r = PSYNC_OK;
    while (!r && home->fence.fd < 0) {
        struct file_place place;
        r = file_place_own(home, fence_name, &place, error);
        if (r) return r;
        r = file_counter_open(&home->fence, &place, FILE_CHANGE, error);
        if (r == PSYNC_NO) r = create_fences(home, &place, error);
        file_place_leave(&place);
    }
    return r;
}

/* PSYNC_NO: it is not the one at its place any more. */
static psync_result compare(struct file_home *home, bool check, psync_error *error)
{
    struct file_counter *counter = &home->fence;
    struct file_place place;
    psync_result r = check ? file_counter_has_name(home, counter, home->fence_path, error) : PSYNC_OK;
    if (r || (!check && !file_counter_look_is_due(home, counter))) return r;
    r = file_place_own(home, fence_name, &place, error);
    if (r) return r;
    r = file_counter_is_at(counter, &place, error);
    file_place_leave(&place);
    return r;
}

/* The open and locked file of the fences. */
static psync_result settle(struct file_home *home, bool check, psync_error *error)
{
    for (;;) {
        psync_result r = open_fences(home, error);
        if (!r) r = file_counter_lock(&home->fence, home->fence_path, FILE_CHANGE, error);
        if (!r) r = compare(home, check, error);
        if (r != PSYNC_NO) return r;
        file_counter_close(&home->fence);
    }
}

psync_result file_fence_begin(struct file_home *home, bool check, uint64_t *fence, psync_error *error)
{
    struct file_number number;
    pthread_mutex_lock(&home->fence.mutex);
    psync_result r = settle(home, check, error);
    if (!r) r = file_number_read(home->fence.fd, home->fence_path, &number, error);
    if (!r && number.value == INT64_MAX) {
        r = psync_error_set(error, PSYNC_ERROR_DAMAGED, 0, "%s holds the largest number there is; remove it",
                            home->fence_path);
    }
    if (!r) {
        int64_t now = psync__clock->realtime() / 1000;
        int64_t next = number.value < now ? now : number.value + 1;
        r = file_number_write(home->fence.fd, home->fence_path, &number, next, false, error);
        *fence = (uint64_t)next;
    }
    if (r) file_counter_unlock(&home->fence);
    return r;
}

void file_fence_end(struct file_home *home)
{
    file_counter_unlock(&home->fence);
}
