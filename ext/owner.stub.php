<?php

/** @generate-function-entries */

namespace PhpSync;

/** Who made an acquisition of a Lock. */
final class Owner
{
    /** Its host's name. */
    public readonly string $host;

    /** Its process id, as it saw itself. */
    public readonly int $pid;

    /** Its script's or program's path, without arguments. */
    public readonly string $label;

    /** When it took the Lock (UTC). */
    public readonly \DateTimeImmutable $acquiredAt;

    /** When its lease ends (UTC); null without a lease. */
    public readonly ?\DateTimeImmutable $expiresAt;

    /** The acquisition's fence. */
    public readonly int $fence;

    /** Whether its process still runs; null where that cannot be known from here. */
    public readonly ?bool $alive;

    private function __construct()
    {
    }
}
