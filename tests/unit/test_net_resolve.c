/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_net_resolve.c - names are looked up while signals are served, and for no longer than there is time.
 *
 * The system's look-up is this program's own here: it knows a few names, and is as silent as a test wants.
 */
#include "engine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dsn.h"
#include "net/resolve.h"
#if PSYNC_WITH_POSTGRESQL
#include "drivers/postgresql/addresses.h"
#endif

static const struct psync_clock *system_clock;

/* ---- name servers ------------------------------------------------------------- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool silent;
    bool kept_waiting; /* somebody has asked for silent.test */
    int asked;
} servers;

static int real(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
    int (*function)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&function = dlsym(RTLD_NEXT, "getaddrinfo");
    return function(host, port, hints, list);
}

/* one.test has one address, two.test has two, and silent.test has one that is told when the servers speak. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
    const bool numeric = !hints || hints->ai_flags & AI_NUMERICHOST;
    if (numeric) return real(host, port, hints, list);
    struct addrinfo by_number = *hints;
    by_number.ai_flags = AI_NUMERICHOST;
    pthread_mutex_lock(&servers.mutex);
    servers.asked++;
    if (strcmp(host, "silent.test") == 0) servers.kept_waiting = true;
    while (servers.silent && strcmp(host, "silent.test") == 0) pthread_cond_wait(&servers.changed, &servers.mutex);
    pthread_mutex_unlock(&servers.mutex);
    if (!strstr(host, ".test")) return EAI_NONAME;
    int failure = real("127.0.0.1", port, &by_number, list);
    if (!failure && strcmp(host, "two.test") == 0) failure = real("127.0.0.2", port, &by_number, &(*list)->ai_next);
    return failure;
}

static void set_silent(bool silent)
{
    pthread_mutex_lock(&servers.mutex);
    servers.silent = silent;
    pthread_cond_broadcast(&servers.changed);
    pthread_mutex_unlock(&servers.mutex);
}

static int asked(void)
{
    pthread_mutex_lock(&servers.mutex);
    int count = servers.asked;
    pthread_mutex_unlock(&servers.mutex);
    return count;
}

static bool kept_waiting(void)
{
    pthread_mutex_lock(&servers.mutex);
    bool kept = servers.kept_waiting;
    pthread_mutex_unlock(&servers.mutex);
    return kept;
}

/* A clock that stands still until somebody has asked for silent.test. */
static struct psync_clock patient;

static int poll_patiently(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    int ready;
    while ((ready = poll(descriptors, count, 5)) == 0 && !kept_waiting()) {
    }
    if (ready == 0) fake_pass(ns);
    return ready;
}

static int setup(void **state)
{
    engine_reset(state);
    patient = *psync__clock;
    patient.poll = poll_patiently;
    psync__clock = system_clock;
    set_silent(false);
    servers.asked = 0;
    servers.kept_waiting = false;
    alarm(200); /* what must not block does */
    return 0;
}

/* How many eventfds this process has open. */
static int eventfds(void)
{
    int count = 0;
    char name[300], target[64];
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        snprintf(name, sizeof name, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(name, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = '\0';
        count += strstr(target, "eventfd") != NULL;
    }
    closedir(folder);
    return count;
}

/* Waits until there are none but the bell's: whoever looked a name up is through. */
static void wait_for_the_last_eventfd(void)
{
    while (eventfds() > 1) poll(NULL, 0, 1);
}

static int teardown(void **state)
{
    set_silent(false);
    wait_for_the_last_eventfd();
    alarm(0);
    return engine_close(state);
}

/* ---- look-ups ----------------------------------------------------------------- */

static net_call make_call(int64_t time)
{
    return (net_call){
        .home = &home,
        .client = "",
        .until = psync__clock->monotonic() + time,
        .error = &error,
        .forks = atomic_load(&psync__forks),
        .hooked = true,
    };
}

/* Looks a host up for so long; its addresses with blanks between them. */
static psync_result resolve(const char *host, int64_t time, char found[256])
{
    net_call call = make_call(time);
    net_lookup *lookup;
    psync_result r = net_resolve(&call, host, "80", call.until, &lookup);
    *found = '\0';
    if (r) return r;
    for (const struct addrinfo *a = net_addresses(lookup); a; a = a->ai_next) {
        char text[64];
        assert_int_equal(getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST), 0);
        if (*found) strcat(found, " ");
        strcat(found, text);
    }
    net_resolved(lookup);
    return r;
}

static void an_address_needs_no_name_server(void **state)
{
    (void)state;
    char found[256];
    set_silent(true);
    assert_int_equal(resolve("127.0.0.9", 0, found), PSYNC_OK);
    assert_string_equal(found, "127.0.0.9");
    assert_int_equal(resolve("::1", 0, found), PSYNC_OK);
    assert_string_equal(found, "::1");
    assert_int_equal(asked(), 0);
}

