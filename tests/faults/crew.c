/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crew.c - the processes of a run: workers, the gate's keeper, those who wait at it.
 *
 * With `kills`, half of the workers and of those who wait may be killed (SIGKILL) at any moment; the next one goes
 * on in their place. What a killed worker was at may have been done, or be done later: it counts as unknown, and a
 * Lock that it took, or takes when its request arrives at last, is freed by us.
 */
#include "chance.h"
#include "witness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t MS = 1000000;

enum role { WORKER, KEEPER, WAITER };

struct mate {
    enum role role;
    unsigned number, lives;
    pid_t pid; /* 0: it has ended */
    bool doomed;
};

static struct mate mates[WORKERS + 1 + WAITERS];
static unsigned count;
static pid_t *dead;
static size_t dead_count;

static void be(const struct crew *crew, const struct mate *mate)
{
    const uint64_t seed = crew->seed * 1000 + mate->number + mate->lives * UINT64_C(1000003);
    if (mate->role == WORKER) work(crew->client, crew->dsn, mate->number, seed);
    if (mate->role == KEEPER) keep_gate(crew->dsn, seed + 500, crew->rounds);
    if (mate->role == WAITER) wait_at_gate(crew->dsn, mate->number, seed + 600);
}

static void start(const struct crew *crew, struct mate *mate)
{
    pid_t parent = getpid();
    mate->doomed = false;
    mate->pid = fork();
    if (mate->pid < 0) {
        perror("fork");
        exit(EXIT_FAILURE);
    }
    if (mate->pid > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    witness_join();
    be(crew, mate);
    exit(EXIT_SUCCESS);
}

static void sign_on(const struct crew *crew, enum role role, unsigned number)
{
    mates[count] = (struct mate){.role = role, .number = number};
    start(crew, &mates[count++]);
}

static bool any_lives(void)
{
    for (struct mate *mate = mates; mate < mates + count; mate++) {
        if (mate->pid) return true;
    }
    return false;
}

/* ---- deaths ----------------------------------------------------------------- */

static bool is_dead(pid_t pid)
{
    for (size_t i = 0; i < dead_count; i++) {
        if (dead[i] == pid) return true;
    }
    return false;
}

void crew_free_ghosts(const struct crew *crew)
{
    if (!dead_count) return;
    for (unsigned key = 0; key < KEYS; key++) {
        uint64_t fence;
        if (is_dead(crew->client->dead_holder(crew->direct, key, &fence)))
            crew->client->release_if(crew->direct, key, fence);
    }
}

/* What was it at? */
static void bury(const struct mate *mate)
{
    atomic_fetch_add(&arena->killed, 1);
    dead = realloc(dead, (dead_count + 1) * sizeof *dead);
    if (!dead) abort();
    dead[dead_count++] = mate->pid;
    if (mate->role != WORKER) return;
    struct duty *duty = &arena->duties[mate->number - 1];
    const unsigned key = duty->key;
    unsigned owner = mate->number;
    if (duty->task == ADDS) atomic_fetch_add(&arena->added[key].unknown, 1);
    if (duty->task == SWAPS) atomic_fetch_add(&arena->swapped[key].unknown, 1);
    if (duty->task == LOCKS) {
        atomic_fetch_add(&arena->guards[key].unknown_acquired, 1);
        atomic_compare_exchange_strong(&arena->guards[key].owner, &owner, 0);
    }
    duty->task = NOTHING;
}

/* A process that has ended. */
static void part(const struct crew *crew, pid_t pid, int status)
{
    for (struct mate *mate = mates; mate < mates + count; mate++) {
        if (mate->pid != pid) continue;
        if (!mate->doomed || !WIFSIGNALED(status) || arena->broken) {
            if (status != 0 && !mate->doomed) broken("a process ended with status %#x", (unsigned)status);
            mate->pid = 0;
            return;
        }
        bury(mate);
        mate->lives++;
        start(crew, mate);
    }
}

static void reap(const struct crew *crew, bool wait)
{
    int status;
    pid_t pid = waitpid(-1, &status, wait ? 0 : WNOHANG);
    if (pid > 0) part(crew, pid, status);
}

static void kill_mate(const struct crew *crew, struct mate *mate)
{
    pid_t pid = mate->pid;
    mate->doomed = true;
    kill(pid, SIGKILL);
    /* Before anybody gets the Lock that it has, we must know that it has it no more. */
    int status;
    if (waitpid(pid, &status, 0) == pid) part(crew, pid, status);
}

/* Who waits in vain must live to tell: the next one in his place finds the gate open. */
static bool may_be_killed(const struct mate *mate)
{
    if (mate->role == WORKER) return is_mortal(mate->number);
    return mate->role == WAITER && mate->number >= WAITERS / 2;
}

static void kill_one(const struct crew *crew, struct chance *chance)
{
    struct mate *mate = &mates[chance_below(chance, count)];
    if (mate->pid && may_be_killed(mate)) kill_mate(crew, mate);
}

static void end_all(const struct crew *crew)
{
    for (struct mate *mate = mates; mate < mates + count; mate++) {
        if (mate->pid) kill_mate(crew, mate);
    }
}

/* Kills now and then, until the workers and the gate's keeper have done. */
static void run_with_kills(const struct crew *crew)
{
    struct chance chance = {crew->seed};
    int64_t due = now_ns();
    while (any_lives() && !arena->broken) {
        pause_ns(2 * MS);
        reap(crew, false);
        crew_free_ghosts(crew);
        if (now_ns() < due) continue;
        kill_one(crew, &chance);
        due = now_ns() + (int64_t)chance_below(&chance, 2 * arena->kills) * MS;
    }
}

void crew_run(const struct crew *crew)
{
    for (unsigned i = 0; i < arena->workers; i++) sign_on(crew, WORKER, i + 1);
    if (crew->rounds > 0) sign_on(crew, KEEPER, 0);
    for (unsigned i = 0; crew->rounds > 0 && i < WAITERS; i++) sign_on(crew, WAITER, i);
    if (arena->kills) run_with_kills(crew);
    while (any_lives() && !arena->broken) reap(crew, true);
    end_all(crew);
}
