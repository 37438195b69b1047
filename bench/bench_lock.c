/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_lock.c - what a lock and unlock cost a process that nobody disturbs:
 * psync_lock_acquire and psync_lock_release (which record owner and fence),
 * against a robust process-shared pthread mutex.
 */
#include "bench.h"

#include <pthread.h>
#include <unistd.h>

#define MAX_ROUNDS 999

static bench_parameter parameters[] = {{"rounds", 21, 101, "rounds of each"},
                                       {"operations", 1000000, 5000000, "pairs in a round"},
                                       {NULL, 0, 0, NULL}};

static double time_lock(psync_lock *lock, long operations)
{
    psync_error error;
    uint64_t fence = 0, before = psync_lock_last_fence(lock);
    bool rising = true;
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        psync_result done = psync_lock_acquire(lock, NULL, &fence, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_lock_acquire");
        rising = rising && fence > before;
        before = fence;
        done = psync_lock_release(lock, &error);
        if (done != PSYNC_OK) bench_expect_ok(done, &error, "psync_lock_release");
    }
    int64_t taken = bench_now() - start;
    bench_expect(rising, "a fence was not larger than the one before");
    return (double)taken / (double)operations;
}

static double time_mutex(pthread_mutex_t *mutex, long operations)
{
    int64_t start = bench_now();
    for (long i = 0; i < operations; i++) {
        if (pthread_mutex_lock(mutex) != 0) bench_die("pthread_mutex_lock failed");
        if (pthread_mutex_unlock(mutex) != 0) bench_die("pthread_mutex_unlock failed");
    }
    return (double)(bench_now() - start) / (double)operations;
}

static pthread_mutex_t *make_mutex(void)
{
    pthread_mutex_t *mutex = bench_shared(sizeof *mutex);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(mutex, &attributes) != 0) bench_die("pthread_mutex_init failed");
    pthread_mutexattr_destroy(&attributes);
    return mutex;
}

/* Owner and fence really are recorded by what was timed. */
static void check_owner(psync_lock *lock)
{
    psync_error error;
    psync_owner owner;
    uint64_t fence = 0;
    bench_expect_ok(psync_lock_acquire(lock, NULL, &fence, &error), &error, "psync_lock_acquire");
    bench_expect_ok(psync_lock_inspect(lock, &owner, &error), &error, "psync_lock_inspect");
    bench_expect(owner.pid == getpid() && owner.fence == fence && owner.label[0] != '\0',
                 "the owner's record says pid %lld, fence %llu", (long long)owner.pid,
                 (unsigned long long)owner.fence);
    bench_expect_ok(psync_lock_release(lock, &error), &error, "psync_lock_release");
    bench_expect(psync_lock_exists(lock, &error) == PSYNC_NO, "the Lock exists after its release");
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv, "lock and unlock, one process", parameters);
    size_t rounds = (size_t)parameters[0].value;
    if (rounds > MAX_ROUNDS) bench_die("rounds: at most %d", MAX_ROUNDS);
    long operations = parameters[1].value;

    psync_space *space = bench_space_open("lock");
    psync_lock *lock = bench_lock_open(space, "pause");
    pthread_mutex_t *mutex = make_mutex();
    static double ours[MAX_ROUNDS], base[MAX_ROUNDS];
    for (size_t i = 0; i < rounds; i++) {
        ours[i] = time_lock(lock, operations);
        base[i] = time_mutex(mutex, operations);
    }
    check_owner(lock);
    psync_lock_close(lock);
    psync_space_close(space);

    bench_print(&(bench_row){.measure = "lock + unlock, uncontended",
                             .ours = bench_median(ours, rounds),
                             .unit = "ns",
                             .base_name = "robust mutex",
                             .base = bench_median(base, rounds),
                             .ratio = bench_median_ratio(ours, base, rounds),
                             .goal = BENCH_AT_MOST,
                             .limit = 2.0});
    return bench_end();
}
