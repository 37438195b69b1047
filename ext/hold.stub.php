<?php

/** @generate-function-entries */

namespace PhpSync;

/** An acquisition that is bound to its holder: it ends with this object at the latest. */
final class Hold
{
    /** The Lock's key. */
    public readonly string $key;

    /** The acquisition's fence: larger than that of every earlier one of this key. */
    public readonly int $fence;

    /** When the lease ends (UTC); null without a lease. */
    public readonly ?\DateTimeImmutable $expiresAt;

    private function __construct()
    {
    }

    /**
     * Gives the Hold a lease of $lease seconds from now on.
     *
     * @param float $lease finite and above 0
     * @throws \PhpSync\Core\Exceptions\LeaseLostException if the Hold is no longer ours
     */
    public function renew(float $lease): void
    {
    }

    /** Whether the Hold is certainly still ours. */
    public function isValid(): bool
    {
    }

    /** Frees the Lock; false if it was no longer ours. Never frees somebody else's acquisition. */
    public function release(): bool
    {
    }
}
