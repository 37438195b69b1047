/* SPDX-License-Identifier: BSD-3-Clause */
/* test_net_keeper.c - the thread that keeps Holds without a lease alive on network engines, and owners' records. */
#include "engine.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dsn.h"
#include "isolation.h"
#include "system.h"

static const struct psync_clock *system_clock;

/* ---- the keeper's work, by the fake clock -------------------------------------- */

static int without_thread(void **state)
{
    engine_reset(state);
    engine_without_keeper();
    return 0;
}

static int64_t boottime(void)
{
    return psync__clock->boottime();
}

static void keep(uint64_t fence)
{
    assert_int_equal(net_keep(&home, ENGINE_KEY, fence, boottime(), &error), PSYNC_OK);
}

/* Does what is due until nothing more is; returns when the next thing is. */
static int64_t do_what_is_due(void)
{
    pthread_mutex_lock(&home.mutex);
    int64_t next;
    do next = net_keeper_turn(&home);
    while (next <= boottime());
    pthread_mutex_unlock(&home.mutex);
    return next;
}

/* Lets so much time pass, and the keeper do its work in time. */
static void pass(int64_t ns)
{
    const int64_t end = boottime() + ns;
    for (;;) {
        int64_t next = do_what_is_due();
        if (next > end) break;
        fake_pass(next - boottime());
    }
    fake_pass(end - boottime());
}

static bool lost(uint64_t fence)
{
    return net_hold_lost(&home, ENGINE_KEY, fence);
}

static void a_hold_is_renewed_each_third_of_its_liveness(void **state)
{
    (void)state;
    const int64_t began = fake.monotonic;
    keep(7);
    pass(100 * S);
    assert_int_equal(engine_count(A_RENEW), 30);
    for (int i = 0; i < 30; i++) {
        const struct asked *renewal = engine_asked(A_RENEW, i);
        assert_int_equal(renewal->number, 7);
        assert_int_equal(renewal->at - began, (i + 1) * (10 * S / 3));
    }
    assert_false(lost(7));
    net_unkeep(&home, ENGINE_KEY, 7);
    pass(100 * S);
    assert_int_equal(engine_count(A_RENEW), 30);
}

static void the_liveness_is_the_dsn_s(void **state)
{
    (void)state;
    engine_reopen("liveness=60", true);
    engine_without_keeper();
    keep(7);
    pass(100 * S);
    assert_int_equal(engine_count(A_RENEW), 5);
}

static void a_hold_that_cannot_be_renewed_is_lost_before_another_may_have_it(void **state)
{
    (void)state;
    keep(7);
    pass(4 * S); /* it was renewed once, at 3.3 s */
    engine.renews = PSYNC_ERROR_UNAVAILABLE;
    pass(8 * S);
    assert_false(lost(7));
    assert_true(engine_count(A_RENEW) > 2); /* it tries again and again */
    pass(S);
    assert_true(lost(7)); /* 12.8 s; the engine lets it go at 13.3 s */
    engine.renews = PSYNC_OK;
    pass(10 * S);
    assert_true(lost(7));
}

static void that_needs_no_keeper_to_be_seen(void **state)
{
    (void)state;
    keep(7);
    fake_pass(9 * S);
    assert_false(lost(7));
    fake_pass(600 * MS); /* the host slept, or the thread had no turn */
    assert_true(lost(7));
    do_what_is_due();
    assert_int_equal(engine_count(A_RENEW), 0);
}

static void the_time_counts_from_before_the_request(void **state)
{
    (void)state;
    const int64_t sent = boottime();
    fake_pass(4 * S); /* the answer took its time */
    assert_int_equal(net_keep(&home, ENGINE_KEY, 7, sent, &error), PSYNC_OK);
    do_what_is_due();
    assert_int_equal(engine_count(A_RENEW), 1);
    engine.renews = PSYNC_ERROR_UNAVAILABLE;
    pass(10 * S);
    assert_true(lost(7));
}

static void a_hold_that_was_freed_by_others_is_lost(void **state)
{
    (void)state;
    keep(7);
    keep(8);
    engine.renews = PSYNC_NO;
    const uint64_t wakes = home.bell.wakes;
    pass(4 * S);
    assert_true(lost(7) && lost(8));
    assert_int_equal(home.bell.wakes - wakes, 2); /* who waits is told */
    assert_false(lost(9));
    pass(100 * S);
    assert_int_equal(engine_count(A_RENEW), 2);
    net_unkeep(&home, ENGINE_KEY, 7);
    net_unkeep(&home, ENGINE_KEY, 8);
}

