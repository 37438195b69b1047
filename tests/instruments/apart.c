/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * apart.c - preloaded: a forked child lives apart from its parent, by $APART:
 *
 *   pids        in a pid namespace of its own: the pids of one mean nothing in the other
 *   users:GID   as another user, both in group GID: 20001 and 20002 by turns, neither of them root
 *
 * pids: a namespace ends with its first process, so that is a keeper, which
 * the parent neither sees with wait() nor kills with its process group. Tests know a child by what fork() returned,
 * and look for that number in owners: so getpid() says it in the child, and is the only one to do so. users: a
 * process keeps the right to change its user and to signal others, and loses all other rights of root. What cannot
 * be done ends the child: a test that goes on without proves nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_USER = 20001 };

static pid_t next_fork(void)
{
    pid_t (*next)(void);
    *(void **)&next = dlsym(RTLD_NEXT, "fork");
    return next();
}

static void need(bool condition, const char *what)
{
    if (condition) return;
    (void)!write(STDERR_FILENO, what, strlen(what));
    (void)!write(STDERR_FILENO, ": not possible\n", 15);
    _exit(98);
}

/* ---- namespaces ------------------------------------------------------------------ */

static bool begun;

/* Ends with the last process that has the other end of the pipe: all in the namespace, and who can put more there.
 */
_Noreturn static void keep(int alive)
{
    char nothing;
    setsid();
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < (most < 4096 ? (int)most : 4096); fd++) {
        if (fd != alive) close(fd);
    }
    while (read(alive, &nothing, 1) != 0) continue;
    _exit(0);
}

/* In a process's first fork: the namespace of its children, and the keeper. */
static void begin_namespace(void)
{
    int alive[2], ready[2];
    char nothing;
    if (begun) return;
    begun = true;
    need(unshare(CLONE_NEWPID) == 0, "a pid namespace");
    need(pipe(alive) == 0 && pipe(ready) == 0, "a pipe");
    long keeper = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL); /* a fork whose end gives no SIGCHLD */
    need(keeper >= 0, "a process in it");
    if (keeper == 0) keep(alive[0]);
    close(ready[1]);
    while (read(ready[0], &nothing, 1) < 0) continue; /* until it has let go of all that this process has open */
    close(ready[0]);
    close(alive[0]);
}

/* What getpid() says; 0: the truth. A program that is executed finds it in its environment. */
static pid_t told;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("APART_PID");
    if (text) told = (pid_t)atol(text);
}

pid_t getpid(void)
{
    return told ? told : (pid_t)syscall(SYS_getpid);
}

/* In the child: /proc shows its namespace, where its own children's pids mean something. */
static void enter_namespace(pid_t pid)
{
    char text[24];
    snprintf(text, sizeof text, "%d", (int)pid);
    setenv("APART_PID", text, 1);
    told = pid;
    begun = false;
    need(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "a mount namespace");
    need(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0, "a /proc for it");
}

/* ---- users ------------------------------------------------------------------------- */

static void keep_few_rights(void)
{
    const unsigned rights = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = rights, .permitted = rights}};
    need(syscall(SYS_capset, &head, data) == 0, "a user with few rights");
}

static void become_another(gid_t group)
{
    uid_t user = getuid() == FIRST_USER ? FIRST_USER + 1 : FIRST_USER;
    if (getuid() == 0) prctl(PR_SET_KEEPCAPS, 1);
    if (setgroups(1, &group) != 0 && getuid() != 0)
        return; /* a program that was executed anew has no rights left */
    need(setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0, "another user");
    keep_few_rights();
    prctl(PR_SET_DUMPABLE, 1); /* else /proc/self is root's */
}

/* A fork whose child gets to know what it returned in the parent. */
static pid_t fork_apart(void)
{
    int told_by_parent[2];
    pid_t number = 0;
    begin_namespace();
    need(pipe2(told_by_parent, O_CLOEXEC) == 0, "a pipe");
    pid_t child = next_fork();
    if (child == 0) {
        while (read(told_by_parent[0], &number, sizeof number) < 0 && errno == EINTR) continue;
        enter_namespace(number);
    } else {
        while (write(told_by_parent[1], &child, sizeof child) < 0 && errno == EINTR) continue;
    }
    close(told_by_parent[0]);
    close(told_by_parent[1]);
    return child;
}

pid_t fork(void)
{
    const char *how = getenv("APART");
    if (!how) return next_fork();
    if (strncmp(how, "users:", 6) != 0) return fork_apart();
    pid_t child = next_fork();
    if (child == 0) become_another((gid_t)atol(how + 6));
    return child;
}
