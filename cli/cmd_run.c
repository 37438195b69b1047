/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd_run.c - phpsync run: runs a command while holding a Lock.
 *
 * The Hold belongs to this process, the command is a grandchild behind a guard
 * (guard.c), which ends it if this process dies. Here one loop sleeps on four
 * descriptors: the guard's reports, signals to pass on, the lease's timer, and
 * an eventfd that a second thread writes to when the Hold is lost. That thread
 * waits for the Lock as anybody would; if the Hold is lost before
 * that wait begins, the wait's hook sees it.
 *
 * Signals: those of the terminal reach the command by themselves, as it is in the same process
 * group; all others that come here are passed on. Before the guard
 * said that the command's process exists, none can have reached it: those are all passed on.
 */
#include "cli.h"
#include "guard.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct run_state {
    const invocation *call;
    psync_hold *hold;
    guard guard;
    bool started, stopping;
    int signals, renewal; /* signalfd, timerfd (-1 without a lease) */
    int code;             /* the exit code, if it is not the command's */
    pthread_t watcher;
    bool watching;       /* the watcher is to be joined */
    psync_lock *watched; /* the watcher's own handle */
    atomic_bool ending;  /* no more to watch; a flag alone, it guards no other memory: relaxed is enough */
    int lost;            /* eventfd: the watcher's last word */
    psync_result watch_result;
    psync_error watch_error;
} run_state;

/* ------------------------------------------------------------------------ */
/* The Hold                                                                 */

/* The path that execvp would run, as far as it can be told: what lists show as the owner's program. */
static char *program_path(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL || path == NULL) return must_strdup(name);
    for (const char *folder = path; *folder != '\0';) {
        size_t length = strcspn(folder, ":");
        char *candidate = must_realloc(NULL, length + strlen(name) + 2);
        sprintf(candidate, "%.*s/%s", (int)length, folder, name);
        if (length > 0 && access(candidate, X_OK) == 0) return candidate;
        free(candidate);
        folder += length + (folder[length] == ':');
    }
    return must_strdup(name);
}

/* Takes the Hold, labelled with the command's path. An exit code. */
static int take_hold(run_state *r, const char *program)
{
    psync_error error;
    psync_lock *lock;
    char *label = program_path(program);
    psync_result result = psync_space_set_label(r->call->space, label, &error);
    free(label);
    if (result != PSYNC_OK) return fail(&error);
    int code = open_lock(r->call, &lock);
    if (code != 0) return code;

    psync_wait wait = wait_for(r->call);
    result = psync_lock_hold(lock, r->call->options.lease, &wait, &r->hold, &error);
    psync_lock_close(lock);
    return exit_code_of(r->call, result, &error);
}

/* The hook of the watcher's wait: whether there is no reason to go on. */
static int is_over(void *argument)
{
    run_state *r = argument;
    return atomic_load_explicit(&r->ending, memory_order_relaxed) || psync_hold_is_valid(r->hold, NULL) != PSYNC_OK;
}

/* The watcher's thread: returns once the Hold has ended, by our own release too. */
static void *watch_hold(void *argument)
{
    run_state *r = argument;
    const psync_wait wait = {.timeout = INFINITY, .interrupt = is_over, .argument = r};
    const uint64_t one = 1;
    r->watch_result = psync_lock_wait(r->watched, &wait, &r->watch_error);
    (void)!write(r->lost, &one, sizeof one);
    return NULL;
}

static int tell_lost(const run_state *r, const char *then)
{
    char *key = escaped(r->call->key, r->call->key_length);
    say("lost the Lock \"%s\": %s; %s", key,
        r->call->options.lease > 0 ? "it was unlocked, or its lease ran out" : "it was unlocked", then);
    free(key);
    return EX_SOFTWARE;
}

/* Ends the watcher's wait, at its next look if nothing else has, and takes in what it left. */
static void end_watch(run_state *r)
{
    if (!r->watching) return;
    atomic_store_explicit(&r->ending, true, memory_order_relaxed);
    pthread_join(r->watcher, NULL);
    r->watching = false;
}

/* The watcher's wait is over before the command's end: the command must not go on. */
static void stop_command(run_state *r)
{
    end_watch(r);
    bool is_failure = r->watch_result < 0 && r->watch_result != PSYNC_ERROR_INTERRUPTED;
    r->code = is_failure ? fail(&r->watch_error) : tell_lost(r, "stopping the command");
    r->stopping = true;
    guard_stop(&r->guard);
}

static void renew(run_state *r)
{
    psync_error error;
    uint64_t times;
    (void)!read(r->renewal, &times, sizeof times);
    psync_result result = psync_hold_renew(r->hold, r->call->options.lease, &error);
    /* A lost Hold is the watcher's to tell; after any other failure the next third is another chance. */
    if (result < 0 && result != PSYNC_ERROR_LEASE_LOST) fail(&error);
}

/* Releases the Hold. The exit code: the command's, unless the Hold was lost before. */
static int give_back(run_state *r, int command_code)
{
    psync_error error;
    psync_result result = psync_hold_release(r->hold, &error);
    if (r->code != 0) return r->code;
    if (result < 0) return fail(&error);
    return result == PSYNC_OK ? command_code : tell_lost(r, "the command had not ended yet");
}

/* ------------------------------------------------------------------------ */
/* The command                                                              */

