/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.c - starts the lanes of a workload, waits for all, looks once more, and
 * gathers what they wrote down.
 *
 * Of each process it is noted until when it certainly lived (by what it wrote
 * last) and since when it certainly does not (it was reaped): between these two
 * a Hold of it may end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perform.h"
#include "recorder.h"

/* How long a history may take: all its waits have limits far below. */
static const int64_t STUCK = INT64_C(120000000000);

/* What who waits is given, it has long had after this; if not, to be given it again does no harm. */
static const int64_t AGAIN = INT64_C(200000000);

struct shared *shared;

static psync_space *parents_space;
static pid_t churner;
static pthread_t churner_thread;

struct start {
    const struct setup *setup;
    const struct workload *workload;
    int lane; /* -1: the one that churns */
};

/* ---- processes and threads -------------------------------------------------------------------- */

static void run(const struct start *start)
{
    if (start->lane < 0) {
        perform_churn(start->setup);
    } else {
        perform(start->setup, start->workload, start->lane);
    }
}

static pid_t start_process(const struct start *start)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) run_failed("fork: %s", strerror(errno));
    if (pid) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (start->lane >= 0) shared->lanes[start->lane].pid = getpid();
    run(start);
    _exit(EXIT_SUCCESS);
}

static void *thread_body(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    run(&start);
    return NULL;
}

static pthread_t start_thread(const struct start *start)
{
    pthread_t thread;
    struct start *copy = malloc(sizeof *copy);
    if (!copy) abort();
    *copy = *start;
    if (pthread_create(&thread, NULL, thread_body, copy) != 0) abort();
    return thread;
}

/* The last moment at which a lane that has ended certainly lived. */
static int64_t last_sign(const struct lane *lane)
{
    int64_t leaving = atomic_load(&lane->leaving);
    int last = atomic_load(&lane->started) - 1;
    if (leaving || last < 0) return leaving;
    return lane->calls[last].invoke;
}

/* Reaps the lane's process if it has ended: well, or by a SIGKILL. */
static bool has_ended(struct history *history, int lane)
{
    struct life *life = &history->lives[lane];
    int status = 0;
    if (life->dead != NEVER) return true;
    pid_t ended = waitpid(shared->lanes[lane].pid, &status, WNOHANG);
    if (ended == 0) return false;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (ended < 0 || (!killed && status != 0)) run_failed("lane %d ended with status %#x", lane, (unsigned)status);
    life->dying = last_sign(&shared->lanes[lane]);
    life->dead = now_ns();
    atomic_store(&shared->ended[lane], 1);
    return true;
}

/* Whether a lane waits with all patience. */
static bool is_waiting(const struct lane *lane)
{
    int last = atomic_load_explicit(&lane->started, memory_order_acquire) - 1;
    if (last < 0) return false;
    const struct call *call = &lane->calls[last];
    return call->op.seconds >= PATIENT && __atomic_load_n(&call->respond, __ATOMIC_ACQUIRE) == NEVER;
}

/* Says why a lane does not end. */
static void tell_stuck(int lane)
{
    const struct lane *l = &shared->lanes[lane];
    char text[80] = "";
    int last = atomic_load_explicit(&l->started, memory_order_acquire) - 1;
    if (last >= 0) op_describe(&l->calls[last].op, text, sizeof text);
    run_failed("lane %d %s \"%s\" of key %d", lane,
               is_waiting(l) ? "was not woken from" : "did not come to its end after", text,
               last < 0 ? 0 : l->calls[last].op.key);
}

/* Waits until all of these lanes have ended. */
static void join(struct history *history, int first, int count)
{
    int64_t end = now_ns() + STUCK;
    for (int lane = first; lane < first + count;) {
        for (int i = lane; i < first + count; i++) has_ended(history, i); /* some wait for the end of others */
        if (has_ended(history, lane)) {
            lane++;
        } else if (now_ns() > end) {
            tell_stuck(lane);
            kill(shared->lanes[lane].pid, SIGKILL);
        } else {
            nap();
        }
    }
}

static bool is_over(const struct setup *setup, struct history *history, int lane)
{
    return setup->threads ? atomic_load(&shared->lanes[lane].leaving) != 0 : has_ended(history, lane);
}

/* Waits until every lane has ended or waits with patience; how many wait. */
static int let_settle(const struct setup *setup, struct history *history)
{
    int busy, waiting, last = 0;
    int64_t end = now_ns() + STUCK;
    do {
        busy = waiting = 0;
        for (int i = 0; i < history->lanes - 1; i++) {
            if (is_over(setup, history, i)) continue;
            bool waits = is_waiting(&shared->lanes[i]);
            waiting += waits;
            busy += !waits;
            if (!waits) last = i;
        }
        if (busy && now_ns() > end) tell_stuck(last);
        if (busy) nap();
    } while (busy && !atomic_load(&shared->failed));
    return waiting;
}

/*
 * Those that wait with patience get what they wait for, once; a wake-up that
 * is lost then, or was lost to one who was killed, leaves its lane stuck. With
 * outages one of them may have taken a Lock without being told, and so not
 * free it for the next: then they get it again, as often as each may have done that.
 */
