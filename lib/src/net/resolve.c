/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resolve.c - look-ups in threads.
 *
 * A look-up belongs to whoever waits for it and to its thread; the last one
 * frees it. While it runs it is in a list: who asks for the same name joins
 * it, so that a name server that does not answer costs one thread a name. Its
 * eventfd, written once and never read, wakes all of them.
 *
 * A forked child has no such thread. What it finds in the list, and what its
 * own call was waiting for, is of an earlier process: it is closed, and its
 * memory left alone.
 *
 * The list and the references are under the mutex that fork waits for. All
 * signals are blocked meanwhile: a handler that forks would wait for itself.
 */
#include "net/resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fork.h"
#include "net/home.h"
#include "system.h"

struct net_lookup {
    net_lookup *next;
    unsigned references;
    unsigned forks; /* psync__forks of the process that began it */
    bool runs;      /* it is in the list */
    int done;       /* an eventfd; -1: it ran at once */
    int failure;    /* getaddrinfo's */
    int number;     /* and its errno */
    struct addrinfo *list;
    const char *port;
    char host[]; /* and the port */
};

static net_lookup *running;

static void lock(sigset_t *old)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    psync__fork_lock();
}

static void unlock(const sigset_t *old)
{
    psync__fork_unlock();
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* ---- under the mutex ---------------------------------------------------------- */

static void leave_list(net_lookup *lookup)
{
    net_lookup **at = &running;
    if (!lookup->runs) return;
    while (*at != lookup) at = &(*at)->next;
    *at = lookup->next;
    lookup->runs = false;
}

static void close_event(net_lookup *lookup)
{
    if (lookup->done >= 0) close(lookup->done);
    lookup->done = -1;
}

/* One of an earlier process is not freed: calls further up this stack may have it, and its thread was changing it.
 */
static void abandon(net_lookup *lookup)
{
    leave_list(lookup);
    close_event(lookup);
}

static void drop_reference(net_lookup *lookup)
{
    if (net_forked_since(lookup->forks)) {
        abandon(lookup);
    } else if (--lookup->references == 0) {
        if (lookup->list) freeaddrinfo(lookup->list);
        close_event(lookup);
        free(lookup);
    }
}

/* One that runs for this name already; those of the parent go. */
static net_lookup *find(const char *host, const char *port)
{
    net_lookup *found = NULL;
    for (net_lookup *lookup = running, *next; lookup; lookup = next) {
        next = lookup->next;
        if (net_forked_since(lookup->forks)) {
            abandon(lookup);
        } else if (strcmp(lookup->host, host) == 0 && strcmp(lookup->port, port) == 0) {
            found = lookup;
        }
    }
    return found;
}

/* ---- looking up --------------------------------------------------------------- */

static void look_up(net_lookup *lookup, int flags)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    lookup->failure = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->list);
    lookup->number = lookup->failure == EAI_SYSTEM ? errno : 0;
}

static void *run(void *argument)
{
    net_lookup *lookup = argument;
    look_up(lookup, AI_ADDRCONFIG);
    psync__fork_lock();
    leave_list(lookup);
    (void)!write(lookup->done, &(uint64_t){1}, sizeof(uint64_t));
    drop_reference(lookup);
    psync__fork_unlock();
    return NULL;
}

static net_lookup *make(const char *host, const char *port)
{
    const size_t length = strlen(host) + 1;
    net_lookup *lookup = calloc(1, sizeof *lookup + length + strlen(port) + 1);
    if (!lookup) return NULL;
    lookup->references = 1;
    lookup->forks = atomic_load_explicit(&psync__forks, memory_order_relaxed); /* fork.h: relaxed is enough */
    lookup->done = -1;
    lookup->port = lookup->host + length;
    strcpy(lookup->host, host);
    strcpy(lookup->host + length, port);
    return lookup;
}

/* Under the mutex, with all signals blocked, which the thread inherits. False: it cannot be. */
static bool start_thread(net_lookup *lookup)
{
    pthread_t thread;
    lookup->done = psync__keep_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (lookup->done < 0 || pthread_create(&thread, NULL, run, lookup) != 0) return false;
    pthread_detach(thread);
    lookup->references++;
    lookup->next = running;
    lookup->runs = true;
    running = lookup;
    return true;
}

/*
 * A thread runs on in this code, if only to its end, when nobody waits for it any more: where that is a shared
 * object, it must not be unloaded.
 */
static void stay_loaded(void)
{
    Dl_info self;
    if (dladdr(&running, &self) && self.dli_fname)
        (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

/* Joins one that runs, or starts new. A process that may have no more threads or files waits for the look-up. */
static net_lookup *begin(net_lookup *new)
{
    sigset_t old;
    stay_loaded();
    lock(&old);
    net_lookup *found = find(new->host, new->port);
    if (found) found->references++;
    const bool in_thread = found || start_thread(new);
    unlock(&old);
    if (!in_thread) look_up(new, AI_ADDRCONFIG);
    if (!in_thread && new->done >= 0) (void)!write(new->done, &(uint64_t){1}, sizeof(uint64_t));
    if (!found) return new;
    free(new);
    return found;
}

static psync_result unknown(net_call *call, const net_lookup *lookup)
{
    const char *why = lookup->failure == EAI_SYSTEM ? strerror(lookup->number) : gai_strerror(lookup->failure);
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, lookup->number,
                           "the host \"%.100s\" is not found: %s", lookup->host, why);
}

/* Waits for its thread. */
static psync_result await(net_call *call, net_lookup *lookup, int64_t at)
{
    sigset_t old;
    psync_result r = net_poll_until(call, lookup->done, POLLIN, at);
    if (!r) { /* behind the mutex all that the thread stored is seen */
        lock(&old);
        unlock(&old);
        return PSYNC_OK;
    }
    if (r != PSYNC_NO) return r;
    return psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, ETIMEDOUT,
                           "the host \"%.100s\" is not found: no name server has answered in time", lookup->host);
}

psync_result net_resolve(net_call *call, const char *host, const char *port, int64_t at, net_lookup **found)
{
    net_lookup *lookup = make(host, port);
    if (!lookup) return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    psync_result r = PSYNC_OK;
    look_up(lookup, AI_NUMERICHOST | AI_NUMERICSERV);
    if (lookup->failure == EAI_NONAME) {
        lookup = begin(lookup);
        if (lookup->done >= 0) r = await(call, lookup, at);
    }
    if (!r && lookup->failure) r = unknown(call, lookup);
    if (r) {
        net_resolved(lookup);
        return r;
    }
    *found = lookup;
    return PSYNC_OK;
}

const struct addrinfo *net_addresses(const net_lookup *lookup)
{
    return lookup->list;
}

void net_resolved(net_lookup *lookup)
{
    sigset_t old;
    lock(&old);
    drop_reference(lookup);
    unlock(&old);
}
