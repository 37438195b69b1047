<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From unlock() to the last waiter out of wait(), beside an internal method that only sleeps on a futex and beside a
 * bare futex between C processes.
 *
 * Three teams of waiters, one a subject, live at the same time, all asleep but the one whose turn it is. The subjects
 * take turns wake-up by wake-up, each cycle in another order, so that whatever else the machine does hits all alike.
 * Percentiles are taken in each of BLOCKS stretches of the run; what is printed is their median over the stretches.
 */

const BLOCKS = 15;
const SETTLE = [1 => 700, 64 => 3000]; // microseconds until all waiters sleep

/** Counters of a team in the baseline's memory: go on, ready, done. */
function counters_of(int $team): int
{
    return 3 * $team;
}

/** Forks a waiter of a team that does $wait in each round; its pid. */
function waiter(Baseline $baseline, int $team, int $slot, int $rounds, callable $wait): int
{
    $counters = counters_of($team);
    $pid = pcntl_fork();
    if ($pid !== 0) {
        return $pid;
    }
    for ($round = 1; $round <= $rounds; $round++) {
        $baseline->reach($counters, $round);
        $baseline->count($counters + 1);
        $wait();
        $baseline->stamp($slot);
        $baseline->count($counters + 2);
    }
    posix_kill(getmypid(), SIGKILL); // no shutdown of PHP
}

/** One wake-up of a team: microseconds from the start of $open, which returns it in ns, to the last waiter's stamp. */
function wake_up(Baseline $baseline, int $team, int $waiters, int $round, callable $close, callable $open): float
{
    $counters = counters_of($team);
    $close();
    $baseline->count($counters);
    $baseline->reach($counters + 1, $waiters * $round);
    usleep(SETTLE[$waiters]);
    $start = $open();
    $baseline->reach($counters + 2, $waiters * $round);
    $last = 0;
    for ($i = 0; $i < $waiters; $i++) {
        $last = max($last, $baseline->stamped($team * $waiters + $i));
    }
    return ($last - $start) / 1e3;
}

/** What each team does; the third waits in C. */
function teams(Baseline $baseline, PhpSync\Generic\Lock $lock): array
{
    return [
        ['phpsync', [$lock, 'lock'], static function () use ($lock): int {
            $start = hrtime(true);
            $lock->unlock();
            return $start;
        }, [$lock, 'wait']],
        ['futex method', [$baseline, 'close'], static function () use ($baseline): int {
            $start = hrtime(true);
            $baseline->open();
            return $start;
        }, [$baseline, 'pass']],
        ['futex in C', [$baseline, 'close'], [$baseline, 'openInC'], null],
    ];
}

/** $rounds wake-ups of each team; team => latencies in the order they were taken. */
function take_turns(Baseline $baseline, array $teams, int $waiters, int $rounds): array
{
    $baseline->reset();
    $pids = [];
    foreach ($teams as $team => [, , , $wait]) {
        for ($i = 0; $i < $waiters; $i++) {
            $slot = $team * $waiters + $i;
            $pids[] = $wait === null ? $baseline->waiterInC(counters_of($team), $slot, $rounds) : waiter($baseline, $team, $slot, $rounds, $wait);
        }
    }
    $latencies = [];
    for ($round = 1; $round <= $rounds; $round++) {
        for ($turn = 0; $turn < count($teams); $turn++) {
            $team = ($turn + $round) % count($teams);
            $latencies[$team][] = wake_up($baseline, $team, $waiters, $round, $teams[$team][1], $teams[$team][2]);
        }
    }
    foreach ($pids as $pid) {
        pcntl_waitpid($pid, $status);
    }
    return $latencies;
}

/** Median over the blocks of a figure that is taken of all teams' latencies in one block. */
function median_of_blocks(array $latencies, callable $figure): float
{
    $figures = [];
    $length = intdiv(count($latencies[0]), BLOCKS);
    for ($block = 0; $block < BLOCKS; $block++) {
        $figures[] = $figure(array_map(static function (array $all) use ($block, $length) {
            return array_slice($all, $block * $length, $length);
        }, $latencies));
    }
    return percentile($figures, 0.5);
}

function wake_ups(Baseline $baseline, PhpSync\Generic\Lock $lock, int $waiters, int $rounds): void
{
    $teams = teams($baseline, $lock);
    $latencies = take_turns($baseline, $teams, $waiters, $rounds);
    ksort($latencies);
    $figures = [];
    foreach ($teams as $team => [$name]) {
        $of = static function (float $share) use ($latencies, $team): float {
            return median_of_blocks($latencies, static function (array $block) use ($team, $share) { return percentile($block[$team], $share); });
        };
        $figures[] = sprintf('%s %.1f/%.1f', $name, $of(0.5), $of(0.99));
    }
    [$against, $limit] = $waiters === 1 ? [1, 1.3] : [2, 1.5];
    $goals = [];
    foreach (['p50' => 0.5, 'p99' => 0.99] as $name => $share) {
        $ratio = median_of_blocks($latencies, static function (array $block) use ($against, $share) {
            return percentile($block[0], $share) / percentile($block[$against], $share);
        });
        $goals["$name at most $limit x the {$teams[$against][0]}"] = at_most($ratio, $limit);
    }
    row("unlock() to the last of $waiters out of wait()", implode(', ', $figures) . " us (p50/p99 of $rounds wake-ups each)", $goals);
}