static void a_name_has_all_its_addresses(void **state)
{
    (void)state;
    char found[256];
    assert_int_equal(resolve("two.test", 100 * S, found), PSYNC_OK);
    assert_string_equal(found, "127.0.0.1 127.0.0.2");
    assert_int_equal(resolve("nowhere.example", 100 * S, found), PSYNC_ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.message, "\"nowhere.example\" is not found"));
}

static void a_name_that_nobody_answers_for_costs_no_more_than_the_time(void **state)
{
    (void)state;
    char found[256];
    set_silent(true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(resolve("silent.test", 50 * MS, found), PSYNC_ERROR_UNAVAILABLE);
        assert_non_null(strstr(error.message, "no name server has answered in time"));
    }
    assert_in_range(asked(), 0, 1); /* the later ones joined the first */
    assert_int_equal(resolve("one.test", 100 * S, found), PSYNC_OK);
    set_silent(false);
    assert_int_equal(resolve("silent.test", 100 * S, found), PSYNC_OK);
    assert_string_equal(found, "127.0.0.1");
}

static int leave(void)
{
    return 1;
}

static void the_hook_runs_meanwhile_and_may_leave(void **state)
{
    (void)state;
    char found[256];
    set_silent(true);
    engine.on_hook = leave;
    assert_int_equal(resolve("silent.test", 100000 * S, found), PSYNC_ERROR_INTERRUPTED);
    assert_int_equal(engine_count(A_HOOK), 1);
}

/* ---- fork --------------------------------------------------------------------- */

static pid_t child;

/* What the child finds by itself; its exit code. */
static int look_again(void)
{
    char found[256];
    alarm(200);
    servers.silent = false; /* the thread that knew of the mutex is not here */
    pthread_mutex_init(&servers.mutex, NULL);
    engine.on_hook = NULL;
    if (resolve("silent.test", 100 * S, found)) return 2;
    if (strcmp(found, "127.0.0.1") != 0) return 3;
    wait_for_the_last_eventfd();
    return 0;
}

static int fork_and_leave(void)
{
    child = fork();
    assert_true(child >= 0);
    return 1;
}

/* In the child also before the hook ends, while the look-up that it serves is not over. */
static int fork_and_look_and_leave(void)
{
    fork_and_leave();
    const int failure = child ? 0 : look_again();
    if (failure) _exit(failure);
    return 1;
}

#if defined(__SANITIZE_THREAD__)
#define NO_THREADS_IN_CHILDREN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_THREADS_IN_CHILDREN 1
#endif
#endif

static void expect_child_to_look(int (*hook)(void))
{
    char found[256];
    int status;
#ifdef NO_THREADS_IN_CHILDREN
    skip(); /* TSan ends a process that begins a thread after it was forked beside threads */
#endif
    set_silent(true);
    engine.on_hook = hook;
    psync_result r = resolve("silent.test", 100000 * S, found);
    if (!child) _exit(r == PSYNC_ERROR_INTERRUPTED ? look_again() : 5);
    assert_int_equal(r, PSYNC_ERROR_INTERRUPTED);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    set_silent(false);
    assert_int_equal(resolve("silent.test", 100 * S, found), PSYNC_OK);
}

static void a_child_asks_for_itself(void **state)
{
    (void)state;
    expect_child_to_look(fork_and_leave);
}

static void a_child_asks_for_itself_in_the_hook_too(void **state)
{
    (void)state;
    expect_child_to_look(fork_and_look_and_leave);
}

/* ---- drivers ------------------------------------------------------------------ */

#if PSYNC_WITH_REDIS || PSYNC_WITH_POSTGRESQL
static void expect_given_up(const char *dsn)
{
    psync_space *space;
    psync_integer *integer;
    int64_t value;
    set_silent(true);
    assert_int_equal(psync_space_open(dsn, NULL, &space, &error), PSYNC_OK);
    assert_int_equal(psync_integer_open(space, "k", 1, &integer, &error), PSYNC_OK);
    assert_int_equal(psync_integer_add(integer, 1, &value, &error), PSYNC_ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.message, "no name server has answered in time"));
    psync_integer_close(integer);
    psync_space_close(space);
}
#endif

#if PSYNC_WITH_REDIS
static void redis_does_not_block_on_a_name(void **state)
{
    (void)state;
    expect_given_up("redis://silent.test?timeout=0.2");
    expect_given_up("redis+sentinel://silent.test:1/name?timeout=0.2");
}
#endif

#if PSYNC_WITH_POSTGRESQL
static void postgresql_does_not_block_on_a_name(void **state)
{
    (void)state;
    expect_given_up("postgresql://silent.test/db?timeout=0.2");
    expect_given_up("postgresql://silent.test,silent.test:1/db?timeout=0.2");
}

