<?php

/** @generate-function-entries */

namespace PhpSync\Drivers\FileSystem;

/** Locks in files, where a FileManager puts them. A Lock is there as long as its file, whoever made it. */
class FileSystemLockSyncDriver implements \PhpSync\Generic\LockSyncDriverInterface
{
    /** @var FileManagerInterface|null */
    protected $manager;

    /** Touches nothing on disk. */
    public function __construct(FileManagerInterface $manager)
    {
    }

    /** @implementation-alias PhpSync\Drivers\FileSystem\WithFileManagerTrait::getManager */
    public function getManager(): FileManagerInterface
    {
    }

    /**
     * Uses $manager from now on.
     *
     * @return FileSystemLockSyncDriver this object
     * @implementation-alias PhpSync\Drivers\FileSystem\WithFileManagerTrait::setManager
     */
    public function setManager(FileManagerInterface $manager)
    {
    }

    /**
     * Blocks while the Lock exists, then takes it.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function lock(string $key)
    {
    }

    /**
     * Frees the Lock, whoever took it; true if there was one.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function unlock(string $key): bool
    {
    }

    /**
     * Blocks until the acquisition that exists at the call has ended.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function wait(string $key)
    {
    }

    /**
     * Whether the Lock exists.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function exists(string $key): bool
    {
    }
}
