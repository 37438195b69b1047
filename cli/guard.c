/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.c - the process between phpsync and the command it runs.
 *
 *     phpsync ──── guard ──── command ──── whatever that starts
 *
 * phpsync may be killed with SIGKILL and can then do nothing any more, so
 * another process must end the command: the guard. A socket joins the two; the
 * kernel closes phpsync's end however phpsync ends, and the guard reads end of
 * file. It is a child subreaper: a descendant whose parent dies becomes a child of the guard
 * and not of init. So "kill all children, reap, again until there are none"
 * reaches everything the command started: daemons and new sessions too, and without
 * a race over re-used pids, as only unreaped children are ever killed.
 *
 * Not reached: what another daemon starts on the command's behalf (at, cron,
 * docker, systemd-run), and processes that this user may not signal (sudo). If guard
 * and phpsync are both killed, the kernel kills the command (PR_SET_PDEATHSIG), but not
 * what it started. If the guard alone is killed, phpsync, a subreaper as well,
 * does the guard's work (and takes children that its process had before it became phpsync for the command's).
 *
 * All processes stay in one process group, so a terminal's signals and job
 * control reach the command as if it ran alone. The guard blocks every
 * signal. It shows phpsync's parent whether the command runs: when the command stops it stops
 * phpsync, and when it goes on so does phpsync.
 */
#include "cli.h"

#include "guard.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a command that was asked to end may take, in seconds. */
static const double stop_grace = 5.0;

/* phpsync → guard */
struct order {
    int signal; /* to pass on; 0: stop the command */
    bool from_terminal;
};

/* guard → phpsync */
struct report {
    guard_report kind;
    int status;
};

/* ------------------------------------------------------------------------ */
/* Processes, from /proc                                                    */

typedef struct process {
    pid_t pid, parent;
    unsigned long long started; /* clock ticks after boot: tells a re-used pid */
} process;

/* False if there is no such process. */
static bool read_process(pid_t pid, process *found)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0) return false;
    text[size] = '\0';
    char *after_name = strrchr(text, ')'); /* the name may hold anything, a ')' too */
    int parent = 0;
    found->pid = pid;
    if (after_name == NULL) return false;
    if (sscanf(after_name + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &parent, &found->started) != 2) {
        return false;
    }
    found->parent = parent;
    return true;
}

/* All processes there are; the caller frees *all. 0 without /proc. */
static size_t read_processes(process **all)
{
    size_t count = 0, room = 0;
    *all = NULL;
    DIR *folder = opendir("/proc");
    if (folder == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        if (count == room) {
            room = room == 0 ? 256 : room * 2;
            *all = must_realloc(*all, room * sizeof **all);
        }
        if (read_process((pid_t)atoi(entry->d_name), &(*all)[count])) count++;
    }
    closedir(folder);
    return count;
}

/* SIGKILL to each child of this process. False if there is none that may be killed. */
static bool kill_children(void)
{
    process *all;
    size_t count = read_processes(&all);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (all[i].parent == getpid() && kill(all[i].pid, SIGKILL) == 0) any = true;
    }
    free(all);
    return any;
}

/* Kills and reaps all descendants, as the subreaper they come to. *status becomes that of `child`, if it is met. */
static void kill_everything(pid_t child, int *status)
{
    while (kill_children()) {
        int how;
        pid_t pid = waitpid(-1, &how, 0);
        if (pid < 0) return;
        if (pid == child) *status = how;
    }
}

/* A signal to a process that is still the one that was seen. */
static void signal_process(const process *seen, int number)
{
    process there;
    int handle = (int)syscall(SYS_pidfd_open, seen->pid, 0);
    if (handle < 0) return;
    if (read_process(seen->pid, &there) && there.started == seen->started) {
        syscall(SYS_pidfd_send_signal, handle, number, NULL, 0);
    }
    close(handle);
}

/* A signal to every descendant of this process that there is now, but not to `except`. */
static void signal_descendants(int number, pid_t except)
{
    process *all;
    size_t count = read_processes(&all), reached = 0;
    pid_t *line = must_realloc(NULL, (count + 1) * sizeof *line);
    size_t length = 1;
    line[0] = getpid();
    for (; reached < length; reached++) { /* breadth first; each process has one parent, so it comes once */
        for (size_t i = 0; i < count && length <= count; i++) {
            if (all[i].parent != line[reached]) continue;
            line[length++] = all[i].pid;
            if (all[i].pid != except) signal_process(&all[i], number);
        }
    }
    free(line);
    free(all);
}

/* ------------------------------------------------------------------------ */
/* The guard                                                                */

typedef struct guarding {
    int socket, signals;
    pid_t phpsync, child;
    bool ended, stopping;
    int status;
    double kill_at;
} guarding;

/* In the command's process: never returns. */
static _Noreturn void become_command(char **program, const sigset_t *mask, pid_t guard_pid)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard_pid) raise(SIGKILL); /* the guard died before that */
    signals_restore_pipe();
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(program[0], program);
    int why = errno;
    char *name = escaped(program[0], strlen(program[0]));
    say("cannot run \"%s\": %s", name, strerror(why));
    _exit(why == ENOENT ? 127 : 126);
}

