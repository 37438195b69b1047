/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fence.c - ROOT/.phpsync/fence: from which clock the space's fences come, and a bound of theirs.
 *
 *     CEILING (19) OFFSET (19) BOOT (16)
 *
 * A fence is the microseconds since this boot plus OFFSET. That clock goes on
 * alike for all processes of the host and never back, so who draws under the
 * file's flock, and gives it back when the clock has gone on, has a number
 * that is larger than all before. Nothing has to be read or written for it: a
 * process reads the offset once, and nobody changes it while the boot lasts.
 *
 * For the next boot, whose clock begins anew, CEILING is larger than every
 * fence so far: it is raised by LEASE when the clock comes to it. That boot's
 * offset begins above it, and at the microseconds since 1970.
 *
 * On a network file system there are several clocks. There the file holds one
 * number, the last fence, which is read and written each time.
 */
#include "fence.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "counter.h"
#include "failure.h"
#include "number.h"
#include "spare.h"

static const char fence_name[] = FILE_FENCE;

static const int64_t LEASE = 1000000; /* us */
static const int64_t LARGEST = INT64_MAX / 4;

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
        home->fences.known = false;
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

/* ------------------------------------------------------------------------ */
/* The text                                                                 */

/* The digits of a boot, and nothing but newlines behind them. */
static bool is_boot(const char *text)
{
    if (strspn(text, "0123456789abcdef") != FILE_FENCE_BOOT) return false;
    text += FILE_FENCE_BOOT;
    return !text[strspn(text, "\n")];
}

bool file_fence_parse(const char *text, struct file_fences *fences)
{
    long long ceiling;
    long long offset;
    int end = 0;
    if (sscanf(text, "%19lld %19lld %n", &ceiling, &offset, &end) != 2 || !end) return false;
    if (ceiling < 0 || ceiling > LARGEST || offset < 0 || offset > LARGEST || !is_boot(text + end)) return false;
    fences->ceiling = ceiling;
    fences->offset = offset;
    memcpy(fences->boot, text + end, FILE_FENCE_BOOT);
    return true;
}

static size_t format(char text[FILE_NUMBER_MAX], const struct file_fences *fences)
{
    return (size_t)snprintf(text, FILE_NUMBER_MAX, "%019lld %019lld %.*s\n", (long long)fences->ceiling,
                            (long long)fences->offset, FILE_FENCE_BOOT, fences->boot);
}

static psync_result exhausted(const struct file_home *home, psync_error *error)
{
    return psync_error_set(error, PSYNC_ERROR_DAMAGED, 0, "%s holds the largest number there is; remove it",
                           home->fence_path);
}

/* ------------------------------------------------------------------------ */
/* By this boot's clock                                                     */

/* Microseconds, the same for all processes of this boot; below LARGEST for ages. */
static int64_t clock_now(const struct file_home *home)
{
    return (psync__clock->boottime() - home->fences.namespace) / 1000;
}

static const char unknown_boot[FILE_FENCE_BOOT + 1] = "0000000000000000";

static bool is_told(const char boot[FILE_FENCE_BOOT])
{
    return memcmp(boot, unknown_boot, FILE_FENCE_BOOT) != 0;
}

/* Which boot this is; zeros, if that is not told. */
static void learn_boot(struct file_home *home, char boot[FILE_FENCE_BOOT])
{
    char id[PSYNC_BOOT_ID + 1];
    psync__boot_id(id);
    memcpy(boot, unknown_boot, FILE_FENCE_BOOT);
    for (size_t from = 0, to = 0; id[from] && to < FILE_FENCE_BOOT; from++) {
        if (id[from] != '-') boot[to++] = id[from];
    }
    home->fences.namespace = psync__time_namespace();
}

/*
 * Whether an offset that was read holds for this boot. If it does, a ceiling
 * is never more than LEASE ahead; and if it is behind, the offset will do whichever boot it is of. Where that does
 * not settle it, who is of another boot than the last writer, or cannot tell, waits until it does: he must not
 * choose another, for a container may have a boot id of its own, and its host's clock.
 */
