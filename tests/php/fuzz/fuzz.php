<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// A random sequence of calls on every class of the extension:  fuzz.php SEED CALLS FOLDER
//
// The classes and methods are asked of the extension itself, so new ones take part by being there. Things of all kinds
// live in a few drawers; a step takes one out and calls a method with arguments that fit more or less, looks at a
// property, clones, serialises, compares, drops it, forks, or makes an object around its constructor. What it
// draws depends on the seed alone, not on results. A sibling sends signals; a call that blocks for long is left by an
// exception from the handler, and handlers make calls too, as do destructors. Anything may be thrown; nothing may crash.

namespace Fuzz;

require __DIR__ . '/dice.php';
require __DIR__ . '/users.php';
require __DIR__ . '/drawers.php';

[, $seed, $calls, $folder] = $argv;
mt_srand((int) $seed);
chdir($folder);

// Signals: every one of the sibling's comes here, in the midst of calls too.
final class Bell
{
    private const PATIENCE = 20e6; // ns

    public static $since; // when the step under way began; null between steps, and once it is being left
    private static $inside = false;

    public static function ring(): void
    {
        if (self::$inside || self::$since === null) {
            return;
        }
        self::$inside = true;
        Dice::$elsewhere++;
        try {
            Drawers::stir();
        } finally {
            Dice::$elsewhere--;
            self::$inside = false;
        }
        if (self::$since !== null && hrtime(true) - self::$since > self::PATIENCE) {
            self::$since = null;
            throw new \Exception('it blocks');
        }
    }
}

pcntl_async_signals(true);
pcntl_signal(SIGUSR1, [Bell::class, 'ring'], false);

// The sibling: signals until this process is gone.
$parent = getmypid();
$sibling = pcntl_fork();
if ($sibling === 0) {
    while (posix_getppid() === $parent) {
        posix_kill($parent, SIGUSR1);
        usleep(4000);
    }
    exit(0);
}
set_error_handler(static fn () => true);
try {
    Drawers::begin();
    for ($i = 0; $i < $calls; $i++) {
        try {
            Drawers::step();
        } catch (\Throwable $late) {
            Drawers::calm();
        }
    }
    Drawers::end();
} finally {
    pcntl_signal(SIGUSR1, SIG_IGN);
    posix_kill($sibling, SIGKILL);
    pcntl_waitpid($sibling, $status);
}
echo "done\n";
