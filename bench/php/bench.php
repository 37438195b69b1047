<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extension beside what PHP has otherwise, in one run: medians of
 * interleaved rounds. bench/php/run starts it with all it needs.
 */

use PhpSync\Space;

const ROUNDS = 7;

$baseline = new Baseline();
$space = Space::open(getenv('PHPSYNC_DSN'));
$semaphore = sem_get(ftok(__FILE__, 'b'));

function percentile(array $values, float $part): float
{
    sort($values);
    return $values[(int) floor($part * (count($values) - 1))];
}

/** Runs each subject in turn, ROUNDS times; name => median of what it returned. */
function interleaved(array $subjects): array
{
    $results = [];
    for ($round = 0; $round < ROUNDS; $round++) {
        foreach ($subjects as $name => $subject) {
            $results[$name][] = $subject();
        }
    }
    return array_map(static function (array $values) {
        return percentile($values, 0.5);
    }, $results);
}

function row(string $what, string $figures, string $goal, bool $reached): void
{
    printf("%-44s %-66s %-24s %s\n", $what, $figures, $goal, $reached ? 'reached' : 'MISSED');
}

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
row('increment()', sprintf('phpsync %.1f ns, apcu_inc %.1f ns, bare CAS method %.1f ns', $p, $r['apcu'], $r['cas']), '2.5 x apcu, 1.6 x CAS', $r['apcu'] / $p >= 2.5 && $p / $r['cas'] <= 1.6);

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
row('increment(), 8 processes, one key', sprintf('phpsync %.1f M/s%s, apcu_inc %.1f M/s', $r['phpsync'], $exact ? ', exact' : ', NOT EXACT', $r['apcu']), '1.4 x apcu, exact', $exact && $r['phpsync'] / $r['apcu'] >= 1.4);

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
row('lock(); unlock();', sprintf('phpsync %.1f ns, sem_acquire and sem_release %.1f ns', $r['phpsync'], $r['sem']), '12 x sem', $r['sem'] / $r['phpsync'] >= 12);

// ---------------------------------------------------------------- unlock() -> waiters out of wait()
/** The last waiter's latency in each round, microseconds. */
function wake(Baseline $baseline, int $waiters, int $rounds, callable $close, callable $open, callable $wait): array
{
    $baseline->reset();
    $pids = [];
    for ($i = 0; $i < $waiters; $i++) {
        $pid = pcntl_fork();
        if ($pid === 0) {
            for ($round = 1; $round <= $rounds; $round++) {
                $baseline->reach(0, $round);
                $baseline->count(1);
                $wait();
                $baseline->stamp($i);
                $baseline->count(2);
            }
            posix_kill(getmypid(), SIGKILL);
        }
        $pids[] = $pid;
    }
    $latencies = [];
    for ($round = 1; $round <= $rounds; $round++) {
        $close();
        $baseline->count(0);
        $baseline->reach(1, $waiters * $round);
        usleep(3000); // until all sleep
        $start = hrtime(true);
        $open();
        $baseline->reach(2, $waiters * $round);
        $last = 0;
        for ($i = 0; $i < $waiters; $i++) {
            $last = max($last, $baseline->stamped($i));
        }
        $latencies[] = ($last - $start) / 1e3;
    }
    foreach ($pids as $pid) {
        pcntl_waitpid($pid, $status);
    }
    return $latencies;
}

foreach ([1 => 150, 64 => 60] as $waiters => $rounds) {
    $subjects = [
        'phpsync' => static function () use ($baseline, $waiters, $rounds, $lock) {
            return wake($baseline, $waiters, $rounds, [$lock, 'lock'], [$lock, 'unlock'], [$lock, 'wait']);
        },
        'php' => static function () use ($baseline, $waiters, $rounds) {
            return wake($baseline, $waiters, $rounds, [$baseline, 'close'], [$baseline, 'open'], [$baseline, 'pass']);
        },
        'c' => static function () use ($baseline, $waiters, $rounds) {
            return array_map(static function ($ns) {
                return $ns / 1e3;
            }, $baseline->wakeInC($waiters, $rounds));
        },
    ];
    $all = array_fill_keys(array_keys($subjects), []);
    for ($round = 0; $round < ROUNDS; $round++) {
        foreach ($subjects as $name => $subject) {
            array_push($all[$name], ...$subject());
        }
    }
    $figures = [];
    foreach (['phpsync' => 'phpsync', 'php' => 'futex method', 'c' => 'futex in C'] as $name => $title) {
        $figures[] = sprintf('%s %.1f/%.1f', $title, percentile($all[$name], 0.5), percentile($all[$name], 0.99));
    }
    $against = $waiters === 1 ? 'php' : 'c';
    $limit = $waiters === 1 ? 1.3 : 1.5;
    $reached = true;
    $ratios = [];
    foreach ([0.5, 0.99] as $share) {
        $ratio = percentile($all['phpsync'], $share) / percentile($all[$against], $share);
        $ratios[] = sprintf('%.2f', $ratio);
        $reached = $reached && $ratio <= $limit;
    }
    $figures[] = 'ratio ' . implode('/', $ratios);
    row("unlock() to the last of $waiters out of wait()", implode(', ', $figures) . ' us (p50/p99)', $waiters === 1 ? '1.3 x futex method' : '1.5 x futex in C', $reached);
}

// ---------------------------------------------------------------- loading
$command = static function (bool $with): array {
    $options = $with ? ['-d', 'extension=' . getenv('BENCH_EXTENSION')] : [];
    return array_merge([PHP_BINARY, '-n'], $options);
};
/** The processor time of one run, ms: the same on a busy machine. */
$time = static function (bool $with) use ($command) {
    return static function () use ($with, $command) {
        $used = static function (): float {
            $u = getrusage(1);
            return ($u['ru_utime.tv_sec'] + $u['ru_stime.tv_sec']) * 1e3 + ($u['ru_utime.tv_usec'] + $u['ru_stime.tv_usec']) / 1e3;
        };
        $before = $used();
        for ($i = 0; $i < 10; $i++) {
            proc_close(proc_open(array_merge($command($with), ['-r', ';']), [], $pipes));
        }
        return ($used() - $before) / 10;
    };
};
$memory = static function (bool $with) use ($command): int {
    // Private and shared pages that the process touched.
    $code = 'preg_match("/^VmHWM:\\\\s+(\\\\d+)/m", file_get_contents("/proc/self/status"), $m); echo $m[1];';
    $process = proc_open(array_merge($command($with), ['-r', $code]), [1 => ['pipe', 'w']], $pipes);
    $kib = (int) stream_get_contents($pipes[1]);
    proc_close($process);
    return $kib;
};
$r = interleaved([
    'without' => $time(false), 'with' => $time(true),
    'less' => static function () use ($memory) { return $memory(false); },
    'more' => static function () use ($memory) { return $memory(true); },
]);
row("loading: php -r ';'", sprintf('%.2f ms of CPU and %d KiB more (%.1f ms and %d KiB without)', $r['with'] - $r['without'], $r['more'] - $r['less'], $r['without'], $r['less']), '1 ms, 500 KiB', $r['with'] - $r['without'] <= 1.0 && $r['more'] - $r['less'] <= 500);
sem_remove($semaphore);