/* What becomes of host, hostaddr and port. */
static void expect_addresses(const char *text, const char *hosts, const char *addresses, const char *ports)
{
    pg_options options;
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    assert_non_null(dsn);
    assert_int_equal(pg_options_read(dsn, &options, &error), PSYNC_OK);
    pg_parameters parameters = pg_options_copy(&options);
    psync__clock = &patient;
    net_call call = make_call(12 * S);
    assert_int_equal(pg_addresses_find(&call, &parameters, call.until), PSYNC_OK);
    const char *port = pg_parameters_get(&parameters, "port");
    const char *address = pg_parameters_get(&parameters, "hostaddr");
    assert_string_equal(pg_parameters_get(&parameters, "host"), hosts);
    assert_string_equal(address ? address : "none", addresses);
    assert_string_equal(port ? port : "none", ports);
    pg_parameters_free(&parameters);
    pg_options_free(&options);
    psync__dsn_free(dsn);
}

static void libpq_gets_addresses_beside_names(void **state)
{
    (void)state;
    set_silent(true);
    expect_addresses("postgresql://one.test/db", "one.test", "127.0.0.1", "none");
    expect_addresses("postgresql://two.test:7/db", "two.test,two.test", "127.0.0.1,127.0.0.2", "7,7");
    expect_addresses("postgresql://one.test:7,%2Frun,127.0.0.9/db", "one.test,/run,127.0.0.9",
                     "127.0.0.1,,127.0.0.9", "7,,");
    expect_addresses("postgresql://one.test,%2Frun/db", "one.test,/run", "127.0.0.1,", ",");
    expect_addresses("postgresql://nowhere.example:8,two.test/db?port=9", "two.test,two.test",
                     "127.0.0.1,127.0.0.2", "9,9");
    expect_addresses("postgresql://one.test,two.test/db?hostaddr=127.0.0.7,", "one.test,two.test,two.test",
                     "127.0.0.7,127.0.0.1,127.0.0.2", ",,");
    expect_addresses("postgresql:///db?host=/run", "/run", "none", "none");
    expect_addresses("postgresql://one.test/db?hostaddr=1.2.3.4,1.2.3.5", "one.test", "1.2.3.4,1.2.3.5", "none");
    expect_addresses("postgresql://one.test:9,silent.test:8/db", "one.test", "127.0.0.1", "9");
}

/* Time passes for servers that do not answer, not for look-ups. */
static int poll_servers(struct pollfd *descriptors, nfds_t count, int64_t ns)
{
    int type;
    socklen_t size = sizeof type;
    const bool looks_up = count && getsockopt(descriptors->fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0;
    int ready = poll(descriptors, count, looks_up ? -1 : 5);
    if (ready == 0) fake_pass(ns);
    return ready;
}

/* A server that lets clients connect and is silent then. False: that port is somebody else's. */
static bool listen_at(in_addr_t address, in_port_t *port, int *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = *port, .sin_addr.s_addr = htonl(address)};
    socklen_t size = sizeof at;
    *server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(*server >= 0);
    if (bind(*server, (struct sockaddr *)&at, sizeof at) != 0) return false;
    assert_int_equal(listen(*server, 8), 0);
    assert_int_equal(getsockname(*server, (struct sockaddr *)&at, &size), 0);
    *port = at.sin_port;
    return true;
}

/* Both have one port. */
static void listen_at_both(int listening[2], in_port_t *port)
{
    *port = 0;
    assert_true(listen_at(INADDR_LOOPBACK, port, &listening[0]));
    if (listen_at(INADDR_LOOPBACK + 1, port, &listening[1])) return;
    close(listening[0]);
    close(listening[1]);
    listen_at_both(listening, port);
}

static void each_address_of_a_name_is_tried_though_one_is_silent(void **state)
{
    (void)state;
    int listening[2];
    in_port_t port;
    char text[80];
    psync_space *space;
    psync_lock *named;
    listen_at_both(listening, &port);
    patient.poll = poll_servers;
    psync__clock = &patient;
    snprintf(text, sizeof text, "postgresql://two.test:%d/db?timeout=30", ntohs(port));
    assert_int_equal(psync_space_open(text, NULL, &space, &error), PSYNC_OK);
    assert_int_equal(psync_lock_open(space, "k", 1, &named, &error), PSYNC_OK);
    assert_int_equal(psync_lock_exists(named, &error), PSYNC_ERROR_UNAVAILABLE);
    psync_lock_close(named);
    psync_space_close(space);
    for (int i = 0; i < 2; i++) {
        const int client = accept(listening[i], NULL, NULL);
        assert_true(client >= 0);
        close(client);
        close(listening[i]);
    }
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_needs_no_name_server),
        TEST(a_name_has_all_its_addresses),
        TEST(a_name_that_nobody_answers_for_costs_no_more_than_the_time),
        TEST(the_hook_runs_meanwhile_and_may_leave),
        TEST(a_child_asks_for_itself),
        TEST(a_child_asks_for_itself_in_the_hook_too),
#if PSYNC_WITH_REDIS
        TEST(redis_does_not_block_on_a_name),
#endif
#if PSYNC_WITH_POSTGRESQL
        TEST(postgresql_does_not_block_on_a_name),
        TEST(libpq_gets_addresses_beside_names),
        TEST(each_address_of_a_name_is_tried_though_one_is_silent),
#endif
    };
    system_clock = psync__clock;
    pthread_mutex_init(&servers.mutex, NULL);
    pthread_cond_init(&servers.changed, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