static void forwarded_signals(sigset_t *set)
{
    static const int numbers[] = {SIGINT,   SIGTERM, SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,
                                  SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(set, numbers[i]);
}

static void forward_signals(run_state *r)
{
    struct signalfd_siginfo news;
    while (read(r->signals, &news, sizeof news) == (ssize_t)sizeof news) {
        /* The guard wakes this process when the command goes on: that is no news to the command. */
        if (news.ssi_signo == SIGCONT && news.ssi_pid == (uint32_t)r->guard.pid) continue;
        guard_forward(&r->guard, (int)news.ssi_signo, r->started && news.ssi_code == SI_KERNEL);
    }
}

static int exit_code_of_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes in a report. True when the command has ended; *code is then its exit code. */
static bool take_report(run_state *r, int *code)
{
    int status = 0;
    switch (guard_read(&r->guard, &status)) {
    case GUARD_STARTED:
        forward_signals(r);
        r->started = true;
        return false;
    case GUARD_ENDED:
        *code = exit_code_of_status(status);
        return true;
    default:
        say("the process that guards the command was killed; the command was killed too");
        r->code = EX_SOFTWARE;
        return true;
    }
}

/* Until the command has ended. Its exit code. */
static int follow_command(run_state *r)
{
    int code = EX_SOFTWARE;
    for (;;) {
        struct pollfd files[] = {
            {.fd = r->guard.socket, .events = POLLIN},
            {.fd = r->started ? r->signals : -1, .events = POLLIN},
            {.fd = r->stopping ? -1 : r->lost, .events = POLLIN},
            {.fd = r->stopping ? -1 : r->renewal, .events = POLLIN},
        };
        poll(files, sizeof files / sizeof *files, -1);
        if (files[0].revents != 0 && take_report(r, &code)) return code;
        if (files[1].revents != 0) forward_signals(r);
        if (files[2].revents != 0) stop_command(r);
        if (files[3].revents != 0 && !r->stopping) renew(r);
    }
}

/* ------------------------------------------------------------------------ */
/* Together                                                                 */

static bool make_timer(run_state *r)
{
    double third = r->call->options.lease / 3;
    r->renewal = -1;
    if (!(third > 0) || third > 1e9) return true; /* nothing to renew in this life */
    struct timespec pause = {.tv_sec = (time_t)third, .tv_nsec = (long)(fmod(third, 1) * 1e9) | 1};
    struct itimerspec often = {.it_interval = pause, .it_value = pause};
    r->renewal = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    return r->renewal >= 0 && timerfd_settime(r->renewal, 0, &often, NULL) == 0;
}

static bool start_watcher(run_state *r)
{
    sigset_t every, mask;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &mask); /* signals are the main thread's */
    errno = pthread_create(&r->watcher, NULL, watch_hold, r);
    r->watching = errno == 0;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return r->watching;
}

/* With the Hold taken and signals blocked: runs the command to its end. An exit code. */
static int run_held(run_state *r, char **program, const sigset_t *forwarded, const sigset_t *mask)
{
    int code = open_lock(r->call, &r->watched);
    if (code != 0) return code;
    r->signals = signalfd(-1, forwarded, SFD_CLOEXEC | SFD_NONBLOCK);
    r->lost = eventfd(0, EFD_CLOEXEC);
    bool ready = r->signals >= 0 && r->lost >= 0 && make_timer(r);
    if (!ready || !guard_start(&r->guard, program, mask)) {
        code = fail_system("cannot start the command");
    } else {
        if (!start_watcher(r)) {
            r->code = fail_system("cannot watch the Lock");
            r->stopping = true;
            guard_stop(&r->guard);
        }
        code = give_back(r, follow_command(r));
        end_watch(r); /* its wait has ended with the Hold */
        guard_finish(&r->guard);
    }
    psync_lock_close(r->watched);
    return code;
}

static int run_command(invocation *call)
{
    run_state r = {.call = call};
    char **program = call->operands + 1;
    int code = take_hold(&r, program[0]);
    if (r.hold == NULL) return code;

    sigset_t forwarded, mask;
    forwarded_signals(&forwarded);
    sigprocmask(SIG_BLOCK, &forwarded, &mask);
    signals_release();
    code = signals_caught() != 0 ? EXIT_BY_SIGNAL : run_held(&r, program, &forwarded, &mask);
    psync_hold_free(r.hold);
    return code;
}

const command cmd_run = {
    .name = "run",
    .operands = "KEY -- COMMAND...",
    .summary = "run a command while holding a Lock",
    .details = "The Lock is free again when the command has ended, however it ends. Signals are\n"
               "passed on. If this process is killed, so is the command with all it has started.\n"
               "If the Lock is lost (unlocked by somebody, its lease ran out), the command and all\n"
               "it has started get SIGTERM, and SIGKILL 5 seconds later.\n"
               "Exit codes: the command's; 128+N if signal N killed it; 126 it cannot be run;\n"
               "127 it was not found; 1 (or CODE) the Lock was not free with -n or in the time of\n"
               "-w; 70 the Lock was lost.\n",
    .operands_min = 1,
    .has_key = true,
    .has_program = true,
    .options = OPTS_WAITING | OPT_LEASE | OPT_KEY_BASE64,
    .run = run_command,
};
