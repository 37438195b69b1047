<?php

/** @generate-function-entries */

namespace PhpSync;

/** Where a set of keys lives: a driver and an address. It is a driver for Generic\Lock and Generic\Integer. */
final class Space implements Generic\LockSyncDriverInterface, Generic\IntegerSyncDriverInterface
{
    private function __construct()
    {
    }

    /**
     * Opens the space at $dsn, creating it if it is missing.
     *
     * @param string|null $dsn null: ini phpsync.dsn, then the environment's PHPSYNC_DSN, then shm://default
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public static function open(#[\SensitiveParameter] ?string $dsn = null): Space
    {
    }

    /** The Lock named $key: Generic\Lock::getInstance($key, $this). */
    public function getLock(string $key): Generic\Lock
    {
    }

    /** The Integer named $key: Generic\Integer::getInstance($key, $this). */
    public function getInteger(string $key): Generic\Integer
    {
    }

    /**
     * Every Lock that exists: key => Owner. Keys are strings, '42' too. Not a
     * snapshot: each entry was true at some moment during the call.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function locks(): \Iterator
    {
    }

    /**
     * Every Integer that exists: key => value. Keys are strings, '42' too.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function integers(): \Iterator
    {
    }

    /** The DSN, without its password. */
    public function getDsn(): string
    {
    }

    /** @return void */
    public function lock(string $key)
    {
    }

    public function unlock(string $key): bool
    {
    }

    /** @return void */
    public function wait(string $key)
    {
    }

    public function exists(string $key): bool
    {
    }

    public function setValue(string $key, int $value): int
    {
    }

    public function getValue(string $key): int
    {
    }

    public function increment(string $key, int $by): int
    {
    }

    public function hasValue(string $key): bool
    {
    }

    /** @return void */
    public function delete(string $key)
    {
    }
}
