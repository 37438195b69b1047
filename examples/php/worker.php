<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker for a supervisor (systemd, supervisord): start as many as you like.
 *
 *   php worker.php TASKS.txt >> SUMS.txt
 *
 * Before each task it waits while the Lock "pause" exists; after each it
 * counts in the Integer "finished". SIGTERM and SIGINT end it cleanly: at
 * once while it waits, else when the task at hand is done.
 */

use PhpSync\Space;

/** Leaves a wait. */
final class Stop extends Exception
{
}

$tasks = file($argv[1] ?? '', FILE_IGNORE_NEW_LINES);
if ($tasks === false) {
    fwrite(STDERR, "usage: php worker.php TASKS.txt\n");
    exit(64);
}

$stop = false;
$waiting = false;
$onSignal = static function () use (&$stop, &$waiting): void {
    $stop = true;
    if ($waiting) {
        throw new Stop();
    }
};
pcntl_async_signals(true);
pcntl_signal(SIGTERM, $onSignal);
pcntl_signal(SIGINT, $onSignal);

$space = Space::open();
$pause = $space->getLock('pause');
$next = $space->getInteger('next');
$finished = $space->getInteger('finished');

try {
    while (!$stop) {
        $waiting = true;
        $pause->wait();
        $waiting = false;

        $number = $next->increment();
        if ($number > count($tasks)) {
            break;
        }
        $path = $tasks[$number - 1];
        echo hash_file('sha256', $path), "  $path\n";
        $finished->increment();
    }
} catch (Stop $e) {
    // It came while nothing was at hand.
}
