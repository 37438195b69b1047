<?php

/** @generate-function-entries */

namespace PhpSync\Generic;

/**
 * An Integer on any driver. One object stands for one key: getInstance()
 * returns the same object each time (for the same manager).
 *
 * Methods beyond IntegerInterface need a driver that is a \PhpSync\Space; with
 * a driver written in PHP they throw SyncOperationException.
 */
class Integer implements \PhpSync\Core\IntegerInterface
{
    private function __construct()
    {
    }

    /**
     * The Integer named $key on $driver. A fresh object loads the ACTUAL
     * VALUE of an existing Integer, else its KNOWN VALUE is 0. Without a
     * manager the object lives in the default manager until the request ends.
     *
     * @param string $key converted to a string if it is none, also under strict_types
     * @return Integer
     * @throws \ValueError if $driver is a Space and $key is not 1 to 1023 bytes long
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public static function getInstance($key, IntegerSyncDriverInterface $driver, ?SingletonManagerInterface $singletonManager = null)
    {
    }

    /** The key. */
    public function getKey(): string
    {
    }

    /** The KNOWN VALUE, without any I/O. */
    public function getValue(): int
    {
    }

    /**
     * Makes $value the ACTUAL and the KNOWN VALUE; creates the Integer.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function setValue(int $value)
    {
    }

    /**
     * Adds $by in one atomic step, to 0 if the Integer is missing; returns
     * this call's own result, which becomes the KNOWN VALUE.
     *
     * @param int $by an int, bool, integral float or integral numeric string; any sign
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function increment($by = 1): int
    {
    }

    /**
     * Subtracts $by; the rules of increment() apply.
     *
     * @param int $by
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function decrement($by = 1): int
    {
    }

    /**
     * Makes the KNOWN VALUE equal to the ACTUAL VALUE and returns it.
     *
     * @throws \PhpSync\Core\Exceptions\IntegerDoesNotExistException
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function refresh(): int
    {
    }

    /**
     * Removes the Integer; removing a missing one is no error. The KNOWN VALUE stays as it was.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function delete()
    {
    }

    /** Whether the Integer exists. */
    public function exists(): bool
    {
    }

    /**
     * Sets the value to $new if it is $expected, in one atomic step. False
     * also if the Integer does not exist.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function compareAndSet(int $expected, int $new): bool
    {
    }

    /**
     * Blocks until the value is $value or more; false if the time ran out.
     * A missing Integer counts as not there yet.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function waitUntilAtLeast(int $value, ?float $timeout = null): bool
    {
    }

    /**
     * Blocks until the value is $value or less; false if the time ran out.
     * A missing Integer counts as not there yet.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function waitUntilAtMost(int $value, ?float $timeout = null): bool
    {
    }

    /**
     * Blocks until value or existence differ from what this object last saw;
     * false if the time ran out. After a deletion the KNOWN VALUE is 0.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function waitForChange(?float $timeout = null): bool
    {
    }
}
