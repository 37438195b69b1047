<?php

/** @generate-function-entries */

namespace PhpSync\Generic;

/**
 * A Lock on any driver. One object stands for one key: getInstance() returns
 * the same object each time (for the same manager).
 *
 * Methods beyond LockInterface need a driver that is a \PhpSync\Space; with
 * a driver written in PHP they throw SyncOperationException.
 *
 * Times are seconds: null or INF means no limit; NaN or a negative number is a ValueError
 * (InvalidArgumentException before PHP 8).
 */
class Lock implements \PhpSync\Core\LockInterface
{
    private function __construct()
    {
    }

    /**
     * The Lock named $key on $driver. Without a manager the object lives in
     * the default manager until the request ends.
     *
     * @return Lock
     * @throws \ValueError if $driver is a Space and $key is not 1 to 1023 bytes long
     */
    public static function getInstance(string $key, LockSyncDriverInterface $driver, ?SingletonManagerInterface $singletonManager = null)
    {
    }

    /** The key. */
    public function getKey(): string
    {
    }

    /**
     * Blocks while the Lock exists, then takes it, until somebody calls
     * unlock(). A Lock of this same process blocks too: there is no re-entrance.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function lock()
    {
    }

    /**
     * Frees the Lock, whoever took it. True if there was one; of many calls
     * at once exactly one gets true.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function unlock(): bool
    {
    }

    /**
     * Blocks until the acquisition that exists at the call has ended;
     * returns at once if there is none. Takes nothing.
     *
     * @return void
     */
    public function wait()
    {
    }

    /** Whether somebody has the Lock, also one whose process has ended. */
    public function exists(): bool
    {
    }

    /**
     * As lock(), but gives up after $timeout seconds: false.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function tryLock(float $timeout = 0.0): bool
    {
    }

    /**
     * As wait(), with a limit: false if the time ran out.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function waitFor(?float $timeout = null): bool
    {
    }

    /** The fence of this object's own latest acquisition, Holds included; null if it made none. No I/O. */
    public function lastFence(): ?int
    {
    }

    /**
     * Takes the Lock bound to this process: it is freed by release(), when the
     * Hold object dies, when the process ends in any way, or when the lease
     * runs out unrenewed. Null if the time ran out.
     *
     * @param float|null $lease seconds, finite and above 0; null: no lease
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function hold(?float $timeout = null, ?float $lease = null): ?\PhpSync\Hold
    {
    }

    /**
     * Runs $fn(Hold) under a Hold and returns its result. What $fn throws
     * comes out as it is.
     *
     * @throws \PhpSync\Core\Exceptions\LockTimeoutException if the time ran out
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function synchronized(callable $fn, ?float $timeout = null): mixed
    {
    }

    /**
     * Who has the Lock; null if nobody.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function owner(): ?\PhpSync\Owner
    {
    }

    /**
     * Whether the Lock exists though the process that took it is known to have ended.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function isGhost(): bool
    {
    }

    /**
     * Frees the Lock only if its current acquisition has this fence.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function unlockIf(int $fence): bool
    {
    }
}