/* ---- the thread ---------------------------------------------------------------- */

static int real_clock(void **state)
{
    engine_reset(state);
    psync__clock = system_clock;
    engine_reopen("liveness=1", true);
    alarm(300);
    return 0;
}

static int close_and_disarm(void **state)
{
    alarm(0);
    return engine_close(state);
}

static void expect_running(int run)
{
    for (;;) {
        pthread_mutex_lock(&home.mutex);
        bool as_expected = (int)home.keeper.run == run;
        pthread_mutex_unlock(&home.mutex);
        if (as_expected) return;
        usleep(1000);
    }
}

static void the_thread_lives_as_long_as_there_are_holds(void **state)
{
    (void)state;
    assert_int_equal(home.keeper.run, NET_NO_KEEPER);
    for (int i = 0; i < 2; i++) {
        engine_forget();
        keep(7);
        while (engine_count(A_RENEW) < 3) usleep(1000);
        assert_int_equal(engine_count(A_HOOK), 0);
        expect_running(NET_KEEPER_RUNS);
        net_unkeep(&home, ENGINE_KEY, 7);
        expect_running(NET_KEEPER_ENDED);
    }
}

static void who_waits_hears_in_time_of_a_loss_while_a_renewal_waits_for_its_answer(void **state)
{
    (void)state;
    engine_reopen("liveness=2&timeout=100000", true);
    engine.renewals_hang = true;
    pthread_mutex_lock(&home.bell.mutex);
    const uint64_t wakes = home.bell.wakes;
    pthread_mutex_unlock(&home.bell.mutex);
    keep(7);
    for (uint64_t now = wakes; now == wakes; usleep(1000)) {
        pthread_mutex_lock(&home.bell.mutex);
        now = home.bell.wakes;
        pthread_mutex_unlock(&home.bell.mutex);
    }
    assert_true(lost(7));
    net_unkeep(&home, ENGINE_KEY, 7);
    expect_running(NET_KEEPER_ENDED);
}

/* The mask of blocked signals of the thread that is not this one, of two. */
static uint64_t mask_of_the_other(void)
{
    char path[64], line[256];
    uint64_t mask = 0;
    FILE *list = popen("ls /proc/$PPID/task", "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list)) {
        int thread = atoi(line);
        if (thread == getpid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status)) (void)sscanf(line, "SigBlk: %" SCNx64, &mask);
        if (status) fclose(status);
    }
    pclose(list);
    return mask;
}

static void the_thread_takes_no_signal(void **state)
{
    (void)state;
    keep(7);
    while (engine_count(A_RENEW) < 1) usleep(1000);
    const uint64_t mask = mask_of_the_other();
    static const int signals[] = {SIGTERM, SIGALRM, SIGUSR1, SIGCHLD, SIGPIPE, SIGINT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) assert_true(mask >> (signals[i] - 1) & 1);
    net_unkeep(&home, ENGINE_KEY, 7);
}

static void a_home_closes_at_once_whatever_its_keeper_does(void **state)
{
    (void)state;
    engine_reopen("liveness=100000", true);
    keep(7); /* the thread sleeps for a day; the teardown closes the home */
}

