<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// Chance. The seed decides all that the main line draws; a signal's handler comes when it comes, so it draws elsewhere and
// leaves that sequence alone.

namespace Fuzz;

final class Dice
{
    public static $elsewhere = 0;

    public static function roll(int $least, int $most): int
    {
        return self::$elsewhere ? random_int($least, $most) : mt_rand($least, $most);
    }

    public static function one(array $choices)
    {
        return $choices[self::roll(0, \count($choices) - 1)];
    }

    // Once in so many times.
    public static function rarely(int $times): bool
    {
        return self::roll(1, $times) === 1;
    }
}