static bool offset_holds(const struct file_home *home, const struct file_fences *read,
                         const char boot[FILE_FENCE_BOOT])
{
    const struct file_fences *fences = &home->fences;
    int64_t now = clock_now(home) + read->offset;
    if (now <= read->ceiling - LEASE) return false;
    if (now > read->ceiling || (fences->known && fences->offset == read->offset)) return true;
    if (is_told(boot) && memcmp(boot, read->boot, FILE_FENCE_BOOT) == 0) return true;
    while (clock_now(home) + read->offset <= read->ceiling) {
        struct timespec pause = {.tv_nsec = PSYNC_NS_PER_MS};
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    return true;
}

/* Reads the offset, or settles one, and raises the ceiling. */
static psync_result renew(struct file_home *home, psync_error *error)
{
    struct file_fences *fences = &home->fences;
    struct file_fences read = {.ceiling = 0};
    struct file_number old;
    char text[FILE_NUMBER_MAX];
    char boot[FILE_FENCE_BOOT];
    psync_result r = file_number_read_text(home->fence.fd, home->fence_path, &old, error);
    if (r) return r;
    learn_boot(home, boot);
    bool has_offset = file_fence_parse(old.text, &read);
    if (!has_offset) {
        r = file_number_parse(home->fence_path, &old, error);
        if (r) return r;
        read.ceiling = old.value;
    }
    if (fences->known && fences->ceiling > read.ceiling) read.ceiling = fences->ceiling; /* changed by hand */
    if (read.ceiling > LARGEST) return exhausted(home, error);
    int64_t now = clock_now(home);
    if (has_offset && offset_holds(home, &read, boot)) {
        fences->offset = read.offset;
        if (!is_told(boot)) memcpy(boot, read.boot, FILE_FENCE_BOOT); /* for those who can tell */
    } else if (!fences->known || now + fences->offset <= read.ceiling - (has_offset ? LEASE : 0)) {
        int64_t wall = psync__clock->realtime() / 1000;
        int64_t first = wall > read.ceiling ? wall : read.ceiling + 1;
        fences->offset = first > now ? first - now : 0;
    }
    fences->ceiling = now + fences->offset + LEASE;
    if (fences->ceiling < read.ceiling) fences->ceiling = read.ceiling;
    memcpy(fences->boot, boot, FILE_FENCE_BOOT);
    size_t length = format(text, fences);
    while (length < old.length) text[length++] = '\n';
    r = file_number_write_text(home->fence.fd, home->fence_path, &old, text, length, error);
    fences->known = !r;
    return r;
}

static psync_result draw_by_clock(struct file_home *home, uint64_t *fence, psync_error *error)
{
    struct file_fences *fences = &home->fences;
    int64_t next = clock_now(home) + fences->offset;
    if (!fences->known || next > fences->ceiling) {
        psync_result r = renew(home, error);
        if (r) return r;
        next = clock_now(home) + fences->offset;
    }
    *fence = (uint64_t)next;
    fences->last = next;
    return PSYNC_OK;
}

/* ------------------------------------------------------------------------ */
/* By a number                                                              */

static psync_result draw_by_number(struct file_home *home, uint64_t *fence, psync_error *error)
{
    struct file_number number;
    struct file_fences by_clock; /* the folder was on a disk before */
    psync_result r = file_number_read_text(home->fence.fd, home->fence_path, &number, error);
    if (!r && file_fence_parse(number.text, &by_clock)) {
        number.value = by_clock.ceiling;
    } else if (!r) {
        r = file_number_parse(home->fence_path, &number, error);
    }
    if (r) return r;
    if (number.value == INT64_MAX) return exhausted(home, error);
    int64_t now = psync__clock->realtime() / 1000;
    int64_t next = number.value < now ? now : number.value + 1;
    *fence = (uint64_t)next;
    return file_number_write(home->fence.fd, home->fence_path, &number, next, false, error);
}

/* ------------------------------------------------------------------------ */

psync_result file_fence_begin(struct file_home *home, bool check, uint64_t *fence, psync_error *error)
{
    pthread_mutex_lock(&home->fence.mutex);
    psync_result r = settle(home, check, error);
    if (!r) r = home->options.remote ? draw_by_number(home, fence, error) : draw_by_clock(home, fence, error);
    if (r) file_counter_unlock(&home->fence);
    return r;
}

void file_fence_end(struct file_home *home)
{
    /* The next one's is larger: a look at the clock, where a link has taken longer than a microsecond already. */
    while (!home->options.remote && clock_now(home) + home->fences.offset <= home->fences.last) {
    }
    file_counter_unlock(&home->fence);
}
