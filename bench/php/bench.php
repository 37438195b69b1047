<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extension beside what PHP has otherwise, in one run: medians of
 * interleaved rounds. bench/php/run starts it with all it needs.
 */

use PhpSync\Space;

require __DIR__ . '/common.php';
require __DIR__ . '/wake.php';
require __DIR__ . '/loading.php';

$baseline = new Baseline();
$space = Space::open(getenv('PHPSYNC_DSN'));
$semaphore = sem_get(ftok(__FILE__, 'b'));

/** In $count forked processes that start together; the seconds until all are done. */
function together(int $count, Baseline $baseline, callable $work): float
{
    $baseline->reset();
    $pids = [];
    for ($i = 0; $i < $count; $i++) {
        $pid = pcntl_fork();
        if ($pid === 0) {
            $baseline->count(1);
            $baseline->reach(0, 1);
            $work($i);
            $baseline->count(2);
            posix_kill(getmypid(), SIGKILL); // no shutdown of PHP in the measured time
        }
        $pids[] = $pid;
    }
    $baseline->reach(1, $count);
    $start = hrtime(true);
    $baseline->count(0);
    $baseline->reach(2, $count);
    $seconds = (hrtime(true) - $start) / 1e9;
    foreach ($pids as $pid) {
        pcntl_waitpid($pid, $status);
    }
    return $seconds;
}

// ---------------------------------------------------------------- increment, one process
$integer = $space->getInteger('one');
$lock = $space->getLock('lock');
$n = 1000000;
apcu_store('one', 0);
$loop = static function () use ($n) {
    $start = hrtime(true);
    for ($i = 0; $i < $n; $i++);
    return (hrtime(true) - $start) / $n;
};
$r = interleaved([
    'loop' => $loop,
    'phpsync' => static function () use ($n, $integer) {
        $start = hrtime(true);
        for ($i = 0; $i < $n; $i++) $integer->increment();
        return (hrtime(true) - $start) / $n;
    },
    'cas' => static function () use ($n, $baseline) {
        $start = hrtime(true);
        for ($i = 0; $i < $n; $i++) $baseline->increment();
        return (hrtime(true) - $start) / $n;
    },
    'apcu' => static function () use ($n) {
        $start = hrtime(true);
        for ($i = 0; $i < $n; $i++) apcu_inc('one');
        return (hrtime(true) - $start) / $n;
    },
]);
$p = $r['phpsync'];
row('increment()', sprintf('phpsync %.1f ns, apcu_inc %.1f ns, bare CAS method %.1f ns', $p, $r['apcu'], $r['cas']), [
    'at least 2.5 x the speed of apcu_inc' => at_least($r['apcu'] / $p, 2.5),
    "at most 1.6 x the CAS method's time" => at_most($p / $r['cas'], 1.6),
]);

// ---------------------------------------------------------------- increment, 8 processes
$each = 300000;
$exact = true;
$r = interleaved([
    'phpsync' => static function () use ($baseline, $space, $each, &$exact) {
        $integer = $space->getInteger('eight');
        $integer->setValue(0);
        $seconds = together(8, $baseline, static function () use ($integer, $each) {
            for ($i = 0; $i < $each; $i++) $integer->increment();
        });
        $exact = $exact && $integer->refresh() === 8 * $each;
        return 8 * $each / $seconds / 1e6;
    },
    'apcu' => static function () use ($baseline, $each) {
        apcu_store('eight', 0);
        return 8 * $each / 1e6 / together(8, $baseline, static function () use ($each) {
            for ($i = 0; $i < $each; $i++) apcu_inc('eight');
        });
    },
]);
row('increment(), 8 processes, one key', sprintf('phpsync %.1f M/s%s, apcu_inc %.1f M/s', $r['phpsync'], $exact ? ', exact' : ', NOT EXACT', $r['apcu']), [
    'at least 1.4 x apcu_inc' => at_least($r['phpsync'] / $r['apcu'], 1.4),
    'exact' => [$exact ? 'yes' : 'no', $exact],
]);

// ---------------------------------------------------------------- lock, unlock
$n = 200000;
$r = interleaved([
    'phpsync' => static function () use ($n, $lock) {
        $start = hrtime(true);
        for ($i = 0; $i < $n; $i++) {
            $lock->lock();
            $lock->unlock();
        }
        return (hrtime(true) - $start) / $n;
    },
    'sem' => static function () use ($n, $semaphore) {
        $start = hrtime(true);
        for ($i = 0; $i < $n; $i++) {
            sem_acquire($semaphore);
            sem_release($semaphore);
        }
        return (hrtime(true) - $start) / $n;
    },
]);
row('lock(); unlock();', sprintf('phpsync %.1f ns, sem_acquire and sem_release %.1f ns', $r['phpsync'], $r['sem']), [
    'at least 12 x the speed of sem_acquire' => at_least($r['sem'] / $r['phpsync'], 12),
]);

wake_ups($baseline, $lock, 1, 6900);
wake_ups($baseline, $lock, 64, 420);
loading();
sem_remove($semaphore);