static void a_child_keeps_nothing_of_its_parent_s(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it allows no thread in a child of a process that had several */
#endif
    keep(7);
    while (engine_count(A_RENEW) < 1) usleep(1000);
    pid_t child = fork();
    if (!child) {
        net_home_after_fork(&home, NULL);
        bool good = home.keeper.run == NET_NO_KEEPER && !home.keeper.kept;
        engine.count = 0;
        good = good && net_keep(&home, ENGINE_KEY, 8, boottime(), NULL) == PSYNC_OK;
        while (good && engine_count(A_RENEW) < 2) usleep(1000);
        good = good && engine_asked(A_RENEW, 0)->number == 8 && engine_asked(A_RENEW, 1)->number == 8;
        net_home_close(&home);
        _exit(!good);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    const int before = engine_count(A_RENEW);
    while (engine_count(A_RENEW) == before) usleep(1000);
    net_unkeep(&home, ENGINE_KEY, 7);
}

/* ---- owners --------------------------------------------------------------------- */

static psync_owner read_owner(const char *text)
{
    psync_owner owner;
    psync_result r = net_owner_read(&home.self, text, strlen(text), &owner, &error);
    if (r) fail_msg("%s", error.message);
    return owner;
}

static void an_owner_s_record_tells_who_it_is(void **state)
{
    (void)state;
    char text[NET_OWNER_SIZE], host[PSYNC_HOST_MAX + 1];
    net_home_set_label(&home, "/srv/my app/ worker\n.php", NULL);
    const size_t length = net_owner_write(&home, text);
    assert_int_equal(length, strlen(text));
    const psync_owner owner = read_owner(text);
    gethostname(host, sizeof host);
    assert_string_equal(owner.host, host);
    assert_string_equal(owner.label, "/srv/my app/ worker\n.php");
    assert_int_equal(owner.pid, getpid());
    assert_int_equal(owner.acquired_at, fake.real / 1000);
    assert_int_equal(owner.alive, PSYNC_ALIVE_YES);
    assert_int_equal(strlen(owner.boot_id), 36);
}

static void the_longest_label_fits(void **state)
{
    (void)state;
    char text[NET_OWNER_SIZE], label[PSYNC_LABEL_MAX + 1];
    memset(label, 'l', PSYNC_LABEL_MAX);
    label[PSYNC_LABEL_MAX] = '\0';
    net_home_set_label(&home, label, NULL);
    memset(home.self.host, 'h', PSYNC_HOST_MAX);
    net_owner_write(&home, text);
    assert_string_equal(read_owner(text).label, label);
}

static void a_process_of_this_host_is_known_to_have_ended(void **state)
{
    (void)state;
    char text[NET_OWNER_SIZE];
    pid_t child = fork();
    if (!child) pause();
    const net_self parent = home.self;
    uint64_t start;
    bool ended;
    assert_true(psync__process(child, &start, &ended));
    assert_false(ended);
    home.self.pid = child;
    home.self.start = start;
    net_owner_write(&home, text);
    home.self = parent;
    assert_int_equal(read_owner(text).alive, PSYNC_ALIVE_YES);
    kill(child, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(read_owner(text).alive, PSYNC_ALIVE_NO); /* a zombie */
    waitpid(child, NULL, 0);
    assert_int_equal(read_owner(text).alive, PSYNC_ALIVE_NO);
    /* Its pid is another's by now: */
    assert_int_equal(net_process_alive(getpid(), start + 1000000), PSYNC_ALIVE_NO);
}

/* In a process whose clock is ahead: tells its start, and whether that of the parent is as the parent told. */
static void look_from_ahead(pid_t parent, uint64_t start, const int to_parent[2], const int to_child[2])
{
    struct {
        pid_t pid;
        uint64_t start;
    } own = {.pid = getpid(), .start = psync__start_time()};
    bool good = net_process_alive(parent, start) == PSYNC_ALIVE_YES;
    good = good && net_process_alive(parent, start + 1000) == PSYNC_ALIVE_NO;
    good = good && write(to_parent[1], &own.pid, sizeof own.pid) == sizeof own.pid;
    good = good && write(to_parent[1], &own.start, sizeof own.start) == sizeof own.start;
    close(to_child[1]);
    good = good && read(to_child[0], &(char){0}, 1) == 0; /* until it was seen */
    _exit(!good);
}

static void a_process_is_known_from_where_the_clock_is_another(void **state)
{
    (void)state;
    const pid_t self = getpid();
    int to_parent[2], to_child[2], status = 1;
    pid_t pid = 0;
    uint64_t start;
    bool ended;
    if (!may_shift_children()) skip();
    assert_int_equal(pipe(to_parent) + pipe(to_child), 0);
    assert_true(psync__process(self, &start, &ended));
    pid_t child = fork();
    if (!child) {
        if (!shift_children(7200)) _exit(1);
        pid_t ahead = fork();
        if (!ahead) look_from_ahead(self, start, to_parent, to_child);
        close(to_child[1]);
        close(to_parent[1]);
        _exit(waitpid(ahead, &status, 0) == ahead && status == 0 ? 0 : 1);
    }
    close(to_parent[1]);
    bool told = read(to_parent[0], &pid, sizeof pid) == sizeof pid &&
                read(to_parent[0], &start, sizeof start) == sizeof start;
    assert_true(told);
    assert_int_equal(net_process_alive(pid, start), PSYNC_ALIVE_YES);
    assert_int_equal(net_process_alive(pid, start - 1000), PSYNC_ALIVE_NO);
    close(to_child[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(to_parent[0]);
    close(to_child[0]);
}

static void of_another_host_boot_or_namespace_nothing_is_known(void **state)
{
    (void)state;
    char text[NET_OWNER_SIZE];
    const net_self here = home.self;
    for (int i = 0; i < 4; i++) {
        home.self = here;
        home.self.pid = 1 << 22; /* no such process here */
        if (i == 0) strcpy(home.self.host, "elsewhere");
        if (i == 1) home.self.boot_id[0] ^= 1;
        if (i == 2) home.self.namespace ++;
        net_owner_write(&home, text);
        home.self = here;
        assert_int_equal(read_owner(text).alive, i < 3 ? PSYNC_ALIVE_UNKNOWN : PSYNC_ALIVE_NO);
    }
}

static void what_is_no_owner_s_record_is_an_error(void **state)
{
    (void)state;
    char long_text[NET_OWNER_SIZE + 1];
    memset(long_text, '1', NET_OWNER_SIZE);
    long_text[NET_OWNER_SIZE] = '\0';
    const char *const texts[] = {
        "",
        "1",
        "x",
        "2 1 2 3 4 b h l",
        "1 1 2 3 4 b h",
        "1 0 2 3 4 b h l",
        "1 -5 2 3 4 b h l",
        "1 99999999999 2 3 4 b h l",
        long_text,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        psync_owner owner;
        assert_int_equal(net_owner_read(&home.self, texts[i], strlen(texts[i]), &owner, &error),
                         PSYNC_ERROR_DAMAGED);
    }
    assert_string_equal(read_owner("1 1 2 3 4 b h ").label, "");
}

/* ---- options -------------------------------------------------------------------- */

static void expect_refused(const char *options, const char *named)
{
    char text[256];
    net_home other;
    const psync_options none = {.label = NULL};
    snprintf(text, sizeof text, "fake://host?%s", options);
    psync_dsn *dsn = psync__dsn_parse(text, &error);
    assert_non_null(dsn);
    assert_int_equal(net_home_open(&other, home.engine, NULL, NULL, dsn, &none, &error), PSYNC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, named));
    psync__dsn_free(dsn);
}

static void wrong_options_are_refused_by_name(void **state)
{
    (void)state;
    expect_refused("space=a%20b", "space");
    expect_refused("space=", "space");
    expect_refused("liveness=0.5", "liveness");
    expect_refused("liveness=x", "liveness");
    expect_refused("poll=0", "poll");
    engine_reopen("space=a.B-9_&liveness=2.5&poll=0.25", true);
    assert_string_equal(home.space, "a.B-9_");
    assert_int_equal(home.liveness, 2500 * MS);
    assert_int_equal(home.poll, 250 * MS);
}

#define WORK(name)   cmocka_unit_test_setup_teardown(name, without_thread, engine_close)
#define THREAD(name) cmocka_unit_test_setup_teardown(name, real_clock, close_and_disarm)
#define PLAIN(name)  cmocka_unit_test_setup_teardown(name, engine_reset, engine_close)

int main(void)
{
    system_clock = psync__clock;
    const struct CMUnitTest tests[] = {
        WORK(a_hold_is_renewed_each_third_of_its_liveness),
        WORK(the_liveness_is_the_dsn_s),
        WORK(a_hold_that_cannot_be_renewed_is_lost_before_another_may_have_it),
        WORK(that_needs_no_keeper_to_be_seen),
        WORK(the_time_counts_from_before_the_request),
        WORK(a_hold_that_was_freed_by_others_is_lost),
        THREAD(the_thread_lives_as_long_as_there_are_holds),
        THREAD(who_waits_hears_in_time_of_a_loss_while_a_renewal_waits_for_its_answer),
        THREAD(the_thread_takes_no_signal),
        THREAD(a_home_closes_at_once_whatever_its_keeper_does),
        THREAD(a_child_keeps_nothing_of_its_parent_s),
        PLAIN(an_owner_s_record_tells_who_it_is),
        PLAIN(the_longest_label_fits),
        PLAIN(a_process_of_this_host_is_known_to_have_ended),
        PLAIN(a_process_is_known_from_where_the_clock_is_another),
        PLAIN(of_another_host_boot_or_namespace_nothing_is_known),
        PLAIN(what_is_no_owner_s_record_is_an_error),
        PLAIN(wrong_options_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("Holds and owners of network drivers", tests, NULL, NULL);
}
