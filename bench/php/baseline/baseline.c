/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * baseline.c - what the benchmarks of the extension are compared with.
 *
 * A PHP class whose methods do one bare thing each on memory that forked
 * processes share: a 16-byte compare-and-swap that adds one, a sleep on a
 * futex and its wake-up. Beside them what the benchmarks need to take times:
 * stamps of the clock, and counters that a process can wait for.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "php.h"
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 256, COUNTERS = 16 };

typedef struct shared {
    _Alignas(64) unsigned __int128 number;
    _Alignas(64) uint32_t gate; /* 1: closed */
    _Alignas(64) uint32_t counters[COUNTERS];
    _Alignas(64) int64_t stamps[SLOTS];
} shared;

static shared *memory;

static long futex(uint32_t *word, int operation, uint32_t value)
{
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void pass_gate(void)
{
    while (__atomic_load_n(&memory->gate, __ATOMIC_ACQUIRE) == 1) futex(&memory->gate, FUTEX_WAIT, 1);
}

static void open_gate(void)
{
    __atomic_store_n(&memory->gate, 0, __ATOMIC_RELEASE);
    futex(&memory->gate, FUTEX_WAKE, INT32_MAX);
}

static void count_up(int counter)
{
    __atomic_fetch_add(&memory->counters[counter], 1, __ATOMIC_ACQ_REL);
    futex(&memory->counters[counter], FUTEX_WAKE, INT32_MAX);
}

static void reach(int counter, uint32_t wanted)
{
    uint32_t seen;
    while ((int32_t)((seen = __atomic_load_n(&memory->counters[counter], __ATOMIC_ACQUIRE)) - wanted) < 0) {
        futex(&memory->counters[counter], FUTEX_WAIT, seen);
    }
}

/* increment(): int - adds one to {value, flags} by a 16-byte compare-and-swap, with the check for overflow. */
PHP_METHOD(Baseline, increment)
{
    ZEND_PARSE_PARAMETERS_NONE();
    unsigned __int128 old = memory->number;
    for (;;) {
        int64_t value;
        if (__builtin_add_overflow((int64_t)old, 1, &value)) RETURN_FALSE;
        unsigned __int128 desired = (old >> 64 << 64) | (uint64_t)value;
        unsigned __int128 found = __sync_val_compare_and_swap(&memory->number, old, desired);
        if (found == old) RETURN_LONG(value);
        old = found;
    }
}

PHP_METHOD(Baseline, pass)
{
    ZEND_PARSE_PARAMETERS_NONE();
    pass_gate();
}

PHP_METHOD(Baseline, open)
{
    ZEND_PARSE_PARAMETERS_NONE();
    open_gate();
}

PHP_METHOD(Baseline, close)
{
    ZEND_PARSE_PARAMETERS_NONE();
    __atomic_store_n(&memory->gate, 1, __ATOMIC_RELEASE);
}

static bool index_argument(INTERNAL_FUNCTION_PARAMETERS, zend_long limit, zend_long *index)
{
    ZEND_PARSE_PARAMETERS_START(1, 1)
    Z_PARAM_LONG(*index)
    ZEND_PARSE_PARAMETERS_END_EX(return false);
    return *index >= 0 && *index < limit;
}

PHP_METHOD(Baseline, stamp)
{
    int64_t time = now();
    zend_long slot;
    if (index_argument(INTERNAL_FUNCTION_PARAM_PASSTHRU, SLOTS, &slot)) memory->stamps[slot] = time;
}

PHP_METHOD(Baseline, stamped)
{
    zend_long slot;
    if (index_argument(INTERNAL_FUNCTION_PARAM_PASSTHRU, SLOTS, &slot)) RETURN_LONG(memory->stamps[slot]);
}

PHP_METHOD(Baseline, count)
{
    zend_long counter;
    if (index_argument(INTERNAL_FUNCTION_PARAM_PASSTHRU, COUNTERS, &counter)) count_up((int)counter);
}

PHP_METHOD(Baseline, reach)
{
    zend_long counter, wanted;
    ZEND_PARSE_PARAMETERS_START(2, 2)
    Z_PARAM_LONG(counter)
    Z_PARAM_LONG(wanted)
    ZEND_PARSE_PARAMETERS_END();
    if (counter >= 0 && counter < COUNTERS) reach((int)counter, (uint32_t)wanted);
}

PHP_METHOD(Baseline, reset)
{
    ZEND_PARSE_PARAMETERS_NONE();
    memset(memory, 0, sizeof *memory);
}

/* openInC(): int - the time, ns, and then opens the gate. */
PHP_METHOD(Baseline, openInC)
{
    ZEND_PARSE_PARAMETERS_NONE();
    int64_t start = now();
    open_gate();
    RETURN_LONG(start);
}

/* The C twin of what bench/php/wake.php's waiters do. */
static void wait_in_rounds(int counters, int slot, int rounds)
{
    for (int round = 1; round <= rounds; round++) {
        reach(counters, (uint32_t)round);
        count_up(counters + 1);
        pass_gate();
        memory->stamps[slot] = now();
        count_up(counters + 2);
    }
}

/* waiterInC(int $counters, int $slot, int $rounds): int - forks a process that never runs PHP; its pid. */
PHP_METHOD(Baseline, waiterInC)
{
    zend_long counters, slot, rounds;
    ZEND_PARSE_PARAMETERS_START(3, 3)
    Z_PARAM_LONG(counters)
    Z_PARAM_LONG(slot)
    Z_PARAM_LONG(rounds)
    ZEND_PARSE_PARAMETERS_END();
    if (counters < 0 || counters + 2 >= COUNTERS || slot < 0 || slot >= SLOTS) return;
    pid_t pid = fork();
    if (pid == 0) {
        wait_in_rounds((int)counters, (int)slot, (int)rounds);
        _exit(0);
    }
    RETURN_LONG(pid);
}

ZEND_BEGIN_ARG_INFO_EX(no_arguments, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_INFO_EX(one_argument, 0, 0, 1)
ZEND_ARG_INFO(0, index)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_INFO_EX(two_arguments, 0, 0, 2)
ZEND_ARG_INFO(0, counter)
ZEND_ARG_INFO(0, wanted)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_INFO_EX(three_arguments, 0, 0, 3)
ZEND_ARG_INFO(0, counters)
ZEND_ARG_INFO(0, slot)
ZEND_ARG_INFO(0, rounds)
ZEND_END_ARG_INFO()

/* The macros bring their own commas. */
/* clang-format off */
static const zend_function_entry methods[] = {
    PHP_ME(Baseline, increment, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, pass, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, open, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, close, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, stamp, one_argument, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, stamped, one_argument, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, count, one_argument, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, reach, two_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, reset, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, openInC, no_arguments, ZEND_ACC_PUBLIC)
    PHP_ME(Baseline, waiterInC, three_arguments, ZEND_ACC_PUBLIC)
    PHP_FE_END
};
/* clang-format on */

static PHP_MINIT_FUNCTION(baseline)
{
    zend_class_entry entry;
    INIT_CLASS_ENTRY(entry, "Baseline", methods);
    zend_register_internal_class(&entry);
    memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? FAILURE : SUCCESS;
}

static zend_module_entry baseline_module_entry = {
    STANDARD_MODULE_HEADER,     "baseline", NULL, PHP_MINIT(baseline), NULL, NULL, NULL, NULL, "0",
    STANDARD_MODULE_PROPERTIES,
};

ZEND_GET_MODULE(baseline)
