/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wakes.c - from the start of a release to the last of 64 waiters running, against 64 bare inotify readers of a
 * file's removal.
 *
 * A user may have only so many inotify instances, 128 as a rule, and a waiting process keeps one. So each kind of
 * waiter is a team of its own, woken a few times; teams of both kinds take turns.
 */
#include "file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { WAITERS = 64, TEAM_WAKES = 5 };

enum kind { OURS, BARE };

struct team {
    const struct place *place;
    enum kind kind;
    char bare[PATH_MAX]; /* the file that bare readers wait for; a second name of the next, as a Lock's file has one
                          */
    char kept[PATH_MAX];
    bench_count go;
    bench_count about; /* to sleep */
    bench_count awake;
    int64_t woken[WAITERS];
};

static void read_bare(int fd, const struct team *team)
{
    char events[4096] __attribute__((aligned(8)));
    /* As with a Lock: watch first, then look, then sleep. */
    if (inotify_add_watch(fd, team->place->folder, IN_DELETE | IN_ONESHOT) < 0)
        bench_die("inotify_add_watch failed");
    if (access(team->bare, F_OK) != 0) bench_die("WRONG: the file was removed too early");
    while (read(fd, events, sizeof events) > 0) {
        const struct inotify_event *event = (const struct inotify_event *)(const void *)events;
        if (event->mask & IN_DELETE) break; /* the end of the watch before is an event too */
    }
}

static void wait_ours(psync_lock *lock)
{
    psync_error error;
    bench_expect_ok(psync_lock_wait(lock, NULL, &error), &error, "psync_lock_wait");
}

static void waiter(unsigned index, void *argument)
{
    struct team *team = argument;
    psync_space *space = open_space(team->place, "space");
    psync_lock *lock = bench_lock_open(space, "gate");
    int fd = team->kind == BARE ? inotify_init1(IN_CLOEXEC) : -1;
    if (team->kind == BARE && fd < 0) bench_die("inotify_init1 failed");
    for (uint32_t wake = 1; wake <= TEAM_WAKES; wake++) {
        bench_count_await(&team->go, wake);
        bench_count_add(&team->about);
        if (team->kind == OURS) wait_ours(lock);
        if (team->kind == BARE) read_bare(fd, team);
        team->woken[index] = bench_now();
        bench_count_add(&team->awake);
    }
    psync_lock_close(lock);
    psync_space_close(space);
}

/* All sleep, the thing happens, the last of them wakes. Microseconds. */
static double time_wake(struct team *team, const pid_t *pids, psync_lock *lock, uint32_t wake)
{
    psync_error error;
    if (team->kind == OURS) bench_expect_ok(psync_lock_acquire(lock, NULL, NULL, &error), &error, "acquire");
    if (team->kind == BARE && link(team->kept, team->bare) != 0) bench_die("cannot make %s", team->bare);
    bench_count_add(&team->go);
    bench_count_await(&team->about, wake * WAITERS);
    bench_await_asleep(pids, WAITERS);
    bench_expect(team->awake.value == (wake - 1) * WAITERS, "a waiter went on before the release");
    int64_t start = bench_now();
    if (team->kind == OURS) bench_expect_ok(psync_lock_release(lock, &error), &error, "release");
    if (team->kind == BARE) unlink(team->bare);
    bench_count_await(&team->awake, wake * WAITERS);
    int64_t last = start;
    for (unsigned i = 0; i < WAITERS; i++) last = team->woken[i] > last ? team->woken[i] : last;
    return (double)(last - start) / 1000;
}

static void run_team(const struct place *place, enum kind kind, psync_lock *lock, double *times)
{
    pid_t pids[WAITERS];
    struct team *team = bench_shared(sizeof *team);
    team->place = place;
    team->kind = kind;
    snprintf(team->bare, sizeof team->bare, "%s/gate", place->folder);
    snprintf(team->kept, sizeof team->kept, "%s/kept", place->folder);
    close(open(team->kept, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    bench_fork(WAITERS, waiter, team, pids);
    for (uint32_t wake = 1; wake <= TEAM_WAKES; wake++) {
        team->about.wake_at = team->awake.wake_at = wake * WAITERS;
        times[wake - 1] = time_wake(team, pids, lock, wake);
    }
    bench_join();
}

/* Whether every waiter gets an inotify instance; else ours poll, and the bare ones cannot. */
static bool instances_suffice(void)
{
    int fds[WAITERS];
    int count = 0;
    while (count < WAITERS && (fds[count] = inotify_init1(IN_CLOEXEC)) >= 0) count++;
    for (int i = 0; i < count; i++) close(fds[i]);
    return count == WAITERS;
}

void bench_wakes(const struct place *place, long wakes)
{
    static double ours[MAX_ROUNDS + TEAM_WAKES], bare[MAX_ROUNDS + TEAM_WAKES];
    char measure[64];
    if (!instances_suffice()) {
        bench_note("without waiters: fs.inotify.max_user_instances leaves this user fewer than %d", WAITERS);
        return;
    }
    psync_space *space = open_space(place, "space");
    psync_lock *lock = bench_lock_open(space, "gate");
    size_t count = 0;
    for (; count < (size_t)wakes; count += TEAM_WAKES) {
        run_team(place, OURS, lock, ours + count);
        run_team(place, BARE, lock, bare + count);
    }
    psync_lock_close(lock);
    psync_space_close(space);
    snprintf(measure, sizeof measure, "unlock to the last of %d waiters, %s", WAITERS, place->name);
    bench_print(&(bench_row){.measure = measure,
                             .ours = bench_median(ours, count),
                             .unit = "us",
                             .base_name = "bare inotify readers",
                             .base = bench_median(bare, count),
                             .ratio = bench_median_ratio(ours, bare, count),
                             .goal = BENCH_AT_MOST,
                             .limit = 3.0});
}