static void report(const guarding *g, guard_report kind)
{
    struct report message = {.kind = kind, .status = g->status};
    (void)!send(g->socket, &message, sizeof message, MSG_NOSIGNAL);
}

/* Takes in what became of children. */
static void reap(guarding *g)
{
    struct signalfd_siginfo news;
    while (read(g->signals, &news, sizeof news) > 0) continue;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
        if (pid != g->child) continue;
        if (WIFSTOPPED(status)) {
            if (getppid() == g->phpsync) kill(g->phpsync, SIGSTOP);
        } else if (WIFCONTINUED(status)) {
            if (getppid() == g->phpsync) kill(g->phpsync, SIGCONT);
        } else {
            g->ended = true;
            g->status = status;
        }
    }
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The command itself is signalled by its pid, so that it is reached without /proc too. */
static void signal_all(const guarding *g, int number)
{
    if (!g->ended) kill(g->child, number);
    signal_descendants(number, g->child);
}

static void end_by_force(guarding *g)
{
    if (!g->ended) kill(g->child, SIGKILL);
    kill_everything(g->child, &g->status);
}

static void take_order(guarding *g)
{
    struct order order;
    ssize_t size = recv(g->socket, &order, sizeof order, 0);
    if (size < 0) return;
    if (size == 0) { /* phpsync is gone, and its Hold with it */
        end_by_force(g);
        _exit(EX_SOFTWARE);
    }
    if (order.signal == 0) {
        g->stopping = true;
        g->kill_at = now() + stop_grace;
        signal_all(g, SIGTERM);
        signal_all(g, SIGCONT); /* one that is stopped would never see the other */
    } else if (!g->ended && !(order.from_terminal && getpgid(g->child) == getpgrp())) {
        kill(g->child, order.signal);
    }
}

/* Until the command, or when stopping all of its descendants, have ended. */
static void watch(guarding *g)
{
    struct pollfd files[] = {{.fd = g->signals, .events = POLLIN}, {.fd = g->socket, .events = POLLIN}};
    while (g->stopping ? has_children() : !g->ended) {
        double left = g->stopping ? g->kill_at - now() : 0;
        if (g->stopping && left <= 0) {
            end_by_force(g);
            return;
        }
        poll(files, 2, g->stopping ? (int)(left * 1000) + 1 : -1);
        if (files[0].revents != 0) reap(g);
        if (files[1].revents != 0) take_order(g);
    }
}

static _Noreturn void guard_main(int socket, pid_t phpsync, char **program, const sigset_t *mask)
{
    guarding g = {.socket = socket, .phpsync = phpsync};
    sigset_t every, child_news;
    sigfillset(&every);
    sigprocmask(SIG_SETMASK, &every, NULL);
    sigemptyset(&child_news);
    sigaddset(&child_news, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_NAME, "psync-guard");
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    const pid_t self = getpid();
    g.signals = signalfd(-1, &child_news, SFD_CLOEXEC | SFD_NONBLOCK);
    g.child = g.signals < 0 ? -1 : fork();
    if (g.child == 0) become_command(program, mask, self);
    if (g.child < 0) {
        fail_system("cannot start the command");
        g.status = EX_SOFTWARE << 8; /* as wait(2) gives an exit code */
    } else {
        report(&g, GUARD_STARTED);
        watch(&g);
    }
    report(&g, GUARD_ENDED);
    _exit(0);
}

/* ------------------------------------------------------------------------ */
/* phpsync's side                                                           */

bool guard_start(guard *g, char **program, const sigset_t *mask)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* for the case that the guard is killed */
    const pid_t self = getpid();
    fflush(stdout);
    g->pid = fork();
    if (g->pid == 0) {
        close(ends[0]);
        guard_main(ends[1], self, program, mask);
    }
    int why = errno;
    close(ends[1]);
    if (g->pid < 0) close(ends[0]);
    g->socket = ends[0];
    errno = why;
    return g->pid > 0;
}

guard_report guard_read(guard *g, int *status)
{
    struct report message;
    ssize_t size;
    do {
        size = recv(g->socket, &message, sizeof message, 0);
    } while (size < 0 && errno == EINTR);
    if (size == (ssize_t)sizeof message) {
        *status = message.status;
        return message.kind;
    }
    kill_everything(0, status);
    return GUARD_DIED;
}

static void send_order(guard *g, struct order order)
{
    (void)!send(g->socket, &order, sizeof order, MSG_NOSIGNAL);
}

void guard_forward(guard *g, int number, bool from_terminal)
{
    send_order(g, (struct order){.signal = number, .from_terminal = from_terminal});
}

void guard_stop(guard *g)
{
    send_order(g, (struct order){.signal = 0});
}

void guard_finish(guard *g)
{
    while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR) continue;
    close(g->socket);
}
