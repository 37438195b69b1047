/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * same.c - stand-ins for what differs from run to run or from host to host.
 * The linker puts them in the place of the originals (--wrap), so that an
 * input that was found fails again, and no host's name gets into the corpus.
 *
 * Time is ours too: a look at the clock takes a microsecond, and a sleep is a
 * jump to its end. So no input waits for anything, and a sleep without an end,
 * where every call has a limit, is a bug that shows at once.
 */
#include "fuzz.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "drivers/shm/futex.h"
#include "system.h"

static uint64_t random_state;
static int64_t now;

/* Nanoseconds: what the clocks say when an input begins. */
static const int64_t STARTED = INT64_C(1000000000000), BOOTED = INT64_C(2000000000000),
                     DATED = INT64_C(1800000000000000000);

static int64_t monotonic(void)
{
    return STARTED + (now += 1000);
}

static int64_t boottime(void)
{
    return BOOTED + (now += 1000);
}

static int64_t realtime(void)
{
    return DATED + (now += 1000);
}

static const struct psync_clock our_clock = {.monotonic = monotonic, .boottime = boottime, .realtime = realtime};

void same_begin(void)
{
    random_state = 1;
    now = 0;
    psync__clock = &our_clock;
}

void __wrap_shm_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint32_t bits, int64_t deadline);
void __wrap_shm_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint32_t bits, int64_t deadline)
{
    (void)bits;
    if (atomic_load(word) != expected) return;
    NEED(deadline != INT64_MAX);
    if (deadline - STARTED > now) now = deadline - STARTED;
}

int __wrap_ppoll(struct pollfd *files, nfds_t count, const struct timespec *length, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *files, nfds_t count, const struct timespec *length, const sigset_t *mask)
{
    (void)mask;
    int ready = poll(files, count, 0);
    if (ready) return ready;
    NEED(length);
    now += (int64_t)length->tv_sec * PSYNC_NS_PER_S + length->tv_nsec;
    return 0;
}

int __wrap_nanosleep(const struct timespec *length, struct timespec *left);
int __wrap_nanosleep(const struct timespec *length, struct timespec *left)
{
    (void)left;
    NEED(length->tv_sec >= 0 && length->tv_nsec >= 0 && length->tv_nsec < PSYNC_NS_PER_S);
    now += (int64_t)length->tv_sec * PSYNC_NS_PER_S + length->tv_nsec;
    return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *length, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *length, struct timespec *left)
{
    (void)clock;
    (void)left;
    NEED(flags == 0);
    now += (int64_t)length->tv_sec * PSYNC_NS_PER_S + length->tv_nsec;
    return 0;
}

uint64_t draw64(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t mixed = (*state ^ (*state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint32_t draw(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(draw64(state) % limit);
}

uint64_t __wrap_psync__random(void);
uint64_t __wrap_psync__random(void)
{
    return draw64(&random_state);
}

void __wrap_psync__boot_id(char id[PSYNC_BOOT_ID + 1]);
void __wrap_psync__boot_id(char id[PSYNC_BOOT_ID + 1])
{
    strcpy(id, "01234567-89ab-cdef-0123-456789abcdef");
}

uint64_t __wrap_psync__start_time(void);
uint64_t __wrap_psync__start_time(void)
{
    return 4711;
}

int __wrap_gethostname(char *name, size_t size);
int __wrap_gethostname(char *name, size_t size)
{
    snprintf(name, size, "host.example");
    return 0;
}
