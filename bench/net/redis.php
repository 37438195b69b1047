<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extension on a Redis server against what else PHP programs use there, by turns:
 *
 *     php bench/net/redis.php SOCKET [wakes]        wakes: no more than these
 *
 * phpredis for an increment and for the wake-up of who waits (BLPOP), Symfony's RedisStore for lock and unlock. All
 * speak to one server over its unix socket. Ends with status 1 if a result was wrong.
 */

use PhpSync\Space;

require __DIR__ . '/../php/common.php';

const OPERATIONS = 2000;
const WAKES = 400;

$socket = $argv[1];
$only_wakes = ($argv[2] ?? '') === 'wakes';
$space = Space::open("redis+unix://$socket?space=bench");
$redis = new Redis();
$redis->connect($socket);

function expect(bool $holds, string $what): void
{
    if (!$holds) {
        fwrite(STDERR, "WRONG: $what\n");
        exit(1);
    }
}

/** Microseconds that one call takes. */
function timed(callable $call): Closure
{
    return static function () use ($call): float {
        $start = hrtime(true);
        for ($i = 0; $i < OPERATIONS; $i++) {
            $call();
        }
        return (hrtime(true) - $start) / 1000 / OPERATIONS;
    };
}

function increments(Space $space, Redis $redis): void
{
    $integer = $space->getInteger('counter');
    $times = interleaved([
        'ours' => timed(static function () use ($integer) {
            $integer->increment(1);
        }),
        'phpredis' => timed(static function () use ($redis) {
            $redis->incrBy('bench-counter', 1);
        }),
    ]);
    expect($integer->refresh() === ROUNDS * OPERATIONS, 'increments were lost');
    row(
        'increment',
        sprintf('%.1f us; phpredis INCRBY %.1f us', $times['ours'], $times['phpredis']),
        ['rate against phpredis, at least 0.9' => at_least($times['phpredis'] / $times['ours'], 0.9)]
    );
}

function locks(Space $space, Redis $redis): void
{
    if (!stream_resolve_include_path('Symfony/Component/Lock/autoload.php')) {
        echo "lock and unlock: Symfony's Lock is not installed (php-symfony-lock)\n";
        return;
    }
    require_once 'Symfony/Component/Lock/autoload.php';
    $lock = $space->getLock('lock');
    $factory = new Symfony\Component\Lock\LockFactory(new Symfony\Component\Lock\Store\RedisStore($redis));
    $times = interleaved([
        'ours' => timed(static function () use ($lock) {
            $lock->lock();
            $lock->unlock();
        }),
        'symfony' => timed(static function () use ($factory) {
            $other = $factory->createLock('bench-lock');
            $other->acquire();
            $other->release();
        }),
    ]);
    expect(!$lock->exists(), 'a Lock was left');
    row(
        'lock and unlock',
        sprintf("%.1f us; Symfony's RedisStore %.1f us", $times['ours'], $times['symfony']),
        ['rate against RedisStore, at least 3' => at_least($times['symfony'] / $times['ours'], 3.0)]
    );
}

/** In a child: waits at each line of the parent's, and answers with when it went on. */
function waiter(string $socket, array $pipe): void
{
    $lock = Space::open("redis+unix://$socket?space=bench")->getLock('gate');
    $redis = new Redis();
    $redis->connect($socket);
    $redis->setOption(Redis::OPT_READ_TIMEOUT, -1);
    while (($task = fgets($pipe[0])) !== false) {
        fwrite($pipe[0], "on the way\n");
        if ($task === "lock\n") {
            $lock->wait();
        } else {
            $redis->blPop('bench-list', 0);
        }
        fwrite($pipe[0], hrtime(true) . "\n");
    }
}

function wakes(Space $space, Redis $redis, string $socket): void
{
    $pipe = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    $child = pcntl_fork();
    if ($child === 0) {
        fclose($pipe[1]);
        waiter($socket, $pipe);
        exit(0);
    }
    fclose($pipe[0]);
    $lock = $space->getLock('gate');
    $took = ['lock' => [], 'list' => []];
    for ($i = 0; $i < 2 * WAKES; $i++) {
        $task = $i % 2 ? 'list' : 'lock';
        if ($task === 'lock') {
            $lock->lock();
        }
        fwrite($pipe[1], "$task\n");
        fgets($pipe[1]);
        usleep(3000); // it sleeps by then, nearly always; the median does not mind the others
        $start = hrtime(true);
        $task === 'lock' ? $lock->unlock() : $redis->lPush('bench-list', '1');
        $took[$task][] = ((int) fgets($pipe[1]) - $start) / 1000;
    }
    fclose($pipe[1]);
    pcntl_waitpid($child, $status);
    expect($status === 0, 'the waiter failed');
    $ours = percentile($took['lock'], 0.5);
    $theirs = percentile($took['list'], 0.5);
    row(
        'unlock to the waiter running, p50',
        sprintf('%.0f us; BLPOP %.0f us', $ours, $theirs),
        ['time against BLPOP, at most 1.5' => at_most($ours / $theirs, 1.5)]
    );
}

if (!$only_wakes) {
    increments($space, $redis);
    locks($space, $redis);
}
wakes($space, $redis, $socket);