static void rescue(const struct setup *setup, const struct workload *workload, struct history *history)
{
    int waiting = let_settle(setup, history);
    if (!waiting) return;
    perform_look(setup, workload, parents_space, history->lanes - 1);
    perform_rescue(setup, workload, parents_space, history->lanes - 1);
    for (int more = setup->outages ? waiting : 0; more > 0 && waiting; more--) {
        int64_t until = now_ns() + AGAIN;
        while (now_ns() < until && (waiting = let_settle(setup, history))) nap();
        if (waiting) perform_rescue(setup, workload, parents_space, history->lanes - 1);
    }
}

/* Lets the lanes go once all have opened the space, or one could not. */
static void gather_lanes(const struct workload *workload, struct history *history)
{
    while (atomic_load(&shared->ready) < workload->lanes && !atomic_load(&shared->failed)) {
        for (int i = 0; i < workload->lanes; i++) {
            if (has_ended(history, i)) run_failed("lane %d did not begin", i);
        }
        nap();
    }
    atomic_store(&shared->go, 1);
}

static void run_processes(const struct setup *setup, const struct workload *workload, struct history *history)
{
    for (int i = 0; i < workload->lanes; i++) {
        shared->lanes[i].pid = start_process(&(struct start){setup, workload, i});
    }
    gather_lanes(workload, history);
    for (int i = 0; i < workload->kills; i++) {
        int successor = workload->lanes + i;
        join(history, workload->victims[i], 1);
        shared->lanes[successor].pid = start_process(&(struct start){setup, workload, successor});
    }
    rescue(setup, workload, history);
    join(history, 0, workload->lanes + workload->kills);
}

static void run_threads(const struct setup *setup, const struct workload *workload, struct history *history)
{
    pthread_t threads[LANES_MAX];
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += STUCK / 1000000000;
    for (int i = 0; i < workload->lanes; i++) threads[i] = start_thread(&(struct start){setup, workload, i});
    atomic_store(&shared->go, 1);
    rescue(setup, workload, history);
    for (int i = 0; i < workload->lanes; i++) {
        if (pthread_timedjoin_np(threads[i], NULL, &end) == 0) continue;
        /* It uses what we have: there is no way on from here. */
        tell_stuck(i);
        fprintf(stderr, "%s\n", shared->why);
        abort();
    }
}

/* ---- a record ------------------------------------------------------------------------------ */

static void begin_history(const struct setup *setup, const struct workload *workload, struct history *history)
{
    key_series++;
    atomic_store(&shared->ready, 0);
    atomic_store(&shared->go, 0);
    atomic_store(&shared->churn, workload->churn);
    for (int i = 0; i < SIGNALS; i++) {
        atomic_store(&shared->signals[i], 0);
        atomic_store(&shared->notes[i], 0);
    }
    for (int i = 0; i < LANES_MAX; i++) {
        atomic_store(&shared->ended[i], 0);
        atomic_store(&shared->lanes[i].started, 0);
        atomic_store(&shared->lanes[i].leaving, 0);
        history->lives[i] = (struct life){.pid = getpid(), .dying = NEVER, .dead = NEVER};
    }
    history->count = 0;
    history->lanes = workload->lanes + workload->kills + 1; /* the last is the parent's */
    history->liveness = (int64_t)(setup->liveness * 1e9);
    history->outages = setup->outages;
}

static void gather_calls(struct history *history)
{
    for (int lane = 0; lane < history->lanes; lane++) {
        struct lane *from = &shared->lanes[lane];
        int count = atomic_load_explicit(&from->started, memory_order_acquire);
        for (int i = 0; i < count; i++) {
            struct call *call = &history->calls[history->count++];
            *call = from->calls[i];
            if (call->respond == NEVER) call->outcome = UNKNOWN; /* killed while it wrote down the rest */
            if (call->outcome == UNKNOWN) call->respond = NEVER; /* it may take effect yet */
        }
    }
}

bool record(const struct setup *setup, const struct workload *workload, struct history *history)
{
    begin_history(setup, workload, history);
    if (setup->threads) {
        run_threads(setup, workload, history);
    } else {
        run_processes(setup, workload, history);
        for (int i = 0; i < history->lanes - 1; i++) history->lives[i].pid = shared->lanes[i].pid;
    }
    if (workload->settle) {
        int64_t until = now_ns() + history->liveness + 1;
        while (now_ns() < until) nap();
    }
    perform_look(setup, workload, parents_space, history->lanes - 1);
    perform_removal(setup, workload, parents_space, history->lanes - 1);
    atomic_store(&shared->churn, false);
    gather_calls(history);
    return !atomic_load(&shared->failed);
}

bool recorder_start(const struct setup *setup)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) abort();
    key_series = (unsigned long long)now_ns();
    struct start churn = {.setup = setup, .lane = -1};
    if (setup->threads) {
        churner_thread = start_thread(&churn);
    } else {
        churner = start_process(&churn);
    }
    parents_space = open_space(setup);
    return !atomic_load(&shared->failed);
}

void recorder_stop(const struct setup *setup)
{
    atomic_store(&shared->stop, true);
    if (setup->threads) {
        pthread_join(churner_thread, NULL);
    } else {
        waitpid(churner, NULL, 0);
    }
    psync_space_close(parents_space);
    munmap(shared, sizeof *shared);
}
